//! `${VAR}` and `${VAR:-default}` in text: read, checked, filled.
//!
//! `${VAR:-default}` takes the default when the variable is unset or empty, as in a shell. `$${` is a `${` that stays.

use super::node::{Data, Node, escape_segment, excerpt};
use super::problem::ProblemCode;
use super::report::Report;
use crate::error::{Error, ErrorKind, Result};
use serde_json::{Map, Value, json};

/// One piece of a text.
#[derive(Debug, PartialEq)]
enum Piece<'t> {
    Plain(&'t str),
    Variable { name: &'t str, default: Option<&'t str> },
}

/// Where the value of a variable comes from.
type Lookup<'l> = &'l dyn Fn(&str) -> Option<String>;

/// Whether there is a `${…}` to fill in `text`, be it well formed or not.
pub(super) fn has_variable(text: &str) -> bool {
    // `$${` is not one, and then the answer does not matter: nothing is a text with `${` and something else besides.
    text.contains("${")
}

/// The pieces of `text`, or why it cannot be read.
fn pieces(text: &str) -> std::result::Result<Vec<Piece<'_>>, String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(dollar) = rest.find("${") {
        if rest[..dollar].ends_with('$') {
            found.push(Piece::Plain(&rest[..dollar - 1]));
            found.push(Piece::Plain("${"));
            rest = &rest[dollar + 2..];
            continue;
        }
        found.push(Piece::Plain(&rest[..dollar]));
        let after = &rest[dollar + 2..];
        let Some(end) = after.find('}') else {
            return Err(format!("'{}' has no closing brace", excerpt(&rest[dollar..])));
        };
        found.push(variable(&after[..end])?);
        rest = &after[end + 1..];
    }
    found.push(Piece::Plain(rest));
    Ok(found)
}

fn variable(inside: &str) -> std::result::Result<Piece<'_>, String> {
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    if default.is_some_and(|default| default.contains("${")) {
        return Err(format!(
            "'${{{}}}' has a variable inside its default, which is not supported",
            excerpt(inside)
        ));
    }
    let starts_well = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    if !starts_well
        || !name
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || character == '_')
    {
        return Err(format!(
            "'${{{}}}' is not of the form ${{NAME}} or ${{NAME:-default}}; write '$${{' for a '${{' that stays",
            excerpt(inside)
        ));
    }
    Ok(Piece::Variable { name, default })
}

/// `text` with its variables filled, or the first variable that is not set.
fn filled<'t>(pieces: &[Piece<'t>], lookup: Lookup<'_>) -> std::result::Result<String, &'t str> {
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Plain(text) => out.push_str(text),
            Piece::Variable { name, default } => match (lookup(name), default) {
                (Some(value), None) => out.push_str(&value),
                (Some(value), Some(_)) if !value.is_empty() => out.push_str(&value),
                (_, Some(default)) => out.push_str(default),
                (None, None) => return Err(name),
            },
        }
    }
    Ok(out)
}

/// Reports every `${…}` below `node` that cannot be read.
pub(super) fn check_syntax(node: &Node, path: &str, report: &mut Report) {
    match &node.data {
        Data::Text { value, .. } if has_variable(value) => {
            if let Err(complaint) = pieces(value) {
                report
                    .add(ProblemCode::InvalidVariable, node.at, path, complaint)
                    .offending(value);
            }
        }
        Data::List(items) => {
            for (index, item) in items
                .iter()
                .enumerate()
                .filter(|(_, item)| may_have_variables(item))
            {
                check_syntax(item, &format!("{path}/{index}"), report);
            }
        }
        Data::Map(entries) => {
            for entry in entries.iter().filter(|entry| may_have_variables(&entry.value)) {
                check_syntax(
                    &entry.value,
                    &format!("{path}/{}", escape_segment(&entry.key)),
                    report,
                );
            }
        }
        _ => {}
    }
}

/// Saves the making of paths for the many values that cannot be filled.
fn may_have_variables(node: &Node) -> bool {
    match &node.data {
        Data::Text { value, .. } => has_variable(value),
        Data::List(_) | Data::Map(_) => true,
        _ => false,
    }
}

