# frozen_string_literal: true

module Tasker
  class Import
    # Namespaces, dependent systems with their object maps, named steps, named tasks and types of annotations: all that tasks refer
    # to. They are the same by their names, so that what the application's templates have made already is found.
    # @api private
    class Catalogue
      # @param database [Database]
      def initialize(database)
        @database = database
      end

      # @return [void]
      def import = @database.transaction { @database.execute("catalogue") }

      # @return [Array<String>] what the ancestor has and the engine has not
      def missing = @database.rows("missing_in_catalogue").map { |row| row["missing"] }
    end
  end
end
