# frozen_string_literal: true

require "erb"
require "uri"

module Tasker
  module Railties
    # The engine's database, by the configuration of ActiveRecord.
    # @api private
    module Database
      # Those settings of a connection that lead to a database, and what they are called in a URL. What a session is like
      # (`variables`, `schema_search_path`) is the application's business: the engine writes its schema before every name.
      # Of two that mean the same the later one counts, as it does for ActiveRecord.
      PLACES = {
        hostaddr: :host, host: :host, port: :port, user: :user, username: :user, password: :password, options: :options,
        sslmode: :sslmode, sslrootcert: :sslrootcert, sslcert: :sslcert, sslkey: :sslkey
      }.freeze

      module_function

      # The configuration of the engine's database in an environment: of the one that the block `database` of Tasker's own
      # configuration names, else, or where there is none of that name, of the primary one.
      #
      # @param environment [String]
      # @return [ActiveRecord::DatabaseConfigurations::DatabaseConfig, nil] nil where there is none
      def configuration(environment)
        configurations = ::ActiveRecord::Base.configurations.configs_for(env_name: environment.to_s)
        configurations.find { |one| one.name == secondary } || configurations.find(&:primary?)
      end

      # @param configuration [ActiveRecord::DatabaseConfigurations::DatabaseConfig]
      # @return [String, nil] a URL for the engine; nil where the database is not PostgreSQL
      def url_of(configuration)
        settings = configuration.configuration_hash
        return unless configuration.adapter.to_s.match?(/\Apost(gresql|gis)/)

        # All of it in the query, where sockets, IPv6 addresses and a host that is left to libpq need no special care.
        places = PLACES.filter_map { |key, name| [name, settings[key]] if settings[key].present? }
        "postgres:///#{ERB::Util.url_encode(configuration.database)}?#{URI.encode_www_form(places)}".chomp("?")
      end

      # @return [String, nil] the URL of the database that this process is configured for; nil where the application has none
      def url
        url_of(Tasker.connection_class.connection_db_config) if Tasker.connection_class
      rescue ::ActiveRecord::ConnectionNotEstablished
        nil
      end

      # @return [String, nil] the name of the engine's database in *database.yml*, where it has one of its own
      def secondary
        database = Tasker.configuration.database
        database.name.to_s.presence if database.enable_secondary_database
      end
    end
  end
end
