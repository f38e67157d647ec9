//! The statements that the seam and the test driver run on a connection that is not ours, one function each.

use super::prepared::{Parameter, array};
use super::{Prepared, SchemaName, StepKey, WorkerRow};
use crate::model::{Operator, StepNo, TaskId};

macro_rules! text {
    ($name:literal) => {
        include_str!(concat!("sql/", $name, ".sql"))
    };
}

fn some(text: impl ToString) -> Option<String> {
    Some(text.to_string())
}

fn task(id: TaskId) -> Parameter<'static> {
    ("uuid", some(id))
}

fn tasks(ids: &[TaskId]) -> Parameter<'static> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    ("uuid[]", Some(array(&ids)))
}

fn by(operator: &Operator) -> [Parameter<'static>; 2] {
    [("text", operator.by.clone()), ("text", operator.reason.clone())]
}

/// Statements in one schema.
#[derive(Debug, Clone)]
pub struct Foreign {
    schema: SchemaName,
}

impl Foreign {
    /// Statements in this schema.
    pub fn new(schema: SchemaName) -> Self {
        Self { schema }
    }

    fn rows(&self, text: &str, parameters: Vec<Parameter<'_>>) -> Prepared {
        Prepared::rows(&self.schema, text, parameters)
    }

    /// `plan_id, version, schema` of what a request means now; no row where it means nothing.
    pub fn find_plan(&self, namespace: &str, name: &str, version: Option<&str>) -> Prepared {
        self.rows(
            text!("find_plan"),
            vec![
                ("text", some(namespace)),
                ("text", some(name)),
                ("text", version.map(str::to_owned)),
            ],
        )
    }

    /// `database, plan_id, version, schema`: the identity of the database, and what a request means now; one row.
    pub fn find_plan_here(&self, namespace: &str, name: &str, version: Option<&str>) -> Prepared {
        self.rows(
            text!("find_plan_here"),
            vec![
                ("text", some(namespace)),
                ("text", some(name)),
                ("text", version.map(str::to_owned)),
            ],
        )
    }

    /// Creates tasks from a JSON array: `task_id, created, pruned` each.
    pub fn create_tasks(&self, requests: String) -> Prepared {
        self.rows(text!("create_tasks"), vec![("text", Some(requests))])
    }

    /// Completes a step in the transaction that the connection is in.
    pub fn complete_step(&self, key: &StepKey, results: &str) -> Prepared {
        self.rows(
            text!("complete_step"),
            vec![
                task(key.task_id),
                ("int", some(key.step_no)),
                ("int", some(key.claim_no)),
                ("text", some(results)),
            ],
        )
    }

    /// The time of the transaction.
    pub fn clock(&self) -> Prepared {
        self.rows(text!("clock"), Vec::new())
    }

    /// Moves the clock of the transaction; `now` in RFC 3339.
    pub fn set_clock(&self, now: &str) -> Prepared {
        self.rows(text!("set_clock"), vec![("text", some(now))])
    }

    /// Registers a compiled template, given as JSON.
    pub fn register_template(&self, template: String, force: bool, strict: bool) -> Prepared {
        self.rows(
            text!("register_template"),
            vec![
                ("text", Some(template)),
                ("boolean", some(force)),
                ("boolean", some(strict)),
            ],
        )
    }

    /// Registers a worker: its id.
    pub fn register_worker(&self, worker: &WorkerRow) -> Prepared {
        self.rows(
            text!("register_worker"),
            vec![
                ("text", some(&worker.name)),
                ("text", some(&worker.host)),
                ("int", some(worker.process_id)),
                ("text", some(&worker.runtime)),
                ("text", worker.version.clone()),
                ("text[]", Some(array(&worker.handlers))),
                ("int", some(worker.concurrency)),
                ("double precision", some(worker.lease_seconds)),
            ],
        )
    }

    /// Claims one ready step of these tasks.
    pub fn claim_one(&self, worker_id: i64, task_ids: &[TaskId]) -> Prepared {
        self.rows(
            text!("claim_steps"),
            vec![
                ("bigint", some(worker_id)),
                ("int", some(1)),
                ("int", some(1)),
                ("boolean", some(true)),
                ("int[]", None),
                ("timestamptz[]", None),
                tasks(task_ids),
                ("boolean", None),
                ("timestamptz", None),
                ("timestamptz", None),
            ],
        )
    }

    /// Records a completion; `batch` is the claim's. Claims nothing in return.
    pub fn complete_one(&self, worker_id: i64, key: &StepKey, results: &str, batch: i64) -> Prepared {
        self.rows(
            text!("complete_steps"),
            vec![
                ("bigint", some(worker_id)),
                tasks(&[key.task_id]),
                ("int[]", Some(array(&[key.step_no.to_string()]))),
                ("int[]", Some(array(&[key.claim_no.to_string()]))),
                ("text", Some(array(&[results]))),
                ("int", some(0)),
                ("int", some(0)),
                ("int", some(9)),
                ("boolean", some(true)),
                ("bigint[]", Some(array(&[batch.to_string()]))),
            ],
        )
    }

    /// Records a failure, given as it is stored.
    pub fn fail_one(&self, worker_id: i64, key: &StepKey, failure: &FailureText<'_>, batch: i64) -> Prepared {
        let retry_after = failure
            .retry_after
            .map_or_else(|| "{NULL}".to_owned(), |seconds| array(&[seconds.to_string()]));
        self.rows(
            text!("fail_steps"),
            vec![
                ("bigint", some(worker_id)),
                tasks(&[key.task_id]),
                ("int[]", Some(array(&[key.step_no.to_string()]))),
                ("int[]", Some(array(&[key.claim_no.to_string()]))),
                ("text", Some(array(&[failure.stored]))),
                ("double precision[]", Some(retry_after)),
                ("text", some(failure.backoff)),
                ("boolean", some(true)),
                ("int", some(failure.max_worker_losses)),
                ("bigint[]", Some(array(&[batch.to_string()]))),
            ],
        )
    }

