//! The database is away for longer than a lease while handlers run.

use crate::stage::{LEASE, Stage, settings};
use std::time::Duration;
use tasker_core::cluster::StopMode;
use tasker_tests::PrivateServer;

#[tokio::test(flavor = "multi_thread")]
async fn a_database_away_for_two_leases_costs_no_attempt_and_every_outcome_arrives() {
    let mut server = PrivateServer::start().await.unwrap();
    let mut stage = Stage::new(server.database("chaos").await.unwrap(), settings()).await;
    let step = |name: &str, parents: &[&str]| serde_json::json!({"name": name, "handler": "plain", "depends_on_steps": parents});
    stage
        .register(serde_json::json!({"name": "pair", "version": "1.0.0", "step_templates": [step("a", &[]), step("b", &["a"])]}))
        .await;
    let _workers = [stage.worker(4), stage.worker(4)];
    // Both have been there long enough that they may reap.
    let settled = format!(
        "select count(*) from tasker.workers join tasker.worker_heartbeats using (worker_id) where heartbeat_at > started_at + interval '{} s'",
        LEASE * 1.2
    );
    stage.until(&settled, 2).await;
    stage.create("pair", 8, 1500).await;
    stage
        .until(
            "select count(*) from tasker.workflow_steps where state = 'in_progress'",
            8,
        )
        .await;
    server.stop(StopMode::Fast).await.unwrap();
    // The time that the database is away is what is tested.
    tokio::time::sleep(Duration::from_secs_f64(LEASE * 2.0)).await;
    server.start_again().await.unwrap();
    stage.until_complete(8).await;
    assert_eq!(
        stage
            .number("select count(*) from tasker.workflow_steps where attempts <> 1 or worker_losses <> 0")
            .await,
        0
    );
    assert_eq!(
        stage.number("select count(*) from tasker.workers").await,
        2,
        "nobody had to come back"
    );
    stage.check().await;
}
