# frozen_string_literal: true

RSpec.describe "Transactions on a connection of pg", :database do
  before { client.register_template(chain("order", "pay")) }

  it "creates a task with the transaction, or not at all" do
    client.database_identity
    connected do |connection|
      expect do
        connection.transaction do
          client.create_task_in(connection, "order")
          raise "no"
        end
      end.to raise_error("no")
      expect(client.list_tasks).to be_empty
      task_id = connection.transaction { client.create_task_in(connection, "order", context: {n: 1}).task_id }
      expect(client.list_tasks.map(&:task_id)).to eq([task_id])
    end
  end

  it "completes a step with the transaction, once" do
    connected { |connection| connection.exec("create table payments (task_id uuid)") }
    handlers.add("pay") do |step|
      connected do |connection|
        connection.transaction do
          connection.exec_params("insert into payments values ($1)", [step.task_id])
          step.complete_in(connection, {paid: step.attempt})
        end
      end
      raise "after the commit it does not matter"
    end
    working do
      task_id = client.create_task("order").task_id
      expect(ended(task_id).status).to eq("complete")
      expect(client.step(task_id, "pay").results).to eq("paid" => 1)
    end
    connected { |connection| expect(connection.exec("select count(*) from payments").getvalue(0, 0)).to eq("1") }
  end

  it "tries a step again whose transaction was rolled back" do
    handlers.add("pay") do |step|
      connected do |connection|
        connection.transaction do
          step.complete_in(connection, {paid: step.attempt})
          raise PG::RollbackTransaction if step.attempt == 1
        end
      end
    end
    working do
      task_id = client.create_task("order").task_id
      expect(ended(task_id).status).to eq("complete")
      expect(client.step(task_id, "pay").results).to eq("paid" => 2)
    end
  end

  it "refuses a connection that leads elsewhere, and what is no connection" do
    client.database_identity
    other = PG.connect(Databases.at(Databases.migrated))
    expect { client.create_task_in(other, "order") }.to raise_error(Tasker::ConfigInvalidError)
    expect { client.create_task_in(Object.new, "order") }.to raise_error(ArgumentError, /PG::Connection/)
  ensure
    other&.close
  end

  it "says what PostgreSQL says in the engine's words" do
    connected do |connection|
      expect { client.create_task_in(connection, "unknown") }.to raise_error(Tasker::UnknownNamedTaskError)
    end
  end
end
