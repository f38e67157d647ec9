# frozen_string_literal: true

module Tasker
  module Railties
    # The engine's schema in the application's databases. The engine migrates it, and so it stands neither in *db/schema.rb* nor
    # in *db/structure.sql*: whatever builds a database from those ends here.
    # @api private
    module Schema
      module_function

      # Creates the schema in a database, or brings it up to date.
      #
      # @param configuration [ActiveRecord::DatabaseConfigurations::DatabaseConfig]
      # @return [Record, nil] what was done; nil where the database is not PostgreSQL
      # @raise [EngineError]
      def migrate(configuration)
        url = Database.url_of(configuration) or return
        settings = Tasker.configuration.to_settings
        # Closed at once: the database may be dropped next.
        Client.open(database_url: url, schema: Tasker.schema, settings:, &:migrate)
      end

      # As {migrate}, for environments.
      #
      # @param environments [Array<String>] those without a database are left out
      # @param database [String, nil] only if this is the engine's, by its name in *database.yml*
      def prepare(environments, database: nil)
        environments.filter_map { |environment| Database.configuration(environment) }.each do |configuration|
          migrate(configuration) if database.nil? || configuration.name == database
        end
      end

      # The environments that Rails' own tasks prepare at once: in development, that of the tests as well.
      #
      # @return [Array<String>]
      def environments
        current = ::ActiveRecord::Tasks::DatabaseTasks.env.to_s
        return [current] if current != "development" || ENV["SKIP_TEST_DATABASE"] || ENV["DATABASE_URL"]

        [current, "test"]
      end
    end
  end
end
