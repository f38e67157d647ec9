//! One connection, and the verbs of the store on it.

use crate::plan::Plan;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection, Row};
use tasker_core::model::{Created, Registered, StepNo, TaskId};
use tasker_core::store::{
    ClaimArguments, FailureBatch, FlushArguments, FlushRow, FlushStatus, StepKey, Store, WorkerRow,
};
use tasker_core::{Error, ErrorKind};
use tasker_tests::TestDatabase;

/// Backoff settings without chance in them.
pub(crate) const STEADY: &str = r#"{"jitter_enabled": false}"#;

pub(crate) type Answer<T> = Result<T, Error>;

/// A connection. What must succeed panics; `try_…` gives the answer.
pub(crate) struct Session {
    pub(crate) c: PgConnection,
    pub(crate) store: Store,
    /// For `fail` and `reap`.
    pub(crate) max_worker_losses: i32,
}

/// A step as it is stored, with its lane.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StepRow {
    pub(crate) state: String,
    pub(crate) attempts: i32,
    pub(crate) retry_limit: i32,
    pub(crate) claim_no: i32,
    pub(crate) open_parents: i32,
    pub(crate) worker_losses: i32,
    pub(crate) ready_at: Option<DateTime<Utc>>,
    pub(crate) held_at: Option<DateTime<Utc>>,
    pub(crate) results: Option<Value>,
    pub(crate) priority: i16,
    pub(crate) mode: i16,
}

impl Session {
    pub(crate) async fn open(database: &TestDatabase) -> Self {
        let store = crate::support::store(&database.url(), "tasker").expect("a store");
        let c = store.connect().await.expect("a connection");
        Self {
            c,
            store,
            max_worker_losses: 3,
        }
    }

    pub(crate) async fn run(&mut self, sql: &str) {
        self.try_run(sql).await.expect(sql);
    }

    pub(crate) async fn try_run(&mut self, sql: &str) -> Answer<()> {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(&mut self.c)
            .await?;
        Ok(())
    }

    /// The one row of a query, as JSON.
    pub(crate) async fn json(&mut self, query: &str) -> Value {
        let all = self.rows(query).await;
        assert_eq!(all.len(), 1, "{query}");
        all.into_iter().next().unwrap()
    }

    /// The rows of a query, as JSON objects.
    pub(crate) async fn rows(&mut self, query: &str) -> Vec<Value> {
        let sql = format!("select to_jsonb(q) from ({query}) q");
        sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_all(&mut self.c)
            .await
            .expect(query)
    }

    pub(crate) async fn begin(&mut self) {
        self.run("begin").await;
    }

    pub(crate) async fn commit(&mut self) {
        self.run("commit").await;
    }

    pub(crate) async fn rollback(&mut self) {
        self.run("rollback").await;
    }

    pub(crate) async fn pid(&mut self) -> i32 {
        sqlx::query_scalar("select pg_backend_pid()")
            .fetch_one(&mut self.c)
            .await
            .unwrap()
    }

    /// Moves this session's clock; the others keep theirs.
    pub(crate) async fn advance(&mut self, seconds: f64) {
        sqlx::query(
            "select set_config('tasker.now', (tasker.clock() + make_interval(secs => $1))::text, false)",
        )
        .bind(seconds)
        .execute(&mut self.c)
        .await
        .unwrap();
    }

    /// Stops this session's clock where it is.
    pub(crate) async fn freeze(&mut self) -> DateTime<Utc> {
        self.advance(0.0).await;
        self.now().await
    }

    pub(crate) async fn now(&mut self) -> DateTime<Utc> {
        sqlx::query_scalar("select tasker.clock()")
            .fetch_one(&mut self.c)
            .await
            .unwrap()
    }

    pub(crate) async fn register(&mut self, plan: &Plan) -> Registered {
        self.try_register(plan, false, false).await.unwrap()
    }

    pub(crate) async fn try_register(
        &mut self,
        plan: &Plan,
        force: bool,
        strict: bool,
    ) -> Answer<Registered> {
        let store = self.store.clone();
        store
            .register_template(&mut self.c, &plan.compile(), force, strict)
            .await
    }

    pub(crate) async fn try_create(&mut self, requests: Value) -> Answer<Vec<Created>> {
        let store = self.store.clone();
        store.create_tasks(&mut self.c, &requests.to_string()).await
    }

    /// A task of the plan `name` with these other fields of a request.
    pub(crate) async fn create_with(&mut self, name: &str, fields: Value) -> Created {
        let mut request = json!({"namespace": "shop", "name": name});
        request
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        self.try_create(json!([request])).await.unwrap().remove(0)
    }

