//! Templates: what checking, registering and listing them answered, and one as text.

use super::look::rail;
use super::time::ago;
use super::{Look, Table};
use chrono::{DateTime, Utc};
use tasker_core::model::{NamedTask, Registered, TemplateContent};
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

/// A template in full; `contents` are those that its name ever had, none for a file.
pub(crate) fn template(
    template: &CompiledTemplate,
    contents: &[TemplateContent],
    now: DateTime<Utc>,
    look: &Look,
) -> String {
    let mut lines = headline(template, look);
    lines.push(String::new());
    let mut fact =
        |label: &str, value: String| lines.push(format!("{} {value}", look.dim(&format!("{label:<10}"))));
    fact("digest", template.digest.clone());
    fact("shape", shape_in_words(template));
    if let Some(schema) = &template.schema {
        fact("context", schema_in_words(schema));
    }
    if !template.searchable.is_empty() {
        fact("searchable", template.searchable.join(", "));
    }
    lines.push(String::new());
    lines.push(steps_table(template, look));
    if !contents.is_empty() {
        lines.push(String::new());
        lines.push(contents_table(template, contents, now, look));
    }
    lines.join("\n")
}

/// `order_id (required), note`.
fn schema_in_words(schema: &serde_json::Value) -> String {
    let required: Vec<&str> = schema
        .get("required")
        .and_then(serde_json::Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(serde_json::Value::as_str)
        .collect();
    let properties = schema.get("properties").and_then(serde_json::Value::as_object);
    let mut names: Vec<String> = properties
        .into_iter()
        .flatten()
        .map(|(name, _)| match required.contains(&name.as_str()) {
            true => format!("{name} (required)"),
            false => name.clone(),
        })
        .collect();
    if names.is_empty() {
        names.push("by a schema that names no properties".to_owned());
    }
    names.join(", ")
}

fn steps_table(template: &CompiledTemplate, look: &Look) -> String {
    let mut table = Table::new(
        look,
        &[
            ">no",
            "step",
            "handler",
            "after",
            ">attempts",
            "backoff",
            ">timeout",
            ">priority",
        ],
    );
    for step in &template.steps {
        let mut name = look.bold(&step.name);
        if step.skippable {
            name.push_str(&look.dim(" (skippable)"));
        }
        table.row([
            step.step_no.to_string(),
            name,
            step.handler.clone(),
            parents_of(template, step).join(", "),
            step.retry_limit.to_string(),
            step.retry
                .as_ref()
                .map_or("default", |policy| policy.strategy.as_str())
                .to_owned(),
            step.timeout_seconds
                .map(|seconds| format!("{seconds} s"))
                .unwrap_or_default(),
            step.priority.to_string(),
        ]);
    }
    table.render()
}

fn contents_table(
    template: &CompiledTemplate,
    contents: &[TemplateContent],
    now: DateTime<Utc>,
    look: &Look,
) -> String {
    let mut table = Table::new(look, &["version", "digest", ">steps", "registered", "replaced"]);
    for content in contents {
        let shown = content.digest == template.digest && content.version == template.version;
        table.row([
            if shown {
                look.good(&content.version)
            } else {
                content.version.clone()
            },
            look.dim(&content.digest.chars().take(12).collect::<String>()),
            content.step_count.to_string(),
            ago(content.registered_at, now),
            content.replaced_at.map(|at| ago(at, now)).unwrap_or_default(),
        ]);
    }
    table.render()
}

/// The steps by level, what each waits for, and the longest way.
pub(crate) fn template_text(template: &CompiledTemplate, look: &Look) -> String {
    let graph = template.graph();
    let level_of = graph.shape().map(|shape| shape.levels).unwrap_or_default();
    let depth = level_of.iter().max().map_or(0, |deepest| deepest + 1);
    let mut lines = headline(template, look);
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
    lines.push(String::new());
    lines.push(longest_way(template));
    lines.join("\n")
}

/// A picture of the steps between the name of the template and the longest way.
pub(crate) fn template_picture(template: &CompiledTemplate, picture: &str, look: &Look) -> String {
    let headline = headline(template, look).join("\n");
    format!("{headline}\n\n{picture}\n\n{}", longest_way(template))
}

fn headline(template: &CompiledTemplate, look: &Look) -> Vec<String> {
    let mut lines = vec![look.bold(&full_name(template))];
    let description = template.description.iter().flat_map(|text| text.lines());
    lines.extend(description.map(|line| look.dim(line)));
    lines
}

fn longest_way(template: &CompiledTemplate) -> String {
    const SHOWN: usize = 12;
    let path = template.graph().critical_path(|_| 1.0);
    let names: Vec<&str> = path
        .map(|path| path.nodes)
        .unwrap_or_default()
        .into_iter()
        .map(|index| name_at(template, index))
        .collect();
    let way = if names.len() > SHOWN {
        let (head, tail) = (
            names[..SHOWN / 2].join(" → "),
            names[names.len() - SHOWN / 2..].join(" → "),
        );
        format!("{head} → … → {tail}")
    } else {
        names.join(" → ")
    };
    format!("{}; longest way: {way}", shape_in_words(template))
}

fn step_line(template: &CompiledTemplate, step: &CompiledStep, rail: &str, look: &Look) -> String {
    let parents = parents_of(template, step);
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

fn parents_of<'t>(template: &'t CompiledTemplate, step: &CompiledStep) -> Vec<&'t str> {
    let index = |number: &i32| usize::try_from(number - 1).unwrap_or(usize::MAX);
    step.parents
        .iter()
        .map(|number| name_at(template, index(number)))
        .collect()
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