/// Fills every text below `node` but what stands under a key of `left_alone`. Reports what is not set; what cannot be
/// read was reported by [`check_syntax`].
pub(super) fn fill(
    node: &mut Node,
    path: &str,
    left_alone: &[&str],
    lookup: Lookup<'_>,
    report: &mut Report,
) {
    let at = node.at;
    match &mut node.data {
        Data::Text {
            value,
            filled: is_filled,
        } if has_variable(value) => {
            let Ok(pieces) = pieces(value) else { return };
            match filled(&pieces, lookup) {
                Ok(text) => {
                    *is_filled = pieces.iter().any(|piece| matches!(piece, Piece::Variable { .. }));
                    *value = text;
                }
                Err(name) => {
                    let message = format!(
                        "the environment variable {name} is not set; set it, or give a default: ${{{name}:-…}}"
                    );
                    report
                        .add(ProblemCode::UnsetVariable, at, path, message)
                        .offending(name);
                }
            }
        }
        Data::List(items) => {
            for (index, item) in items
                .iter_mut()
                .enumerate()
                .filter(|(_, item)| may_have_variables(item))
            {
                fill(item, &format!("{path}/{index}"), left_alone, lookup, report);
            }
        }
        Data::Map(entries) => {
            for entry in entries
                .iter_mut()
                .filter(|entry| may_have_variables(&entry.value))
            {
                if !left_alone.contains(&entry.key.as_str()) {
                    let path = format!("{path}/{}", escape_segment(&entry.key));
                    fill(&mut entry.value, &path, left_alone, lookup, report);
                }
            }
        }
        _ => {}
    }
}

/// The `config` of a step with its `${…}` filled from `lookup`, for the worker that is about to run the step.
///
/// # Errors
/// [`ErrorKind::ConfigInvalid`] that names every variable which is not set, or every text that cannot be read, with
/// its JSON Pointer.
pub fn fill_config(config: &Value, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Value> {
    let mut problems = Vec::new();
    let filled = fill_value(config, "", lookup, &mut problems);
    if problems.is_empty() {
        return Ok(filled);
    }
    let message = format!("handler_config cannot be filled: {}", problems.join("; "));
    Err(Error::new(ErrorKind::ConfigInvalid, message).with_details(json!({ "problems": problems })))
}

fn fill_value(value: &Value, path: &str, lookup: Lookup<'_>, problems: &mut Vec<String>) -> Value {
    match value {
        Value::String(text) if has_variable(text) => {
            let outcome = pieces(text).and_then(|pieces| {
                filled(&pieces, lookup).map_err(|name| format!("the environment variable {name} is not set"))
            });
            outcome.map(Value::String).unwrap_or_else(|complaint| {
                problems.push(format!("{path}: {complaint}"));
                Value::Null
            })
        }
        Value::Array(items) => {
            let fill = |(index, item)| fill_value(item, &format!("{path}/{index}"), lookup, problems);
            Value::Array(items.iter().enumerate().map(fill).collect())
        }
        Value::Object(members) => {
            let fill = |(key, member): (&String, &Value)| {
                let path = format!("{path}/{}", escape_segment(key));
                (key.clone(), fill_value(member, &path, lookup, problems))
            };
            Value::Object(members.iter().map(fill).collect::<Map<String, Value>>())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on must stop.
    use super::*;

    fn lookup(name: &str) -> Option<String> {
        match name {
            "REGION" => Some("eu".into()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    #[test]
    fn variables_defaults_and_escapes_are_filled_as_in_a_shell() {
        for (text, expected) in [
            ("${REGION}", "eu"),
            ("a-${REGION}-${REGION}-b", "a-eu-eu-b"),
            ("${UNSET:-here}", "here"),
            ("${EMPTY:-here}", "here"),
            ("${EMPTY}", ""),
            ("${UNSET:-}", ""),
            ("$${REGION}", "${REGION}"),
            ("cost: $5 and $REGION", "cost: $5 and $REGION"),
            ("${UNSET:-a:-b}", "a:-b"),
        ] {
            assert_eq!(
                fill_config(&json!(text), &lookup).unwrap(),
                json!(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn every_unset_variable_of_a_config_is_named_with_its_place() {
        let error = fill_config(&json!({"a": ["${ONE}"], "b/c": {"d": "${TWO}"}}), &lookup).unwrap_err();
        assert_eq!(error.kind, ErrorKind::ConfigInvalid);
        assert!(
            error
                .message
                .contains("/a/0: the environment variable ONE is not set"),
            "{error}"
        );
        assert!(
            error
                .message
                .contains("/b~1c/d: the environment variable TWO is not set"),
            "{error}"
        );
    }

    #[test]
    fn what_is_no_variable_is_refused_with_the_right_form() {
        for text in [
            "${",
            "${}",
            "${1A}",
            "${A-b}",
            "${A:?b}",
            "${ A }",
            "${A:-${B}}",
            "x ${A",
        ] {
            assert!(fill_config(&json!(text), &lookup).is_err(), "{text}");
        }
    }
}
