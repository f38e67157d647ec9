# frozen_string_literal: true

module Tasker
  # What stands around the handlers of an application.
  module Orchestration
    autoload :ConnectionBuilder, "tasker/orchestration/connection_builder"
    autoload :ResponseProcessor, "tasker/orchestration/response_processor"
    autoload :RetryHeaderParser, "tasker/orchestration/retry_header_parser"
  end
end
