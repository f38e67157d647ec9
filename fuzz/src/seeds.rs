//! Where a target begins: what the tests of the tree have already, one input each.

use serde_json::{Value, json};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The files of a directory of the tree, and of those below, in the order of their names.
fn files(directory: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting = vec![root().join(directory)];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The root of the tree.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}

/// The inputs in `fuzz/corpus/` of a target, with the files that they lie in.
///
/// # Errors
/// When the directory cannot be read.
pub fn corpus(target: &str) -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    files(&format!("fuzz/corpus/{target}"))?
        .into_iter()
        .map(|path| Ok((path.clone(), fs::read(path)?)))
        .collect()
}

/// The seeds of a target; none for one that begins with its corpus alone.
///
/// # Errors
/// When the files of the tests cannot be read.
pub fn of(target: &str) -> io::Result<Vec<Vec<u8>>> {
    match target {
        "template" => templates(),
        "values" => Ok(vector_texts()?),
        "bridge" => Ok([messages(), vector_texts()?].concat()),
        "context_schema" => schemas(),
        _ => Ok(Vec::new()),
    }
}

/// Every template of the tests, and those inside of scenarios.
fn templates() -> io::Result<Vec<Vec<u8>>> {
    let mut found = Vec::new();
    for directory in [
        "tests/templates/valid",
        "tests/templates/malformed",
        "examples/order",
    ] {
        for path in files(directory)? {
            // The bomb takes a while each time, and its limits have a test of their own.
            let bomb = path.ends_with("billion_laughs.yaml");
            if path.extension().is_some_and(|extension| extension == "yaml") && !bomb {
                found.push(fs::read(path)?);
            }
        }
    }
    for path in files("tests/scenarios")?
        .iter()
        .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
    {
        found.extend(templates_of(&fs::read_to_string(path)?));
    }
    Ok(found)
}

/// The items of the list `templates` of a scenario, each as a file of its own.
fn templates_of(scenario: &str) -> Vec<Vec<u8>> {
    let lines = scenario.lines().skip_while(|line| *line != "templates:").skip(1);
    let inside: Vec<&str> = lines.take_while(|line| line.starts_with(' ')).collect();
    let mut items: Vec<String> = Vec::new();
    for line in inside {
        if line.starts_with("  - ") {
            items.push(String::new());
        }
        if let Some(item) = items.last_mut() {
            item.push_str(line.get(4..).unwrap_or_default());
            item.push('\n');
        }
    }
    items.into_iter().map(String::into_bytes).collect()
}

/// The JSON texts of the vectors that say which values are accepted.
fn vector_texts() -> io::Result<Vec<Vec<u8>>> {
    let vectors: Value =
        serde_json::from_str(&fs::read_to_string(root().join("tests/vectors/values.json"))?)?;
    let cases = vectors
        .as_object()
        .into_iter()
        .flat_map(|groups| groups.values())
        .filter_map(Value::as_array);
    let texts = cases.flatten().filter_map(|case| case.get("text")?.as_str());
    Ok(texts.map(|text| text.as_bytes().to_vec()).collect())
}

/// A message of each type.
fn messages() -> Vec<Vec<u8>> {
    let attempt = json!({ "task_id": "0192f0c1-2b3a-7c4d-8e5f-001122334455", "step_no": 2, "claim_no": 1 });
    let with = |more: Value| {
        let mut message = attempt.clone();
        if let (Value::Object(message), Value::Object(more)) = (&mut message, more) {
            message.extend(more);
        }
        message
    };
    let invocation = with(json!({
        "attempt": 1, "handler": "shop.order.pay", "step_name": "pay", "namespace": "shop", "task_name": "order",
        "version": "1.0.0", "context": { "order": 17 }, "dependencies": { "validate": { "ok": true } },
        "parents": ["validate"], "config": null, "timeout_seconds": 29.5,
    }));
    let failure = json!({
        "message": "no answer", "error_class": "Timeout", "error_code": "E1", "backtrace": "a\nb", "retryable": true,
        "retry_after": 2.5, "details": { "url": "x" },
    });
    let mut failed = with(json!({ "outcome": "failed" }));
    if let (Value::Object(failed), Value::Object(failure)) = (&mut failed, failure.clone()) {
        failed.extend(failure);
    }
    let completed = with(json!({ "outcome": "completed", "results": { "total": 12.5 } }));
    let poll = json!({ "invocations": [invocation.clone()], "cancelled": [attempt.clone()] });
    let messages = [
        attempt.clone(),
        invocation,
        poll,
        failure,
        json!([completed.clone(), failed.clone()]),
        completed,
        failed,
        with(json!({ "outcome": "released" })),
        with(json!({ "outcome": "completed_elsewhere" })),
    ];
    messages
        .iter()
        .map(|message| message.to_string().into_bytes())
        .collect()
}

/// The schemas of the valid templates, with a context; and some that lead round in circles.
fn schemas() -> io::Result<Vec<Vec<u8>>> {
    let context = json!({ "order_id": 17, "items": [{ "count": 2, "price": 1.5 }], "mail": "a@example.org", "a": null });
    let mut schemas = vec![
        json!({ "type": "object", "required": ["order_id"], "properties": { "order_id": { "type": "integer", "minimum": 1 },
            "speed": { "enum": ["fast", "slow"], "default": "slow" }, "items": { "type": "array", "minItems": 1,
            "items": { "properties": { "count": { "default": 1 }, "gift": { "default": false } } } } } }),
        json!({ "properties": { "address": { "$ref": "#/$defs/address" } }, "additionalProperties": false,
            "$defs": { "address": { "default": {}, "properties": { "country": { "default": "DE" } } } } }),
        json!({ "$ref": "#/$defs/a", "$defs": { "a": { "anyOf": [{ "$ref": "#/$defs/b" }] }, "b": { "not": { "$ref": "#/$defs/a" } } } }),
        json!({ "patternProperties": { "^(a+)+$": { "pattern": "^([a-z]+)*@" } }, "propertyNames": { "maxLength": 9 } }),
        json!({ "$schema": "http://json-schema.org/draft-04/schema#", "properties": { "order_id": { "minimum": 0, "exclusiveMinimum": true } } }),
        json!({ "allOf": [{ "prefixItems": [] }], "oneOf": [true, false], "if": { "const": 1 }, "then": {}, "else": { "format": "date" } }),
        json!({ "dependentSchemas": { "a": { "unevaluatedProperties": false } }, "dependentRequired": { "a": ["b"] }, "multipleOf": 1 }),
    ];
    for path in files("tests/templates/valid")?
        .into_iter()
        .chain([root().join("examples/order/workflow.yaml")])
    {
        let options = tasker_core::template::ParseOptions::default();
        let plan = tasker_core::template::Template::parse_bytes(&fs::read(path)?, &options);
        schemas.extend(plan.ok().and_then(|plan| plan.schema));
    }
    Ok(schemas
        .iter()
        .map(|schema| format!("{schema} {context}").into_bytes())
        .collect())
}
