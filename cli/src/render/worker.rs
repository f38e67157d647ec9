//! Workers: many in a table, one in full, and the live picture of all.

use super::time::{ago, duration};
use super::{Look, Table};
use chrono::{DateTime, TimeDelta, Utc};
use tasker_core::model::{HandlerUse, OldestRunning, Worker, WorkerHealth};

/// Workers, by id.
pub(crate) fn worker_list(workers: &[Worker], now: DateTime<Utc>, look: &Look) -> String {
    if workers.is_empty() {
        return "No workers match. A worker runs inside your own program; `--ended` shows those that are gone."
            .to_owned();
    }
    table(workers, now, look).render()
}

fn table(workers: &[Worker], now: DateTime<Utc>, look: &Look) -> Table {
    let mut table = Table::new(
        look,
        &[
            ">id",
            "name",
            "host",
            ">pid",
            "health",
            ">held",
            ">slots",
            "heartbeat",
            ">handlers",
            "longest",
        ],
    );
    for worker in workers {
        table.row([
            worker.worker_id.to_string(),
            look.bold(&worker.name),
            worker.host.clone(),
            worker.process_id.to_string(),
            health(worker, look),
            worker.held.to_string(),
            worker.concurrency.to_string(),
            ago(worker.heartbeat_at, now),
            worker.handlers.len().to_string(),
            worker
                .oldest_running
                .as_ref()
                .map(|oldest| format!("{} {}", oldest.handler, ran(oldest)))
                .unwrap_or_default(),
        ]);
    }
    table
}

fn health(worker: &Worker, look: &Look) -> String {
    match worker.health {
        WorkerHealth::Alive if worker.stuck => look.bad("stuck"),
        WorkerHealth::Alive if worker.idle => look.dim("idle"),
        WorkerHealth::Alive => look.good("alive"),
        WorkerHealth::Hangs | WorkerHealth::Lost => look.bad(worker.health.as_str()),
        WorkerHealth::Draining => look.warn("draining"),
        other => look.dim(other.as_str()),
    }
}

fn ran(oldest: &OldestRunning) -> String {
    #[allow(clippy::cast_possible_truncation)] // milliseconds of a running process
    duration(TimeDelta::milliseconds((oldest.seconds * 1000.0) as i64))
}

/// One worker in full.
pub(crate) fn worker(worker: &Worker, now: DateTime<Utc>, look: &Look) -> String {
    let mut lines = vec![format!(
        "{} (worker {}) is {}",
        look.bold(&worker.name),
        worker.worker_id,
        health(worker, look)
    )];
    let mut fact =
        |label: &str, value: String| lines.push(format!("  {} {value}", look.dim(&format!("{label:<9}"))));
    let version = worker
        .version
        .as_deref()
        .map(|version| format!(" {version}"))
        .unwrap_or_default();
    fact(
        "process",
        format!(
            "{} on {}, {}{version}",
            worker.process_id, worker.host, worker.runtime
        ),
    );
    fact("started", ago(worker.started_at, now));
    fact(
        "heartbeat",
        format!(
            "{}, lease {} s",
            ago(worker.heartbeat_at, now),
            worker.lease_seconds
        ),
    );
    if let Some(at) = worker.last_polled_at {
        fact("asked", format!("for work {}", ago(at, now)));
    }
    if let Some(at) = worker.stopped_at {
        fact("ended", ago(at, now));
    }
    fact(
        "holds",
        format!("{} steps, {} slots", worker.held, worker.concurrency),
    );
    if let Some(oldest) = &worker.oldest_running {
        let stuck = if worker.stuck { ", past its deadline" } else { "" };
        fact(
            "longest",
            format!("{} for {}{stuck}", oldest.handler, ran(oldest)),
        );
        fact(
            "",
            look.command(&format!("tasker why {} {}", oldest.task_id, oldest.step_no)),
        );
    }
    fact("handlers", worker.handlers.join("\n            "));
    lines.join("\n")
}

/// All workers and what waits, in at most so many lines: a summary, what needs somebody, the table.
pub(crate) fn top(
    workers: &[Worker],
    handlers: &[HandlerUse],
    now: DateTime<Utc>,
    most: Option<usize>,
    look: &Look,
) -> Vec<String> {
    let held: i64 = workers.iter().map(|worker| worker.held).sum();
    let slots: i64 = workers.iter().map(|worker| i64::from(worker.concurrency)).sum();
    let waiting: i64 = handlers.iter().map(|handler| handler.waiting).sum();
    let mut lines = vec![format!(
        "{}  {} workers  {held} steps held, {slots} slots  {waiting} waiting",
        look.dim(&now.format("%H:%M:%S").to_string()),
        look.bold(&workers.len().to_string()),
    )];
    lines.extend(warnings(workers, handlers, look));
    lines.push(String::new());
    if workers.is_empty() {
        lines.push("No worker lives.".to_owned());
    } else {
        lines.extend(table(workers, now, look).render().lines().map(str::to_owned));
    }
    if let Some(most) = most.filter(|most| lines.len() > *most) {
        let hidden = lines.len() + 1 - most;
        lines.truncate(most.saturating_sub(1));
        lines.push(look.dim(&format!("{hidden} more lines: `tasker worker list`")));
        lines.truncate(most);
    }
    lines
}

fn warnings(workers: &[Worker], handlers: &[HandlerUse], look: &Look) -> Vec<String> {
    let mut warnings = Vec::new();
    for worker in workers {
        let (name, id) = (&worker.name, worker.worker_id);
        let what = match &worker.oldest_running {
            Some(oldest) => format!(": {} has run for {}", oldest.handler, ran(oldest)),
            None => String::new(),
        };
        if worker.stuck {
            warnings.push(format!("{name} (worker {id}) is stuck past a deadline{what}"));
        }
        match worker.health {
            WorkerHealth::Hangs => {
                warnings.push(format!("{name} (worker {id}) has stopped asking for work{what}"));
            }
            WorkerHealth::Lost => warnings.push(format!(
                "{name} (worker {id}) has not been heard of for longer than its lease"
            )),
            _ => {}
        }
    }
    for handler in handlers.iter().filter(|handler| handler.waiting > 0) {
        let (name, count) = (&handler.handler, handler.waiting);
        if let Some(pause) = &handler.pause {
            let by = pause
                .by
                .as_deref()
                .map(|by| format!(" by {by}"))
                .unwrap_or_default();
            warnings.push(format!("{name} is paused{by}, {}", wait(count)));
        } else if handler.live_workers == 0 {
            warnings.push(format!("no worker has {name}, {}", wait(count)));
        }
    }
    warnings
        .into_iter()
        .map(|warning| format!("{} {warning}", look.warn("!")))
        .collect()
}

fn wait(count: i64) -> String {
    if count == 1 {
        "1 step waits".to_owned()
    } else {
        format!("{count} steps wait")
    }
}
