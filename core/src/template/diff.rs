//! What differs between two contents of a template: what a new task would do otherwise.
//!
//! Compared is the compiled plan, with defaults filled in and dependencies by name: writing a default out, or moving a
//! key, is no difference. Steps are the same step when they have the same name.

use super::CompiledTemplate;
use super::compiled::CompiledStep;
use super::node::escape_segment;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashMap, HashSet};

/// What differs between two contents.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TemplateDiff {
    /// What is compared.
    pub before: Content,
    /// With what.
    pub after: Content,
    /// Whether new tasks would be the same.
    pub same: bool,
    /// Whether the steps that both have come in another order.
    pub reordered: bool,
    /// The template's own fields: `description`, `searchable`, `schema`.
    pub fields: Vec<FieldChange>,
    /// Steps that only the second has, in its order.
    pub added: Vec<StepMention>,
    /// Steps that only the first has, in its order.
    pub removed: Vec<StepMention>,
    /// Steps that both have and that differ, in the order of the second.
    pub changed: Vec<StepDiff>,
}

/// A content that is compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Content {
    /// `namespace.name@version`.
    pub full_name: String,
    /// The identity of the content. Contents may differ and still make the same tasks.
    pub digest: String,
}

/// A step that only one of them has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepMention {
    /// Its name.
    pub name: String,
    /// Its handler.
    pub handler: String,
    /// The names of the steps that it waits for.
    pub depends_on_steps: Vec<String>,
}

/// What differs in a step that both have.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepDiff {
    /// Its name.
    pub name: String,
    /// The names of the steps that it waits for now and did not before.
    pub dependencies_added: Vec<String>,
    /// The names of the steps that it waited for before and does not now.
    pub dependencies_removed: Vec<String>,
    /// Its other fields: handler, policies, `handler_config`.
    pub fields: Vec<FieldChange>,
}

/// One value that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldChange {
    /// The key as templates have it, and where its value is a map or a list a JSON Pointer into it:
    /// `default_retry_limit`, `schema/properties/email/type`.
    pub field: String,
    /// The value before; none where there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// The value after; none where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

impl TemplateDiff {
    /// Compares two contents.
    pub fn between(before: &CompiledTemplate, after: &CompiledTemplate) -> Self {
        let old = by_name(before);
        let new = by_name(after);
        let missing_in = |other: &HashMap<&str, &CompiledStep>, template: &CompiledTemplate| {
            let alone = template
                .steps
                .iter()
                .filter(|step| !other.contains_key(step.name.as_str()));
            alone.map(|step| mention(template, step)).collect::<Vec<_>>()
        };
        let changed: Vec<StepDiff> = after
            .steps
            .iter()
            .filter_map(|step| Some((*old.get(step.name.as_str())?, step)))
            .filter_map(|(was, is)| step_diff((before, was), (after, is)))
            .collect();
        let mut fields = Vec::new();
        compare_maps(&own_fields(before), &own_fields(after), "", &mut fields);
        let shared = |template: &CompiledTemplate, other: &HashMap<&str, &CompiledStep>| {
            let both = template
                .steps
                .iter()
                .filter(|step| other.contains_key(step.name.as_str()));
            both.map(|step| step.name.clone()).collect::<Vec<_>>()
        };
        let reordered = shared(before, &new) != shared(after, &old);
        let (added, removed) = (missing_in(&old, after), missing_in(&new, before));
        Self {
            before: content(before),
            after: content(after),
            same: !reordered
                && fields.is_empty()
                && added.is_empty()
                && removed.is_empty()
                && changed.is_empty(),
            reordered,
            fields,
            added,
            removed,
            changed,
        }
    }
}

fn content(template: &CompiledTemplate) -> Content {
    Content {
        full_name: format!("{}.{}@{}", template.namespace, template.name, template.version),
        digest: template.digest.clone(),
    }
}

fn by_name(template: &CompiledTemplate) -> HashMap<&str, &CompiledStep> {
    template
        .steps
        .iter()
        .map(|step| (step.name.as_str(), step))
        .collect()
}

fn mention(template: &CompiledTemplate, step: &CompiledStep) -> StepMention {
    StepMention {
        name: step.name.clone(),
        handler: step.handler.clone(),
        depends_on_steps: parents(template, step),
    }
}

