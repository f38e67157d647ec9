//! The nine public functions and the views: the window for people and dashboards.

use crate::plan::Plan;
use crate::session::Session;
use crate::support::on_database;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use std::time::Instant;

const READINESS: &str = "workflow_step_id integer, task_id uuid, named_step_id integer, name text, current_state text, \
    dependencies_satisfied boolean, retry_eligible boolean, ready_for_execution boolean, last_failure_at timestamp with time zone, \
    next_retry_at timestamp with time zone, total_parents integer, completed_parents integer, attempts integer, retry_limit integer, \
    backoff_request_seconds double precision, last_attempted_at timestamp with time zone";
const CONTEXT: &str = "task_id uuid, named_task_id integer, status text, total_steps bigint, pending_steps bigint, \
    in_progress_steps bigint, completed_steps bigint, failed_steps bigint, ready_steps bigint, execution_status text, \
    recommended_action text, completion_percentage numeric, health_status text";
const FUNCTIONS: &[(&str, &str)] = &[
    ("get_step_readiness_status", READINESS),
    ("get_step_readiness_status_batch", READINESS),
    ("get_task_execution_context", CONTEXT),
    ("get_task_execution_contexts_batch", CONTEXT),
    (
        "calculate_dependency_levels",
        "workflow_step_id integer, dependency_level integer",
    ),
    (
        "get_system_health_counts_v01",
        "total_tasks bigint, pending_tasks bigint, in_progress_tasks bigint, complete_tasks bigint, error_tasks bigint, \
         cancelled_tasks bigint, total_steps bigint, pending_steps bigint, in_progress_steps bigint, complete_steps bigint, \
         error_steps bigint, retryable_error_steps bigint, exhausted_retry_steps bigint, in_backoff_steps bigint, \
         active_connections bigint, max_connections bigint",
    ),
    (
        "get_analytics_metrics_v01",
        "active_tasks_count bigint, total_namespaces_count bigint, unique_task_types_count bigint, system_health_score numeric, \
         task_throughput bigint, completion_count bigint, error_count bigint, completion_rate numeric, error_rate numeric, \
         avg_task_duration numeric, avg_step_duration numeric, step_throughput bigint, \
         analysis_period_start timestamp with time zone, calculated_at timestamp with time zone",
    ),
    (
        "get_slowest_steps_v01",
        "workflow_step_id integer, task_id uuid, step_name character varying, task_name character varying, \
         namespace_name character varying, version character varying, duration_seconds numeric, attempts integer, \
         created_at timestamp with time zone, completed_at timestamp with time zone, retryable boolean, step_status character varying",
    ),
    (
        "get_slowest_tasks_v01",
        "task_id uuid, task_name character varying, namespace_name character varying, version character varying, \
         duration_seconds numeric, step_count bigint, completed_steps bigint, error_steps bigint, \
         created_at timestamp with time zone, completed_at timestamp with time zone, initiator character varying, \
         source_system character varying",
    ),
];

#[tokio::test]
async fn the_nine_functions_have_the_columns_of_the_contract() {
    on_database(async |_, s| {
        for (name, columns) in FUNCTIONS {
            let found: String = sqlx::query_scalar("select pg_get_function_result(p.oid) from pg_proc p where p.pronamespace = 'tasker'::regnamespace and p.proname = $1")
                .bind(name)
                .fetch_one(&mut s.c)
                .await
                .unwrap();
            assert_eq!(found, format!("TABLE({columns})"), "{name}");
        }
    })
    .await;
}

/// 100 steps: ten levels of ten, each step after two of the level before.
async fn hundred(s: &mut Session) -> uuid::Uuid {
    let mut plan = Plan::new("hundred");
    for level in 0..10 {
        for at in 0..10 {
            let parents = [
                format!("s{}_{at}", level - 1),
                format!("s{}_{}", level - 1, (at + 1) % 10),
            ];
            let parents: Vec<&str> = if level == 0 {
                Vec::new()
            } else {
                parents.iter().map(String::as_str).collect()
            };
            plan = plan.step(&format!("s{level}_{at}"), &parents);
        }
    }
    s.task_of(&plan).await
}

/// The blocks that a query touches.
pub(crate) async fn blocks(s: &mut Session, query: &str) -> i64 {
    let plan: Value = sqlx::query_scalar(AssertSqlSafe(format!(
        "explain (analyze, buffers, timing off, format json) {query}"
    )))
    .fetch_one(&mut s.c)
    .await
    .expect(query);
    let root = &plan[0]["Plan"];
    root["Shared Hit Blocks"].as_i64().unwrap() + root["Shared Read Blocks"].as_i64().unwrap()
}

#[tokio::test]
#[allow(clippy::print_stderr)] // a measure is for the eye; what is asserted is the count of blocks
async fn the_functions_on_a_task_of_a_hundred_steps_touch_a_few_blocks_a_step() {
    on_database(async |_, s| {
        let task = hundred(s).await;
        for call in [
            format!("tasker.get_step_readiness_status('{task}')"),
            format!("tasker.get_task_execution_context('{task}')"),
            format!("tasker.calculate_dependency_levels('{task}')"),
        ] {
            let query = format!("select * from {call}");
            for _ in 0..3 {
                s.rows(&query).await;
            }
            let touched = blocks(s, &query).await;
            let mut times = Vec::new();
            for _ in 0..15 {
                let start = Instant::now();
                sqlx::raw_sql(AssertSqlSafe(query.clone()))
                    .execute(&mut s.c)
                    .await
                    .unwrap();
                times.push(start.elapsed());
            }
            times.sort();
            eprintln!("{call}: {touched} blocks, median {:?}", times[7]);
            assert!(touched <= 12 * 100, "{call}: {touched} blocks");
            assert!(times[7].as_millis() < 100, "{call}: {:?}", times[7]);
        }
    })
    .await;
}

