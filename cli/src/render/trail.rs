//! The audit trail of a task or a step.

use super::{Look, Table};
use tasker_core::model::Transition;

/// One line a move, oldest first.
pub(crate) fn trail(title: &str, moves: &[Transition], look: &Look) -> String {
    let mut table = Table::new(look, &["when", "from", "to", "detail"]);
    for one in moves {
        table.row([
            one.created_at.format("%Y-%m-%d %H:%M:%S%.3f").to_string(),
            one.from_state.map(|state| state.to_string()).unwrap_or_default(),
            look.state(one.to_state, false, one.to_state.as_str()),
            detail(&one.metadata),
        ]);
    }
    format!("{}\n{}", look.bold(title), table.render())
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
