# frozen_string_literal: true

require "active_record"
require "spec_helper"
require "tasker/import"
require_relative "support/ancestor"
require_relative "support/engine_by_sql"
require_relative "support/histories"

ActiveRecord.default_timezone = :utc
I18n.load_path # those of ActiveRecord's messages

# A database of which both were in use: tasker-engine 1.0, and now its successor.
module Imports
  def self.included(group)
    group.let(:connection) { ActiveRecord::Base.lease_connection }
    group.let(:ancestor) { Ancestor.new(connection).tap(&:create_tables) }
    group.let(:engine) { EngineBySql.new(connection) }
    group.before { ActiveRecord::Base.establish_connection(application(database_url)) }
    group.after { ActiveRecord::Base.connection_handler.clear_all_connections!(:all) }
  end

  # The configuration of a database as applications have it: a role may be called as Tasker's schema, which PostgreSQL would search
  # first.
  def application(url) = {url:, schema_search_path: "public"}

  # @return [Tasker::Import]
  def import(**options) = Tasker::Import.new(connection:, **options)

  # The templates that the application has by now.
  def register_templates
    engine.register("shop", "order", "1.0.0", Histories::ORDER)
    engine.register("analytics", "report", "0.1.0", Histories::REPORT)
  end

  # @return [String] the id that a task has now
  def id_of(old_task_id) = engine.value("select task_id from tasker_import_map where old_task_id = $1", old_task_id)

  # @return [Array<String>] every handler that there is
  def all_handlers = connection.select_values("select distinct handler from tasker.lanes")
end

RSpec.configure { |config| config.include(Imports, :import) }
