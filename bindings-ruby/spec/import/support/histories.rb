# frozen_string_literal: true

# What an application left behind: three namespaces, two versions of one workflow, and tasks that ended in every way, or have not.
module Histories
  ORDER = {validate: {}, charge: {after: :validate, system: "bank"}, ship: {after: :charge, system: "warehouse"}}.freeze
  REPORT = {extract: {}, orders: {after: :extract}, users: {after: :extract}, merge: {after: %i[orders users]}}.freeze
  RAN = %i[in_progress complete].freeze
  FAILURE = {error: "the bank is closed", error_class: "Tasker::RetryableError", backtrace: "bank.rb:7"}.freeze

  module_function

  # @param ancestor [Ancestor]
  # @return [Hash{Symbol => Integer}] by what happened to it the old id of each task
  def leave(ancestor)
    ancestor.namespace("default", description: "whatever names none")
    ancestor.system("bank", description: "the bank's API")
    ancestor.object_map("bank", "c-7", "warehouse", "k-9")
    ended(ancestor).merge(open(ancestor))
  end

  # Tasks that have ended.
  def ended(ancestor)
    {
      finished: order(ancestor, done: %i[validate charge ship], trail: RAN, reason: "a customer", tags: %w[vip eu].to_json,
        annotations: {shipment: {carrier: "DHL", boxes: 2}, note: {text: "fragile"}}),
      retried: order(ancestor, done: %i[validate charge ship], trail: [:in_progress, :pending, :in_progress, :complete],
        charge: {trail: [:in_progress, [:error, {error: "503"}], :pending, :in_progress, :complete], attempts: 2}),
      second_version: ancestor.task("shop", "order", "2.0.0", trail: %i[in_progress complete],
        steps: {validate: {trail: RAN}, check_fraud: {after: :validate, trail: RAN}, charge: {after: :check_fraud, trail: RAN}}),
      cancelled: order(ancestor, done: %i[validate], trail: %i[in_progress cancelled],
        charge: {trail: %i[in_progress error], results: FAILURE}),
      resolved: order(ancestor, done: %i[validate], trail: %i[in_progress error resolved_manually],
        charge: {trail: %i[in_progress error], results: FAILURE, attempts: 3}),
      other_namespace: ancestor.task("billing", "refund", "1.0.0", trail: %i[in_progress complete], context: {refund: 1},
        steps: {refund_payment: {trail: RAN, results: {"ok" => true}, system: "bank"}})
    }
  end

  # Tasks that have not.
  def open(ancestor)
    {
      fresh: order(ancestor),
      waiting: order(ancestor, done: %i[validate], trail: %i[in_progress pending],
        charge: {trail: %i[in_progress error], results: FAILURE}),
      asked_to_wait: order(ancestor, done: %i[validate], trail: %i[in_progress pending],
        charge: {trail: %i[in_progress error], results: FAILURE, backoff: 86_400, last_attempted_at: Time.now}),
      exhausted: order(ancestor, done: %i[validate], trail: %i[in_progress error],
        charge: {trail: %i[in_progress error], results: FAILURE, attempts: 3}),
      permanent: order(ancestor, done: %i[validate], trail: %i[in_progress pending],
        charge: {trail: %i[in_progress error],
                 results: {error: "declined", error_class: "Tasker::PermanentError", error_details: {error_code: "DECLINED"}}}),
      step_resolved: order(ancestor, done: %i[validate], trail: %i[in_progress error],
        charge: {trail: %i[in_progress error resolved_manually], results: {"charge_id" => 3}, attempts: 3}),
      interrupted: order(ancestor, done: %i[validate], trail: %i[in_progress], charge: {trail: %i[in_progress]}),
      interrupted_once: order(ancestor, done: %i[validate], trail: %i[in_progress],
        charge: {trail: %i[in_progress], retryable: false}),
      diamond: diamond(ancestor)
    }
  end

  # @param done [Array<Symbol>] steps that are complete
  # @param steps [Hash{Symbol => Hash}] what else is known of a step
  def order(ancestor, done: [], validate: {}, charge: {}, ship: {}, **task)
    given = {validate:, charge:, ship:}
    steps = ORDER.to_h do |name, step|
      ran = done.include?(name) ? {trail: RAN, results: {"by" => name.to_s}, processed_at: Ancestor::BEGINNING + 7} : {}
      [name, {**step, **ran, **given.fetch(name)}]
    end
    ancestor.task("shop", "order", "1.0.0", steps:, **task)
  end

  # Half of it is done. The ancestor wrote edges twice where it came by twice.
  def diamond(ancestor)
    done = {extract: {trail: RAN, results: {"rows" => 3}}, orders: {after: :extract, trail: RAN, results: {"orders" => 2}}}
    steps = REPORT.merge(done)
    task_id = ancestor.task("analytics", "report", steps:, trail: %i[in_progress pending], context: {"day" => "2026-03-01"})
    first, second = ancestor.step_ids(task_id)
    ancestor.edge(first, second)
    task_id
  end
end
