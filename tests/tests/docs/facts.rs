//! The tables in docs/reference equal what the code says.

use serde_json::Value;
use std::collections::BTreeSet;
use tasker_core::ErrorKind;
use tasker_core::model::{Finding, STEP_TRANSITIONS, Settings, State, TASK_TRANSITIONS};
use tasker_core::template::json_schema;

/// A page of docs/reference.
fn page(name: &str) -> String {
    document(&format!("reference/{name}"))
}

/// A page of docs.
fn document(name: &str) -> String {
    let path = format!("{}/../docs/{name}.md", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The part of a page under a heading of the second level.
fn section<'p>(page: &'p str, heading: &str) -> &'p str {
    let start = page
        .find(&format!("\n## {heading}\n"))
        .unwrap_or_else(|| panic!("no heading '{heading}'"));
    let rest = &page[start + 4..];
    &rest[..rest.find("\n## ").unwrap_or(rest.len())]
}

/// The rows of the tables of `text`, cell by cell, without backticks; head and rule left out.
fn rows(text: &str) -> Vec<Vec<String>> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let is_rule = |line: &str| line.starts_with("|--") || line.starts_with("| --");
    let mut rows = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let head = lines.get(at + 1).is_some_and(|next| is_rule(next));
        if line.starts_with('|') && !is_rule(line) && !head {
            let cells = line.trim_matches('|').split('|');
            rows.push(cells.map(|cell| cell.trim().replace('`', "")).collect());
        }
    }
    rows
}

fn transitions(table: &[(State, State, &str)]) -> Vec<Vec<String>> {
    let row = |(from, to, event): &(State, State, &str)| {
        vec![from.to_string(), to.to_string(), (*event).to_owned()]
    };
    table.iter().map(row).collect()
}

#[test]
fn the_tables_of_states_are_those_of_the_state_machines() {
    let page = page("states");
    assert_eq!(rows(section(&page, "Tasks")), transitions(TASK_TRANSITIONS));
    assert_eq!(rows(section(&page, "Steps")), transitions(STEP_TRANSITIONS));
    let states: Vec<String> = rows(section(&page, "The six states"))
        .into_iter()
        .map(|row| row[0].clone())
        .collect();
    assert_eq!(states, State::ALL.map(|state| state.to_string()));
}

#[test]
fn the_table_of_errors_has_every_kind_with_its_number() {
    let page = page("errors");
    let told: Vec<(String, String)> = rows(section(&page, "Kinds"))
        .into_iter()
        .map(|row| (row[0].clone(), row[1].clone()))
        .collect();
    let kinds: Vec<(String, String)> = ErrorKind::ALL
        .iter()
        .map(|kind| (kind.name().to_owned(), kind.code().to_string()))
        .collect();
    let mut sorted = kinds.clone();
    sorted.sort_by(|a, b| a.1.cmp(&b.1));
    assert_eq!(told, sorted);
}

#[test]
fn the_table_of_findings_has_every_finding_with_its_check_status_and_meaning() {
    let page = document("operations/doctor");
    let told = rows(section(&page, "Findings"));
    let found: Vec<Vec<String>> = Finding::ALL
        .iter()
        .map(|finding| {
            let meaning = finding.meaning().replace('`', "");
            vec![
                finding.to_string(),
                finding.check().to_string(),
                finding.status().as_str().to_owned(),
                meaning,
            ]
        })
        .collect();
    let without_advice: Vec<Vec<String>> = told.iter().map(|row| row[..4].to_vec()).collect();
    assert_eq!(without_advice, found);
    assert!(
        told.iter().all(|row| row.len() == 5 && !row[4].is_empty()),
        "each says what to do"
    );
}

#[test]
fn the_table_of_settings_has_every_setting_with_its_default() {
    let page = page("configuration");
    let told: BTreeSet<(String, String)> = rows(section(&page, "Settings"))
        .into_iter()
        .map(|row| (row[0].clone(), row[1].clone()))
        .collect();
    let mut settings = BTreeSet::new();
    let Value::Object(blocks) = serde_json::to_value(Settings::default()).unwrap() else {
        panic!("settings are an object")
    };
    for (block, keys) in blocks {
        for (key, default) in keys.as_object().unwrap() {
            settings.insert((format!("{block}.{key}"), default.to_string()));
        }
    }
    assert_eq!(told, settings);
}

#[test]
fn the_units_of_settings_are_those_of_the_code() {
    let page = page("configuration");
    for row in rows(section(&page, "Settings")) {
        let (name, told) = (row[0].as_str(), row[2].as_str());
        assert_eq!(
            tasker_core::config::unit_of(name).unwrap_or_default(),
            told,
            "{name}"
        );
    }
}

#[test]
fn the_table_of_template_keys_has_every_key_of_the_schema() {
    let page = page("template-keys");
    let schema = json_schema();
    let step = "/properties/step_templates/items";
    for (heading, pointer) in [
        ("Template", ""),
        ("Step", step),
        (
            "Retry policy",
            "/properties/step_templates/items/properties/retry",
        ),
    ] {
        let told: BTreeSet<String> = rows(section(&page, heading))
            .into_iter()
            .map(|row| row[0].clone())
            .collect();
        let keys: BTreeSet<String> = at(&schema, &schema, pointer)["properties"]
            .as_object()
            .unwrap_or_else(|| panic!("no properties at {pointer}"))
            .keys()
            .cloned()
            .collect();
        assert_eq!(told, keys, "{heading}");
    }
}

/// What a pointer leads to, local `$ref`s followed on the way.
fn at<'s>(root: &'s Value, schema: &'s Value, pointer: &str) -> &'s Value {
    let mut found = schema;
    for segment in pointer.split('/').skip(1) {
        found = referred(
            root,
            found
                .get(segment)
                .unwrap_or_else(|| panic!("no {segment} in {pointer}")),
        );
    }
    referred(root, found)
}

fn referred<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    match schema.get("$ref").and_then(Value::as_str) {
        Some(reference) => root.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

#[test]
fn a_table_is_read_without_its_head() {
    let text = "\n## A\n\n| x | y |\n|---|---|\n| `a` | 1 |\n| `b` | 2 |\n\n## B\n";
    assert_eq!(rows(section(text, "A")), [["a", "1"], ["b", "2"]]);
}
