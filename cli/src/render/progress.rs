//! Progress: a line of summary, and what changed between two looks at a task.

use super::flow::last_failure;
use super::time::{duration, until};
use super::{Look, glyph};
use chrono::{DateTime, Utc};
use tasker_core::model::{State, Step, Task};

/// `▰▰▰▱▱▱`, `cells` wide.
pub(crate) fn bar(done: u64, total: u64, cells: usize) -> String {
    let full = if total == 0 {
        0
    } else {
        (u128::from(done.min(total)) * cells as u128 / u128::from(total)) as usize
    };
    format!("{}{}", "▰".repeat(full), "▱".repeat(cells - full))
}

/// The line over the flow: state, name, bar, steps done, time taken.
pub(crate) fn status_line(task: &Task, now: DateTime<Utc>, look: &Look) -> String {
    let (done, total) = (
        task.completed_steps.unsigned_abs(),
        task.total_steps.unsigned_abs(),
    );
    let waiting = false;
    let state = if task.paused {
        format!("{}, paused", task.status)
    } else {
        task.status.to_string()
    };
    let taken = duration(task.completed_at.unwrap_or(now) - task.created_at);
    let counts = format!("{done}/{total} steps");
    // The bar gives way first, then the name.
    let other = state.chars().count() + counts.chars().count() + taken.chars().count() + 9;
    let room = look.width.map_or(usize::MAX, |width| width.saturating_sub(other));
    let name = cut(&task.full_name, room);
    let cells = room.saturating_sub(name.chars().count()).min(20);
    let bar = if cells < 4 {
        String::new()
    } else {
        format!("{} ", bar(done, total, cells))
    };
    format!(
        "{} {}  {}  {counts}  {}",
        look.state(task.status, waiting, glyph(task.status, waiting)),
        look.bold(&name),
        look.state(task.status, waiting, &format!("{bar}{state}")),
        look.dim(&taken),
    )
}

/// The name, or its end: that is where names differ.
fn cut(name: &str, room: usize) -> String {
    let length = name.chars().count();
    if length <= room {
        return name.to_owned();
    }
    if room < 2 {
        return String::new();
    }
    let tail: String = name.chars().skip(length + 1 - room).collect();
    format!("…{tail}")
}

/// One line for each step that is not as it was, and one for the task.
pub(crate) fn changes(
    before: Option<(&Task, &[Step])>,
    after: (&Task, &[Step]),
    now: DateTime<Utc>,
    look: &Look,
) -> Vec<String> {
    let clock = look.dim(&now.format("%H:%M:%S%.3f").to_string());
    let old = |step: &Step| {
        before.and_then(|(_, steps)| {
            steps
                .iter()
                .find(|was| was.workflow_step_id == step.workflow_step_id)
        })
    };
    let mut lines = Vec::new();
    for step in after.1 {
        let (state_was, attempts_were) =
            old(step).map_or((State::Pending, 0), |was| (was.status, was.attempts));
        if state_was != step.status || attempts_were != step.attempts {
            lines.push(format!("{clock}  {}", step_line(step, now, look)));
        }
    }
    let task = after.0;
    if before.is_none_or(|(was, _)| was.status != task.status) {
        let mark = look.state(task.status, false, glyph(task.status, false));
        lines.push(format!(
            "{clock}  {mark} {} is {}",
            look.bold(&task.full_name),
            task.status
        ));
    }
    lines
}

fn step_line(step: &Step, now: DateTime<Utc>, look: &Look) -> String {
    let waiting = step.next_retry_at.is_some();
    let mark = look.state(step.status, waiting, glyph(step.status, waiting));
    let attempts = match step.attempts {
        0 => String::new(),
        attempt => format!(", attempt {attempt} of {}", step.retry_limit),
    };
    let mut text = format!("{mark} {} is {}{attempts}", step.name, step.status);
    if let (State::Complete, Some(since), Some(end)) =
        (step.status, step.last_attempted_at, step.processed_at)
    {
        text.push_str(&format!(", {}", duration(end - since)));
    }
    if let Some(at) = step.next_retry_at {
        text.push_str(&format!(", retry {}", until(at, now)));
    }
    if step.status == State::Error
        && let Some(failure) = last_failure(&step.results)
    {
        text.push_str(&format!(" — {failure}"));
    }
    text
}