#[tokio::test]
async fn levels_are_the_longest_way_from_a_root() {
    on_database(async |_, s| {
        let plan = Plan::new("skip")
            .step("a", &[])
            .step("b", &["a"])
            .step("c", &["a", "b"])
            .step("d", &[])
            .step("e", &["d", "c"]);
        let task = s.task_of(&plan).await;
        let rows = s
            .rows(&format!(
                "select * from tasker.calculate_dependency_levels('{task}') order by 1"
            ))
            .await;
        let levels: Vec<i64> = rows
            .iter()
            .map(|row| row["dependency_level"].as_i64().unwrap())
            .collect();
        assert_eq!(levels, [0, 1, 2, 0, 3]);
        let hundred = hundred(s).await;
        let rows = s
            .rows(&format!(
                "select * from tasker.calculate_dependency_levels('{hundred}') order by 1"
            ))
            .await;
        assert!(
            rows.len() == 100
                && rows
                    .iter()
                    .enumerate()
                    .all(|(at, row)| row["dependency_level"] == json!(at / 10))
        );
        assert!(
            s.rows("select * from tasker.calculate_dependency_levels(tasker.uuid_v7())")
                .await
                .is_empty()
        );
    })
    .await;
}

#[tokio::test]
async fn the_counts_and_analytics_come_from_what_happened() {
    on_database(async |_, s| {
        s.register(&Plan::chain("order", &["a", "b"])).await;
        s.freeze().await;
        let (done, failed, waiting) = (s.create("order").await, s.create("order").await, s.create("order").await);
        let worker = s.worker().await;
        let keys = s.claim(worker, 9).await;
        let of = |task| *keys.iter().find(|key| key.task_id == task).unwrap();
        s.advance(2.0).await;
        s.fail(worker, of(failed), false).await;
        s.fail(worker, of(waiting), true).await;
        let next = s.complete_sticky(worker, &[of(done)], 1).await;
        s.advance(3.0).await;
        s.complete(worker, &next).await;
        let counts = s.json("select total_tasks, in_progress_tasks, complete_tasks, error_tasks, total_steps, pending_steps, complete_steps, error_steps, exhausted_retry_steps, retryable_error_steps from tasker.get_system_health_counts_v01()").await;
        assert_eq!(
            counts,
            json!({"total_tasks": 3, "in_progress_tasks": 1, "complete_tasks": 1, "error_tasks": 1, "total_steps": 6, "pending_steps": 2,
                   "complete_steps": 2, "error_steps": 2, "exhausted_retry_steps": 1, "retryable_error_steps": 1})
        );
        let metrics = s.json("select active_tasks_count, system_health_score, completion_count, error_count, completion_rate, avg_task_duration from tasker.get_analytics_metrics_v01()").await;
        assert_eq!(
            metrics,
            json!({"active_tasks_count": 1, "system_health_score": 0.5, "completion_count": 1, "error_count": 1, "completion_rate": 50.0, "avg_task_duration": 5.0})
        );
        let slow = s.rows("select step_name, duration_seconds, attempts from tasker.get_slowest_steps_v01(namespace_filter => 'shop')").await;
        assert_eq!(slow[0], json!({"step_name": "b", "duration_seconds": 5.0, "attempts": 1}));
        let slow = s.rows("select task_id, step_count, completed_steps, error_steps from tasker.get_slowest_tasks_v01(limit_count => 1)").await;
        assert_eq!(slow, [json!({"task_id": done, "step_count": 2, "completed_steps": 2, "error_steps": 0})]);
    })
    .await;
}

#[tokio::test]
async fn the_views_show_what_the_ancestor_stored() {
    on_database(async |_, s| {
        let task = s.task_of(&Plan::new("join").step("a", &[]).step("b", &[]).step("c", &["a", "b"])).await;
        let edges = s.rows("select from_step_id, to_step_id from tasker.workflow_step_edges order by 1").await;
        assert_eq!(edges, [json!({"from_step_id": 1, "to_step_id": 3}), json!({"from_step_id": 2, "to_step_id": 3})]);
        let worker = s.worker().await;
        s.claim(worker, 1).await;
        let latest = s.rows(&format!("select sort_key, from_state, to_state from tasker.task_transition_log where task_id = '{task}' and most_recent")).await;
        assert_eq!(latest, [json!({"sort_key": 1, "from_state": "pending", "to_state": "in_progress"})]);
        let logs = s.rows("select workflow_step_id, sort_key from tasker.workflow_step_transition_log order by 1, 2").await;
        assert_eq!(logs.len(), 4);
        let place = s.json("select * from tasker.step_dag_relationships where workflow_step_id = 3").await;
        assert_eq!(
            (&place["parent_step_ids"], &place["child_step_ids"], &place["is_root_step"], &place["is_leaf_step"], &place["parent_count"]),
            (&json!([1, 2]), &json!([]), &json!(false), &json!(true), &json!(2))
        );
        assert_eq!(s.rows("select * from tasker.named_tasks_named_steps").await.len(), 3);
    })
    .await;
}
