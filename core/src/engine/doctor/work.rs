//! Workers, and what waits for them: dead and hanging ones, handlers without a worker, stuck steps, pauses, maintenance.

use super::Examination;
use super::server::connections;
use super::words::{counted, seconds};
use crate::model::{Check, CheckId, Finding, Worker, WorkerFilter, WorkerHealth};
use crate::store::{
    HandlerFacts, Held, MaintenanceFacts, PauseFacts, ServerFacts, StepFacts, Store, UpkeepFacts, run,
};
use chrono::{DateTime, Utc};
use serde_json::json;
use std::collections::BTreeSet;

/// How far a heartbeat may lie in the future, in seconds: the two clock readings are not of one moment.
const AHEAD: f64 = 5.0;
/// How late maintenance may be while workers live, in seconds.
const LATE: f64 = 3600.0;

pub(super) async fn check(
    examination: &mut Examination<'_>,
    store: &Store,
    held: &mut Held,
    server: &ServerFacts,
) {
    let steps = run!(store, held, None, |connection| store.doctor_steps(connection));
    let steps = examination.facts(steps, &[CheckId::Steps]);
    if let Some(steps) = &steps {
        examination.add_all(stepped(steps), || {
            Check::ok(
                CheckId::Steps,
                format!(
                    "no step is stuck or in quarantine (the newest {} were looked at)",
                    counted(steps.looked_at, "task")
                ),
                json!({"looked_at": steps.looked_at}),
            )
        });
    }
    let filter = WorkerFilter {
        limit: 1000,
        ..WorkerFilter::default()
    };
    let workers = run!(store, held, None, |connection| store
        .list_workers(connection, &filter));
    let workers = examination.facts(workers, &[CheckId::Workers]);
    let workers = workers.map(|workers| workers.found);
    examination.add(connections(
        server,
        each(store),
        workers.as_deref().map(processes),
    ));
    let now = steps.map_or_else(Utc::now, |steps| steps.now);
    if let Some(workers) = &workers {
        examination.add_all(worked(workers, now), || {
            Check::ok(
                CheckId::Workers,
                format!("{} and none is lost", lives(workers)),
                json!({"live": live(workers).count(), "processes": processes(workers)}),
            )
        });
    }
    let handlers = run!(store, held, None, |connection| store.doctor_handlers(connection));
    if let Some(handlers) = examination.facts(handlers, &[CheckId::Handlers]) {
        examination.add_all(handlers.iter().map(handler).collect(), || {
            Check::ok(
                CheckId::Handlers,
                "every handler that steps wait for has a worker",
                json!(null),
            )
        });
    }
    let limit = examination.limits.pause_seconds;
    let pauses = run!(store, held, None, |connection| store
        .doctor_pauses(connection, limit));
    if let Some(pauses) = examination.facts(pauses, &[CheckId::Pauses]) {
        examination.add_all(pauses.iter().map(|found| pause(found, now)).collect(), || {
            Check::ok(
                CheckId::Pauses,
                format!("nothing has been paused for longer than {}", seconds(limit)),
                json!(null),
            )
        });
    }
    let maintenance = run!(store, held, None, |connection| store
        .doctor_maintenance(connection));
    if let Some(maintenance) = examination.facts(maintenance, &[CheckId::Maintenance]) {
        let some = workers
            .as_deref()
            .is_some_and(|workers| live(workers).next().is_some());
        let upkeep = run!(store, held, None, |connection| store.doctor_upkeep(connection));
        let upkeep = examination.facts(upkeep, &[CheckId::Maintenance]);
        let late = maintenance
            .iter()
            .filter(|work| some && work.overdue_seconds.is_some_and(|late| late > LATE));
        let absent = upkeep.iter().filter(|_| !some).filter_map(absent);
        examination.add_all(late.map(overdue).chain(absent).collect(), || {
            Check::ok(
                CheckId::Maintenance,
                "what workers do now and then was done in time",
                json!(maintenance),
            )
        });
    }
}

/// What a process with a worker may take, if it is set up as this one: its budget, and one to listen.
pub(super) fn each(store: &Store) -> i64 {
    let settings = &store.options().settings;
    let listens = matches!(store.listening(), Ok(Some(_)));
    i64::from(settings.max_connections) + i64::from(listens)
}

fn live(workers: &[Worker]) -> impl Iterator<Item = &Worker> {
    workers.iter().filter(|worker| {
        matches!(
            worker.health,
            WorkerHealth::Alive | WorkerHealth::Hangs | WorkerHealth::Draining
        )
    })
}