    pub(crate) async fn create(&mut self, name: &str) -> TaskId {
        self.create_with(name, json!({})).await.task_id
    }

    /// Registers a plan and makes a task of it.
    pub(crate) async fn task_of(&mut self, plan: &Plan) -> TaskId {
        self.register(plan).await;
        self.create(&plan.compile().name).await
    }

    /// A worker that has the handler `work`.
    pub(crate) async fn worker(&mut self) -> i64 {
        self.worker_for(&["work"]).await
    }

    pub(crate) async fn worker_for(&mut self, handlers: &[&str]) -> i64 {
        let worker = WorkerRow {
            name: "test".to_owned(),
            host: "here".to_owned(),
            process_id: 1,
            runtime: "rust".to_owned(),
            version: None,
            handlers: handlers.iter().map(|&handler| handler.to_owned()).collect(),
            concurrency: 4,
            lease_seconds: 30.0,
        };
        let store = self.store.clone();
        store.register_worker(&mut self.c, &worker).await.unwrap()
    }

    pub(crate) async fn try_claim(&mut self, arguments: &ClaimArguments) -> Answer<Vec<FlushRow>> {
        let store = self.store.clone();
        store.claim(&mut self.c, arguments).await
    }

    /// Claims up to `room` steps.
    pub(crate) async fn claim(&mut self, worker_id: i64, room: i32) -> Vec<StepKey> {
        let arguments = ClaimArguments {
            worker_id,
            room,
            slots: room,
            ..ClaimArguments::default()
        };
        claimed(&self.try_claim(&arguments).await.unwrap())
    }

    /// Claims the one step that is ready.
    pub(crate) async fn claim_one(&mut self, worker_id: i64) -> StepKey {
        let keys = self.claim(worker_id, 100).await;
        assert_eq!(keys.len(), 1, "{keys:?}");
        keys[0]
    }

    pub(crate) async fn try_complete(
        &mut self,
        worker_id: Option<i64>,
        flush: &FlushArguments,
    ) -> Answer<Vec<FlushRow>> {
        let store = self.store.clone();
        store.complete(&mut self.c, worker_id, flush).await
    }

    /// Completes steps without claiming any; `{}` each.
    pub(crate) async fn complete(&mut self, worker_id: i64, keys: &[StepKey]) -> Vec<FlushRow> {
        self.try_complete(Some(worker_id), &flush(keys, 0)).await.unwrap()
    }

    /// Completes steps and claims up to `room` in return.
    pub(crate) async fn complete_sticky(
        &mut self,
        worker_id: i64,
        keys: &[StepKey],
        room: i32,
    ) -> Vec<StepKey> {
        claimed(
            &self
                .try_complete(Some(worker_id), &flush(keys, room))
                .await
                .unwrap(),
        )
    }

    pub(crate) async fn try_fail(
        &mut self,
        worker_id: Option<i64>,
        batch: &FailureBatch,
    ) -> Answer<Vec<FlushRow>> {
        let store = self.store.clone();
        store.fail(&mut self.c, worker_id, batch).await
    }

    pub(crate) async fn fail(&mut self, worker_id: i64, key: StepKey, retryable: bool) -> Vec<FlushRow> {
        self.fail_after(worker_id, key, retryable, None).await
    }

    pub(crate) async fn fail_after(
        &mut self,
        worker_id: i64,
        key: StepKey,
        retryable: bool,
        retry_after: Option<f64>,
    ) -> Vec<FlushRow> {
        let mut batch = failures(&[key], retryable);
        batch.retry_afters = vec![retry_after];
        batch.max_worker_losses = self.max_worker_losses;
        self.try_fail(Some(worker_id), &batch).await.unwrap()
    }

    /// Reaps for `reaper`: what was taken back and the code.
    pub(crate) async fn reap(&mut self, reaper: i64) -> Vec<(TaskId, StepNo, String)> {
        let store = self.store.clone();
        let rows = store
            .reap_workers(&mut self.c, reaper, self.max_worker_losses, STEADY)
            .await
            .unwrap();
        rows.into_iter()
            .map(|(_, key, code)| (key.task_id, key.step_no, code))
            .collect()
    }

    pub(crate) async fn beat(&mut self, worker_id: i64) -> bool {
        let store = self.store.clone();
        store.heartbeat(&mut self.c, worker_id, true, None).await.unwrap()
    }

    /// An operator verb: `verb` is the call without the schema, for example `cancel_step($1, 2)`, `$1` the task.
    pub(crate) async fn try_operate(&mut self, task: TaskId, verb: &str) -> Answer<()> {
        let sql = format!("select tasker.{verb}");
        sqlx::query(AssertSqlSafe(sql))
            .bind(task)
            .execute(&mut self.c)
            .await?;
        Ok(())
    }

