# frozen_string_literal: true

module CustomerAnalytics
  # Puts what is worth telling where the teams look.
  class UpdateDashboard < Tasker::StepHandler::Base
    def process(task, sequence, step)
      insights = sequence.find_step_by_name("generate_insights").results
      panel = insights.slice(:headline, :recommendations)
      step.results = {panel_url: CustomerAnalytics.services.dashboard.publish("#{task.task_id}/dashboard", panel)}
    rescue Dashboard::RateLimited
      raise Tasker::RetryableError.new("the dashboard takes no more for now", retry_after: 60)
    end
  end
end