/// Workers of one process share its connections.
fn processes(workers: &[Worker]) -> i64 {
    let found: BTreeSet<(&str, i32)> = live(workers)
        .map(|worker| (worker.host.as_str(), worker.process_id))
        .collect();
    i64::try_from(found.len()).unwrap_or(i64::MAX)
}

fn lives(workers: &[Worker]) -> String {
    match live(workers).count() {
        1 => "1 worker lives".to_owned(),
        count => format!("{count} workers live"),
    }
}

fn worked(workers: &[Worker], now: DateTime<Utc>) -> Vec<Check> {
    let mut found = Vec::new();
    if live(workers).next().is_none() {
        found.push(
            Check::found(
                Finding::NoLiveWorker,
                "no worker lives: whatever is created waits",
                json!({"live": 0}),
            )
            .advise("start your program with its worker; a worker runs inside it"),
        );
    }
    for worker in workers {
        let who = format!(
            "{} (worker {}, process {} on {})",
            worker.name, worker.worker_id, worker.process_id, worker.host
        );
        let silent = (now - worker.heartbeat_at).as_seconds_f64();
        let facts = json!({
            "worker_id": worker.worker_id, "name": worker.name, "host": worker.host, "process_id": worker.process_id,
            "heartbeat_at": worker.heartbeat_at, "silent_seconds": silent, "held": worker.held, "oldest_running": worker.oldest_running,
        });
        let show = format!("tasker worker show {}", worker.worker_id);
        let check = |finding, message: String| Check::found(finding, message, facts.clone());
        if matches!(worker.health, WorkerHealth::Lost | WorkerHealth::Dead) {
            found.push(
                check(
                    Finding::WorkerLost,
                    format!("{who} was last heard of {} ago and holds {}", seconds(silent), counted(worker.held, "step")),
                )
                .advise("another worker takes its steps back by itself, once it has lived for a lease; does one live?")
                .advise("look why the process died: memory, a crash, or a machine that stood still"),
            );
        }
        if silent < -AHEAD {
            found.push(
                check(
                    Finding::WorkerFromTheFuture,
                    format!("{who} was last heard of {} in the future: it counts as alive until then, living or not", seconds(-silent)),
                )
                .advise("see the check of clocks; a database whose clock was set back does this too")
                .advise(format!("if the process is gone: wait, or take it out with select tasker.stop_worker({});", worker.worker_id)),
            );
        }
        let longest = worker
            .oldest_running
            .as_ref()
            .map(|oldest| format!("; {} has run for {}", oldest.handler, seconds(oldest.seconds)))
            .unwrap_or_default();
        if worker.health == WorkerHealth::Hangs {
            found.push(
                check(
                    Finding::WorkerHangs,
                    format!("{who} has stopped asking for work{longest}"),
                )
                .advise("restart the process: a handler or a lock in it does not come back")
                .advise(show),
            );
        } else if worker.stuck {
            found.push(
                check(
                    Finding::WorkerStuck,
                    format!("a handler in {who} does not return{longest}"),
                )
                .advise("give its calls a timeout of their own; restart the process to free the slot")
                .advise(show),
            );
        }
    }
    found
}

fn handler(facts: &HandlerFacts) -> Check {
    let waiting = format!("{} for {}", wait(facts.waiting), facts.handler);
    let why = format!("tasker why {} {}", facts.task_id, facts.step_no);
    if facts.hangs {
        return Check::found(
            Finding::HandlerHangs,
            format!("{waiting}, and the workers that have it have stopped asking for work"),
            json!(facts),
        )
        .advise("restart these processes")
        .advise(format!("tasker worker list --handler {}", facts.handler))
        .advise(why);
    }
    Check::found(
        Finding::HandlerMissing,
        format!("{waiting}, and no live worker has it"),
        json!(facts),
    )
    .advise(format!(
        "start a worker that registers the handler {}; is it spelled like that?",
        facts.handler
    ))
    .advise(why)
}

fn wait(count: i64) -> String {
    match count {
        1 => "1 step waits".to_owned(),
        _ => format!("{count} steps wait"),
    }
}

