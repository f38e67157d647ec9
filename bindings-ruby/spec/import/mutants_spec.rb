# frozen_string_literal: true

require_relative "import_helper"

# Comparing would be worth nothing if it found nothing: each of these imports does one thing wrong.
RSpec.describe Tasker::Import, "done wrong", :database, :import do
  # By what it does wrong the statement, and pairs of what stands there and what would.
  mutants = {
    "loses results" => ["insert_steps", "then coalesce(o.results, '{}')", "then '{}'::jsonb"],
    "loses the results of failures" => ["insert_steps", "then o.results else", "then '{}'::jsonb else"],
    "counts no attempts" => ["read_steps", "coalesce(s.attempts, 0) as attempts", "0 as attempts"],
    "numbers steps the other way round" => ["read_steps", "s.workflow_step_id))::int", "s.workflow_step_id desc))::int"],
    "turns the graph around" => [
      "read_steps", "e.from_step_id = p.old_step_id", "e.to_step_id = p.old_step_id",
      "c.old_step_id = e.to_step_id", "c.old_step_id = e.from_step_id"
    ],
    "believes that all parents are done" => ["read_steps", "count(*) filter (where e.open)", "0"],
    "believes that no parent is done" => ["read_steps", "count(*) filter (where e.open)", "count(*)"],
    "strands what is ready" => ["insert_steps", "case when not s.paused then s.due_at end", "null"],
    "leaves out the last move" => ["insert_step_history", "where m.place > 1 or", "where m.to_state <> 'complete' and"],
    "dates the history wrong" => ["insert_task_history", "m.created_at::timestamptz", "m.created_at::timestamptz + interval '1 h'"],
    "loses metadata" => ["insert_step_history", "nullif(m.metadata, '{}')", "null"],
    "forgets annotations" => ["insert_annotations", "order by o.task_annotation_id", "limit 1"],
    "mixes up the context" => ["insert_tasks", "coalesce(o.context, '{}')", "jsonb_build_object('order', 7.0)"],
    "forgets the reason" => ["insert_tasks", "coalesce(o.reason, 'unknown')", "'unknown'"],
    "forgets a named step's system" => ["read_steps", "d.name as system", "'unknown' as system"],
    "forgets to whom a task belongs" => ["read_tasks", "and n.version = o.version", "and n.version = '1.0.0'"]
  }

  before do
    Histories.leave(ancestor)
    register_templates
  end

  # An import of which a statement is another.
  def mutant(statement, *changes)
    import.tap do |wrong|
      allow(wrong.send(:database)).to receive(:read).and_wrap_original do |read, given|
        text = read.call(given)
        next text unless given == statement

        changes.each_slice(2) { |right, mutated| text.sub!(right, mutated) || raise("#{statement} has no #{right}") }
        text
      end
    end
  end

  # Makes room for the next one.
  def forget
    connection.execute(<<~SQL)
      drop table tasker_import_map;
      delete from tasker.tasks;
      delete from tasker.workflow_steps;
      delete from tasker.task_transitions;
      delete from tasker.workflow_step_transitions;
      delete from tasker.task_annotations
    SQL
  end

  it "is found out, each of them", :aggregate_failures do
    mutants.each do |name, change|
      expect(mutant(*change).run.verification.problems).not_to be_empty, "nobody notices an import that #{name}"
      forget
    end
    expect(import.run.verification.problems).to be_empty
  end
end
