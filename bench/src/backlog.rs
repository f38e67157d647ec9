//! `backlog`: what a claim costs beside a great many rows that it must not care about.

use crate::options::Options;
use crate::progress::Progress;
use crate::report::{Percentiles, Point, rounded};
use crate::room::{CREATED_AT_ONCE, Room, request_for, requests};
use crate::run::Figures;
use crate::workload::HANDLER;
use anyhow::{Result, ensure};
use sqlx::{PgConnection, types::Uuid};
use std::time::Instant;
use tasker_core::Client;
use tasker_core::model::{Operator, PauseScope};
use tasker_core::template::{ParseOptions, Template};

/// How many steps a claim takes.
const ROOM: i32 = 20;
/// Steps of a finished task.
const STEPS_PER_FINISHED: u64 = 5;
/// Finished tasks made by one statement.
const FINISHED_AT_ONCE: u64 = 20_000;
const WAITING: &str = "waiting";
const PAUSED: &str = "paused";
const FINISHED: &str = "finished";

/// Claims on empty tables, fills them, and claims again.
pub(crate) async fn run(room: &mut Room, options: &Options, progress: &dyn Progress) -> Result<Figures> {
    let client = room.engine()?;
    let mut connection = room.another_connection().await?;
    let started = Instant::now();
    let worker_id: i64 =
        sqlx::query_scalar("select register_worker('bench', 'bench', 0, 'rust', null, array[$1], 64, 3600)")
            .bind(HANDLER)
            .fetch_one(&mut connection)
            .await?;
    progress.phase("claiming from empty tables");
    let empty = claims(&client, &mut connection, worker_id, options, progress).await?;

    fill(&client, &mut connection, options, progress).await?;

    progress.phase("claiming beside the backlog");
    let beside = claims(&client, &mut connection, worker_id, options, progress).await?;
    sqlx::query("select stop_worker($1)")
        .bind(worker_id)
        .execute(&mut connection)
        .await?;
    client.close().await;
    let total_s = started.elapsed().as_secs_f64();
    Ok(Figures {
        total_s,
        points: Some(vec![
            point("empty", 0, empty),
            point("backlog", options.finished + 2 * options.waiting, beside),
        ]),
        steps: 2 * options.tasks(),
        ..Figures::default()
    })
}

/// What the claims of one round came to.
struct Claims {
    ms: Option<Percentiles>,
    blocks: f64,
}

/// status, task_id, step_no, claim_no
type Row = (String, Option<Uuid>, Option<i32>, Option<i32>);

