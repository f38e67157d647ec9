# frozen_string_literal: true

class CreateTaskerSchema < ActiveRecord::Migration[7.1]
  include Tasker::Migration

  # The tables and functions of Tasker's engine, in a schema of their own. It does not appear in db/schema.rb or db/structure.sql:
  # what builds a database from those brings this schema up to date as well.
  def change = create_tasker_schema
end
