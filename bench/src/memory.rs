//! `memory`: a worker process executes many steps, and its memory is looked at all the while: is it flat?

use crate::measure::rss_mb_of;
use crate::options::Options;
use crate::progress::Progress;
use crate::report::{Point, rounded};
use crate::room::{CREATED_AT_ONCE, PATIENCE, Room, ended, requests, unfinished};
use crate::run::Figures;
use crate::workers::Workers;
use anyhow::{Context, Result, bail, ensure};
use std::time::{Duration, Instant};

/// How much more memory than in the first part of the run a worker may have in the last one.
pub(crate) const FLAT: f64 = 1.05;

/// Parts of the run that are compared.
const PARTS: u64 = 10;
/// How many tasks wait for the worker at the most, so that the run is the same from its beginning to its end.
const WAITING: u64 = 5_000;
/// How long until the next look.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What was seen at a moment.
#[derive(Debug, Clone, Copy)]
struct Look {
    /// Steps executed by then.
    steps: u64,
    rss_mb: f64,
}

/// Runs the tasks, in a process of its own also where the handlers are Rust's.
pub(crate) async fn run(room: &mut Room, options: &Options, progress: &dyn Progress) -> Result<Figures> {
    let client = room.engine()?;
    let mut workers = Workers::in_children(room, options).await?;
    let per_task = u64::from(options.steps_per_task());
    // As many come before and do not count: the allocator of the language, pools and caches get to their size.
    let warm_up = options.tasks();
    let tasks = warm_up + options.tasks();
    let (counted_from, steps) = (warm_up * per_task, tasks * per_task);

    progress.phase("running steps");
    workers.start().await?;
    let mut looks: Vec<Look> = Vec::new();
    let (mut made, mut last) = (0, (0, Instant::now()));
    let mut counted: Option<(u64, Instant)> = None;
    loop {
        let done = last.0;
        if made < tasks && made * per_task < done + WAITING * per_task {
            let count = CREATED_AT_ONCE.min(tasks - made);
            client
                .create_tasks(&requests(made, count, options.payload_bytes))
                .await?;
            made += count;
        } else {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let look = look(&mut workers).await?;
        progress.done(look.steps.min(steps), steps);
        looks.push(look);
        if look.steps > done {
            last = (look.steps, Instant::now());
        }
        if look.steps >= counted_from {
            counted.get_or_insert((look.steps, last.1));
        }
        if look.steps >= steps && !unfinished(&mut room.looker).await? {
            break;
        }
        if last.1.elapsed() > PATIENCE {
            bail!(
                "no step has ended for {} s, after {} of {steps}",
                PATIENCE.as_secs(),
                last.0
            );
        }
    }
    let (before, begun) = counted.context("no step was executed")?;
    let total_s = begun.elapsed().as_secs_f64();

    let children = workers.stop().await?;
    client.close().await;
    let (_, badly) = ended(&mut room.looker).await?;
    ensure!(
        badly == 0,
        "{badly} tasks did not complete; the figures would mean nothing"
    );
    Ok(Figures {
        run_s: Some(total_s),
        total_s,
        created: tasks,
        steps_executed: Some(steps.saturating_sub(before)),
        points: Some(points(&looks, counted_from, steps)?),
        children,
        // The warm-up is in the server's figures, so it is in what they are divided by.
        steps,
        ..Figures::default()
    })
}

/// Each process is asked what it has done, and looked at.
async fn look(workers: &mut Workers) -> Result<Look> {
    let mut look = Look {
        steps: 0,
        rss_mb: 0.0,
    };
    for (process_id, calls) in workers.calls_by_process().await? {
        look.steps += calls;
        look.rss_mb += rss_mb_of(process_id)?;
    }
    Ok(look)
}

/// The parts of the run from one number of steps to another, each with the median of its looks.
fn points(looks: &[Look], from: u64, to: u64) -> Result<Vec<Point>> {
    (0..PARTS)
        .map(|part| {
            let at = |part| from + (to - from) * part / PARTS;
            let (begin, end) = (at(part), at(part + 1));
            let inside = looks.iter().filter(|look| look.steps > begin && look.steps <= end);
            let mut seen: Vec<f64> = inside.map(|look| look.rss_mb).collect();
            seen.sort_by(f64::total_cmp);
            let median = seen.get(seen.len() / 2).with_context(|| {
                format!(
                    "a tenth of the run went by between two looks, from step {begin} to {end}: ask for more --tasks"
                )
            })?;
            Ok(Point {
                way: "tenth",
                size: end - from,
                worker_rss_mb: Some(rounded(*median)),
                ..Point::default()
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn looks(memory: impl Fn(u64) -> f64) -> Vec<Look> {
        (0..=1_100)
            .map(|steps| Look {
                steps,
                rss_mb: memory(steps),
            })
            .collect()
    }

    #[test]
    fn each_tenth_after_the_warm_up_has_its_median() {
        // What the warm-up took, and a moment that was out of the common, change nothing.
        let looks = looks(|steps| match steps {
            0..=100 => 500.0,
            150 => 900.0,
            _ => 50.0 + if steps > 1_000 { 3.0 } else { 0.0 },
        });
        let points = points(&looks, 100, 1_100).unwrap();
        let medians: Vec<f64> = points.iter().filter_map(|point| point.worker_rss_mb).collect();
        assert_eq!(
            medians,
            [50.0, 50.0, 50.0, 50.0, 50.0, 50.0, 50.0, 50.0, 50.0, 53.0]
        );
        assert_eq!((points[0].size, points[9].size), (100, 1_000));
    }

    #[test]
    fn a_run_that_was_too_short_to_be_looked_at_says_so() {
        let looks = looks(|_| 50.0).into_iter().filter(|look| look.steps < 1_000);
        let said = points(&looks.collect::<Vec<_>>(), 100, 1_100)
            .unwrap_err()
            .to_string();
        assert!(said.contains("more --tasks"), "{said}");
    }
}
