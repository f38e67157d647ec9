# frozen_string_literal: true

module Tasker
  # The version of the gem, and of the engine in it.
  VERSION = "2.0.0"
end
