# frozen_string_literal: true

module Tasker
  # A record was to be written that only the engine writes. Where ActiveRecord would raise `ActiveRecord::ReadOnlyRecord`, this
  # says besides which verb is meant.
  class ReadOnlyRecordError < Error; end
end
