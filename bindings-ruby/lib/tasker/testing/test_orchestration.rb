# frozen_string_literal: true

require "tasker/testing"

# The names under which specs that took over the ancestor's helpers know the coordinators. Required where they are wanted.
module TestOrchestration
  TestCoordinator = Tasker::Testing::TestCoordinator
  TestReenqueuer = Tasker::Testing::TestReenqueuer
  TestWorkflowCoordinator = Tasker::Testing::TestWorkflowCoordinator
end
