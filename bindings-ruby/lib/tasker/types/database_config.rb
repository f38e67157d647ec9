# frozen_string_literal: true

module Tasker
  module Types
    # Which database, and how the engine talks to it.
    class DatabaseConfig < BaseConfig
      block :database

      used :name, Kind::STRING.optional, nil, by: "Rails: the entry of database.yml whose database is the engine's"
      used :enable_secondary_database, Kind::BOOLEAN, false, by: "Rails: whether `name` counts"
      used :schema, Kind::STRING.optional, nil, by: "clients and models: the schema of Tasker's tables; TASKER_SCHEMA, else tasker"
      setting :max_connections, Kind::INTEGER, 4
      setting :idle_seconds, Kind::NUMBER, 60
      setting :pooler, Kind.one_of(:auto, :none, :transaction), :auto
      setting :listen_url, Kind::STRING.optional, nil
      setting :lock_timeout_seconds, Kind::NUMBER, 10
      setting :statement_timeout_seconds, Kind::NUMBER, 60
      setting :idle_in_transaction_timeout_seconds, Kind::NUMBER, 60

      def problems
        return [] unless enable_secondary_database && name.nil?

        ["enable_secondary_database needs a name: that of the entry in database.yml"]
      end
    end
  end
end
