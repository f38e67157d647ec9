//! Random graphs, random outcomes, random operators: the database does what the model does, and always comes to an end.

use crate::model::{Model, S};
use crate::plan::Plan;
use crate::session::{Session, claimed, flush};
use crate::support::migrated;
use proptest::prelude::*;
use serde_json::{Value, json};
use tasker_core::ErrorKind;
use tasker_core::model::{TaskId, Why, WhyReason};
use tasker_core::store::{ClaimArguments, StepKey};
use tasker_tests::inconsistencies;

type Shape = Vec<(Vec<usize>, i32, bool)>;

/// What happens next: a verb, and numbers that choose on what.
type Event = (u8, u16, u8);

fn shapes() -> impl Strategy<Value = Shape> {
    prop::collection::vec((any::<u16>(), 1..5i32, prop::bool::weighted(0.85)), 1..=12).prop_map(|steps| {
        let parents = |at: usize, mask: u16| {
            (0..at)
                .filter(|&parent| mask >> parent & 1 == 1 && mask >> (parent + 3) & 1 == 0)
                .collect()
        };
        steps
            .into_iter()
            .enumerate()
            .map(|(at, (mask, limit, retryable))| (parents(at, mask), limit, retryable))
            .collect()
    })
}

struct Run<'s> {
    s: &'s mut Session,
    model: Model,
    task: TaskId,
    workers: Vec<i64>,
    handler: String,
}

impl<'s> Run<'s> {
    async fn begin(s: &'s mut Session, shape: &Shape, workers: usize) -> Self {
        let handler = format!("h{}", uuid::Uuid::now_v7().simple());
        let mut plan = Plan::new(&handler);
        for (at, (parents, limit, retryable)) in shape.iter().enumerate() {
            let parents: Vec<String> = parents.iter().map(|parent| format!("s{parent}")).collect();
            let parents: Vec<&str> = parents.iter().map(String::as_str).collect();
            plan = plan
                .step(&format!("s{at}"), &parents)
                .handler(&handler)
                .set("default_retryable", json!(retryable))
                .limit(*limit);
        }
        s.run("select set_config('tasker.now', '', false)").await;
        s.freeze().await;
        let task = s.task_of(&plan).await;
        let mut run = Self {
            s,
            model: Model::new(shape),
            task,
            workers: Vec::new(),
            handler,
        };
        for _ in 0..workers {
            let worker = run.s.worker_for(&[&run.handler]).await;
            run.workers.push(worker);
        }
        run
    }

    fn claim_arguments(&self, worker: usize, room: i32, alone: bool) -> ClaimArguments {
        ClaimArguments {
            worker_id: self.workers[worker],
            room,
            slots: room,
            alone,
            ..ClaimArguments::default()
        }
    }

    async fn claim(&mut self, worker: usize, room: i32, alone: bool) -> usize {
        let arguments = self.claim_arguments(worker, room, alone);
        let keys = claimed(&self.s.try_claim(&arguments).await.unwrap());
        self.taken(&keys, worker);
        keys.len()
    }

    fn taken(&mut self, keys: &[StepKey], worker: usize) {
        for key in keys {
            let step = usize::try_from(key.step_no).unwrap() - 1;
            self.model.claim(step, worker);
            assert_eq!(key.claim_no, self.model.steps[step].claim_no);
        }
    }

    /// Some step that this worker runs.
    fn running(&self, worker: usize, choice: u16) -> Option<(usize, StepKey)> {
        let held: Vec<usize> = (0..self.model.steps.len())
            .filter(|&step| {
                self.model.steps[step].state == S::Running && self.model.steps[step].worker == worker
            })
            .collect();
        let step = *held.get(usize::from(choice) % held.len().max(1))?;
        let key = StepKey {
            task_id: self.task,
            step_no: i32::try_from(step).unwrap() + 1,
            claim_no: self.model.steps[step].claim_no,
        };
        Some((step, key))
    }

