//! A handler that takes its process down.

use crate::invariants::complaints;
use crate::stage::{Stage, settings};
use sqlx::Connection;
use tasker_tests::TestDatabase;

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_takes_three_processes_down_is_quarantined_and_everything_beside_it_completes() {
    let database = TestDatabase::create().await.unwrap();
    let mut settings = settings();
    settings.execution.lease_seconds = 2.0;
    let mut stage = Stage::new(database.url(), settings).await;
    stage
        .register(
            serde_json::json!({"name": "poisoned", "version": "1.0.0", "step_templates": [
            {"name": "pill", "handler": "poison", "default_retry_limit": 10}]}),
        )
        .await;
    let mut workers = vec![stage.worker(8), stage.worker(8)];
    stage.create("diamond", 30, 20).await;
    stage.create("poisoned", 1, 0).await;
    let quarantined =
        "select count(*) from tasker.workflow_steps where results ->> 'error_code' = 'poison_pill'";
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(120);
    let mut deaths = 0;
    while stage.number(quarantined).await == 0 {
        assert!(
            tokio::time::Instant::now() < deadline,
            "not quarantined after {deaths} deaths"
        );
        for worker in &mut workers {
            if worker.has_ended() {
                deaths += 1;
                // As a supervisor would, and with bystanders for the next one.
                *worker = stage.worker(8);
                stage.create("diamond", 10, 20).await;
            }
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(deaths, 3);
    let open = "select count(*) from tasker.tasks where state not in ('complete', 'error')";
    stage
        .until(
            &format!("select case when ({open}) = 0 then 1::bigint else 0 end"),
            1,
        )
        .await;
    assert_eq!(
        stage
            .number("select count(*) from tasker.tasks where state = 'error'")
            .await,
        1,
        "the culprit and nobody else"
    );
    let losses = "select worker_losses::bigint from tasker.workflow_steps where results ->> 'error_code' = 'poison_pill'";
    assert_eq!(stage.number(losses).await, 3);
    let mut connection = sqlx::PgConnection::connect(&stage.url).await.unwrap();
    assert_eq!(complaints(&mut connection).await, Vec::<String>::new());
}
