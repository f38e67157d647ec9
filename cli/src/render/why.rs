//! Why a task or a step does not go on, for people: the reason in words, what is known of it, what to do.

use super::Look;
use super::time::{ago, duration, until};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use tasker_core::model::{Pause, StepNo, Why, WhyReason};

/// How many causes of a task are told in full.
const TOLD: usize = 10;

/// The answer for one step (one row), or for a task: its own row first, then the steps'.
pub(crate) fn why(rows: &[Why], now: DateTime<Utc>, look: &Look) -> String {
    match rows.split_first() {
        Some((task, steps)) if task.step_no.is_none() => of_task(task, steps, now, look),
        Some((step, _)) => block(step, 0, now, look),
        None => String::new(),
    }
}

fn of_task(task: &Why, steps: &[Why], now: DateTime<Utc>, look: &Look) -> String {
    let words = match (&task.blocked_by, task.reason) {
        (_, WhyReason::Finished) => format!("has ended: it is {}", task.state),
        (None, reason) => reason.words().to_owned(),
        (Some(step), reason) => format!("{}: step {step} {}", verdict(reason), reason.words()),
    };
    let mut lines = vec![format!(
        "{} {} {words}",
        mark(task.reason, look),
        look.bold(&task.name)
    )];
    if matches!(task.reason, WhyReason::Finished | WhyReason::Cancelled) {
        lines.extend(
            task.since
                .map(|at| fact("since", &format!("{} ({})", stamp(at), ago(at, now)), look)),
        );
        return lines.join("\n");
    }
    let mut held_up: BTreeMap<StepNo, usize> = BTreeMap::new();
    for root in steps.iter().filter_map(|step| step.blocked_by_step_no) {
        *held_up.entry(root).or_default() += 1;
    }
    let mut causes: Vec<&Why> = steps.iter().filter(|step| step.reason.is_own()).collect();
    causes.sort_by_key(|step| (step.reason, step.step_no));
    for step in causes.iter().take(TOLD) {
        let waiting = step
            .step_no
            .and_then(|number| held_up.get(&number))
            .copied()
            .unwrap_or(0);
        lines.push(String::new());
        lines.push(block(step, waiting, now, look));
    }
    if causes.len() > TOLD {
        let mut rest: BTreeMap<WhyReason, usize> = BTreeMap::new();
        for step in &causes[TOLD..] {
            *rest.entry(step.reason).or_default() += 1;
        }
        let told: Vec<String> = rest
            .iter()
            .map(|(reason, count)| format!("{count} {reason}"))
            .collect();
        lines.push(String::new());
        lines.push(look.dim(&format!("and {} more: {}", causes.len() - TOLD, told.join(", "))));
    }
    lines.join("\n")
}

/// What the reason of its liveliest step means for a task.
const fn verdict(reason: WhyReason) -> &'static str {
    match reason {
        WhyReason::Running => "goes on",
        WhyReason::Cancelled
        | WhyReason::Exhausted
        | WhyReason::PermanentFailure
        | WhyReason::Quarantined
        | WhyReason::Stranded => "cannot go on",
        _ => "waits",
    }
}

fn block(step: &Why, waiting: usize, now: DateTime<Utc>, look: &Look) -> String {
    let words = match (&step.blocked_by, step.blocked_by_reason, step.reason) {
        (Some(root), Some(reason), WhyReason::Dependency) => {
            format!("waits for {}, which {}", look.bold(root), reason.words())
        }
        (Some(root), Some(reason), WhyReason::CancelledUpstream | WhyReason::FailedUpstream) => {
            format!("cannot run: {} before it {}", look.bold(root), reason.words())
        }
        (_, _, WhyReason::Finished) => format!("has ended: it is {}", step.state),
        (_, _, reason) => reason.words().to_owned(),
    };
    let mut lines = vec![format!(
        "{} {} {words}",
        mark(step.reason, look),
        look.bold(&step.name)
    )];
    lines.push(fact("reason", step.reason.as_str(), look));
    if let Some(at) = step.since {
        lines.push(fact("since", &format!("{} ({})", stamp(at), ago(at, now)), look));
    }
    if let Some(told) = step.next_at.and_then(|at| next(step.reason, at, now)) {
        lines.push(fact("next", &told, look));
    }
    for (label, value) in facts(step, now) {
        lines.push(fact(label, &value, look));
    }
    if waiting > 0 {
        let steps = if waiting == 1 { "step waits" } else { "steps wait" };
        lines.push(fact("holds up", &format!("{waiting} {steps} for it"), look));
    }
    for advice in advice(step) {
        lines.push(format!("  {} {}", look.dim("→"), advice_line(&advice, look)));
    }
    lines.join("\n")
}

