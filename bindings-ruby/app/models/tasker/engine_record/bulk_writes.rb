# frozen_string_literal: true

module Tasker
  module EngineRecord
    # Relations of a record that only the engine writes: what would write past the records is refused. A relation of somebody
    # else's, into which one of these was merged, writes as ever.
    # @api private
    module BulkWrites
      BULK_WRITES.each do |method, action|
        define_method(method) do |*arguments, **options|
          klass.include?(EngineRecord) ? klass.refuse_write(action) : super(*arguments, **options)
        end
      end
    end
  end
end
