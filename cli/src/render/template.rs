//! Templates: what checking, registering and listing them answered, and one as text.

use super::look::rail;
use super::time::ago;
use super::{Look, Table};
use chrono::{DateTime, Utc};
use tasker_core::model::{NamedTask, Registered};
use tasker_core::template::{CompiledStep, CompiledTemplate};

/// A template that keeps every rule.
pub(crate) fn validated(origin: &str, template: &CompiledTemplate, look: &Look) -> String {
    let mut text = format!(
        "{} {origin}  {}  {}",
        look.good("✔"),
        look.bold(&full_name(template)),
        shape_in_words(template)
    );
    for warning in &template.warnings {
        text.push_str(&format!("\n  {} {}", look.warn("warning:"), warning.message));
    }
    text
}

/// `7 steps, 5 levels, up to 2 at once`.
fn shape_in_words(template: &CompiledTemplate) -> String {
    let steps = counted(template.steps.len(), "step");
    match template.graph().shape() {
        Ok(shape) => format!(
            "{steps}, {}, up to {} at once",
            counted(shape.depth(), "level"),
            shape.width
        ),
        Err(_) => steps,
    }
}

fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// What registering a template did, or would do.
pub(crate) fn registered(
    template: &CompiledTemplate,
    outcome: Registered,
    dry_run: bool,
    look: &Look,
) -> String {
    let name = look.bold(&full_name(template));
    let (mark, what) = match (outcome, dry_run) {
        (Registered::New, false) => (look.good("✔"), "registered"),
        (Registered::New, true) => (look.good("+"), "would be registered"),
        (Registered::Unchanged, _) => (look.dim("="), "registered already, with the same content"),
        (Registered::Replaced, false) => (
            look.warn("!"),
            "replaced: new tasks use the new content under the same version",
        ),
        (Registered::Replaced, true) => (
            look.warn("!"),
            "would be replaced: other content stands under this version",
        ),
        (Registered::Superseded, _) => (look.bad("✖"), "not registered: this content was replaced before"),
    };
    format!("{mark} {name}  {what}")
}

/// Registered named tasks.
pub(crate) fn named_tasks(tasks: &[NamedTask], now: DateTime<Utc>, look: &Look) -> String {
    let mut table = Table::new(
        look,
        &[
            "namespace",
            "name",
            "version",
            ">steps",
            "registered",
            "digest",
            "description",
        ],
    );
    for task in tasks {
        let version = if task.latest {
            look.good(&task.version)
        } else {
            look.dim(&task.version)
        };
        table.row([
            task.namespace.clone(),
            look.bold(&task.name),
            version,
            task.step_count.to_string(),
            ago(task.registered_at, now),
            look.dim(&task.digest.chars().take(12).collect::<String>()),
            task.description
                .as_deref()
                .and_then(|text| text.lines().next())
                .unwrap_or_default()
                .to_owned(),
        ]);
    }
    if table.is_empty() {
        return format!(
            "No templates are registered. Register one: {}",
            look.command("tasker template register FILE")
        );
    }
    table.render()
}

/// The steps by level, what each waits for, and the longest way.
pub(crate) fn template_text(template: &CompiledTemplate, look: &Look) -> String {
    let graph = template.graph();
    let level_of = graph.shape().map(|shape| shape.levels).unwrap_or_default();
    let depth = level_of.iter().max().map_or(0, |deepest| deepest + 1);
    let mut lines = vec![look.bold(&full_name(template))];
    lines.extend(
        template
            .description
            .iter()
            .flat_map(|text| text.lines())
            .map(|line| look.dim(line)),
    );
    lines.push(String::new());
    for level in 0..depth {
        let steps: Vec<_> = template
            .steps
            .iter()
            .zip(&level_of)
            .filter(|(_, of)| **of == level)
            .collect();
        for (place, (step, _)) in steps.iter().enumerate() {
            lines.push(step_line(template, step, rail(place, steps.len()), look));
        }
    }
    let longest = graph
        .critical_path(|_| 1.0)
        .map(|path| path.nodes)
        .unwrap_or_default();
    let longest: Vec<&str> = longest
        .into_iter()
        .map(|index| name_at(template, index))
        .collect();
    lines.push(String::new());
    lines.push(format!(
        "{}; longest way: {}",
        shape_in_words(template),
        longest.join(" → ")
    ));
    lines.join("\n")
}

fn step_line(template: &CompiledTemplate, step: &CompiledStep, rail: &str, look: &Look) -> String {
    let parents: Vec<&str> = step
        .parents
        .iter()
        .map(|number| name_at(template, usize::try_from(number - 1).unwrap_or(usize::MAX)))
        .collect();
    let after = if parents.is_empty() {
        String::new()
    } else {
        format!("  after {}", parents.join(", "))
    };
    let skippable = if step.skippable { "  skippable" } else { "" };
    format!(
        "{}○ {}{}",
        look.dim(rail),
        step.name,
        look.dim(&format!("{after}{skippable}"))
    )
}

fn name_at(template: &CompiledTemplate, index: usize) -> &str {
    template
        .steps
        .get(index)
        .map(|step| step.name.as_str())
        .unwrap_or_default()
}

/// `namespace.name@version`.
pub(crate) fn full_name(template: &CompiledTemplate) -> String {
    format!("{}.{}@{}", template.namespace, template.name, template.version)
}
