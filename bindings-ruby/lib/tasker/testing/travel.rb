# frozen_string_literal: true

module Tasker
  module Testing
    # Whether a test has moved Ruby's clock, as `travel_to` of ActiveSupport, Timecop and others do.
    module Travel
      module_function

      # A clock that was not touched is between two looks at the machine's.
      #
      # @return [Time, nil] the time that the test has moved to; nil where time goes its own way
      def destination
        before = machine_time
        now = Time.now
        now.getutc unless now.between?(before, machine_time)
      end

      def machine_time = Time.at(0, Process.clock_gettime(Process::CLOCK_REALTIME, :nanosecond), :nanosecond)

      private_class_method :machine_time
    end
  end
end
