//! `graph-size`: layered tasks of ten steps, a hundred, and so on up to `--steps`; of the small ones as many as make the
//! same number of steps, so that all sizes are measured under the same load.

use crate::Workload;
use crate::options::Options;
use crate::progress::Progress;
use crate::report::{Point, rounded};
use crate::room::{Room, ended, request_for};
use crate::run::Figures;
use crate::throughput::until_done;
use crate::workers::Workers;
use anyhow::{Result, ensure};
use std::time::Instant;
use tasker_core::Client;
use tasker_core::template::{ParseOptions, Template};

/// The smallest graph; each further one is ten times as large.
const SMALLEST: u32 = 10;
/// Tasks made in one call: fewer of the large ones.
const STEPS_AT_ONCE: u32 = 10_000;

/// The sizes up to `largest`.
fn sizes(largest: u32) -> Vec<u32> {
    let powers = std::iter::successors(Some(SMALLEST), |size| size.checked_mul(10));
    let mut sizes: Vec<u32> = powers.take_while(|size| *size < largest).collect();
    sizes.push(largest);
    sizes
}

/// Runs each size with a worker of its own, in a process of its own, whose memory is then that of this size.
pub(crate) async fn run(room: &mut Room, options: &Options, progress: &dyn Progress) -> Result<Figures> {
    let largest = options.steps_per_task();
    let client = room.engine()?;
    let mut points = Vec::new();
    let mut children = Vec::new();
    let mut figures = Figures::default();
    for size in sizes(largest) {
        progress.phase(&format!("registering a graph of {size} steps"));
        let name = format!("graph_{size}");
        register(&client, &name, size).await?;
        let tasks = u64::from((largest / size).max(1));
        let mut workers = Workers::in_children(room, options).await?;

        progress.phase(&format!("creating {tasks} of {size} steps"));
        let started = Instant::now();
        create(&client, &name, tasks, size, options).await?;
        let created = Instant::now();
        progress.phase(&format!("running {tasks} of {size} steps"));
        workers.start().await?;
        let steps = tasks * u64::from(size);
        until_done(
            &mut room.looker,
            &workers,
            (steps, tasks),
            figures.created,
            progress,
        )
        .await?;
        let done = Instant::now();
        let used = workers.stop().await?;
        points.push(point(
            size,
            tasks,
            (done - started).as_secs_f64(),
            used.iter().filter_map(|one| one.peak_rss_mb).sum(),
        ));
        children.extend(used);
        figures.create_s = Some(figures.create_s.unwrap_or(0.0) + (created - started).as_secs_f64());
        figures.run_s = Some(figures.run_s.unwrap_or(0.0) + (done - created).as_secs_f64());
        figures.total_s += (done - started).as_secs_f64();
        figures.created += tasks;
        figures.steps += steps;
    }
    client.close().await;
    let (_, badly) = ended(&mut room.looker).await?;
    ensure!(
        badly == 0,
        "{badly} tasks did not complete; the figures would mean nothing"
    );
    Ok(Figures {
        steps_executed: Some(figures.steps),
        points: Some(points),
        children,
        ..figures
    })
}

async fn register(client: &Client, name: &str, size: u32) -> Result<()> {
    let text = Workload::GraphSize
        .template(size)
        .replacen("name: bench\n", &format!("name: {name}\n"), 1);
    let compiled = Template::parse(&text, &ParseOptions::default())?;
    client.register_template(&compiled, false).await?;
    Ok(())
}

async fn create(client: &Client, name: &str, tasks: u64, size: u32, options: &Options) -> Result<()> {
    let at_once = u64::from((STEPS_AT_ONCE / size).max(1));
    let mut made = 0;
    while made < tasks {
        let count = at_once.min(tasks - made);
        let requests: Vec<_> = (made..made + count)
            .map(|number| request_for(name, number, options.payload_bytes))
            .collect();
        client.create_tasks(&requests).await?;
        made += count;
    }
    Ok(())
}

#[allow(clippy::cast_precision_loss)] // counts
fn point(size: u32, tasks: u64, seconds: f64, worker_rss_mb: f64) -> Point {
    let us_per_task = seconds * 1e6 / tasks as f64;
    Point {
        way: "layered",
        size: u64::from(size),
        us_per_task: Some(rounded(us_per_task)),
        us_per_step: Some(rounded(us_per_task / f64::from(size))),
        tasks_per_s: Some(rounded(tasks as f64 / seconds)),
        worker_rss_mb: Some(rounded(worker_rss_mb)),
        ..Point::default()
    }
}

#[cfg(test)]
mod tests {
    use super::sizes;

    #[test]
    fn sizes_grow_tenfold_and_end_with_the_largest() {
        assert_eq!(sizes(100_000), [10, 100, 1_000, 10_000, 100_000]);
        assert_eq!(sizes(5_000), [10, 100, 1_000, 5_000]);
        assert_eq!(sizes(7), [7]);
    }
}
