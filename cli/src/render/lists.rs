//! Steps, namespaces and handlers in tables.

use super::time::{ago, until};
use super::{Look, Table, glyph};
use chrono::{DateTime, Utc};
use tasker_core::model::{Annotation, FoundStep, HandlerUse, Namespace, Pause, StepSummary};

/// Steps of a task, by number.
pub(crate) fn step_list(steps: &[StepSummary], now: DateTime<Utc>, look: &Look) -> String {
    let mut table = Table::new(
        look,
        &[">no", "step", "status", ">attempts", "last", "retry", "failure"],
    );
    for step in steps {
        let waiting = step.next_retry_at.is_some();
        let mark = format!("{} {}", glyph(step.status, waiting), step.status);
        table.row([
            step.workflow_step_id.to_string(),
            look.bold(&step.name),
            look.state(step.status, waiting, &mark),
            format!("{}/{}", step.attempts, step.retry_limit),
            step.ended_at
                .or(step.last_attempted_at)
                .map(|at| ago(at, now))
                .unwrap_or_default(),
            step.next_retry_at.map(|at| until(at, now)).unwrap_or_default(),
            failure_of(step),
        ]);
    }
    if table.is_empty() {
        return "No steps of the task match.".to_owned();
    }
    table.render()
}

/// Steps of many tasks, newest tasks first.
pub(crate) fn found_steps(steps: &[FoundStep], now: DateTime<Utc>, look: &Look) -> String {
    let mut table = Table::new(
        look,
        &["!task", "of", "step", "status", ">attempts", "last", "failure"],
    );
    for found in steps {
        let step = &found.step;
        let waiting = step.next_retry_at.is_some();
        let mark = format!("{} {}", glyph(step.status, waiting), step.status);
        let mut last = step
            .ended_at
            .or(step.last_attempted_at)
            .map(|at| ago(at, now))
            .unwrap_or_default();
        if let Some(at) = step.next_retry_at {
            last.push_str(&format!(", retry {}", until(at, now)));
        }
        table.row([
            step.task_id.to_string(),
            found.full_name.clone(),
            look.bold(&step.name),
            look.state(step.status, waiting, &mark),
            format!("{}/{}", step.attempts, step.retry_limit),
            last,
            failure_of(step),
        ]);
    }
    if table.is_empty() {
        return "No steps match.".to_owned();
    }
    table.render()
}

/// `code: first line of the message`.
fn failure_of(step: &StepSummary) -> String {
    let failure = step.error.as_deref().and_then(|text| text.lines().next());
    match (failure, step.error_code.as_deref()) {
        (Some(failure), Some(code)) => format!("{code}: {failure}"),
        (failure, code) => failure.or(code).unwrap_or_default().to_owned(),
    }
}

/// Namespaces, by name.
pub(crate) fn namespaces(namespaces: &[Namespace], now: DateTime<Utc>, look: &Look) -> String {
    let mut table = Table::new(look, &["namespace", ">names", "paused", "description"]);
    for one in namespaces {
        let mut paused: Vec<String> = one.pause.iter().map(|pause| who(pause, now)).collect();
        paused.extend(one.paused_tasks.iter().map(|pause| {
            format!(
                "{} {}",
                pause.name.as_deref().unwrap_or_default(),
                who(pause, now)
            )
        }));
        table.row([
            look.bold(&one.name),
            one.named_tasks.to_string(),
            look.warn(&paused.join("; ")),
            one.description.clone().unwrap_or_default(),
        ]);
    }
    if table.is_empty() {
        return format!(
            "No namespaces match. Registering a template makes one: {}",
            look.command("tasker template register FILE")
        );
    }
    table.render()
}

/// What was noted on a task, oldest first.
pub(crate) fn annotations(annotations: &[Annotation], look: &Look) -> String {
    let mut table = Table::new(look, &["noted", "type", "annotation"]);
    for one in annotations {
        table.row([
            look.dim(&one.created_at.format("%Y-%m-%d %H:%M:%S").to_string()),
            look.bold(&one.annotation_type),
            one.annotation.to_string(),
        ]);
    }
    if table.is_empty() {
        return "Nothing was noted on this task.".to_owned();
    }
    table.render()
}

/// Handlers, by name.
pub(crate) fn handlers(handlers: &[HandlerUse], now: DateTime<Utc>, look: &Look) -> String {
    let mut table = Table::new(look, &["handler", ">workers", ">waiting", "paused", "used by"]);
    for one in handlers {
        let workers = one.live_workers.to_string();
        table.row([
            look.bold(&one.handler),
            if one.live_workers == 0 {
                look.warn(&workers)
            } else {
                workers
            },
            one.waiting.to_string(),
            look.warn(&one.pause.iter().map(|pause| who(pause, now)).collect::<String>()),
            one.named_tasks.join(", "),
        ]);
    }
    if table.is_empty() {
        return format!(
            "No handlers match. Registering a template names them: {}",
            look.command("tasker template register FILE")
        );
    }
    table.render()
}

fn who(pause: &Pause, now: DateTime<Utc>) -> String {
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
    format!("{}{by}{reason}", ago(pause.since, now))
}
