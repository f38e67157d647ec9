//! `create`: creation only, in three ways.

use crate::options::Options;
use crate::progress::Progress;
use crate::report::{Point, rounded};
use crate::room::{CREATED_AT_ONCE, Room, request, requests};
use crate::run::Figures;
use anyhow::Result;
use sqlx::Connection;
use std::time::Instant;
use tasker_core::Client;

/// The slow ways make a part of the tasks only: a commit each is a matter of milliseconds.
const SLOW_PART: u64 = 20;

/// Makes tasks in batches, one by one, and inside a caller's transactions. The report's own figures are those of the
/// batches; `points` has all three.
pub(crate) async fn run(room: &mut Room, options: &Options, progress: &dyn Progress) -> Result<Figures> {
    let client = room.engine()?;
    let few = (options.tasks() / SLOW_PART).max(1);
    let mut points = Vec::new();

    progress.phase("creating in batches");
    let in_batches = in_batches(&client, options, progress).await?;
    points.push(point("batches", options.tasks(), in_batches, options));
    progress.phase("creating one by one");
    let one_by_one = one_by_one(&client, few, options, progress).await?;
    points.push(point("one_by_one", few, one_by_one, options));
    progress.phase("creating inside a caller's transactions");
    let inside = inside_transactions(room, &client, few, options, progress).await?;
    points.push(point("callers_transaction", few, inside, options));
    client.close().await;

    let all = options.tasks() + 2 * few;
    Ok(Figures {
        create_s: Some(in_batches),
        total_s: in_batches + one_by_one + inside,
        created: options.tasks(),
        points: Some(points),
        steps: all * u64::from(options.steps_per_task()),
        ..Figures::default()
    })
}

async fn in_batches(client: &Client, options: &Options, progress: &dyn Progress) -> Result<f64> {
    let started = Instant::now();
    let mut made = 0;
    while made < options.tasks() {
        let count = CREATED_AT_ONCE.min(options.tasks() - made);
        client
            .create_tasks(&requests(made, count, options.payload_bytes))
            .await?;
        made += count;
        progress.done(made, options.tasks());
    }
    Ok(started.elapsed().as_secs_f64())
}

async fn one_by_one(client: &Client, count: u64, options: &Options, progress: &dyn Progress) -> Result<f64> {
    let started = Instant::now();
    for number in 0..count {
        client
            .create_task(&request(number, options.payload_bytes))
            .await?;
        progress.done(number + 1, count);
    }
    Ok(started.elapsed().as_secs_f64())
}

/// As an application would: a row of its own and the task, one commit.
async fn inside_transactions(
    room: &mut Room,
    client: &Client,
    count: u64,
    options: &Options,
    progress: &dyn Progress,
) -> Result<f64> {
    let mut connection = room.another_connection().await?;
    let started = Instant::now();
    for number in 0..count {
        let mut transaction = connection.begin().await?;
        sqlx::query("insert into single_commit (value) values (1)")
            .execute(&mut *transaction)
            .await?;
        client
            .create_task_in(&mut transaction, &request(number, options.payload_bytes))
            .await?;
        transaction.commit().await?;
        progress.done(number + 1, count);
    }
    let seconds = started.elapsed().as_secs_f64();
    connection.close().await?;
    Ok(seconds)
}

#[allow(clippy::cast_precision_loss)] // counts
fn point(way: &'static str, tasks: u64, seconds: f64, options: &Options) -> Point {
    let us_per_task = seconds * 1e6 / tasks as f64;
    Point {
        way,
        size: tasks,
        us_per_task: Some(rounded(us_per_task)),
        us_per_step: Some(rounded(us_per_task / f64::from(options.steps_per_task()))),
        tasks_per_s: Some(rounded(tasks as f64 / seconds)),
        ..Point::default()
    }
}
