//! How an expected value is held against an actual one.
//!
//! Maps match as subsets, lists element by element and in full, numbers within 1e-9; `{min:, max:}` and
//! `{matches: REGEX}` may stand wherever a value may stand.

use regex::Regex;
use serde_json::{Number, Value};

/// Numbers closer than this are equal.
const TOLERANCE: f64 = 1e-9;

/// The first place where `actual` is not what `expected` says, as one sentence that begins with `path`; none if it is.
pub fn difference(path: &str, expected: &Value, actual: &Value) -> Option<String> {
    if let Some(matcher) = Matcher::read(expected) {
        return (!matcher.accepts(actual)).then(|| sentence(path, &matcher.describe(), actual));
    }
    match (expected, actual) {
        (Value::Object(wanted), Value::Object(found)) => {
            wanted.iter().find_map(|(key, value)| match found.get(key) {
                Some(actual) => difference(&join(path, key), value, actual),
                None => Some(format!(
                    "{}: expected {}, but there is no such key",
                    join(path, key),
                    describe(value)
                )),
            })
        }
        (Value::Array(wanted), Value::Array(found)) => {
            if wanted.len() != found.len() {
                let lengths = format!("{} elements, got {}", wanted.len(), found.len());
                return Some(format!(
                    "{path}: expected {lengths}: expected {}, got {}",
                    brief(expected),
                    brief(actual)
                ));
            }
            let mut pairs = wanted.iter().zip(found).enumerate();
            pairs.find_map(|(index, (wanted, found))| difference(&format!("{path}[{index}]"), wanted, found))
        }
        (Value::Number(wanted), Value::Number(found)) if numbers_equal(wanted, found) => None,
        _ if expected == actual => None,
        _ => Some(sentence(path, &brief(expected), actual)),
    }
}

