# frozen_string_literal: true

require "spec_helper"
require "tasker/spec_helpers"
require_relative "../testing/support/kit"
require_relative "support/mock_service"

# The stories of the ancestor: handlers and YAML as a team would have written them for it, run by what the gem ships for tests.
RSpec.configure do |config|
  config.include Tasker::SpecHelpers, file_path: %r{/spec/stories/}
  config.include Kit, file_path: %r{/spec/stories/}
  config.before(file_path: %r{/spec/stories/}) { Tasker::HandlerFactory.instance.clear! }
end