    async fn complete(&mut self, worker: usize, step: usize, key: StepKey, room: i32) {
        let before: Vec<bool> = (0..self.model.steps.len())
            .map(|step| self.model.ready(step))
            .collect();
        let mut arguments = flush(&[key], room);
        // Waiting for locks or not makes no difference where nobody holds one; the code that runs is another.
        arguments.wait = (step + usize::try_from(key.claim_no).unwrap()).is_multiple_of(2);
        let rows = self
            .s
            .try_complete(Some(self.workers[worker]), &arguments)
            .await
            .unwrap();
        let keys = claimed(&rows);
        self.model.complete(step);
        let readied = (0..before.len())
            .filter(|&step| !before[step] && self.model.ready(step))
            .count();
        assert_eq!(keys.len(), readied.min(usize::try_from(room).unwrap()));
        self.taken(&keys, worker);
    }

    async fn lose(&mut self, worker: usize) {
        self.s.advance(31.0).await;
        self.model.now += 31;
        for other in 0..self.workers.len() {
            if other != worker {
                assert!(self.s.beat(self.workers[other]).await);
            }
        }
        let reaper = self.s.worker_for(&[]).await;
        self.s.reap(reaper).await;
        for step in 0..self.model.steps.len() {
            if self.model.steps[step].state == S::Running && self.model.steps[step].worker == worker {
                self.model.lose(step);
            }
        }
        assert!(!self.s.beat(self.workers[worker]).await);
        self.workers[worker] = self.s.worker_for(&[&self.handler]).await;
    }

    async fn operate(&mut self, verb: &str, legal: bool) {
        match self.s.try_operate(self.task, verb).await {
            Ok(()) => assert!(legal, "{verb} went through and is not legal: {:?}", self.model),
            Err(error) => assert!(
                !legal && error.kind == ErrorKind::IllegalTransition,
                "{verb}: {error}; {:?}",
                self.model
            ),
        }
    }

    async fn happen(&mut self, (verb, choice, detail): Event) {
        let worker = usize::from(choice >> 8) % self.workers.len();
        let step = usize::from(choice) % self.model.steps.len();
        let number = step + 1;
        match verb {
            0..=29 => drop(self.claim(worker, 1 + i32::from(detail % 4), detail > 200).await),
            30..=54 => {
                if let Some((step, key)) = self.running(worker, choice) {
                    self.complete(worker, step, key, i32::from(detail % 3)).await;
                }
            }
            55..=69 => {
                if let Some((step, key)) = self.running(worker, choice) {
                    let after = [None, Some(0.0), Some(5.0)][usize::from(detail) % 3];
                    assert!(
                        self.s
                            .fail_after(self.workers[worker], key, detail < 200, after)
                            .await
                            .is_empty()
                    );
                    self.model.fail(step, detail < 200, after);
                }
            }
            70..=72 => {
                if let Some((step, key)) = self.running(worker, choice) {
                    let store = self.s.store.clone();
                    assert_eq!(
                        store
                            .release(&mut self.s.c, self.workers[worker], &[key])
                            .await
                            .unwrap(),
                        1
                    );
                    self.model.release(step);
                }
            }
            73..=76 => self.lose(worker).await,
            77..=82 => {
                self.s.advance(f64::from(detail % 8)).await;
                self.model.now += i64::from(detail % 8);
            }
            83..=84 => {
                let legal = self.model.retry_step(step, detail > 127);
                self.operate(&format!("retry_step($1, {number}, {})", detail > 127), legal)
                    .await;
            }
            85..=86 => {
                let legal = self.model.resolve_step(step);
                self.operate(&format!("resolve_step($1, {number})"), legal).await;
            }
            87 => {
                let legal = self.model.cancel_step(step);
                self.operate(&format!("cancel_step($1, {number})"), legal).await;
            }
            88..=90 => {
                let limit = 1 + i32::from(detail % 5);
                let legal = self.model.update_limit(step, limit);
                self.operate(&format!("update_step($1, {number}, {limit})"), legal)
                    .await;
            }
            91..=93 => {
                let legal = self.model.retry_task();
                self.operate("retry_task($1)", legal).await;
            }
            94..=95 => {
                let legal = self.model.pause();
                self.operate("pause_task($1)", legal).await;
            }
            96..=97 => {
                let legal = self.model.resume();
                self.operate("resume_task($1)", legal).await;
            }
            98 if detail < 40 => {
                let legal = self.model.cancel_task();
                self.operate("cancel_task($1)", legal).await;
            }
            _ if detail < 60 => {
                let legal = self.model.resolve_task();
                self.operate("resolve_task($1)", legal).await;
            }
            _ => {}
        }
    }