/// Makes tasks of one step and claims them, a few at a time, as a dispatcher does; completes them in between.
async fn claims(
    client: &Client,
    connection: &mut PgConnection,
    worker_id: i64,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Claims> {
    let mut made = 0;
    while made < options.tasks() {
        let count = CREATED_AT_ONCE.min(options.tasks() - made);
        client
            .create_tasks(&requests(made, count, options.payload_bytes))
            .await?;
        made += count;
    }
    let mut milliseconds = Vec::new();
    let mut blocks = 0;
    let mut done = 0;
    while done < options.tasks() {
        let touched = blocks_touched(connection).await?;
        let begun = Instant::now();
        let claimed: Vec<Row> =
            sqlx::query_as("select status, task_id, step_no, claim_no from claim_steps($1, $2)")
                .bind(worker_id)
                .bind(ROOM)
                .fetch_all(&mut *connection)
                .await?;
        milliseconds.push(begun.elapsed().as_secs_f64() * 1000.0);
        blocks += blocks_touched(connection).await? - touched;
        let steps: Vec<&Row> = claimed.iter().filter(|row| row.0 == "claimed").collect();
        ensure!(
            !steps.is_empty(),
            "{done} of {} steps were claimed, and then none: somebody else claims here",
            options.tasks()
        );
        sqlx::query("select count(*) from complete_steps($1, $2, $3, $4, array_fill('{\"ok\": true}'::jsonb, array[cardinality($2)]))")
            .bind(worker_id)
            .bind(steps.iter().filter_map(|row| row.1).collect::<Vec<_>>())
            .bind(steps.iter().filter_map(|row| row.2).collect::<Vec<_>>())
            .bind(steps.iter().filter_map(|row| row.3).collect::<Vec<_>>())
            .execute(&mut *connection)
            .await?;
        done += steps.len() as u64;
        progress.done(done, options.tasks());
    }
    #[allow(clippy::cast_precision_loss)] // counts
    let blocks = blocks as f64 / milliseconds.len() as f64;
    Ok(Claims {
        ms: Percentiles::of(milliseconds),
        blocks,
    })
}

/// Blocks that this backend has touched in the tables and indexes of the schema.
async fn blocks_touched(connection: &mut PgConnection) -> Result<i64> {
    // Counted in this backend and told at once, so that the difference around a call is the call's.
    sqlx::query("select pg_stat_force_next_flush()")
        .execute(&mut *connection)
        .await?;
    Ok(sqlx::query_scalar(
        "select coalesce(sum(heap_blks_read + heap_blks_hit + coalesce(idx_blks_read, 0) + coalesce(idx_blks_hit, 0)), 0)::bigint
         from pg_statio_user_tables where schemaname = current_schema()",
    )
    .fetch_one(&mut *connection)
    .await?)
}

/// Ready steps of other handlers, as many paused ones of the same handler, and finished tasks with their trail.
async fn fill(
    client: &Client,
    connection: &mut PgConnection,
    options: &Options,
    progress: &dyn Progress,
) -> Result<()> {
    for (name, handler, steps) in [
        (WAITING, "bench.elsewhere", 1),
        (PAUSED, HANDLER, 1),
        (FINISHED, HANDLER, STEPS_PER_FINISHED),
    ] {
        client
            .register_template(&template(name, handler, steps)?, false)
            .await?;
    }
    let paused = PauseScope::NamedTask {
        namespace: "bench".to_owned(),
        name: PAUSED.to_owned(),
    };
    client.pause(&paused, &Operator::default()).await?;
    for (name, what) in [
        (WAITING, "steps that wait for another handler"),
        (PAUSED, "steps that are paused"),
    ] {
        progress.phase(&format!("filling in {what}"));
        let mut made = 0;
        while made < options.waiting {
            let count = CREATED_AT_ONCE.min(options.waiting - made);
            let requests: Vec<_> = (made..made + count)
                .map(|number| request_for(name, number, 0))
                .collect();
            client.create_tasks(&requests).await?;
            made += count;
            progress.done(made, options.waiting);
        }
    }
    progress.phase("filling in finished steps");
    let tasks = options.finished / STEPS_PER_FINISHED;
    let mut made = 0;
    while made < tasks {
        let count = FINISHED_AT_ONCE.min(tasks - made);
        sqlx::query(FINISHED_TASKS)
            .bind(made.cast_signed())
            .bind(count.cast_signed())
            .execute(&mut *connection)
            .await?;
        made += count;
        progress.done(made * STEPS_PER_FINISHED, options.finished);
    }
    progress.phase("vacuum and analyze, as autovacuum would");
    for table in [
        "tasks",
        "workflow_steps",
        "workflow_step_transitions",
        "task_transitions",
    ] {
        sqlx::query(sqlx::AssertSqlSafe(format!("vacuum (analyze) {table}")))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

fn template(name: &str, handler: &str, steps: u64) -> Result<tasker_core::template::CompiledTemplate> {
    use std::fmt::Write;
    let mut text = format!("name: {name}\nnamespace_name: bench\nversion: 1.0.0\nstep_templates:\n");
    for step in 1..=steps {
        // Writing to a string cannot fail.
        let _ = write!(text, "  - {{name: s{step}, handler: {handler}");
        if step > 1 {
            let _ = write!(text, ", depends_on_step: s{}", step - 1);
        }
        text.push_str("}\n");
    }
    Ok(Template::parse(&text, &ParseOptions::default())?)
}

/// Finished tasks number $1 … $1 + $2 - 1, a second apart, the youngest a day old: rows, steps and trail.
const FINISHED_TASKS: &str = "\
with finished as materialized (
  select n, clock_timestamp() - interval '1 day' - make_interval(secs => n) as at, p.plan_id, p.named_task_id, p.step_count,
    (lpad(to_hex((extract(epoch from date_trunc('day', clock_timestamp()) - interval '1 day') * 1000)::bigint - n * 1000), 12, '0')
     || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid as task_id
  from generate_series($1::bigint, $1 + $2 - 1) n
  cross join (select p.* from named_tasks t join plans p on p.plan_id = t.plan_id where t.name = 'finished') p),
task as (
  insert into tasks (task_id, named_task_id, plan_id, total_steps, open_sinks, created_at, requested_at, state, seq, started_at,
    completed_at, context)
  select f.task_id, f.named_task_id, f.plan_id, f.step_count, 0, f.at, f.at, 'complete', 2, f.at, f.at,
    jsonb_build_object('order_id', f.n) from finished f),
step as (
  insert into workflow_steps (task_id, step_no, step_template_id, retry_limit, parent_count, dependents, lane_id, state,
    open_parents, claim_no, attempts, seq, worker_id, last_attempted_at, ended_at, results)
  select f.task_id, s.step_no, s.step_template_id, s.retry_limit, cardinality(s.parents), s.dependents, s.lane_id, 'complete',
    0, 1, 1, 2, 1, f.at, f.at, '{\"ok\": true}'
  from finished f join step_templates s on s.plan_id = f.plan_id),
ended as (
  insert into task_transitions (task_id, seq, from_state, to_state, created_at)
  select f.task_id, k.seq, (case k.seq when 1 then 'pending' else 'in_progress' end)::state,
    (case k.seq when 1 then 'in_progress' else 'complete' end)::state, f.at
  from finished f cross join generate_series(1, 2) k(seq))
insert into workflow_step_transitions (task_id, step_no, seq, from_state, to_state, attempt, created_at, worker_id)
select f.task_id, s.step_no, k.seq, (case k.seq when 1 then 'pending' else 'in_progress' end)::state,
  (case k.seq when 1 then 'in_progress' else 'complete' end)::state, 1, f.at, 1
from finished f join step_templates s on s.plan_id = f.plan_id cross join generate_series(1, 2) k(seq)";

fn point(way: &'static str, size: u64, claims: Claims) -> Point {
    Point {
        way,
        size,
        claim_ms: claims.ms,
        blocks_per_claim: Some(rounded(claims.blocks)),
        ..Point::default()
    }
}
