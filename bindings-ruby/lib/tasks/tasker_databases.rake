# frozen_string_literal: true

# Rails builds databases from db/schema.rb or db/structure.sql, where Tasker's schema does not stand. These tasks are what all ways
# to do that come to: db:setup and db:reset, db:test:prepare, and with it ActiveRecord::Migration.maintain_test_schema!.
Rake::Task.tasks.each do |task|
  case task.name
  when /\A(?:app:)?db:(?:prepare|schema:load(?::(?<database>\w+))?)\z/
    database = $~[:database]
    task.enhance { Tasker::Railties::Schema.prepare(Tasker::Railties::Schema.environments, database:) }
  when /\A(?:app:)?db:test:load_schema(?::(?<database>\w+))?\z/
    database = $~[:database]
    task.enhance { Tasker::Railties::Schema.prepare(["test"], database:) }
  when /\A(?:app:)?db:(?:drop:\w+|(?:test:)?purge(?::\w+)?)\z/
    task.enhance(["tasker:disconnect"])
  end
end
