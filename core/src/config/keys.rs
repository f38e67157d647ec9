//! Every setting by its name, `block.key`, as the defaults have it.

use crate::model::Settings;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// All settings with their defaults, in order of their names.
pub(super) fn defaults() -> BTreeMap<String, Value> {
    let mut names = BTreeMap::new();
    // Settings are plain data: they always serialize, and to a map of maps.
    let Ok(Value::Object(blocks)) = serde_json::to_value(Settings::default()) else {
        return names;
    };
    for (block, keys) in blocks {
        let Value::Object(keys) = keys else { continue };
        names.extend(
            keys.into_iter()
                .map(|(key, value)| (format!("{block}.{key}"), value)),
        );
    }
    names
}

/// The settings with these values, of which each was checked by [`check`]; everything else as the defaults have it.
///
/// # Errors
/// What serde says.
pub(super) fn settings_of<'v>(
    values: impl Iterator<Item = (&'v str, &'v Value)>,
) -> Result<Settings, serde_json::Error> {
    let mut blocks: Map<String, Value> = Map::new();
    for (name, value) in values {
        let Some((block, key)) = name.split_once('.') else {
            continue;
        };
        let keys = blocks.entry(block).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(keys) = keys {
            keys.insert(key.to_owned(), value.clone());
        }
    }
    serde_json::from_value(Value::Object(blocks))
}

/// Whether a setting can take a value; else what it takes.
pub(super) fn check(name: &str, value: &Value, default: &Value) -> Result<(), String> {
    let Err(error) = settings_of(std::iter::once((name, value))) else {
        return Ok(());
    };
    let told = error.to_string();
    // "unknown variant `x`, expected one of `a`, `b`" has the names; everything else is told better here.
    let variants = told
        .split_once("expected ")
        .map(|(_, rest)| rest)
        .filter(|_| told.contains("variant"));
    let unit = unit_of(name).map(|unit| format!(" ({unit})")).unwrap_or_default();
    let takes = match (default, variants) {
        (_, Some(variants)) => variants.to_owned(),
        (Value::Number(number), _) if number.is_f64() => format!("a number{unit}"),
        (Value::Number(_), _) => format!("a whole number{unit}"),
        (Value::Null, _) if unit.contains("seconds") => format!("a number{unit}"),
        (Value::Bool(_), _) => "true or false".to_owned(),
        (Value::Array(_), _) if name == "retention.rules" => format!("a list of rules ({told})"),
        (Value::Array(_), _) if name.starts_with("auth.") => "a list of texts".to_owned(),
        (Value::Array(_), _) => format!("a list of numbers{unit}"),
        (Value::Object(_), _) => "a map".to_owned(),
        (Value::String(_) | Value::Null, _) => "text".to_owned(),
    };
    let told = if is_secret(name) {
        "this".to_owned()
    } else {
        shown(value)
    };
    Err(format!("{name} takes {takes}, not {told}"))
}

/// The value in a message, cut.
fn shown(value: &Value) -> String {
    const SHOWN: usize = 40;
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The unit of a setting, as the reference of the configuration has it.
pub fn unit_of(name: &str) -> Option<&'static str> {
    match name {
        "backoff.backoff_multiplier" => Some("factor"),
        "backoff.jitter_max_percentage" => Some("fraction, 0–1"),
        // Accepted for the ancestor's sake, without effect.
        "backoff.buffer_seconds" => None,
        "database.max_connections" => Some("connections"),
        "auth.jwt_jwks" => Some("an https URL or a path"),
        "auth.jwt_public_key" => Some("PEM or a path"),
        "database.listen_url" => Some("a PostgreSQL URL"),
        "execution.max_worker_losses" => Some("processes"),
        "retention.batch_size" => Some("tasks"),
        _ if name.ends_with("_seconds") => Some("seconds"),
        _ if name.ends_with("_bytes") => Some("bytes of JSON"),
        _ => None,
    }
}

/// Whether the value of a setting must not be shown.
pub fn is_secret(name: &str) -> bool {
    name == "auth.jwt_secret"
}

/// The candidate that `text` was probably meant to be.
pub(super) fn closest<'c>(text: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let allowed = ((text.chars().count() + 1) / 3).min(4);
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(text, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}
