//! The schema of a context, and a context: both of any form.

use crate::oracle::place;
use serde_json::{Map, Value};
use tasker_core::template::{ContextProblem, ContextSchema, invalid_context};

/// A schema and a context as JSON, one behind the other.
///
/// # Panics
/// When something is wrong with what the code makes of it.
pub fn check(input: &[u8]) {
    let mut values = serde_json::Deserializer::from_slice(input).into_iter::<Value>();
    let Some(Ok(schema)) = values.next() else { return };
    let compiled = match ContextSchema::compile(&schema) {
        Ok(compiled) => compiled,
        Err(problems) => {
            assert!(!problems.is_empty());
            for problem in problems {
                place::is_one_line(&problem.message).unwrap();
                place::is_pointer(&problem.path).unwrap();
            }
            return;
        }
    };
    let _ = compiled
        .validate_and_fill(Map::new())
        .map_err(|problems| check_problems(&problems));
    let Some(Ok(Value::Object(context))) = values.next() else {
        return;
    };
    match compiled.validate_and_fill(context.clone()) {
        Ok(filled) => {
            for (key, value) in &context {
                assert!(
                    filled.get(key).is_some_and(|filled| keeps(filled, value)),
                    "{key} was not kept in {filled:?}"
                );
            }
            assert_eq!(
                compiled.validate_and_fill(filled.clone()).as_ref(),
                Ok(&filled),
                "what is filled stays so"
            );
        }
        Err(problems) => check_problems(&problems),
    }
}

fn check_problems(problems: &[ContextProblem]) {
    assert!((1..=100).contains(&problems.len()));
    let error = invalid_context(problems);
    for problem in problems {
        place::is_one_line(&problem.message).unwrap();
        place::is_pointer(&problem.path).unwrap();
        let path = problem.path.replace(char::is_control, " ");
        assert!(error.message.contains(&path), "{error}");
    }
}

/// Whether `filled` is `given` with nothing but members more.
fn keeps(filled: &Value, given: &Value) -> bool {
    match (filled, given) {
        (Value::Object(filled), Value::Object(given)) => given
            .iter()
            .all(|(key, value)| filled.get(key).is_some_and(|filled| keeps(filled, value))),
        (Value::Array(filled), Value::Array(given)) => {
            filled.len() == given.len()
                && filled
                    .iter()
                    .zip(given)
                    .all(|(filled, given)| keeps(filled, given))
        }
        (filled, given) => filled == given,
    }
}
