//! Ids as they are written everywhere. A UUID can be written in several ways, and a number too; a host that decides by itself is
//! asked about one of them, or what it has to say about the others would be got round.

use tasker_core::model::{StepSelector, TaskId};

/// The id of a task.
pub(crate) fn task_text(text: &str) -> String {
    text.parse::<TaskId>()
        .map_or_else(|_| text.to_owned(), |id| id.to_string())
}

/// The number or the name of a step.
pub(crate) fn step_text(text: &str) -> String {
    match StepSelector::parse(text) {
        StepSelector::Number(number) => number.to_string(),
        StepSelector::Name(name) => name,
    }
}

/// The id of a worker.
pub(crate) fn worker_text(text: &str) -> String {
    text.parse::<i64>()
        .map_or_else(|_| text.to_owned(), |id| id.to_string())
}
