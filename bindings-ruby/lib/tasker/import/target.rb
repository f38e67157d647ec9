# frozen_string_literal: true

module Tasker
  class Import
    # The engine's schema: whether it is there, of a version that the statements of the import were written for, ours to write in,
    # and quiet.
    # @api private
    class Target
      # The version of the schema that the import's statements were written for. They write rows, not only call functions: whoever
      # adds a migration looks at them, and raises it.
      VERSION = 30

      # @param database [Database]
      def initialize(database)
        @database = database
      end

      # @return [true]
      # @raise [Refused] the schema is not there, of another version, or somebody else's
      def check
        raise Refused, problem if problem

        true
      end

      # @return [String, nil] what stands against writing there
      def problem
        found = @database.rows("target", @database.schema).first
        return no_schema unless found && found["has_history"]

        version_problem(@database.rows("schema_version").first) || owner_problem(found)
      end

      # What is alive now.
      #
      # @return [Array<String>] each as `name (process 7 on host)`
      def workers
        @database.rows("workers").map { |row| "#{row["name"]} (process #{row["process_id"]} on #{row["host"]})" }
      end

      # @raise [Refused] a worker is alive
      def refuse_workers
        alive = workers
        return if alive.empty?

        raise Refused,
          "workers are alive: #{alive.join(", ")}. They would run tasks before it is known whether all of them came over well. " \
          "Stop them, import, and start them again; the history alone may be imported beside them (ONLY=ended)"
      end

      private

      def schema = "the schema \"#{@database.schema}\""

      def no_schema
        "the database \"#{@database.name}\" has no schema \"#{@database.schema}\" of Tasker's: " \
          "bin/rails generate tasker:install, then bin/rails db:migrate"
      end

      def version_problem(found)
        if found["version"] < VERSION
          "#{schema} is at version #{found["version"]}, and the import needs #{VERSION}: bin/rails tasker:migrate"
        elsif found["oldest_code"] > VERSION
          "#{schema} is at version #{found["version"]}, and this release of the gem imports into #{VERSION}: " \
            "use the newest release"
        end
      end

      def owner_problem(found)
        return if found["owns"]

        "#{schema} belongs to the role \"#{found["owner"]}\", and \"#{found["user"]}\" may not act as that one: import as " \
          "\"#{found["owner"]}\", or as a member of it"
      end
    end
  end
end
