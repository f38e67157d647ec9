# frozen_string_literal: true

require "tasker"
require_relative "support/databases"
require_relative "support/programs"

RSpec.configure do |config|
  config.disable_monkey_patching!
  config.expect_with(:rspec) { |expectations| expectations.max_formatted_output_length = 2000 }
  config.mock_with(:rspec) { |mocks| mocks.verify_partial_doubles = true }
  config.raise_errors_for_deprecations!
  config.warnings = true

  config.include Databases, :database
  config.include Programs
  # Nothing of ours is left running.
  config.after(:suite) { Databases.drop_all }
end