    pub(crate) async fn operate(&mut self, task: TaskId, verb: &str) {
        self.try_operate(task, verb).await.expect(verb);
    }

    /// The verb must be an illegal transition; returns the message.
    pub(crate) async fn refused(&mut self, task: TaskId, verb: &str) -> String {
        let error = self.try_operate(task, verb).await.expect_err(verb);
        assert_eq!(error.kind, ErrorKind::IllegalTransition, "{verb}: {error}");
        error.message
    }

    pub(crate) async fn state(&mut self, task: TaskId) -> String {
        sqlx::query_scalar("select state::text from tasker.tasks where task_id = $1")
            .bind(task)
            .fetch_one(&mut self.c)
            .await
            .unwrap()
    }

    pub(crate) async fn step(&mut self, task: TaskId, step_no: StepNo) -> StepRow {
        let query = "select s.state::text, s.attempts, s.retry_limit, s.claim_no, s.open_parents, s.worker_losses, s.ready_at, \
                     s.held_at, s.results, l.priority, l.mode from tasker.workflow_steps s \
                     join tasker.lanes l on l.lane_id = s.lane_id where s.task_id = $1 and s.step_no = $2";
        let row = sqlx::query(query)
            .bind(task)
            .bind(step_no)
            .fetch_one(&mut self.c)
            .await
            .unwrap();
        StepRow {
            state: row.get(0),
            attempts: row.get(1),
            retry_limit: row.get(2),
            claim_no: row.get(3),
            open_parents: row.get(4),
            worker_losses: row.get(5),
            ready_at: row.get(6),
            held_at: row.get(7),
            results: row.get(8),
            priority: row.get(9),
            mode: row.get(10),
        }
    }

    /// The states of all steps of a task, by number.
    pub(crate) async fn states(&mut self, task: TaskId) -> Vec<String> {
        sqlx::query_scalar(
            "select state::text from tasker.workflow_steps where task_id = $1 order by step_no",
        )
        .bind(task)
        .fetch_all(&mut self.c)
        .await
        .unwrap()
    }

    /// The trail of a step, or of the task with step 0, as `to_state`s after the initial one.
    pub(crate) async fn trail(&mut self, task: TaskId, step_no: StepNo) -> Vec<String> {
        let query = "select to_state::text from tasker.workflow_step_transitions where task_id = $1 and step_no = $2 \
                     union all select to_state::text from (select to_state from tasker.task_transitions \
                     where task_id = $1 and $2 = 0 order by seq) x";
        sqlx::query_scalar(query)
            .bind(task)
            .bind(step_no)
            .fetch_all(&mut self.c)
            .await
            .unwrap()
    }

    /// Claims and completes whatever is ready until nothing is.
    pub(crate) async fn drain(&mut self, worker_id: i64) -> usize {
        let mut steps = 0;
        loop {
            let keys = self.claim(worker_id, 1000).await;
            if keys.is_empty() {
                return steps;
            }
            steps += keys.len();
            self.complete(worker_id, &keys).await;
        }
    }
}

/// The steps that an answer hands out.
pub(crate) fn claimed(rows: &[FlushRow]) -> Vec<StepKey> {
    rows.iter()
        .filter(|row| row.status == FlushStatus::Claimed)
        .map(|row| row.key)
        .collect()
}

/// The statuses of an answer, in order.
pub(crate) fn statuses(rows: &[FlushRow]) -> Vec<FlushStatus> {
    rows.iter().map(|row| row.status).collect()
}

pub(crate) fn flush(keys: &[StepKey], room: i32) -> FlushArguments {
    FlushArguments {
        keys: keys.to_vec(),
        results: vec!["{}".to_owned(); keys.len()],
        room,
        slots: room,
        priority: 9,
        wait: true,
        done: Vec::new(),
    }
}

pub(crate) fn failures(keys: &[StepKey], retryable: bool) -> FailureBatch {
    let failure = json!({"error": "no", "error_class": "E", "error_code": null, "backtrace": null, "retryable": retryable, "details": null});
    FailureBatch {
        keys: keys.to_vec(),
        failures: vec![failure.to_string(); keys.len()],
        retry_afters: vec![None; keys.len()],
        backoff: STEADY.to_owned(),
        wait: true,
        max_worker_losses: 3,
        done: Vec::new(),
    }
}

impl Session {
    /// The states of the steps of a new task `order`.
    pub(crate) async fn states_of_new_task(&mut self) -> Vec<String> {
        let task = self.create("order").await;
        self.states(task).await
    }
}
