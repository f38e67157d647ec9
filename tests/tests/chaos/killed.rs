//! Worker processes that are killed, stopped and continued, asked to end.

use crate::stage::{LEASE, Stage, WorkerProcess, holds, settings};
use tasker_tests::{Signal, TestDatabase};

async fn three(stage: &mut Stage) -> Vec<WorkerProcess> {
    (0..3).map(|_| stage.worker(8)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_three_workers_killed_under_load_is_taken_over_within_two_leases_and_nothing_is_lost_or_doubled()
 {
    let database = TestDatabase::create().await.unwrap();
    let mut stage = Stage::new(database.url(), settings()).await;
    let mut workers = three(&mut stage).await;
    // Every worker has been there long enough that it may reap.
    stage.until("select count(*) from tasker.workers", 3).await;
    let longest = format!(
        "select count(*) from tasker.workers join tasker.worker_heartbeats using (worker_id) where heartbeat_at > started_at + interval '{} s'",
        LEASE * 1.5
    );
    stage.until(&longest, 3).await;
    stage.create("diamond", 200, 20).await;
    stage.until_busy(&workers[0].name).await;
    // Stopped first, so that what it holds does not change between looking and killing.
    workers[0].signal(Signal::STOP);
    let name = workers[0].name.clone();
    let killed_at = "select (extract(epoch from clock_timestamp()) * 1000)::bigint";
    let killed_at = stage.number(killed_at).await;
    workers[0].kill().await;
    stage.until_complete(200).await;
    let lost = format!(
        "from tasker.workflow_step_transitions x join tasker.workers w using (worker_id)
         where w.name = '{name}' and x.to_state = 'error' and x.metadata ->> 'error_code' = 'worker_lost'"
    );
    let count = stage.number(&format!("select count(*) {lost}")).await;
    assert!(count > 0, "it held something");
    let taken_over = format!(
        "select (extract(epoch from max(n.created_at)) * 1000)::bigint from (select x.* {lost}) x
         join lateral (select created_at from tasker.workflow_step_transitions n where n.task_id = x.task_id and n.step_no = x.step_no
           and n.seq > x.seq and n.to_state = 'in_progress' order by n.seq limit 1) n on true"
    );
    let reaped = stage
        .number(&format!(
            "select (extract(epoch from max(x.created_at)) * 1000)::bigint {lost}"
        ))
        .await
        - killed_at;
    let milliseconds = stage.number(&taken_over).await - killed_at;
    #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
    let leases = milliseconds as f64 / 1000.0 / LEASE;
    assert!(
        leases <= 2.0,
        "{count} steps were taken back after {reaped} ms and running elsewhere only after {leases:.2} leases"
    );
    stage.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_killed_at_random_moments_lose_nothing() {
    let database = TestDatabase::create().await.unwrap();
    let mut settings = settings();
    settings.execution.max_worker_losses = 100;
    let mut stage = Stage::new(database.url(), settings).await;
    let mut workers = three(&mut stage).await;
    stage.create("diamond", 300, 1).await;
    let done = "select count(*) from tasker.workflow_steps where state = 'complete'";
    for round in 0..10_usize {
        // At a random moment of a life that has just begun: in the middle of claims and flushes as often as not.
        let victim = round % workers.len();
        stage.until_busy_or_done(&workers[victim].name, 300).await;
        tokio::time::sleep(std::time::Duration::from_millis(rand::random_range(0..60))).await;
        workers[victim].kill().await;
        workers[victim] = stage.worker(8);
        stage.create("diamond", 20, 1).await;
    }
    stage.until_complete(500).await;
    assert_eq!(stage.number(done).await, 2000);
    stage.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_stopped_for_longer_than_its_lease_comes_back_under_a_new_id_and_its_late_outcomes_are_refused()
 {
    let database = TestDatabase::create().await.unwrap();
    let mut stage = Stage::new(database.url(), settings()).await;
    let sleeper = stage.worker(8);
    // Work that is still running when it is stopped, and that would be reported first thing when it goes on.
    stage.create("diamond", 8, 1000).await;
    stage.until(&holds(&sleeper.name), 8).await;
    sleeper.signal(Signal::STOP);
    let _other = stage.worker(8);
    stage.until("select count(*) from tasker.workflow_step_transitions where metadata ->> 'error_code' = 'worker_lost'", 8).await;
    stage.until_complete(8).await;
    sleeper.signal(Signal::CONT);
    let rows = format!(
        "select count(*) from tasker.workers where name = '{}'",
        sleeper.name
    );
    stage.until(&rows, 2).await;
    let alive = format!(
        "select count(*) from tasker.workers where name = '{}' and state = 'alive'",
        sleeper.name
    );
    assert_eq!(stage.number(&alive).await, 1);
    // It works again.
    stage.create("diamond", 50, 50).await;
    stage.until_complete(58).await;
    let under_the_new_id = format!(
        "select count(*) from tasker.workflow_step_transitions x join tasker.workers w using (worker_id)
         where w.name = '{}' and w.state = 'alive' and x.to_state = 'in_progress'",
        sleeper.name
    );
    assert!(stage.number(&under_the_new_id).await > 0);
    stage.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_asked_to_end_finishes_what_runs_and_hands_the_rest_back_unburned() {
    let database = TestDatabase::create().await.unwrap();
    let mut stage = Stage::new(database.url(), settings()).await;
    let (mut first, _second) = (stage.worker(8), stage.worker(8));
    stage.create("diamond", 100, 50).await;
    stage.until_busy(&first.name).await;
    first.signal(Signal::TERM);
    let status = first.ended().await;
    assert!(status.success(), "{status}");
    let state = format!(
        "select count(*) from tasker.workers where name = '{}' and state = 'stopped'",
        first.name
    );
    assert_eq!(stage.number(&state).await, 1);
    stage.until_complete(100).await;
    assert_eq!(
        stage
            .number("select count(*) from tasker.workflow_steps where attempts <> 1 or worker_losses <> 0")
            .await,
        0
    );
    stage.check().await;
}
