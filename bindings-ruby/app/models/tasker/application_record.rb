# frozen_string_literal: true

module Tasker
  # What every record of Tasker is. The tables lie in a schema of their own; in which database, the `database` block of the
  # configuration says.
  #
  #   Tasker.configure do |config|
  #     config.database do |database|
  #       database.enable_secondary_database = true
  #       database.name = :tasker # of config/database.yml
  #     end
  #   end
  class ApplicationRecord < ActiveRecord::Base
    self.abstract_class = true

    class << self
      # @return [String] the schema of Tasker's tables
      def schema = Tasker.schema

      # Connects to the database of the configuration, where it names one that *config/database.yml* has.
      #
      # @return [void]
      def configure_database_connections
        database = Tasker.configuration.database
        return unless database.enable_secondary_database && database.name.present?

        if database_configuration_exists?(database.name)
          connects_to database: {writing: database.name.to_sym, reading: database.name.to_sym}
        else
          logger&.warn("Tasker: config/database.yml has no database '#{database.name}'; the default one is used")
        end
      end

      # @param name [String, Symbol]
      # @return [Boolean] whether *config/database.yml* has a database of this name in this environment
      def database_configuration_exists?(name)
        environment = ActiveRecord::ConnectionHandling::DEFAULT_ENV.call
        configurations.configs_for(env_name: environment, name: name.to_s, include_hidden: true).present?
      end

      private

      # The columns that an association goes by. Rails 7.1 has another option for more than one.
      def by_columns(*columns)
        {(ActiveRecord.version < Gem::Version.new("7.2") ? :query_constraints : :foreign_key) => columns}
      end
    end

    configure_database_connections
  end
end
