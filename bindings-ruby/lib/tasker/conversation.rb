# frozen_string_literal: true

module Tasker
  # Carries out commands of the engine on a connection of the host: the engine says what to do next, and is told what came of it.
  # @api private
  class Conversation
    # Kinds for which the host's own error is raised: by its class a framework knows that it may repeat the transaction, or that
    # the connection is gone.
    THEIR_KINDS = %w[internal database_unavailable timeout].freeze

    # @param session [Native::Session] who says what to do
    # @param connection [Object] the host's; see {Connections.execute_on}
    # @param others [Hash{String => Proc}] what else may be asked for than statements, by the name of the action
    # @raise [ArgumentError] the connection is of no library that is known here
    def initialize(session, connection, others = {})
      @session = session
      @execute = Connections.execute_on(connection)
      @others = others
    end

    # A command, to its answer.
    #
    # @raise [EngineError] what the engine, or PostgreSQL in the engine's words, says against it
    # @raise [StandardError] what the host's library raises where that has nothing to do with the engine
    def carry_out(command, **arguments)
      refused = nil
      action = Values.from_json(@session.begin(Values.to_argument({command:, **arguments})))
      until action["action"] == "done"
        told, refused = told_of(action)
        action = Values.from_json(@session.tell(Values.to_argument(told)))
      end
      action["answer"]
    rescue EngineError => e
      raise refused if refused && THEIR_KINDS.include?(e.kind)

      raise e, cause: refused
    end

    # @return [Hash] what the steps of a task returned, by name
    def results(task_id)
      statement = Values.from_json(@session.results_statement(task_id))
      rows = @execute.call(statement["sql"], statement["parameters"])
      Values.from_json(@session.read_results(Values.to_argument(rows)))
    end

    private

    # What is told of an action, and what PostgreSQL raised against it.
    def told_of(action)
      other = @others[action["action"]]
      return [other.call(action), nil] if other

      statement = action["statement"]
      [{rows: @execute.call(statement["sql"], statement["parameters"])}, nil]
    rescue => e
      refusal = Connections.refusal(e)
      raise if refusal.nil? || other

      [{refused: refusal}, e]
    end
  end
end
