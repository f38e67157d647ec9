# frozen_string_literal: true

module Tasker
  # How far tasks are, as {Functions::FunctionBasedTaskExecutionContext} asks for it.
  class TaskExecutionContext < Functions::FunctionBasedTaskExecutionContext
    # @return [Class] where to ask for what has not ended: here, too
    def self.active = self
  end
end