/// From when it may go on; none where that instant has passed and is not what keeps it.
fn next(reason: WhyReason, at: DateTime<Utc>, now: DateTime<Utc>) -> Option<String> {
    match reason {
        WhyReason::WorkerLost => Some(format!("others may take it back {}", until(at, now))),
        _ if at > now => Some(until(at, now)),
        _ if reason.is_claimable() => Some("it may be claimed now".to_owned()),
        _ => None,
    }
}

fn facts(step: &Why, now: DateTime<Utc>) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    let detail = &step.detail;
    if let (Some(attempts), Some(limit)) = (step.attempts, step.retry_limit)
        && (attempts > 0 || step.reason.is_own())
    {
        facts.push(("attempts", format!("{attempts} of {limit}")));
    }
    if let Some(worker) = &detail.worker {
        facts.push((
            "worker",
            format!(
                "{} (worker {}, process {} on {}), heard of {}",
                worker.name,
                worker.worker_id,
                worker.process_id,
                worker.host,
                ago(worker.heartbeat_at, now)
            ),
        ));
    }
    if let Some(at) = detail.deadline_at {
        let told = if at < now {
            format!("{} ago", duration(now - at))
        } else {
            until(at, now)
        };
        facts.push(("deadline", told));
    }
    facts.extend(detail.pauses.iter().map(|pause| ("paused", paused(pause, now))));
    if let Some(failure) = &detail.failure {
        let text = failure.error.as_deref().unwrap_or("no message was kept");
        let code = failure
            .error_code
            .as_deref()
            .map(|code| format!(" [{code}]"))
            .unwrap_or_default();
        facts.push((
            "failure",
            format!("{}{code}", text.lines().next().unwrap_or_default()),
        ));
    }
    if matches!(step.reason, WhyReason::NoWorker | WhyReason::WorkerHangs)
        && let Some(handler) = &step.handler
    {
        facts.push(("handler", handler.clone()));
    }
    for worker in &detail.hanging {
        let busy = worker.oldest_running.as_ref().map_or(String::new(), |oldest| {
            format!("; {} has run for {:.0} s", oldest.handler, oldest.seconds)
        });
        facts.push((
            "worker",
            format!(
                "{} (worker {}, process {} on {}){busy}",
                worker.name, worker.worker_id, worker.process_id, worker.host
            ),
        ));
    }
    match detail.ahead {
        Some(0) => facts.push(("ahead", "nothing of its lane".to_owned())),
        Some(ahead) => facts.push((
            "ahead",
            format!(
                "{}{ahead} of its lane",
                if ahead >= 1000 { "at least " } else { "" }
            ),
        )),
        None => {}
    }
    if let Some(operator) = &detail.operator {
        let by = operator.by.as_deref().unwrap_or("somebody");
        let reason = operator
            .reason
            .as_deref()
            .map(|reason| format!(": {reason}"))
            .unwrap_or_default();
        facts.push(("by", format!("{by}{reason}")));
    }
    facts
}

fn paused(pause: &Pause, now: DateTime<Utc>) -> String {
    let scope = pause.scope.replace('_', " ");
    let name = pause
        .name
        .as_deref()
        .map(|name| format!(" {name}"))
        .unwrap_or_default();
    let by = pause
        .by
        .as_deref()
        .map(|by| format!(" by {by}"))
        .unwrap_or_default();
    let reason = pause
        .reason
        .as_deref()
        .map(|reason| format!(": {reason}"))
        .unwrap_or_default();
    format!("{scope}{name}{by}, {}{reason}", ago(pause.since, now))
}