fn sentence(path: &str, expected: &str, actual: &Value) -> String {
    format!("{path}: expected {expected}, got {}", brief(actual))
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

fn describe(expected: &Value) -> String {
    Matcher::read(expected).map_or_else(|| brief(expected), |matcher| matcher.describe())
}

/// JSON text, cut where it grows long.
pub fn brief(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 200 {
        return text;
    }
    format!(
        "{}… ({} bytes)",
        text.chars().take(160).collect::<String>(),
        text.len()
    )
}

fn numbers_equal(left: &Number, right: &Number) -> bool {
    let whole = |n: &Number| n.as_i64().map(i128::from).or_else(|| n.as_u64().map(i128::from));
    match (whole(left), whole(right)) {
        (Some(left), Some(right)) => left == right,
        _ => match (left.as_f64(), right.as_f64()) {
            (Some(left), Some(right)) => (left - right).abs() <= TOLERANCE,
            _ => false,
        },
    }
}

/// A map that stands for many values.
#[derive(Debug, Clone)]
pub enum Matcher {
    /// A number within bounds, both included.
    Range {
        /// Not below.
        min: Option<f64>,
        /// Not above.
        max: Option<f64>,
    },
    /// Text in which the expression is found. None where it does not compile: nothing matches then.
    Text(String, Option<Regex>),
}

impl Matcher {
    /// The matcher that `expected` is: a map of `min` and `max` only, or of `matches` only.
    pub fn read(expected: &Value) -> Option<Self> {
        let map = expected.as_object().filter(|map| !map.is_empty())?;
        if map.keys().all(|key| key == "min" || key == "max") && map.values().all(Value::is_number) {
            let bound = |key: &str| map.get(key).and_then(Value::as_f64);
            return Some(Self::Range {
                min: bound("min"),
                max: bound("max"),
            });
        }
        match (map.len(), map.get("matches")) {
            (1, Some(Value::String(text))) => Some(Self::Text(text.clone(), Regex::new(text).ok())),
            _ => None,
        }
    }

    fn accepts(&self, actual: &Value) -> bool {
        match self {
            Self::Range { min, max } => actual.as_f64().is_some_and(|number| {
                min.is_none_or(|min| number >= min - TOLERANCE)
                    && max.is_none_or(|max| number <= max + TOLERANCE)
            }),
            Self::Text(_, regex) => match (regex, actual.as_str()) {
                (Some(regex), Some(text)) => regex.is_match(text),
                _ => false,
            },
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Range {
                min: Some(min),
                max: Some(max),
            } => format!("a number from {min} to {max}"),
            Self::Range { min: Some(min), .. } => format!("a number of at least {min}"),
            Self::Range { max: Some(max), .. } => format!("a number of at most {max}"),
            Self::Range { .. } => "a number".to_owned(),
            Self::Text(text, _) => format!("text that matches /{text}/"),
        }
    }
}

#[cfg(test)]
mod tests {
    // A panic is how a test fails.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use serde_json::json;

    fn same(expected: Value, actual: Value) {
        assert_eq!(difference("x", &expected, &actual), None);
    }

    fn differs(expected: Value, actual: Value, sentence: &str) {
        assert_eq!(difference("x", &expected, &actual).as_deref(), Some(sentence));
    }

    #[test]
    fn maps_match_as_subsets_at_every_depth() {
        same(json!({"a": {"b": 1}}), json!({"a": {"b": 1, "c": 2}, "d": 3}));
        same(json!({}), json!({"a": 1}));
        differs(
            json!({"a": {"b": 1}}),
            json!({"a": {"c": 1}}),
            "x.a.b: expected 1, but there is no such key",
        );
        differs(
            json!({"a": null}),
            json!({}),
            "x.a: expected null, but there is no such key",
        );
        differs(json!({}), json!([]), "x: expected {}, got []");
    }

    #[test]
    fn lists_match_element_by_element_and_in_full() {
        same(json!([1, {"a": 1}]), json!([1, {"a": 1, "b": 2}]));
        differs(
            json!([1]),
            json!([1, 2]),
            "x: expected 1 elements, got 2: expected [1], got [1,2]",
        );
        differs(json!([1, [2]]), json!([1, [3]]), "x[1][0]: expected 2, got 3");
    }

    #[test]
    fn numbers_match_within_a_billionth_and_whole_numbers_exactly() {
        same(json!(1), json!(1.0));
        same(json!(0.3), json!(0.1 + 0.2));
        differs(json!(0.3), json!(0.300_001), "x: expected 0.3, got 0.300001");
        differs(
            json!(9_007_199_254_740_993_i64),
            json!(9_007_199_254_740_992_i64),
            "x: expected 9007199254740993, got 9007199254740992",
        );
        differs(json!(1), json!("1"), "x: expected 1, got \"1\"");
        differs(json!(1), json!(true), "x: expected 1, got true");
    }

    #[test]
    fn a_range_takes_numbers_within_its_bounds_only() {
        same(json!({"min": 1}), json!(1));
        same(json!({"min": 1, "max": 2}), json!(2));
        differs(
            json!({"min": 1}),
            json!(0.5),
            "x: expected a number of at least 1, got 0.5",
        );
        differs(
            json!({"min": 1, "max": 2}),
            json!(3),
            "x: expected a number from 1 to 2, got 3",
        );
        differs(
            json!({"max": 2}),
            json!("1"),
            "x: expected a number of at most 2, got \"1\"",
        );
        differs(
            json!({"a": {"min": 1}}),
            json!({}),
            "x.a: expected a number of at least 1, but there is no such key",
        );
    }

    #[test]
    fn a_map_with_more_than_a_matcher_in_it_is_a_map() {
        same(json!({"min": 1, "unit": "s"}), json!({"min": 1, "unit": "s"}));
        same(json!({"min": "a"}), json!({"min": "a", "max": "b"}));
        differs(
            json!({"matches": 4}),
            json!("4"),
            "x: expected {\"matches\":4}, got \"4\"",
        );
    }

    #[test]
    fn text_matches_when_the_expression_is_found_in_it() {
        same(json!({"matches": "reset"}), json!("connection reset by peer"));
        differs(
            json!({"matches": "^reset"}),
            json!("a reset"),
            "x: expected text that matches /^reset/, got \"a reset\"",
        );
        differs(
            json!({"matches": "."}),
            json!(null),
            "x: expected text that matches /./, got null",
        );
    }

    #[test]
    fn long_values_are_cut_in_the_sentence() {
        let sentence = difference("x", &json!("a"), &json!("b".repeat(5000))).unwrap();
        assert!(
            sentence.len() < 400 && sentence.ends_with("(5002 bytes)"),
            "{sentence}"
        );
    }
}
