# frozen_string_literal: true

# The gem by its own name: `gem "tasker-engine"` in a Gemfile requires this.
require "tasker"
