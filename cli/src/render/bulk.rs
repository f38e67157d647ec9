//! Bulk verbs: what would be done, the question, progress, and what was done.

use super::{Look, bar};
use tasker_core::model::{BulkVerb, StepVerb};

/// What is done, and to what: the words of a bulk verb.
#[derive(Debug, Clone, Copy)]
pub(crate) struct What {
    verb: &'static str,
    done: &'static str,
    thing: &'static str,
}

impl What {
    /// A verb on tasks.
    pub(crate) const fn tasks(verb: BulkVerb) -> Self {
        let done = match verb {
            BulkVerb::Cancel => "cancelled",
            BulkVerb::Retry => "retried",
            BulkVerb::Resolve => "resolved",
            BulkVerb::Pause => "paused",
            BulkVerb::Resume => "resumed",
        };
        Self {
            verb: verb.as_str(),
            done,
            thing: "task",
        }
    }

    /// A verb on steps.
    pub(crate) const fn steps(verb: &StepVerb) -> Self {
        let done = match verb {
            StepVerb::Cancel => "cancelled",
            StepVerb::Retry { .. } => "retried",
            StepVerb::Resolve { .. } => "resolved",
            StepVerb::Update { .. } => "updated",
        };
        Self {
            verb: verb.as_str(),
            done,
            thing: "step",
        }
    }

    fn counted(self, count: i64) -> String {
        format!("{count} {}{}", self.thing, if count == 1 { "" } else { "s" })
    }
}

/// What `--dry-run` answers; `list` shows the `shown` newest of them.
pub(crate) fn bulk_forecast(what: What, count: i64, shown: usize, list: &str, look: &Look) -> String {
    if count == 0 {
        return format!("{} no {} matches", look.dim("="), what.thing);
    }
    let mut text = format!(
        "{} would be {}; the newest of them:\n{list}",
        look.bold(&what.counted(count)),
        what.done
    );
    let more = count - i64::try_from(shown).unwrap_or(count);
    if more > 0 {
        text.push_str(&format!("\n{}", look.dim(&format!("and {more} more"))));
    }
    text
}

/// The question before anything is done.
pub(crate) fn bulk_question(what: What, count: i64, look: &Look) -> String {
    let (first, rest) = what.verb.split_at(1);
    look.bold(&format!(
        "{}{rest} {}?",
        first.to_uppercase(),
        what.counted(count)
    ))
}

/// The line that is redrawn.
pub(crate) fn bulk_progress(what: What, handled: u64, count: u64, look: &Look) -> String {
    format!(
        "{}  {} {handled}/{count}",
        look.bold(what.verb),
        bar(handled, count, 24)
    )
}

/// What was done, and what was refused.
pub(crate) fn bulk_done(what: What, done: u64, refused: &[&str], most: usize, look: &Look) -> String {
    let count = i64::try_from(done).unwrap_or(i64::MAX);
    let mark = if refused.is_empty() {
        look.good("✔")
    } else {
        look.warn("!")
    };
    let mut lines = vec![format!("{mark} {} {}", what.counted(count), what.done)];
    if !refused.is_empty() {
        lines.push(format!("{} refused:", refused.len()));
        lines.extend(refused.iter().take(most).map(|refusal| format!("  {refusal}")));
        if refused.len() > most {
            lines.push(look.dim(&format!("  and {} more: --json has all", refused.len() - most)));
        }
    }
    lines.join("\n")
}
