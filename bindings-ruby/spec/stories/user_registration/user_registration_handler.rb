# frozen_string_literal: true

require_relative "services"
require_relative "step_handlers/service_handler"
require_relative "step_handlers/create_user_account"
require_relative "step_handlers/setup_billing_profile"
require_relative "step_handlers/initialize_preferences"
require_relative "step_handlers/send_welcome_sequence"
require_relative "step_handlers/update_user_status"

module UserRegistration
  # The workflow, as its YAML says.
  class UserRegistrationHandler < Tasker::ConfiguredTask
    def self.yaml_path = File.expand_path("config/user_registration.yaml", __dir__)
  end
end
