//! `http`: creating tasks over HTTP, one by one over many connections and in bulk, in turns with the engine alone.

use crate::options::Options;
use crate::progress::Progress;
use crate::report::{Point, quotient, rounded};
use crate::room::{CREATED_AT_ONCE, Room, request, requests};
use crate::run::Figures;
use crate::web::{Caller, Site};
use anyhow::{Result, ensure};
use futures_util::future::try_join_all;
use hyper::body::Bytes;
use std::time::Instant;
use tasker_core::Client;

/// How many callers create one by one, at once.
const CALLERS: u64 = 64;
/// How many turns.
const ROUNDS: u64 = 3;
/// One by one a part of the tasks is made.
const SINGLE_PART: u64 = 5;

/// A way of creating, with the seconds that each round of it took.
struct Way {
    name: &'static str,
    /// How many tasks it makes a round.
    tasks: u64,
    /// What of the engine it is compared with, by its place.
    engine: Option<usize>,
    seconds: Vec<f64>,
}

/// Creates in every way, in turns; the median of the rounds counts.
pub(crate) async fn run(room: &mut Room, options: &Options, progress: &dyn Progress) -> Result<Figures> {
    let client = room.engine()?;
    let site = Site::open(&client).await?;
    let bulk = (options.tasks() / ROUNDS).max(1);
    let single = (bulk / SINGLE_PART / CALLERS).max(1) * CALLERS;
    let way = |name, tasks, engine| Way {
        name,
        tasks,
        engine,
        seconds: Vec::new(),
    };
    let mut ways = [
        way("engine_single", single, None),
        way("http_single", single, Some(0)),
        way("engine_bulk", bulk, None),
        way("http_array", bulk, Some(2)),
        way("http_lines", bulk, Some(2)),
    ];
    let mut callers = Vec::new();
    for _ in 0..CALLERS {
        callers.push(site.caller().await?);
    }
    let payload = options.payload_bytes;
    // A round that does not count comes first: connections, plans and caches get warm.
    for round in 0..=ROUNDS {
        for way in &mut ways {
            progress.phase(way.name);
            let seconds = match way.name {
                "engine_single" => engine_single(&client, way.tasks, payload).await?,
                "http_single" => http_single(&mut callers, way.tasks, payload).await?,
                "engine_bulk" => engine_bulk(&client, way.tasks, payload).await?,
                "http_array" => http_array(&mut callers, way.tasks, payload).await?,
                _ => http_lines(&mut callers, way.tasks, payload).await?,
            };
            if round > 0 {
                way.seconds.push(seconds);
            }
        }
        if round == 0 {
            // As autovacuum does: a new table has no statistics, and is read from end to end.
            progress.phase("analyze, as autovacuum would");
            sqlx::raw_sql("analyze").execute(room.looker.once()).await?;
        }
    }
    drop(callers);
    site.close().await?;
    client.close().await;
    let made: u64 = ways.iter().map(|way| way.tasks).sum::<u64>() * (ROUNDS + 1);
    Ok(Figures {
        total_s: ways.iter().flat_map(|way| &way.seconds).sum(),
        points: Some(points(&ways)),
        steps: made * u64::from(options.steps_per_task()),
        ..Figures::default()
    })
}

fn points(ways: &[Way]) -> Vec<Point> {
    let rates: Vec<f64> = ways.iter().map(rate).collect();
    ways.iter()
        .zip(&rates)
        .map(|(way, own)| Point {
            way: way.name,
            size: way.tasks,
            tasks_per_s: Some(rounded(*own)),
            ratio_to_engine: way
                .engine
                .and_then(|engine| rates.get(engine))
                .and_then(|engine| quotient(*own, *engine)),
            ..Point::default()
        })
        .collect()
}

/// Tasks a second in the median round.
#[allow(clippy::cast_precision_loss)] // counts
fn rate(way: &Way) -> f64 {
    let mut seconds = way.seconds.clone();
    seconds.sort_by(f64::total_cmp);
    let median = seconds.get(seconds.len() / 2).copied().unwrap_or(f64::INFINITY);
    way.tasks as f64 / median
}

async fn engine_single(client: &Client, tasks: u64, payload: usize) -> Result<f64> {
    let started = Instant::now();
    try_join_all((0..CALLERS).map(|_| {
        let client = client.clone();
        let creating = tokio::spawn(async move {
            for number in 0..tasks / CALLERS {
                client.create_task(&request(number, payload)).await?;
            }
            anyhow::Ok(())
        });
        async move { creating.await? }
    }))
    .await?;
    Ok(started.elapsed().as_secs_f64())
}

async fn http_single(callers: &mut [Caller], tasks: u64, payload: usize) -> Result<f64> {
    let each = tasks / CALLERS;
    let started = Instant::now();
    try_join_all(callers.iter_mut().map(async |caller| {
        for number in 0..each {
            let body = serde_json::to_vec(&request(number, payload))?;
            caller.post("/tasks", "application/json", body.into()).await?;
        }
        anyhow::Ok(())
    }))
    .await?;
    Ok(started.elapsed().as_secs_f64())
}

async fn engine_bulk(client: &Client, tasks: u64, payload: usize) -> Result<f64> {
    let started = Instant::now();
    let mut made = 0;
    while made < tasks {
        let count = CREATED_AT_ONCE.min(tasks - made);
        client.create_tasks(&requests(made, count, payload)).await?;
        made += count;
    }
    Ok(started.elapsed().as_secs_f64())
}

async fn http_array(callers: &mut [Caller], tasks: u64, payload: usize) -> Result<f64> {
    let caller = &mut callers[0];
    let started = Instant::now();
    let mut made = 0;
    while made < tasks {
        let count = CREATED_AT_ONCE.min(tasks - made);
        let body = serde_json::to_vec(&requests(made, count, payload))?;
        caller
            .post("/tasks/bulk", "application/json", body.into())
            .await?;
        made += count;
    }
    Ok(started.elapsed().as_secs_f64())
}

/// All of them in one request.
async fn http_lines(callers: &mut [Caller], tasks: u64, payload: usize) -> Result<f64> {
    let caller = &mut callers[0];
    let started = Instant::now();
    let mut lines = Vec::new();
    for number in 0..tasks {
        serde_json::to_writer(&mut lines, &request(number, payload))?;
        lines.push(b'\n');
    }
    let answer: Bytes = caller
        .post("/tasks/bulk", "application/x-ndjson", lines.into())
        .await?;
    let seconds = started.elapsed().as_secs_f64();
    let created = answer.split(|byte| *byte == b'\n').filter(|line| {
        serde_json::from_slice::<serde_json::Value>(line).is_ok_and(|line| line["created"] == true)
    });
    ensure!(
        created.count() as u64 == tasks,
        "not every line was answered with a task"
    );
    Ok(seconds)
}
