//! Bulk verbs: what would be done, the question, progress, and what was done.

use super::{Look, bar, task_list};
use chrono::{DateTime, Utc};
use tasker_core::model::{BulkOutcome, BulkVerb, Task};

fn tasks(count: i64) -> String {
    format!("{count} {}", if count == 1 { "task" } else { "tasks" })
}

const fn done_word(verb: BulkVerb) -> &'static str {
    match verb {
        BulkVerb::Cancel => "cancelled",
        BulkVerb::Retry => "retried",
        BulkVerb::Resolve => "resolved",
        BulkVerb::Pause => "paused",
        BulkVerb::Resume => "resumed",
    }
}

/// What `--dry-run` answers.
pub(crate) fn bulk_forecast(
    verb: BulkVerb,
    count: i64,
    sample: &[Task],
    now: DateTime<Utc>,
    look: &Look,
) -> String {
    if count == 0 {
        return format!("{} no task matches", look.dim("="));
    }
    let mut text = format!(
        "{} would be {}; the newest of them:\n{}",
        look.bold(&tasks(count)),
        done_word(verb),
        task_list(sample, now, look)
    );
    let more = count - i64::try_from(sample.len()).unwrap_or(count);
    if more > 0 {
        text.push_str(&format!("\n{}", look.dim(&format!("and {more} more"))));
    }
    text
}

/// The question before anything is done.
pub(crate) fn bulk_question(verb: BulkVerb, count: i64, look: &Look) -> String {
    let verb = verb.as_str();
    let (first, rest) = verb.split_at(1);
    look.bold(&format!("{}{rest} {}?", first.to_uppercase(), tasks(count)))
}

/// The line that is redrawn.
pub(crate) fn bulk_progress(verb: BulkVerb, handled: u64, count: u64, look: &Look) -> String {
    format!(
        "{}  {} {handled}/{count}",
        look.bold(verb.as_str()),
        bar(handled, count, 24)
    )
}

/// What was done, and what was refused.
pub(crate) fn bulk_done(
    verb: BulkVerb,
    done: u64,
    refused: &[BulkOutcome],
    most: usize,
    look: &Look,
) -> String {
    let count = i64::try_from(done).unwrap_or(i64::MAX);
    let mark = if refused.is_empty() {
        look.good("✔")
    } else {
        look.warn("!")
    };
    let mut lines = vec![format!("{mark} {} {}", tasks(count), done_word(verb))];
    if !refused.is_empty() {
        lines.push(format!("{} refused:", refused.len()));
        lines.extend(
            refused
                .iter()
                .take(most)
                .map(|outcome| format!("  {}", outcome.refusal.as_deref().unwrap_or_default())),
        );
        if refused.len() > most {
            lines.push(look.dim(&format!("  and {} more: --json has all", refused.len() - most)));
        }
    }
    lines.join("\n")
}