    /// Every step, the task, the window for people and what a claim would take are what the model says.
    async fn compare(&mut self) {
        let (task, count) = (self.task, self.model.steps.len());
        let states: Vec<String> = self
            .model
            .steps
            .iter()
            .map(|step| step.state.name().to_owned())
            .collect();
        assert_eq!(self.s.states(task).await, states, "{:?}", self.model);
        assert_eq!(
            self.s.state(task).await,
            self.model.state.name(),
            "{:?}",
            self.model
        );
        let rows = self
            .s
            .rows(&format!(
                "select * from tasker.get_step_readiness_status('{task}')"
            ))
            .await;
        let ready: Vec<bool> = (0..count).map(|step| self.model.ready(step)).collect();
        let named: Vec<bool> = rows
            .iter()
            .map(|row| row["ready_for_execution"] == true)
            .collect();
        assert_eq!(named, ready, "{:?}", self.model);
        for (step, row) in rows.iter().enumerate() {
            let it = &self.model.steps[step];
            assert_eq!(
                (&row["attempts"], &row["retry_limit"]),
                (&json!(it.attempts), &json!(it.limit))
            );
            assert_eq!(row["dependencies_satisfied"], json!(self.model.satisfied(step)));
            assert_eq!(row["next_retry_at"].is_null(), it.due.is_none(), "{row}");
        }
        let mut would: Vec<bool> = vec![false; count];
        self.s.begin().await;
        self.compare_why(&ready).await;
        for alone in [
            false, true, true, true, true, true, true, true, true, true, true, true, true,
        ] {
            let arguments = self.claim_arguments(0, 100, alone);
            for key in claimed(&self.s.try_claim(&arguments).await.unwrap()) {
                would[usize::try_from(key.step_no).unwrap() - 1] = true;
            }
        }
        self.s.rollback().await;
        assert_eq!(would, ready, "a claim takes something else: {:?}", self.model);
        let context = self
            .s
            .json(&format!(
                "select * from tasker.get_task_execution_context('{task}')"
            ))
            .await;
        let expected = self.context();
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&context[key], value, "{key}: {context} {:?}", self.model);
        }
    }

    /// What `why` calls claimable is what a claim takes, and whatever waits has a root that does not wait itself.
    async fn compare_why(&mut self, ready: &[bool]) {
        for worker in self.workers.clone() {
            assert!(self.s.beat(worker).await);
        }
        let rows = self
            .s
            .rows(&format!(
                "select * from tasker.why('{}') where step_no is not null",
                self.task
            ))
            .await;
        let rows: Vec<Why> = rows
            .into_iter()
            .map(|row| serde_json::from_value(row).unwrap())
            .collect();
        let claimable: Vec<bool> = rows.iter().map(|row| row.reason.is_claimable()).collect();
        assert_eq!(claimable, ready, "{:?}", self.model);
        for (step, row) in rows.iter().enumerate() {
            let it = &self.model.steps[step];
            assert_eq!(
                row.reason == WhyReason::Running,
                it.state == S::Running,
                "{row:?}"
            );
            assert_ne!(row.reason, WhyReason::Stranded, "{row:?} {:?}", self.model);
            assert_eq!(
                row.blocked_by_step_no.is_some(),
                !row.reason.is_own() && row.reason != WhyReason::Finished
            );
            let dead = matches!(
                row.reason,
                WhyReason::FailedUpstream | WhyReason::CancelledUpstream
            );
            if let Some(root) = row.blocked_by_step_no {
                let root = &rows[usize::try_from(root).unwrap() - 1];
                assert!(root.reason.is_own(), "{row:?}");
                let root = usize::try_from(root.step_no.unwrap()).unwrap() - 1;
                assert_eq!(self.model.blocked(root), dead, "{row:?} {:?}", self.model);
            }
        }
    }

    fn context(&self) -> Value {
        let model = &self.model;
        let steps = 0..model.steps.len();
        let count = |state: &[S]| {
            model
                .steps
                .iter()
                .filter(|step| state.contains(&step.state))
                .count()
        };
        let ready = steps.clone().filter(|&step| model.ready(step)).count();
        let blocked = steps.clone().filter(|&step| model.blocked(step)).count();
        let waiting = model.steps.iter().filter(|step| step.due.is_some()).count();
        let (running, failed, done) = (
            count(&[S::Running]),
            count(&[S::Error]),
            count(&[S::Complete, S::Resolved]),
        );
        let (status, action) = if ready > 0 {
            ("has_ready_steps", "execute_ready_steps")
        } else if running > 0 {
            ("processing", "wait_for_completion")
        } else if blocked > 0 {
            ("blocked_by_failures", "handle_failures")
        } else if done == model.steps.len() {
            ("all_complete", "finalize_task")
        } else {
            ("waiting_for_dependencies", "wait_for_dependencies")
        };
        let health = if blocked > 0 && ready + running + waiting == 0 {
            "blocked"
        } else if failed == 0 {
            "healthy"
        } else {
            "recovering"
        };
        json!({"total_steps": model.steps.len(), "pending_steps": count(&[S::Pending]), "in_progress_steps": running,
               "completed_steps": done, "failed_steps": failed, "ready_steps": ready, "execution_status": status,
               "recommended_action": action, "health_status": health, "status": model.state.name()})
    }

    /// Lets everything succeed that can still run, until nothing can.
    async fn finish(&mut self) {
        let legal = self.model.resume();
        self.operate("resume_task($1)", legal).await;
        for _ in 0..1000 {
            if !self.model.alive() || self.model.over() {
                return;
            }
            let mut progress = false;
            for worker in 0..self.workers.len() {
                while let Some((step, key)) = self.running(worker, 0) {
                    self.complete(worker, step, key, 2).await;
                    progress = true;
                }
                progress |= self.claim(worker, 3, false).await > 0 || self.claim(worker, 3, true).await > 0;
            }
            if !progress {
                let due = self
                    .model
                    .steps
                    .iter()
                    .filter_map(|step| step.due)
                    .min()
                    .expect("something to wait for");
                self.s.advance((due - self.model.now) as f64).await;
                self.model.now = due;
            }
        }
        panic!("it does not end: {:?}", self.model);
    }
}

