# frozen_string_literal: true

require "spec_helper"
require "tasker/spec_helpers"
require_relative "support/kit"
require_relative "support/order"
