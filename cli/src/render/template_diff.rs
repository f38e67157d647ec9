//! What differs between two contents of a template.

use super::Look;
use serde_json::Value;
use tasker_core::template::{Content, FieldChange, StepDiff, StepMention, TemplateDiff};

/// The whole answer: what went with `-`, what came with `+`, what changed with `~`.
pub(crate) fn template_diff(diff: &TemplateDiff, look: &Look) -> String {
    let mut lines = vec![
        look.bad(&format!("--- {}", named(&diff.before))),
        look.good(&format!("+++ {}", named(&diff.after))),
    ];
    if diff.same {
        lines.push(
            if diff.before.digest == diff.after.digest {
                "The content is the same."
            } else {
                "The contents differ in words only: both make the same tasks."
            }
            .to_owned(),
        );
        return lines.join("\n");
    }
    if !diff.fields.is_empty() {
        lines.push(String::new());
        lines.push(look.bold("Template"));
        lines.extend(diff.fields.iter().flat_map(|change| field(change, look)));
    }
    if !(diff.added.is_empty() && diff.removed.is_empty() && diff.changed.is_empty()) {
        lines.push(String::new());
        lines.push(look.bold("Steps"));
        lines.extend(diff.removed.iter().map(|step| look.bad(&mention('-', step))));
        lines.extend(diff.added.iter().map(|step| look.good(&mention('+', step))));
        lines.extend(diff.changed.iter().flat_map(|step| changed(step, look)));
    }
    if diff.reordered {
        lines.push(String::new());
        lines
            .push(look.warn("The steps that both have come in another order, so that their numbers differ."));
    }
    lines.push(String::new());
    lines.push(summary(diff));
    lines.join("\n")
}

fn named(content: &Content) -> String {
    let digest: String = content.digest.chars().take(12).collect();
    format!("{}  {digest}", content.full_name)
}

fn mention(sign: char, step: &StepMention) -> String {
    let after = if step.depends_on_steps.is_empty() {
        String::new()
    } else {
        format!("  after {}", step.depends_on_steps.join(", "))
    };
    format!("{sign} {}  {}{after}", step.name, step.handler)
}

fn changed(step: &StepDiff, look: &Look) -> Vec<String> {
    let mut lines = vec![look.warn(&format!("~ {}", step.name))];
    lines.extend(
        step.dependencies_removed
            .iter()
            .map(|name| look.bad(&format!("  - after {name}"))),
    );
    lines.extend(
        step.dependencies_added
            .iter()
            .map(|name| look.good(&format!("  + after {name}"))),
    );
    lines.extend(step.fields.iter().flat_map(|change| field(change, look)));
    lines
}

fn field(change: &FieldChange, look: &Look) -> Vec<String> {
    let name = &change.field;
    match (&change.before, &change.after) {
        (Some(before), Some(after)) => vec![format!(
            "  {name}: {} → {}",
            look.bad(&shown(before)),
            look.good(&shown(after))
        )],
        (Some(before), None) => vec![look.bad(&format!("  - {name}: {}", shown(before)))],
        (None, Some(after)) => vec![look.good(&format!("  + {name}: {}", shown(after)))],
        (None, None) => Vec::new(),
    }
}

/// A value on one line, cut where it gets long: `--json` has all of it.
fn shown(value: &Value) -> String {
    const SHOWN: usize = 72;
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn summary(diff: &TemplateDiff) -> String {
    let counts = [
        (diff.added.len(), "added"),
        (diff.removed.len(), "removed"),
        (diff.changed.len(), "changed"),
    ];
    let told: Vec<String> = counts
        .iter()
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    format!("Steps: {}", told.join(", "))
}