    /// Hands a step back that was not run.
    pub fn release_one(&self, worker_id: i64, key: &StepKey) -> Prepared {
        self.rows(
            text!("release_steps"),
            vec![
                ("bigint", some(worker_id)),
                tasks(&[key.task_id]),
                ("int[]", Some(array(&[key.step_no.to_string()]))),
                ("int[]", Some(array(&[key.claim_no.to_string()]))),
            ],
        )
    }

    /// Takes everything back from these workers, if the time of the transaction is past their lease.
    pub fn reap(
        &self,
        reaper_id: i64,
        worker_ids: &[i64],
        max_worker_losses: i32,
        backoff: &str,
    ) -> Prepared {
        let workers: Vec<String> = worker_ids.iter().map(ToString::to_string).collect();
        self.rows(
            text!("reap_workers"),
            vec![
                ("bigint", some(reaper_id)),
                ("int", some(max_worker_losses)),
                ("text", some(backoff)),
                ("bigint[]", Some(array(&workers))),
            ],
        )
    }

    /// What a worker has to know about steps.
    pub fn step_definitions(&self, ids: &[i32]) -> Prepared {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let ahead = [("int", None), ("int", None), ("text[]", None), ("int", None)];
        let ids = ("int[]", Some(array(&ids)));
        self.rows(
            text!("step_definitions"),
            std::iter::once(ids).chain(ahead).collect(),
        )
    }

    /// The task, as JSON.
    pub fn task(&self, id: TaskId) -> Prepared {
        self.rows(text!("tasks"), vec![tasks(&[id])])
    }

    /// The steps of a task, as JSON, by number.
    pub fn steps(&self, id: TaskId) -> Prepared {
        self.rows(text!("steps"), vec![tasks(&[id])])
    }

    /// What of a task may be claimed, and when.
    pub fn due_steps(&self, id: TaskId) -> Prepared {
        self.rows(text!("due_steps"), vec![task(id)])
    }

    /// `name, results` of the steps of a task that ended well.
    pub fn step_results(&self, id: TaskId) -> Prepared {
        self.rows(text!("step_results"), vec![task(id)])
    }

    /// `task_id, context`.
    pub fn task_context(&self, id: TaskId) -> Prepared {
        self.rows(text!("task_contexts"), vec![tasks(&[id])])
    }

    /// Notes that the context of a task has been validated; with the defaults filled in.
    pub fn mark_validated(&self, id: TaskId, context: &str) -> Prepared {
        self.rows(text!("mark_validated"), vec![task(id), ("text", some(context))])
    }

    /// Cancels a task.
    pub fn cancel_task(&self, id: TaskId, operator: &Operator) -> Prepared {
        let [who, why] = by(operator);
        self.rows(text!("cancel_task"), vec![task(id), who, why])
    }

    /// Retries what failed for good in a task.
    pub fn retry_task(&self, id: TaskId, operator: &Operator) -> Prepared {
        let [who, why] = by(operator);
        self.rows(text!("retry_task"), vec![task(id), who, why])
    }

    /// Declares a task done.
    pub fn resolve_task(&self, id: TaskId, operator: &Operator) -> Prepared {
        let [who, why] = by(operator);
        self.rows(text!("resolve_task"), vec![task(id), who, why])
    }

    /// Pauses a task.
    pub fn pause_task(&self, id: TaskId, operator: &Operator) -> Prepared {
        let [who, why] = by(operator);
        self.rows(text!("pause_task"), vec![task(id), who, why])
    }

    /// Lets a paused task go on.
    pub fn resume_task(&self, id: TaskId, operator: &Operator) -> Prepared {
        let [who, why] = by(operator);
        self.rows(text!("resume_task"), vec![task(id), who, why])
    }

    /// Cancels a step.
    pub fn cancel_step(&self, id: TaskId, step: StepNo, operator: &Operator) -> Prepared {
        let [who, why] = by(operator);
        self.rows(
            text!("cancel_step"),
            vec![task(id), ("int", some(step)), who, why],
        )
    }

    /// Retries a step.
    pub fn retry_step(
        &self,
        id: TaskId,
        step: StepNo,
        reset_attempts: bool,
        operator: &Operator,
    ) -> Prepared {
        let [who, why] = by(operator);
        let reset = ("boolean", some(reset_attempts));
        self.rows(
            text!("retry_step"),
            vec![task(id), ("int", some(step)), reset, who, why],
        )
    }

    /// Declares a step done, with results.
    pub fn resolve_step(&self, id: TaskId, step: StepNo, results: &str, operator: &Operator) -> Prepared {
        let [who, why] = by(operator);
        let results = ("text", some(results));
        self.rows(
            text!("resolve_step"),
            vec![task(id), ("int", some(step)), results, who, why],
        )
    }
}

/// A failure on its way into the database.
#[derive(Debug, Clone, Copy)]
pub struct FailureText<'a> {
    /// As it is stored.
    pub stored: &'a str,
    /// When to come back, in seconds.
    pub retry_after: Option<f64>,
    /// The `backoff` block of the settings as JSON text.
    pub backoff: &'a str,
    /// From the settings.
    pub max_worker_losses: i32,
}