/// What to do next: words, or a command (they begin with `tasker`).
fn advice(step: &Why) -> Vec<String> {
    let (task, name) = (step.task_id, &step.name);
    let retry = format!("tasker step retry {task} {name}");
    let resolve = format!("tasker step resolve {task} {name} --results '{{…}}'");
    match step.reason {
        WhyReason::Running => vec![format!("tasker task watch {task}")],
        WhyReason::Stuck | WhyReason::WorkerLost => {
            let what = if step.reason == WhyReason::Stuck {
                "its worker ends the attempt by itself, and keeps the slot until the handler returns"
            } else {
                "any live worker takes it back by itself; is one running?"
            };
            let mut advice = vec![what.to_owned()];
            advice.extend(
                step.detail
                    .worker
                    .as_ref()
                    .map(|worker| format!("tasker worker show {}", worker.worker_id)),
            );
            advice
        }
        WhyReason::Backoff => vec![format!("it goes on by itself; to try now: {retry}")],
        WhyReason::Ready | WhyReason::WaitsForSlot | WhyReason::WaitsAlone => {
            vec!["tasker worker top".to_owned()]
        }
        WhyReason::WorkerHangs => vec![
            "restart these processes: a handler or a lock in them does not come back".to_owned(),
            "tasker worker top".to_owned(),
        ],
        WhyReason::NoWorker => vec![
            format!(
                "start a worker that registers the handler {}",
                step.handler.as_deref().unwrap_or(name)
            ),
            "tasker worker list".to_owned(),
        ],
        WhyReason::Paused => step
            .detail
            .pauses
            .iter()
            .map(|pause| match (pause.scope.as_str(), &pause.name) {
                ("handler", Some(handler)) => format!("tasker handler resume {handler}"),
                ("namespace", Some(namespace)) => format!("tasker namespace resume {namespace}"),
                (_, Some(full)) => match full.split_once('.') {
                    Some((namespace, name)) => {
                        format!("tasker task resume --namespace {namespace} --name {name}")
                    }
                    None => format!("tasker task resume --name {full}"),
                },
                (_, None) => format!("tasker task resume {task}"),
            })
            .collect(),
        WhyReason::Stranded => vec!["this is a defect of Tasker; please report it".to_owned(), resolve],
        WhyReason::Exhausted | WhyReason::PermanentFailure => vec![retry, resolve],
        WhyReason::Quarantined => vec![
            "find out why the processes died (memory?) before it runs again".to_owned(),
            format!("{retry} --reset-attempts"),
            resolve,
        ],
        WhyReason::Dependency | WhyReason::CancelledUpstream | WhyReason::FailedUpstream => step
            .blocked_by
            .iter()
            .map(|root| format!("tasker why {task} {root}"))
            .collect(),
        WhyReason::Cancelled => vec![
            "a cancelled step does not run again; what waits for it can be resolved or cancelled".to_owned(),
        ],
        _ => Vec::new(),
    }
}

fn advice_line(advice: &str, look: &Look) -> String {
    if advice.starts_with("tasker ") {
        look.command(advice)
    } else {
        advice.to_owned()
    }
}

fn mark(reason: WhyReason, look: &Look) -> String {
    match reason {
        WhyReason::Running => look.command("●"),
        WhyReason::Ready | WhyReason::WaitsForSlot | WhyReason::WaitsAlone | WhyReason::Dependency => {
            look.dim("○")
        }
        WhyReason::Backoff => look.warn("↻"),
        WhyReason::Paused => look.warn("‖"),
        WhyReason::Stuck | WhyReason::WorkerLost | WhyReason::WorkerHangs | WhyReason::NoWorker => {
            look.warn("!")
        }
        WhyReason::Finished => look.good("✔"),
        WhyReason::Cancelled | WhyReason::CancelledUpstream => look.dim("⊘"),
        _ => look.bad("✖"),
    }
}

fn fact(label: &str, value: &str, look: &Look) -> String {
    format!("  {} {value}", look.dim(&format!("{label:<9}")))
}

fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}
