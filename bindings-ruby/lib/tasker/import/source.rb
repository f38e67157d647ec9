# frozen_string_literal: true

module Tasker
  class Import
    # The ancestor's tables: whether they are there, and whether there is something in them that cannot be brought over.
    # @api private
    class Source
      # What is read, by table. A release of the ancestor that has less is too old.
      COLUMNS = {
        "tasker_task_namespaces" => %w[task_namespace_id name description created_at updated_at],
        "tasker_named_tasks" =>
          %w[named_task_id name description task_namespace_id version configuration created_at updated_at],
        "tasker_dependent_systems" => %w[dependent_system_id name description created_at updated_at],
        "tasker_dependent_system_object_maps" =>
          %w[dependent_system_one_id dependent_system_two_id remote_id_one remote_id_two created_at updated_at],
        "tasker_named_steps" => %w[named_step_id dependent_system_id name description created_at updated_at],
        "tasker_named_tasks_named_steps" => %w[named_task_id named_step_id default_retry_limit],
        "tasker_tasks" =>
          %w[task_id named_task_id requested_at initiator source_system reason bypass_steps tags context created_at],
        "tasker_workflow_steps" =>
          %w[workflow_step_id task_id named_step_id retryable retry_limit skippable processed_at attempts last_attempted_at
             backoff_request_seconds inputs results],
        "tasker_workflow_step_edges" => %w[from_step_id to_step_id],
        "tasker_task_transitions" => %w[task_id to_state metadata sort_key most_recent created_at],
        "tasker_workflow_step_transitions" => %w[workflow_step_id to_state metadata sort_key most_recent created_at],
        "tasker_annotation_types" => %w[annotation_type_id name description created_at updated_at],
        "tasker_task_annotations" => %w[task_annotation_id task_id annotation_type_id annotation created_at updated_at]
      }.freeze

      # @param database [Database]
      def initialize(database)
        @database = database
      end

      # @return [true]
      # @raise [NothingThere] there is none of the tables
      # @raise [Refused] some are missing, or are of an older release
      def check
        refuse_nothing unless @database.source_schema
        missing = missing_columns
        return true if missing.empty?

        raise Refused,
          "the tables of tasker-engine in the schema \"#{@database.source_schema}\" are not those of release 1.0: they lack " \
          "#{missing.join(", ")}. Bring them up to date with that release (bin/rails tasker:install:migrations db:migrate), then " \
          "import"
      end

      # @return [Array<String>] what cannot be brought over as it is, and why
      def problems
        @problems ||= @database.transaction(read_only: true) { @database.rows("problems").map { |row| row["problem"] } }
      end

      # @raise [Refused] there are such problems
      def refuse_problems
        return if problems.empty?

        raise Refused, "this cannot be imported as it is; set it right in the ancestor's tables, or delete it there:\n" \
                       "#{problems.map { |problem| "  #{problem}" }.join("\n")}"
      end

      private

      def refuse_nothing
        raise NothingThere,
          "there are no tables of tasker-engine in the database \"#{@database.name}\": no schema of it has tasker_tasks. The " \
          "import works inside one database: where Tasker has one of its own, copy them there first (pg_dump --table='tasker_*')"
      end

      def missing_columns
        there = @database.rows("source_columns", @database.source_schema).group_by { |row| row["table_name"] }
        COLUMNS.flat_map do |table, columns|
          found = there[table] or next [table]
          (columns - found.map { |row| row["column_name"] }).map { |column| "#{table}.#{column}" }
        end
      end
    end
  end
end
