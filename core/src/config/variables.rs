//! Settings from environment variables: `TASKER_EXECUTION__LEASE_SECONDS` is `execution.lease_seconds`.

use super::configuration::{Draft, Origin};
use super::keys::{check, closest};
use serde_json::Value;

const PREFIX: &str = "TASKER_";
/// Between the block and the key: both have underscores of their own.
const SEPARATOR: &str = "__";
pub(super) const SCHEMA: &str = "TASKER_SCHEMA";

/// The variable of a setting.
pub(super) fn variable_of(name: &str) -> String {
    format!("{PREFIX}{}", name.replace('.', SEPARATOR).to_uppercase())
}

/// Takes what the variables say into the draft. Empty ones count as unset; those of other purposes are left alone.
pub(super) fn read(variables: &[(String, String)], draft: &mut Draft) {
    for (variable, text) in variables {
        let (variable, text) = (variable.as_str(), text.trim());
        let origin = || Origin::Variable {
            name: variable.to_owned(),
        };
        if variable == SCHEMA && !text.is_empty() {
            draft.schema = Some((text.to_owned(), origin()));
        }
        let Some(rest) = variable.strip_prefix(PREFIX) else {
            continue;
        };
        if !rest.contains(SEPARATOR) || text.is_empty() {
            continue;
        }
        let name = rest.replacen(SEPARATOR, ".", 1).to_lowercase();
        let Some(default) = draft.defaults.get(&name) else {
            let known: Vec<String> = draft.defaults.keys().map(|name| variable_of(name)).collect();
            let meant = closest(variable, known.iter().map(String::as_str))
                .map(|meant| format!("; did you mean {meant}?"))
                .unwrap_or_default();
            draft.problems.push(format!("{variable} names no setting{meant}"));
            continue;
        };
        match value_of(&name, text, default) {
            Ok(value) => draft.put(name, value, origin()),
            Err(problem) => draft.problems.push(format!("{variable}: {problem}")),
        }
    }
}

/// Text as the setting wants it: JSON where that fits, else the text itself; numbers or words separated by commas are a list.
fn value_of(name: &str, text: &str, default: &Value) -> Result<Value, String> {
    let as_text = Value::String(text.to_owned());
    let json = serde_json::from_str::<Value>(text).ok();
    let list = default
        .is_array()
        .then(|| serde_json::from_str::<Value>(&format!("[{text}]")).ok())
        .flatten();
    let words = default.is_array().then(|| {
        text.split(',')
            .map(|word| Value::from(word.trim()))
            .collect::<Value>()
    });
    let fitting = [json.as_ref(), list.as_ref(), words.as_ref(), Some(&as_text)]
        .into_iter()
        .flatten()
        .find(|value| check(name, value, default).is_ok())
        .cloned();
    match fitting {
        Some(value) => Ok(value),
        None => Err(check(name, json.as_ref().unwrap_or(&as_text), default)
            .err()
            .unwrap_or_default()),
    }
}
