# frozen_string_literal: true

module Tasker
  # What {Engine} brings to a Rails application.
  # @api private
  module Railties
    autoload :Database, "tasker/railties/database"
    autoload :Definitions, "tasker/railties/definitions"
    autoload :ParallelTests, "tasker/railties/parallel_tests"
    autoload :Schema, "tasker/railties/schema"
    autoload :SchemaDumper, "tasker/railties/schema_dumper"
  end
end