fn stepped(facts: &StepFacts) -> Vec<Check> {
    let mut found = Vec::new();
    if let Some(first) = facts.stuck_steps.first() {
        found.push(
            Check::found(
                Finding::StepsStuck,
                format!(
                    "{} past the deadline; the longest is {} ({}), by {}",
                    match facts.stuck {
                        1 => "1 step runs".to_owned(),
                        count => format!("{count} steps run"),
                    },
                    first.name,
                    first.handler,
                    seconds(first.seconds)
                ),
                json!({"count": facts.stuck, "steps": facts.stuck_steps}),
            )
            .advise("its worker ends the attempt by itself; if it does not, that process hangs")
            .advise(format!("tasker worker show {}", first.worker_id))
            .advise(format!("tasker why {} {}", first.task_id, first.step_no)),
        );
    }
    if let Some(first) = facts.quarantined_steps.first() {
        found.push(
            Check::found(
                Finding::StepsQuarantined,
                format!(
                    "{} in quarantine; the last one is {} ({})",
                    match facts.quarantined {
                        1 => "1 step is".to_owned(),
                        count => format!("{count} steps are"),
                    },
                    first.name,
                    first.handler
                ),
                json!({"count": facts.quarantined, "steps": facts.quarantined_steps}),
            )
            .advise("find out why the processes died (memory?) before it runs again")
            .advise(format!(
                "tasker step retry {} {} --reset-attempts",
                first.task_id, first.name
            )),
        );
    }
    if let Some(task) = facts.task_in_error {
        found.push(
            Check::found(
                Finding::TasksBlocked,
                format!(
                    "{} of the newest {} {} in error: nothing in them can go on",
                    facts.tasks_in_error,
                    facts.looked_at,
                    if facts.tasks_in_error == 1 { "is" } else { "are" }
                ),
                json!({"count": facts.tasks_in_error, "looked_at": facts.looked_at, "task_id": task}),
            )
            .advise("tasker task list --status error")
            .advise(format!("tasker why {task}")),
        );
    }
    found
}

fn pause(facts: &PauseFacts, now: DateTime<Utc>) -> Check {
    let by = facts
        .by
        .as_deref()
        .map(|by| format!(" by {by}"))
        .unwrap_or_default();
    let reason = facts
        .reason
        .as_deref()
        .map(|reason| format!(": {reason}"))
        .unwrap_or_default();
    let waiting = match facts.waiting {
        Some(count) if count > 0 => format!("; {}", wait(count)),
        _ => String::new(),
    };
    let resume = match facts.scope.as_str() {
        "handler" => format!("tasker handler resume {}", facts.name),
        "namespace" => format!("tasker namespace resume {}", facts.name),
        "named_task" => match facts.name.split_once('.') {
            Some((namespace, name)) => format!("tasker task resume --namespace {namespace} --name {name}"),
            None => format!("tasker task resume --name {}", facts.name),
        },
        _ => format!("tasker task resume {}", facts.name),
    };
    let age = seconds((now - facts.since).as_seconds_f64());
    Check::found(
        Finding::PausedForLong,
        format!(
            "the {} {} has been paused{by} for {age}{reason}{waiting}",
            facts.scope.replace('_', " "),
            facts.name
        ),
        json!(facts),
    )
    .advise(resume)
}

/// Where no worker lives, but single tasks are run.
fn absent(facts: &UpkeepFacts) -> Option<Check> {
    let since = match facts.stayed_seconds_ago {
        Some(ago) if ago <= LATE => return None,
        Some(ago) => format!("for {}", seconds(ago)),
        None => "so far".to_owned(),
    };
    (facts.short_runs > 0).then(|| {
        Check::found(
            Finding::MaintenanceAbsent,
            format!(
                "single tasks were run ({} in the last hour), and nothing has looked after the database beside them {since}: \
                 what processes that died had begun stays as it is, and nothing is pruned",
                facts.short_runs
            ),
            json!(facts),
        )
        .advise("run a worker, if only one: it does what has to be done now and then")
        .advise("in Rails without workers, have Tasker::MaintenanceJob run every few minutes")
    })
}

fn overdue(facts: &MaintenanceFacts) -> Check {
    let late = seconds(facts.overdue_seconds.unwrap_or_default());
    Check::found(
        Finding::MaintenanceOverdue,
        format!(
            "the maintenance '{}' is overdue by {late}, although workers live",
            facts.name
        ),
        json!(facts),
    )
    .advise("the log of the workers says why it fails: \"were not looked after\", \"were not pruned\"")
    .advise("a lock that somebody holds for long is the usual reason: see the check of snapshots")
}
