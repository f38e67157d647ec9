//! The format of templates as a JSON Schema, for editors: completion, help, and the first mistakes while typing.

use super::checks::{MAX_FACTOR, MAX_RETRY_LIMIT, MAX_SECONDS, MAX_WAITS};
use super::keys::{EVENT_KEYS, FIXED_KEYS, Key, Kind, RETRY_KEYS, STEP_KEYS, TASK_KEYS};
use super::names::{MAX_HANDLER, MAX_NAME, MAX_STEP_NAME};
use crate::retry::Strategy;
use serde_json::{Map, Value, json};

/// The JSON Schema (draft 2020-12) of a template. It knows keys, types and ranges; what needs more (cycles, unknown
/// dependencies, variables) only the engine checks.
pub fn json_schema() -> Value {
    let part = |keys: &[Key], change: Value| {
        let mut schema = map_of(keys, |key| key.required);
        if let (Value::Object(schema), Value::Object(change)) = (&mut schema, change) {
            schema.extend(change);
        }
        schema
    };
    let mut environment = properties(TASK_KEYS.iter().filter(|key| !FIXED_KEYS.contains(&key.name)));
    environment.insert(
        "step_templates".to_owned(),
        json!({
            "type": "array",
            "items": { "$ref": "#/$defs/override" },
            "description": "What is different in which step; merged by name.",
        }),
    );
    let mut schema = part(
        TASK_KEYS,
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Tasker template",
            "description": "A workflow: a named task and its steps.",
        }),
    );
    schema["$defs"] = json!({
        "step": map_of(STEP_KEYS, |key| key.required),
        "override": map_of(STEP_KEYS, |key| key.name == "name"),
        "retry": part(RETRY_KEYS, json!({ "required": [] })),
        "event": map_of(EVENT_KEYS, |key| key.required),
        "environment": { "type": "object", "additionalProperties": false, "properties": environment },
        "variable": {
            "type": "string",
            "pattern": "\\$\\{",
            "description": "Text with ${VAR} or ${VAR:-default}, filled when the template is registered.",
        },
    });
    schema
}

fn map_of(keys: &[Key], required: impl Fn(&Key) -> bool) -> Value {
    let required: Vec<&str> = keys
        .iter()
        .filter(|key| required(key))
        .map(|key| key.name)
        .collect();
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": required,
        "properties": properties(keys.iter()),
    })
}

fn properties<'k>(keys: impl Iterator<Item = &'k Key>) -> Map<String, Value> {
    let property = |key: &Key| {
        let mut schema = value_of(key.kind);
        schema["description"] = Value::from(key.about);
        (key.name.to_owned(), schema)
    };
    keys.map(property).collect()
}

fn value_of(kind: Kind) -> Value {
    let name = |longest: usize| json!({ "type": "string", "minLength": 1, "maxLength": longest, "pattern": "^\\S(.*\\S)?$" });
    // What is not text may be written as `${…}`, which is text until it is filled.
    let or_variable = |schema: Value| json!({ "anyOf": [schema, { "$ref": "#/$defs/variable" }] });
    let number =
        |least: f64, most: f64| or_variable(json!({ "type": "number", "minimum": least, "maximum": most }));
    match kind {
        Kind::Text => json!({ "type": "string" }),
        Kind::Name => name(MAX_NAME),
        Kind::StepName => {
            let mut schema = name(MAX_STEP_NAME);
            schema["not"] = json!({ "pattern": "^[0-9]+$" });
            schema
        }
        Kind::Handler => name(MAX_HANDLER),
        Kind::Version => or_variable(json!({
            "type": "string",
            "maxLength": super::names::MAX_VERSION,
            "pattern": "^(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)$",
        })),
        Kind::Boolean => or_variable(json!({ "type": "boolean" })),
        Kind::RetryLimit => {
            or_variable(json!({ "type": "integer", "minimum": 1, "maximum": MAX_RETRY_LIMIT }))
        }
        Kind::Priority => or_variable(json!({ "type": "integer", "minimum": 0, "maximum": 9 })),
        Kind::Timeout => {
            or_variable(json!({ "type": "number", "exclusiveMinimum": 0, "maximum": MAX_SECONDS }))
        }
        Kind::Wait => number(0.0, MAX_SECONDS),
        Kind::Factor => number(1.0, MAX_FACTOR),
        Kind::Fraction => number(0.0, 1.0),
        Kind::Strategy => or_variable(json!({ "enum": Strategy::ALL.map(Strategy::as_str) })),
        Kind::Waits => {
            json!({ "type": "array", "minItems": 1, "maxItems": MAX_WAITS, "items": number(0.0, MAX_SECONDS) })
        }
        Kind::Path => name(super::names::MAX_PATH),
        Kind::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::Paths => json!({ "type": "array", "items": value_of(Kind::Path) }),
        Kind::List => json!({ "type": "array" }),
        Kind::Map => json!({ "type": "object" }),
        // A schema that names its draft is its own editor's affair.
        Kind::Schema => json!({
            "type": ["object", "boolean"],
            "if": { "required": ["$schema"] },
            "else": { "$ref": "https://json-schema.org/draft/2020-12/schema" },
        }),
        Kind::Events => json!({ "type": "array", "items": { "$ref": "#/$defs/event" } }),
        Kind::Retry => json!({ "$ref": "#/$defs/retry" }),
        Kind::Steps => json!({ "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/step" } }),
        Kind::Environments => {
            json!({ "type": "object", "additionalProperties": { "$ref": "#/$defs/environment" } })
        }
    }
}