/// The names of the steps that a step waits for, in the order of the template.
fn parents(template: &CompiledTemplate, step: &CompiledStep) -> Vec<String> {
    let name = |number: &i32| {
        let index = usize::try_from(number - 1).ok()?;
        Some(template.steps.get(index)?.name.clone())
    };
    step.parents.iter().filter_map(name).collect()
}

fn step_diff(
    before: (&CompiledTemplate, &CompiledStep),
    after: (&CompiledTemplate, &CompiledStep),
) -> Option<StepDiff> {
    let (old, new) = (parents(before.0, before.1), parents(after.0, after.1));
    let without = |these: &[String], those: &[String]| {
        let those: HashSet<&String> = those.iter().collect();
        these
            .iter()
            .filter(|name| !those.contains(name))
            .cloned()
            .collect::<Vec<_>>()
    };
    let mut fields = Vec::new();
    compare_maps(
        &step_fields(before.0, before.1),
        &step_fields(after.0, after.1),
        "",
        &mut fields,
    );
    let diff = StepDiff {
        name: after.1.name.clone(),
        dependencies_added: without(&new, &old),
        dependencies_removed: without(&old, &new),
        fields,
    };
    let differs = !(diff.dependencies_added.is_empty()
        && diff.dependencies_removed.is_empty()
        && diff.fields.is_empty());
    differs.then_some(diff)
}

/// The template's own fields, by the names of the template's keys. What people wrote to describe it is taken from the
/// source, which the catalogue keeps for each content.
fn own_fields(template: &CompiledTemplate) -> Map<String, Value> {
    let mut fields = Map::new();
    put(
        &mut fields,
        "description",
        template.source.get("description").cloned(),
    );
    put(&mut fields, "schema", template.schema.clone());
    if !template.searchable.is_empty() {
        put(&mut fields, "searchable", Some(json!(template.searchable)));
    }
    fields
}

fn step_fields(template: &CompiledTemplate, step: &CompiledStep) -> Map<String, Value> {
    let described = template
        .source
        .get("step_templates")
        .and_then(Value::as_array)
        .and_then(|steps| {
            steps
                .iter()
                .find(|one| one.get("name").and_then(Value::as_str) == Some(&step.name))
        })
        .and_then(|one| one.get("description"));
    let mut fields = Map::new();
    put(&mut fields, "description", described.cloned());
    put(&mut fields, "handler", Some(json!(step.handler)));
    put(
        &mut fields,
        "dependent_system",
        step.dependent_system.as_ref().map(|name| json!(name)),
    );
    put(&mut fields, "default_retryable", Some(json!(step.retryable)));
    put(&mut fields, "default_retry_limit", Some(json!(step.retry_limit)));
    put(&mut fields, "skippable", Some(json!(step.skippable)));
    put(&mut fields, "priority", Some(json!(step.priority)));
    put(
        &mut fields,
        "timeout_seconds",
        step.timeout_seconds.map(|seconds| json!(seconds)),
    );
    put(
        &mut fields,
        "retry",
        step.retry
            .as_ref()
            .and_then(|policy| serde_json::to_value(policy).ok()),
    );
    put(&mut fields, "handler_config", step.config.clone());
    fields
}

fn put(fields: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    if let Some(value) = value.filter(|value| !value.is_null()) {
        fields.insert(key.to_owned(), value);
    }
}

fn compare_maps(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    path: &str,
    out: &mut Vec<FieldChange>,
) {
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let path = if path.is_empty() {
            escape_segment(key)
        } else {
            format!("{path}/{}", escape_segment(key))
        };
        compare(before.get(key), after.get(key), path, out);
    }
}

