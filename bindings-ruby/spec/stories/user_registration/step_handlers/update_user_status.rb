# frozen_string_literal: true

module UserRegistration
  # Lets the user in.
  class UpdateUserStatus < ServiceHandler
    def process(_task, sequence, _step)
      connection.patch("users/#{account(sequence)[:user_id]}", JSON.generate(status: "active"))
    end

    private

    def results_of(user) = {user_id: user.fetch(:id), status: user.fetch(:status)}
  end
end
