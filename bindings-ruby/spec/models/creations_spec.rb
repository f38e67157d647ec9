# frozen_string_literal: true

require_relative "models_helper"

# On ActiveRecord's pool, by threads that want a connection each.
RSpec.describe "A thousand creations at once", :database do
  threads, each, pool = 25, 40, 8

  before do
    Tasker.client = client
    client.register_template(chain("order", "validate"))
    ActiveRecord::Base.establish_connection(url: database_url, adapter: "postgresql", pool:, checkout_timeout: 60)
  end

  after do
    Tasker.client = nil
    Workflows.connect
  end

  # A third each: alone, in a transaction, in one that is rolled back.
  def create(number)
    case number % 3
    when 0 then Tasker.create_task!("order", context: {number:})
    when 1 then ActiveRecord::Base.transaction { Tasker.create_task!("order", context: {number:}) }
    else
      ActiveRecord::Base.transaction do
        Tasker.create_task!("order", context: {number:})
        raise ActiveRecord::Rollback
      end
    end
  end

  it "make a task for each commit and none for a rollback, and leak no connection" do
    go = Concurrent::CountDownLatch.new
    running = Array.new(threads) do |thread|
      Thread.new do
        go.wait
        # As a request or a job does, which gives its connection back.
        each.times { |one| ActiveRecord::Base.connection_pool.with_connection { create((thread * each) + one) } }
      end
    end
    go.count_down
    running.each(&:join)

    numbers = Tasker::Task.pluck(Arel.sql("(context ->> 'number')::int")).sort
    expect(numbers).to eq((0...(threads * each)).reject { |number| number % 3 == 2 })
    ActiveRecord::Base.connection_handler.clear_active_connections!
    stat = ActiveRecord::Base.connection_pool.stat
    expect(stat).to include(busy: 0, dead: 0, waiting: 0)
    expect(stat[:connections]).to be <= pool
    sessions = ActiveRecord::Base.connection_pool.with_connection do |connection|
      connection.select_rows("select state, count(*) from pg_stat_activity where datname = current_database() group by 1").to_h
    end
    # Those of the pool, and of the client that registered the template.
    expect(sessions.values.sum).to be <= pool + 4
    expect(sessions.keys).not_to include(a_string_starting_with("idle in transaction"))
  end
end
