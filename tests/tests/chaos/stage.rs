//! A database, workers as processes of their own, and a load.

use crate::invariants::complaints;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::{
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};
use tasker_core::{
    Client, ClientOptions,
    model::{Settings, TaskRequest},
    template::{ParseOptions, Template},
};
use tasker_tests::Signal;
use tokio::time::Instant;

/// The lease of these tests, in seconds.
pub(crate) const LEASE: f64 = 3.0;
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.execution.lease_seconds = LEASE;
    settings.execution.shutdown_grace_seconds = 20.0;
    settings.backoff.default_backoff_seconds = vec![0.1];
    settings
}

/// A worker process. Killed when the value is dropped.
#[derive(Debug)]
pub(crate) struct WorkerProcess {
    child: Child,
    pub(crate) name: String,
}

impl WorkerProcess {
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "{} does not end", self.name);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    pub(crate) async fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.ended().await;
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A migrated database with the diamond registered, and a client on it.
pub(crate) struct Stage {
    pub(crate) url: String,
    pub(crate) client: Client,
    settings: Settings,
    started: usize,
}

impl Stage {
    pub(crate) async fn new(url: String, settings: Settings) -> Self {
        let options = ClientOptions {
            database_url: Some(url.clone()),
            settings: settings.clone(),
            ..ClientOptions::default()
        };
        let client = Client::new(options).unwrap();
        client.migrate().await.unwrap();
        let mut connection = PgConnection::connect(&url).await.unwrap();
        sqlx::query("create table effects (task_id uuid, step_no int)")
            .execute(&mut connection)
            .await
            .unwrap();
        let stage = Self {
            url,
            client,
            settings,
            started: 0,
        };
        let step = |name: &str, handler: &str, parents: &[&str]| json!({"name": name, "handler": handler, "depends_on_steps": parents, "default_retry_limit": 50});
        stage
            .register(
                json!({"name": "diamond", "version": "1.0.0", "step_templates": [step("a", "plain", &[]),
                step("b", "plain", &["a"]), step("c", "effect", &["a"]), step("d", "effect", &["b", "c"])]}),
            )
            .await;
        stage
    }

    pub(crate) async fn register(&self, template: serde_json::Value) {
        let template = Template::from_json(&template, &ParseOptions::default()).unwrap();
        self.client.register_template(&template, false).await.unwrap();
    }

    pub(crate) fn worker(&mut self, concurrency: usize) -> WorkerProcess {
        self.started += 1;
        let name = format!("worker-{}", self.started);
        let child = Command::new(env!("CARGO_BIN_EXE_chaos-worker"))
            .args([
                &self.url,
                &serde_json::to_string(&self.settings).unwrap(),
                &concurrency.to_string(),
                &name,
            ])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        WorkerProcess { child, name }
    }

    pub(crate) async fn create(&self, name: &str, count: usize, milliseconds: u64) {
        let context = json!({"ms": milliseconds}).as_object().unwrap().clone();
        let requests = vec![TaskRequest::new(name).with_context(context); count];
        self.client.create_tasks(&requests).await.unwrap();
    }

    /// One number; none while the server is away.
    pub(crate) async fn try_number(&self, question: &str) -> Option<i64> {
        let mut connection = PgConnection::connect(&self.url).await.ok()?;
        let number = sqlx::query_scalar(AssertSqlSafe(question.to_owned()))
            .fetch_one(&mut connection)
            .await
            .ok();
        connection.close().await.ok();
        number
    }

    pub(crate) async fn number(&self, question: &str) -> i64 {
        self.try_number(question).await.unwrap()
    }

    /// Waits until the number that answers the question is at least this.
    pub(crate) async fn until(&self, question: &str, at_least: i64) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let number = self.try_number(question).await;
            if number.is_some_and(|number| number >= at_least) {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "after {PATIENCE:?} it is {number:?}, not {at_least}: {question}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn until_complete(&self, tasks: i64) {
        self.until(
            "select count(*) from tasker.tasks where state in ('complete', 'error')",
            tasks,
        )
        .await;
    }

    /// Waits until this worker runs something.
    pub(crate) async fn until_busy(&self, name: &str) {
        self.until(&holds(name), 1).await;
    }

    /// Waits until this worker runs something, or there is nothing left to run.
    pub(crate) async fn until_busy_or_done(&self, name: &str, tasks: i64) {
        let held = holds(name);
        let question = format!(
            "select case when (select count(*) from tasker.tasks where state = 'complete') >= {tasks} then 1 else ({held}) end"
        );
        self.until(&question, 1).await;
    }

    /// Every task complete, nothing lost, nothing twice.
    pub(crate) async fn check(&self) {
        let mut connection = PgConnection::connect(&self.url).await.unwrap();
        assert_eq!(complaints(&mut connection).await, Vec::<String>::new());
        assert_eq!(
            self.number("select count(*) from tasker.tasks where state <> 'complete'")
                .await,
            0
        );
    }
}

/// How many steps the workers of this name hold.
pub(crate) fn holds(name: &str) -> String {
    format!(
        "select count(*) from tasker.workflow_steps s join tasker.workers w using (worker_id)
         where s.state = 'in_progress' and w.name = '{name}'"
    )
}
