//! Tasks: what creating one answered, one in full, and many in a table.

use super::flow::last_failure;
use super::time::{ago, duration, until};
use super::{Flow, Look, Table, flow, glyph, status_line};
use chrono::{DateTime, Utc};
use serde_json::Value;
use tasker_core::model::{Created, State, Step, Task};

/// What creating a task answered.
pub(crate) fn created(created: &Created, look: &Look) -> String {
    let id = look.bold(&created.task_id.to_string());
    if created.created {
        format!("{} created task {id}", look.good("✔"))
    } else if created.pruned {
        format!(
            "{} the request duplicates task {id}, which has ended and been pruned since",
            look.warn("=")
        )
    } else {
        format!(
            "{} the request duplicates task {id}; nothing was created",
            look.warn("=")
        )
    }
}

/// A task in full: its facts, its flow, and its failures.
pub(crate) fn task(task: &Task, steps: &[Step], now: DateTime<Utc>, look: &Look) -> String {
    let mut lines = vec![status_line(task, now, look)];
    for (label, value) in facts(task, now) {
        lines.push(format!("  {} {value}", look.dim(&format!("{label:<9}"))));
    }
    lines.push(String::new());
    lines.extend(flow(steps, Flow { now, lines: None }, look));
    let failures: Vec<String> = steps
        .iter()
        .filter_map(|step| failure_block(step, now, look))
        .collect();
    if !failures.is_empty() {
        lines.push(String::new());
        lines.push(failures.join("\n"));
    }
    lines.join("\n")
}

fn facts(task: &Task, now: DateTime<Utc>) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("task", task.task_id.to_string()),
        (
            "created",
            format!("{} ({})", stamp(task.created_at), ago(task.created_at, now)),
        ),
    ];
    if let Some(at) = task.started_at {
        facts.push((
            "started",
            format!("{} (waited {})", stamp(at), duration(at - task.created_at)),
        ));
    }
    if let Some(at) = task.completed_at {
        facts.push((
            "ended",
            format!("{} (took {})", stamp(at), duration(at - task.created_at)),
        ));
    }
    if let Some(at) = task.paused_at {
        facts.push(("paused", ago(at, now)));
    }
    for (label, text) in [
        ("asked by", &task.initiator),
        ("source", &task.source_system),
        ("reason", &task.reason),
    ] {
        if !text.is_empty() && text != "unknown" {
            facts.push((label, text.clone()));
        }
    }
    if !task.tags.is_empty() {
        facts.push(("tags", task.tags.join(", ")));
    }
    if let Some(priority) = task.priority {
        facts.push(("priority", priority.to_string()));
    }
    if !task.bypass_steps.is_empty() {
        facts.push(("bypass", task.bypass_steps.join(", ")));
    }
    if task
        .context
        .as_object()
        .is_some_and(|context| !context.is_empty())
    {
        facts.push(("context", shortened(&task.context)));
    }
    if !matches!(
        task.status,
        State::Complete | State::ResolvedManually | State::Cancelled
    ) {
        facts.push((
            "health",
            format!(
                "{}, {}; {}",
                task.health_status,
                words(&task.execution_status),
                words(&task.recommended_action)
            ),
        ));
    }
    facts
}

fn failure_block(step: &Step, now: DateTime<Utc>, look: &Look) -> Option<String> {
    if step.status != State::Error {
        return None;
    }
    let failure = last_failure(&step.results).unwrap_or_else(|| "no message was kept".to_owned());
    let fate = match step.next_retry_at {
        Some(at) => format!("next attempt {}", until(at, now)),
        None => format!(
            "will not be tried again; {}",
            look.command(&format!(
                "tasker task retry {} --step {}",
                step.task_id, step.name
            ))
        ),
    };
    let mark = look.state(
        step.status,
        step.next_retry_at.is_some(),
        glyph(step.status, step.next_retry_at.is_some()),
    );
    let class = step
        .results
        .get("error_class")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let class = if class.is_empty() {
        String::new()
    } else {
        look.dim(&format!(" [{class}]"))
    };
    Some(format!(
        "{mark} {} failed, attempt {} of {}: {failure}{class}\n  {fate}",
        look.bold(&step.name),
        step.attempts,
        step.retry_limit
    ))
}

/// One step in full.
pub(crate) fn step(step: &Step, now: DateTime<Utc>, look: &Look) -> String {
    let waiting = step.next_retry_at.is_some();
    let mark = look.state(step.status, waiting, glyph(step.status, waiting));
    let mut lines = vec![format!(
        "{mark} {} (step {}) is {}",
        look.bold(&step.name),
        step.workflow_step_id,
        step.status
    )];
    let mut fact =
        |label: &str, value: String| lines.push(format!("  {} {value}", look.dim(&format!("{label:<9}"))));
    fact("task", step.task_id.to_string());
    fact("handler", step.handler.clone());
    fact("attempts", format!("{} of {}", step.attempts, step.retry_limit));
    if step.worker_losses > 0 {
        fact(
            "losses",
            format!("{} worker processes died while they held it", step.worker_losses),
        );
    }
    if let Some(at) = step.last_attempted_at {
        fact("started", format!("{} ({})", stamp(at), ago(at, now)));
    }
    if let Some(at) = step.processed_at {
        let took = step
            .last_attempted_at
            .map(|since| format!(" (took {})", duration(at - since)))
            .unwrap_or_default();
        fact("ended", format!("{}{took}", stamp(at)));
    }
    if let Some(at) = step.next_retry_at {
        fact("retry", until(at, now));
    }
    for (label, value) in [("inputs", &step.inputs), ("results", &step.results)] {
        if value.as_object().is_none_or(|map| !map.is_empty()) && !value.is_null() {
            let text = serde_json::to_string_pretty(value).unwrap_or_default();
            fact(label, text.replace('\n', "\n            "));
        }
    }
    lines.join("\n")
}

/// Many tasks, newest first.
pub(crate) fn task_list(tasks: &[Task], now: DateTime<Utc>, look: &Look) -> String {
    let mut table = Table::new(
        look,
        &["!task", "name", "status", ">steps", "created", ">took", "tags"],
    );
    for task in tasks {
        let mark = format!("{} {}", glyph(task.status, false), task.status);
        let mut status = look.state(task.status, false, &mark);
        if task.paused {
            status.push_str(" (paused)");
        }
        table.row([
            task.task_id.to_string(),
            task.full_name.clone(),
            status,
            format!("{}/{}", task.completed_steps, task.total_steps),
            ago(task.created_at, now),
            task.completed_at
                .map(|end| duration(end - task.created_at))
                .unwrap_or_default(),
            task.tags.join(","),
        ]);
    }
    if table.is_empty() {
        return format!(
            "No tasks match. Create one: {}",
            look.command("tasker task create NAME")
        );
    }
    table.render()
}

fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn words(name: &str) -> String {
    name.replace('_', " ")
}

/// JSON on one line, cut where it gets long.
fn shortened(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 160 {
        return text;
    }
    let cut: String = text.chars().take(159).collect();
    format!("{cut}…")
}
