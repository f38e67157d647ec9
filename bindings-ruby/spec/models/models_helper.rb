# frozen_string_literal: true

require "active_record"
require "active_support/all"
require "zeitwerk"
require "spec_helper"
require_relative "support/workflows"

# The models, as Rails would load them, without Rails: this directory's specs want a process of their own.
Zeitwerk::Loader.new.tap do |loader|
  loader.push_dir(File.expand_path("../../app/models", __dir__))
  loader.setup
end

ActiveRecord.default_timezone = :utc

RSpec.configure do |config|
  config.include Workflows, :models

  config.before(:suite) { Workflows.connect }
  config.after(:suite) { ActiveRecord::Base.connection_handler.clear_all_connections!(:all) }

  # Each example in a transaction of its own, at a time of its own.
  config.around(:each, :models) do |example|
    ActiveRecord::Base.transaction do
      example.run
      raise ActiveRecord::Rollback
    end
  end
  # The engine has no part in it: it would not see what a transaction wrote.
  config.before(:each, :models) { Tasker.client = Object.new }
  config.after(:each, :models) do
    Tasker.client = nil
    travel_back
  end
end
