# frozen_string_literal: true

module Tasker
  class Import
    # Finds for each task of a batch the plan with its graph. Tasks keep the graph that they were created with: where neither the
    # application's template nor any other plan of the named task has it, one is made of the task's own steps. It counts as replaced
    # at once, so that no new task is made from it.
    #
    # Handlers, their configuration and their policies come from the application's templates: of the same version, else of the
    # latest that has a step of that name. Where there is none, the handler is called `namespace.task.step`, which is what the
    # engine calls handlers that nobody has named.
    # @api private
    class Plans
      # @param database [Database]
      def initialize(database)
        @database = database
      end

      # @return [Hash{String => Array<String>}] for each named task, as `namespace.name@version`, the handlers that no template has
      def place
        @database.execute("find_plans")
        made = @database.rows("make_plans")
        return {} if made.empty?

        @database.rows("retire_plans", @database.array(made.map { |row| row["plan_id"] }))
        @database.execute("find_plans")
        made.group_by { |row| row["full_name"] }
          .transform_values { |rows| rows.flat_map { |row| JSON.parse(row["unserved"]) }.uniq }
          .reject { |_, handlers| handlers.empty? }
      end
    end
  end
end
