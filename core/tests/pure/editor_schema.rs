//! The JSON Schema of templates for editors: fresh, and of use.

use crate::snapshot::{assert_none, difference, in_repository};
use crate::template_files::{compile, yaml_files};
use serde_json::{Value, json};
use tasker_core::template::json_schema;

fn validator() -> jsonschema::Validator {
    jsonschema::validator_for(&json_schema()).unwrap()
}

#[test]
fn the_committed_schema_is_the_one_that_the_code_makes() {
    let path = in_repository("docs/reference/template.schema.json");
    assert_none(
        &difference(&path, &format!("{:#}\n", json_schema()))
            .into_iter()
            .collect::<Vec<_>>(),
    );
}

#[test]
fn the_schema_accepts_every_valid_template() {
    let validator = validator();
    for path in yaml_files("tests/templates/valid") {
        let source = compile(&path).unwrap().source;
        let problems: Vec<String> = validator
            .iter_errors(&source)
            .map(|error| error.to_string())
            .collect();
        assert!(problems.is_empty(), "{}: {problems:?}", path.display());
    }
}

#[test]
fn the_schema_refuses_what_an_editor_can_know_to_be_wrong() {
    let good = json!({ "name": "orders", "version": "1.0.0", "step_templates": [{ "name": "only" }] });
    let validator = validator();
    assert!(validator.is_valid(&good));
    let wrong_step = |key: &str, value: Value| {
        let mut template = good.clone();
        template["step_templates"][0][key] = value;
        template
    };
    let wrong_task = |key: &str, value: Value| {
        let mut template = good.clone();
        template[key] = value;
        template
    };
    for template in [
        json!({}),
        json!([]),
        json!({ "name": "orders", "step_templates": [] }),
        json!({ "name": "orders", "step_templates": [{}] }),
        wrong_task("colour", json!("red")),
        wrong_task("version", json!(1.0)),
        wrong_task("version", json!("1.0")),
        wrong_task("name", json!("")),
        wrong_task("name", json!("n".repeat(65))),
        wrong_task("environments", json!({ "production": { "name": "other" } })),
        wrong_task(
            "environments",
            json!({ "production": { "step_templates": [{ "priority": 1 }] } }),
        ),
        wrong_task("schema", json!({ "type": "objekt" })),
        wrong_task("schema", json!("order.json")),
        wrong_step("default_retry_limt", json!(4)),
        wrong_step("default_retry_limit", json!(0)),
        wrong_step("default_retry_limit", json!("3")),
        wrong_step("name", json!("12")),
        wrong_step("priority", json!(10)),
        wrong_step("timeout_seconds", json!(0)),
        wrong_step("depends_on_steps", json!("a")),
        wrong_step("retry", json!({ "strategy": "exponental" })),
        wrong_step("retry", json!({ "strategy": "schedule", "schedule": [] })),
        wrong_step("custom_events", json!([{ "description": "x" }])),
    ] {
        assert!(!validator.is_valid(&template), "{template} was accepted");
    }
}
