//! The shape of a scenario file: its format, then the JSON Schema that stands beside the scenarios.

use anyhow::{Result, anyhow, bail};
use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::{ValidationError, Validator};
use serde_json::Value;
use std::sync::OnceLock;

/// The newest format that this runner knows.
const FORMAT: i64 = 1;
const SCHEMA: &str = include_str!("../../../scenarios/scenario.schema.json");

/// Every problem with the shape of `scenario`, at most one a place; an error where it is of no format known here.
pub(super) fn problems(scenario: &Value) -> Result<Vec<String>> {
    format_of(scenario)?;
    let validator = validator()?;
    Ok(validator
        .iter_errors(scenario)
        .map(|error| sentence(&error))
        .collect())
}

fn validator() -> Result<&'static Validator> {
    static VALIDATOR: OnceLock<Result<Validator, String>> = OnceLock::new();
    VALIDATOR
        .get_or_init(|| {
            let schema: Value = serde_json::from_str(SCHEMA).map_err(|error| error.to_string())?;
            jsonschema::validator_for(&schema).map_err(|error| error.to_string())
        })
        .as_ref()
        .map_err(|error| anyhow!("the embedded scenario.schema.json is broken: {error}"))
}

fn format_of(scenario: &Value) -> Result<()> {
    let Some(map) = scenario.as_object() else {
        bail!("a scenario is a map that begins with 'format: {FORMAT}'");
    };
    match map.get("format") {
        None => bail!("the key 'format' is missing; this runner reads format {FORMAT}"),
        Some(format) => match format.as_i64() {
            Some(FORMAT) => Ok(()),
            Some(number) if number > FORMAT => {
                bail!(
                    "format {number} is newer than this runner, which reads format {FORMAT}; use a newer runner"
                )
            }
            _ => bail!("format {format} is not one that this runner reads; it reads format {FORMAT}"),
        },
    }
}

/// A readable sentence that begins with a dotted path.
fn sentence(error: &ValidationError<'_>) -> String {
    let path = dotted(&error.instance_path().to_string());
    let one_verb = matches!(
        error.kind(),
        Kind::MinProperties { .. } | Kind::MaxProperties { .. }
    );
    match error.instance().as_object() {
        Some(verbs) if one_verb && is_action(&path) => {
            format!(
                "{path}: an action has exactly one verb, this one has {}",
                verbs.len()
            )
        }
        _ if path.is_empty() => error.to_string(),
        _ => format!("{path}: {error}"),
    }
}

/// Whether `path` is `actions[N]`.
fn is_action(path: &str) -> bool {
    let number = path
        .strip_prefix("actions[")
        .and_then(|rest| rest.strip_suffix(']'));
    number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// `/actions/0/wait` as `actions[0].wait`.
fn dotted(pointer: &str) -> String {
    let mut path = String::new();
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        if !path.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) {
            path.push_str(&format!("[{part}]"));
        } else {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&part);
        }
    }
    path
}

#[cfg(test)]
mod tests {
    // A panic is how a test fails.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn a_newer_format_has_its_own_message() {
        let text = problems(&json!({"format": 2, "everything": "else"}))
            .unwrap_err()
            .to_string();
        assert_eq!(
            text,
            "format 2 is newer than this runner, which reads format 1; use a newer runner"
        );
        assert!(
            problems(&json!({"format": "1"}))
                .unwrap_err()
                .to_string()
                .contains("not one that this runner reads")
        );
        assert!(
            problems(&json!({}))
                .unwrap_err()
                .to_string()
                .contains("'format' is missing")
        );
        assert!(
            problems(&json!([]))
                .unwrap_err()
                .to_string()
                .contains("a scenario is a map")
        );
    }

    #[test]
    fn a_pointer_reads_as_a_path() {
        assert_eq!(dotted("/actions/0/wait/until/2"), "actions[0].wait.until[2]");
        assert_eq!(
            dotted("/expect/steps/t.charge/status"),
            "expect.steps.t.charge.status"
        );
        assert_eq!(dotted(""), "");
    }
}
