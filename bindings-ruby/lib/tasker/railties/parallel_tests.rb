# frozen_string_literal: true

module Tasker
  module Railties
    # Tests that run in parallel processes, each with a database of its own.
    # @api private
    module ParallelTests
      module_function

      # Has each process bring the schema of its database up to date.
      def prepare
        return unless defined?(::ActiveRecord::Base)

        # With it comes ActiveRecord's own hook, which creates the database: ours has to be the later one.
        require "active_record/test_databases"
        ActiveSupport::Testing::Parallelization.after_fork_hook do
          Schema.prepare([::Rails.env])
          # It may have been made before the fork, for the database that the tests do not use.
          Tasker.reset_client
        end
      end
    end
  end
end
