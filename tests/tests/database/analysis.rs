//! The analysis of a task's graph, over what the database says of it.

use crate::plan::Plan;
use crate::session::Session;
use crate::support::on_database;
use serde_json::{Value, json};
use tasker_core::graph::analyze;
use tasker_core::model::{AnalysisWeights, TaskId};
use tasker_core::{Client, ClientOptions, ErrorKind};

/// By the clock of the session.
async fn analysis(s: &mut Session, task: TaskId) -> Value {
    let store = s.store.clone();
    let snapshot = store.task_snapshot(&mut s.c, task).await.unwrap().unwrap();
    serde_json::to_value(analyze(&snapshot, &AnalysisWeights::default()).unwrap()).unwrap()
}

/// `a → b, c → d`, of which `a` is complete.
async fn diamond(s: &mut Session) -> (TaskId, i64) {
    let plan = Plan::new("diamond")
        .step("a", &[])
        .step("b", &["a"])
        .step("c", &["a"])
        .step("d", &["b", "c"]);
    let task = s.task_of(&plan).await;
    let worker = s.worker().await;
    let first = s.claim_one(worker).await;
    s.complete(worker, &[first]).await;
    (task, worker)
}

#[tokio::test]
async fn a_failure_is_told_while_it_waits_when_it_is_due_and_when_it_is_for_good() {
    on_database(async |_, s| {
        let (task, worker) = diamond(s).await;
        let before = analysis(s, task).await;
        let summary = &before["task_execution_summary"];
        assert_eq!(summary["overall_health"], "healthy");
        assert_eq!(summary["parallelism_efficiency"], 33.3);
        assert_eq!(before["parallelism_opportunities"]["overall_completion"], 25.0);

        let key = s.claim(worker, 1).await[0];
        s.fail_after(worker, key, true, Some(60.0)).await;
        let advice = async |s: &mut Session| {
            let found = analysis(s, task).await;
            let chain = found["error_chains"]["error_chains"][0].clone();
            (chain["recovery_strategies"][0]["strategy"].clone(), chain, found)
        };
        let (strategy, chain, found) = advice(s).await;
        assert_eq!(strategy, "Wait for Backoff");
        assert_eq!(chain["error_step_id"], key.step_no);
        assert_eq!(chain["downstream_steps"], json!([4]));
        // One blocked step: 15 + 5, and 3 for the attempt.
        assert_eq!(chain["total_impact"], 23);
        assert_eq!(found["bottlenecks"]["task_health"], "recovering");
        assert_eq!(found["task_execution_summary"]["overall_health"], "critical");

        s.advance(61.0).await;
        assert_eq!(advice(s).await.0, "Monitor Retries");
        // Both b and c are due; the failed one is told as soon as it fails for good.
        for again in s.claim(worker, 2).await {
            if again.step_no == key.step_no {
                s.fail(worker, again, false).await;
            } else {
                s.complete(worker, &[again]).await;
            }
        }
        let (strategy, chain, found) = advice(s).await;
        assert_eq!(strategy, "Investigate Root Cause");
        assert_eq!(chain["error_attempts"], 2);
        assert_eq!(found["bottlenecks"]["task_health"], "blocked");
        assert_eq!(
            found["bottlenecks"]["bottlenecks"][0]["bottleneck_type"],
            "Permanent Failure"
        );
    })
    .await;
}

#[tokio::test]
async fn what_has_ended_is_held_up_by_nothing_and_what_is_not_there_is_not_found() {
    on_database(async |database, s| {
        let (task, worker) = diamond(s).await;
        s.drain(worker).await;
        let found = analysis(s, task).await;
        assert_eq!(found["bottlenecks"]["overall_impact"], "None");
        assert_eq!(found["task_execution_summary"]["recommendations"], json!([]));
        assert_eq!(
            found["critical_paths"]["paths"][0]["completion_percentage"],
            100.0
        );
        let client = Client::new(ClientOptions {
            database_url: Some(database.url()),
            ..ClientOptions::default()
        })
        .unwrap();
        let weights = AnalysisWeights::default();
        let same = client.dependency_analysis(task, &weights).await.unwrap();
        assert_eq!(json!(same.critical_paths), found["critical_paths"]);
        let unknown = client.dependency_analysis(uuid::Uuid::now_v7(), &weights).await;
        assert_eq!(unknown.unwrap_err().kind, ErrorKind::NotFound);
    })
    .await;
}
