//! The audit trail of a task or a step.

use super::{Look, Table};
use serde::Serialize;
use tasker_core::model::{OperatorAction, Transition};

/// What happened: the moves, and what operators did where no state moved.
#[derive(Debug, Serialize)]
pub(crate) struct Trail {
    pub(crate) transitions: Vec<Transition>,
    pub(crate) actions: Vec<OperatorAction>,
}

/// A text with a trail below it, where there is one.
pub(crate) fn with_trail(text: String, found: Option<&Trail>, look: &Look) -> String {
    match found {
        Some(found) => format!("{text}\n\n{}", trail(found, look)),
        None => text,
    }
}

/// The moves, oldest first, and below them what operators did besides.
fn trail(trail: &Trail, look: &Look) -> String {
    let moves = moves(&trail.transitions, look);
    if trail.actions.is_empty() {
        return moves;
    }
    format!("{moves}\n\n{}", actions(&trail.actions, look))
}

fn actions(actions: &[OperatorAction], look: &Look) -> String {
    let mut table = Table::new(look, &["when", "to", "detail", "changed"]);
    for one in actions {
        table.row([
            one.created_at.format("%Y-%m-%d %H:%M:%S%.3f").to_string(),
            done_to(one),
            detail(&one.metadata),
            changed(&one.metadata["changed"]),
        ]);
    }
    format!("{}\n{}", look.bold("Besides"), table.render())
}

fn done_to(action: &OperatorAction) -> String {
    match (
        action.workflow_step_id,
        &action.namespace,
        &action.name,
        &action.handler,
    ) {
        (Some(step), ..) => format!("step {step}"),
        (_, Some(namespace), Some(name), _) => format!("task {namespace}.{name}"),
        (_, Some(namespace), None, _) => format!("namespace {namespace}"),
        (.., Some(handler)) => format!("handler {handler}"),
        _ => "task".to_owned(),
    }
}

fn changed(values: &serde_json::Value) -> String {
    let Some(values) = values.as_object() else {
        return String::new();
    };
    values
        .iter()
        .map(|(key, value)| format!("{key}: {} → {}", value["from"], value["to"]))
        .collect::<Vec<_>>()
        .join(", ")
}

fn moves(moves: &[Transition], look: &Look) -> String {
    let mut table = Table::new(look, &["when", "from", "to", "detail"]);
    for one in moves {
        table.row([
            one.created_at.format("%Y-%m-%d %H:%M:%S%.3f").to_string(),
            one.from_state.map(|state| state.to_string()).unwrap_or_default(),
            look.state(one.to_state, false, one.to_state.as_str()),
            detail(&one.metadata),
        ]);
    }
    format!("{}\n{}", look.bold("Trail"), table.render())
}

fn detail(metadata: &serde_json::Value) -> String {
    let Some(map) = metadata.as_object() else {
        return String::new();
    };
    let said = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.lines().next().unwrap_or_default().to_owned(),
        other => other.to_string(),
    };
    map.iter()
        .filter(|(_, value)| !value.is_null() && !value.is_object() && !value.is_array())
        .map(|(key, value)| format!("{key}={}", said(value)))
        .collect::<Vec<_>>()
        .join(" ")
}
