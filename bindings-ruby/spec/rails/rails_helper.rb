# frozen_string_literal: true

require "spec_helper"
require "json"
require_relative "support/application"
require_relative "support/live_workers"

# Specs of what the gem is in a Rails application. Each file makes one, which takes a few seconds.