async fn check(s: &mut Session, shape: &Shape, events: &[Event], workers: usize) {
    let mut run = Run::begin(s, shape, workers).await;
    run.compare().await;
    for event in events {
        run.happen(*event).await;
        run.compare().await;
    }
    run.finish().await;
    run.compare().await;
    let found = inconsistencies(&mut s.c).await.unwrap();
    assert!(found.is_empty(), "{found:#?}");
}

/// `TASKER_PROPERTY_CASES` makes it longer.
#[test]
fn the_database_does_what_the_model_does_whatever_happens() {
    let cases = std::env::var("TASKER_PROPERTY_CASES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(24);
    let config = ProptestConfig {
        cases,
        max_shrink_iters: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let database = runtime.block_on(migrated()).expect("a database");
    let events = prop::collection::vec((0..100u8, any::<u16>(), any::<u8>()), 10..60);
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let done = runner.run(&(shapes(), events, 1..=3usize), |(shape, events, workers)| {
        runtime.block_on(async {
            // What a failed case leaves behind is not the next one's.
            let mut session = Session::open(&database).await;
            session
                .run("truncate tasker.tasks, tasker.workflow_steps, tasker.workflow_step_transitions, tasker.task_transitions, tasker.workers, tasker.worker_heartbeats, tasker.worker_claims")
                .await;
            check(&mut session, &shape, &events, workers).await;
        });
        Ok(())
    });
    assert!(done.is_ok(), "{}", done.unwrap_err());
}
