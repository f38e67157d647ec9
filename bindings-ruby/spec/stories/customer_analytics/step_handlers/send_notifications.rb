# frozen_string_literal: true

module CustomerAnalytics
  # Tells everybody who wants to know. An attempt that fails half-way is taken up where it was.
  class SendNotifications < Tasker::StepHandler::Base
    def process(task, sequence, _step)
      url = sequence.find_step_by_name("update_dashboard").results[:panel_url]
      # Not a direct parent: its results are asked for.
      headline = sequence.find_step_by_name("generate_insights").results[:headline]
      task.context[:recipients].each { |recipient| tell(task, recipient, "#{headline}: #{url}") }
      {notified: task.context[:recipients], count: task.context[:recipients].size}
    rescue Notifier::Down => e
      raise Tasker::RetryableError.new("not everybody could be told: #{e.message}")
    end

    private

    def tell(task, recipient, text)
      notifier = CustomerAnalytics.services.notifier
      notifier.tell(task.task_id, recipient, text) unless notifier.told?(task.task_id, recipient)
    end
  end
end
