//! What a claim and a flush cost: blocks a step, whatever lies in the tables and whatever the planner knows of them.

use crate::plan::Plan;
use crate::session::Session;
use crate::support::migrated;
use crate::window::blocks;
use serde_json::json;
use tasker_core::store::ClaimArguments;

/// A claim reads and writes its step, its task, the index and the trail.
const BLOCKS_A_CLAIM: i64 = 60;
/// A flush reads and writes a step and its dependent besides.
const BLOCKS_A_COMPLETION: i64 = 110;

/// Claims 100 steps and completes them, and says how many blocks each took.
async fn measure(s: &mut Session, worker: i64) -> (i64, i64) {
    let requests: Vec<_> = (0..100)
        .map(|_| json!({"namespace": "shop", "name": "pair"}))
        .collect();
    s.try_create(json!(requests)).await.unwrap();
    let claim = blocks(
        s,
        &format!("select * from tasker.claim_steps({worker}, 100, 100)"),
    )
    .await;
    let held = "select array_agg(task_id order by task_id), array_agg(step_no order by task_id), array_agg(claim_no order by task_id) \
                from tasker.held_steps(WORKER)";
    let (tasks, steps, claims): (Vec<uuid::Uuid>, Vec<i32>, Vec<i32>) =
        sqlx::query_as(sqlx::AssertSqlSafe(held.replace("WORKER", &worker.to_string())))
            .fetch_one(&mut s.c)
            .await
            .unwrap();
    assert_eq!(tasks.len(), 100);
    let list = |items: Vec<String>| items.join(",");
    let flush = format!(
        "select * from tasker.complete_steps({worker}, '{{{}}}', '{{{}}}', '{{{}}}', array_fill('{{}}'::jsonb, array[100]), 100, 100)",
        list(tasks.iter().map(ToString::to_string).collect()),
        list(steps.iter().map(ToString::to_string).collect()),
        list(claims.iter().map(ToString::to_string).collect()),
    );
    let completion = blocks(s, &flush).await;
    s.run(&format!(
        "delete from tasker.worker_claims where worker_id = {worker}"
    ))
    .await;
    (claim / 100, completion / 100)
}

#[tokio::test]
#[allow(clippy::print_stderr)] // a measure is for the eye
async fn a_claim_and_a_flush_touch_a_constant_number_of_blocks_a_step_on_empty_growing_and_large_tables() {
    let database = migrated().await.unwrap();
    let mut s = Session::open(&database).await;
    s.run("select tasker.add_trail_partitions(86400, 30, 60)").await;
    s.register(&Plan::chain("pair", &["a", "b"])).await;
    s.register(&Plan::new("foreign").step("a", &[]).handler("foreign"))
        .await;
    let worker = s.worker().await;
    let foreign = s.create("foreign").await;
    // Plans must not depend on whether autovacuum came by.
    s.run("alter table tasker.workflow_steps set (autovacuum_enabled = off); alter table tasker.tasks set (autovacuum_enabled = off)").await;
    let copy = format!(
        "insert into tasker.tasks (task_id, named_task_id, plan_id, total_steps, created_at, requested_at, open_sinks, context, state)
         select tasker.uuid_v7(), named_task_id, plan_id, 1, created_at, requested_at, 1, context, STATE
         from tasker.tasks, generate_series(1, 50000) where task_id = '{foreign}';
         insert into tasker.workflow_steps (task_id, step_no, step_template_id, retry_limit, parent_count, lane_id, open_parents, state, ready_at)
         select t.task_id, n, s.step_template_id, 3, 0, s.lane_id, 0, STATE, READY
         from tasker.tasks t, generate_series(1, 2) n, tasker.workflow_steps s
         where s.task_id = '{foreign}' and t.state = STATE and t.task_id <> s.task_id and t.plan_id = (select plan_id from tasker.tasks where task_id = s.task_id)"
    );
    let mut found = Vec::new();
    // From the sixth call on PL/pgSQL keeps one plan for good: this one is made while the tables are nearly empty.
    for at in 0..8 {
        let name = ["empty", "growing"][usize::from(at > 0)];
        found.push((name, measure(&mut s, worker).await));
    }
    let finished = copy.replace("STATE", "'complete'").replace("READY", "null");
    let ready = copy.replace("STATE", "'pending'").replace("READY", "now()");
    s.run(&format!("{finished}; {ready}")).await;
    found.push((
        "200,000 others, a plan from before",
        measure(&mut s, worker).await,
    ));
    let mut fresh = Session::open(&database).await;
    found.push(("200,000 others, no statistics", measure(&mut fresh, worker).await));
    s.run("analyze").await;
    let mut fresh = Session::open(&database).await;
    found.push(("200,000 others, analyzed", measure(&mut fresh, worker).await));
    found.push(("200,000 others, a plan made anew", measure(&mut s, worker).await));
    for (name, (claim, completion)) in &found {
        eprintln!(
            "{name}: {claim} blocks a claimed step, {completion} a completed one with its sticky claim"
        );
    }
    for (name, (claim, completion)) in found {
        assert!(
            claim <= BLOCKS_A_CLAIM && completion <= BLOCKS_A_COMPLETION,
            "{name}: {claim}, {completion}"
        );
    }
}

#[tokio::test]
async fn dropping_a_claim_batch_reads_one_entry_however_many_were_dropped_beside_a_held_snapshot() {
    let database = migrated().await.unwrap();
    let mut s = Session::open(&database).await;
    let worker = s.worker().await;
    let mut holder = Session::open(&database).await;
    holder
        .run("begin isolation level repeatable read; select 1 from tasker.tasks")
        .await;
    // With statistics of a table that is nearly empty, as autovacuum leaves them, the planner likes to read all of a worker.
    s.run(&format!(
        "do $$ begin for v_batch in 1 .. 500 loop
           insert into tasker.worker_claims (worker_id, task_ids, step_nos) values ({worker}, '{{}}', '{{}}');
           perform tasker.heartbeat({worker}, true, null, array[v_batch]);
         end loop; end $$;
         insert into tasker.worker_claims (worker_id, task_ids, step_nos) values ({worker}, '{{}}', '{{}}');
         analyze tasker.worker_claims"
    ))
    .await;
    let mut fresh = Session::open(&database).await;
    fresh
        .run(&format!("begin; select tasker.drop_claims({worker}, array[501])"))
        .await;
    let (read, left): (i64, i64) = sqlx::query_as(
        "select pg_stat_get_xact_tuples_returned('tasker.worker_claims_pkey'::regclass), \
                (select count(*) from tasker.worker_claims)",
    )
    .fetch_one(&mut fresh.c)
    .await
    .unwrap();
    assert_eq!((read, left), (1, 0));
    fresh.run("rollback").await;
    holder.run("rollback").await;
}

#[tokio::test]
async fn what_a_worker_says_every_few_seconds_does_not_write_the_row_that_its_calls_lock() {
    let database = migrated().await.unwrap();
    let mut s = Session::open(&database).await;
    let worker = s.worker().await;
    let written = "select xmin::text as xmin, ctid::text as ctid from tasker.workers";
    let before = s.json(written).await;
    for _ in 0..3 {
        assert!(s.beat(worker).await);
        for idle in [true, false] {
            s.try_claim(&ClaimArguments {
                worker_id: worker,
                room: 1,
                idle: Some(idle),
                ..ClaimArguments::default()
            })
            .await
            .unwrap();
        }
    }
    assert_eq!(s.json(written).await, before);
    let said = "select idle, last_polled_at is not null as polled from tasker.worker_heartbeats";
    assert_eq!(s.json(said).await, json!({"idle": false, "polled": true}));
}
