# frozen_string_literal: true

module Tasker
  # The engine's schema in a migration of the application, as one line:
  #
  #   class CreateTaskerSchema < ActiveRecord::Migration[7.1]
  #     include Tasker::Migration
  #
  #     def change = create_tasker_schema
  #   end
  #
  # `bin/rails tasker:install:migrations` copies it into an application, and with a later release of the gem the one that
  # {#upgrade_tasker_schema upgrades}.
  module Migration
    # Creates the schema in the database that is migrated. Reverted, it drops the schema, with all tasks in it.
    #
    # It is the engine that migrates, on a connection of its own: what this migration does besides may still be rolled back, and
    # then it finds the schema there the next time.
    #
    # @return [void]
    # @raise [ConfigurationError] the search path of the connection leads into the schema
    # @raise [EngineError] PostgreSQL refuses
    def create_tasker_schema
      reversible do |direction|
        direction.up { migrate_tasker_schema }
        direction.down { connection.drop_schema(Tasker.schema, if_exists: true) }
      end
    end

    # Brings the schema up to date with the gem. Reverted, it does nothing: the release before works on the newer schema.
    #
    # @return [void]
    # @raise [EngineError] PostgreSQL refuses
    def upgrade_tasker_schema
      reversible { |direction| direction.up { migrate_tasker_schema } }
    end

    private

    def migrate_tasker_schema
      refuse_search_path
      say_with_time("migrate_tasker_schema") { Railties::Schema.migrate(connection.pool.db_config) }
    end

    # ActiveRecord would take the engine's tables for the application's, `schema_migrations` above all, and make the next ones
    # beside them.
    def refuse_search_path
      schema = Tasker.schema
      first = connection.schema_search_path.to_s.split(",").first.to_s.delete('"').strip
      first = connection.select_value("SELECT current_user") if first == "$user"
      return if first != schema

      raise ConfigurationError,
        "the search path of this connection begins with \"#{schema}\", the schema of Tasker's own tables" \
        "#{" (PostgreSQL puts the name of the role there)" if connection.schema_search_path.include?("$user")}: " \
        "set schema_search_path: public in config/database.yml, or TASKER_SCHEMA to another name"
    end
  end
end
