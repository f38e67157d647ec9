# frozen_string_literal: true

module UserRegistration
  # Makes the account. Who has registered before, with the very same words, has it already.
  class CreateUserAccount < ServiceHandler
    def process(task, _sequence, step)
      user = task.context[:user_info]
      response = post("users", user.slice(:email, :name, :plan), step)
      (response.status == 409) ? existing(user) : response
    end

    private

    def existing(user)
      response = connection.get("users", {email: user[:email]})
      known = JSON.parse(response.body)
      return response if known["name"] == user[:name] && known["plan"] == user[:plan]

      raise Tasker::PermanentError.new(
        "#{user[:email]} belongs to somebody else", error_code: "USER_CONFLICT", context: {user_id: known["id"]}
      )
    end

    def results_of(user) = {user_id: user.fetch(:id), email: user.fetch(:email), plan: user.fetch(:plan), status: "created"}
  end
end
