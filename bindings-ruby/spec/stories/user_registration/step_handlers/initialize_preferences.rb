# frozen_string_literal: true

module UserRegistration
  # Says what the user wants; the service fills in the rest. Saying it twice is saying it once.
  class InitializePreferences < ServiceHandler
    def process(task, sequence, _step)
      connection.put("users/#{account(sequence)[:user_id]}", JSON.generate(task.context[:preferences]))
    end

    private

    def results_of(answer) = {preferences: answer.fetch(:preferences)}
  end
end