/// Maps are compared key by key, and everything else as a whole: where an item of a list went is guesswork. Templates
/// are not nested deeper than their reader allows, so that this does not recurse further either.
fn compare(before: Option<&Value>, after: Option<&Value>, path: String, out: &mut Vec<FieldChange>) {
    if let (Some(Value::Object(old)), Some(Value::Object(new))) = (before, after) {
        return compare_maps(old, new, &path, out);
    }
    // 30 and 30.0 are the same number of seconds.
    let as_number = |value: Option<&Value>| value.and_then(Value::as_f64);
    if before == after || (as_number(before).is_some() && as_number(before) == as_number(after)) {
        return;
    }
    out.push(FieldChange {
        field: path,
        before: before.cloned(),
        after: after.cloned(),
    });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)] // A test stops at what must not happen.
    use super::*;
    use crate::template::{ParseOptions, Template};

    fn template(text: &str) -> CompiledTemplate {
        Template::parse(text, &ParseOptions::default()).unwrap()
    }

    const OLD: &str = "\
name: order
version: 1.0.0
schema: {type: object, properties: {id: {type: integer}, note: {type: string}}}
step_templates:
  - {name: check}
  - {name: charge, depends_on_step: check, default_retry_limit: 3, handler_config: {url: a, retries: [1, 2]}}
  - {name: log, depends_on_step: check}
  - {name: ship, depends_on_step: charge}
";
    const NEW: &str = "\
name: order
version: 1.1.0
schema: {type: object, required: [id], properties: {id: {type: string}}}
step_templates:
  - {name: check}
  - {name: screen, depends_on_step: check}
  - {name: charge, depends_on_steps: [check, screen], default_retry_limit: 5, timeout_seconds: 30,
     handler_config: {url: a, retries: [1, 2, 3]}}
  - {name: ship, depends_on_step: charge}
";

    #[test]
    fn a_content_does_not_differ_from_itself() {
        let diff = TemplateDiff::between(&template(OLD), &template(OLD));
        assert!(diff.same);
        assert_eq!(
            (diff.added.len(), diff.removed.len(), diff.changed.len()),
            (0, 0, 0)
        );
    }

    #[test]
    fn steps_dependencies_policies_and_the_schema_are_told_apart() {
        let diff = TemplateDiff::between(&template(OLD), &template(NEW));
        assert!(!diff.same && !diff.reordered);
        assert_eq!(diff.added[0].name, "screen");
        assert_eq!(diff.added[0].depends_on_steps, ["check"]);
        assert_eq!(diff.removed[0].name, "log");
        let fields: Vec<&str> = diff.fields.iter().map(|change| change.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "schema/properties/id/type",
                "schema/properties/note",
                "schema/required"
            ]
        );
        let [charge] = diff.changed.as_slice() else {
            panic!("only charge changed: {:?}", diff.changed)
        };
        assert_eq!(charge.dependencies_added, ["screen"]);
        let fields: Vec<&str> = charge.fields.iter().map(|change| change.field.as_str()).collect();
        assert_eq!(
            fields,
            ["default_retry_limit", "handler_config/retries", "timeout_seconds"]
        );
        assert_eq!(
            (charge.fields[0].before.clone(), charge.fields[0].after.clone()),
            (Some(json!(3)), Some(json!(5)))
        );
        assert_eq!(charge.fields[2].before, None);
    }

    #[test]
    fn the_way_back_is_the_mirror_image() {
        let there = TemplateDiff::between(&template(OLD), &template(NEW));
        let back = TemplateDiff::between(&template(NEW), &template(OLD));
        assert_eq!(there.added, back.removed);
        assert_eq!(there.removed, back.added);
        assert_eq!(
            there.changed[0].dependencies_added,
            back.changed[0].dependencies_removed
        );
    }

    #[test]
    fn what_says_the_same_in_other_words_is_the_same() {
        let plain = template(
            "name: a\nstep_templates: [{name: x}, {name: y, depends_on_step: x, timeout_seconds: 30}]",
        );
        let wordy = template(
            "name: a\nnamespace_name: default\nstep_templates:\n  - {name: x, default_retry_limit: 3, priority: 4}\n  - {name: y, \
             depends_on_steps: [x], timeout_seconds: 30.0}",
        );
        assert_ne!(plain.digest, wordy.digest);
        assert!(TemplateDiff::between(&plain, &wordy).same);
    }

    #[test]
    fn another_order_of_the_same_steps_is_a_difference() {
        let one = template("name: a\nstep_templates: [{name: x}, {name: y}]");
        let two = template("name: a\nstep_templates: [{name: y}, {name: x}]");
        let diff = TemplateDiff::between(&one, &two);
        assert!(diff.reordered && !diff.same && diff.changed.is_empty());
    }
}
