//! The messages of the bridge: whatever bytes a language sends, they are a message or an error, and a message says the
//! same after it has gone there and back.

use crate::oracle::json;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tasker_core::bridge::{AttemptMessage, Foreign, InvocationMessage, PollMessage, prepare_complete};
use tasker_core::model::{Failure, Outcome, OutcomeKind, TaskId};
use tasker_core::store::{SchemaName, StepKey};
use tasker_core::values::{MAX_TEXT_BYTES, check_json, check_results, repair_failure};

/// One message of any type.
///
/// # Panics
/// When something is wrong with what the code makes of it.
pub fn check(input: &[u8]) {
    there_and_back::<InvocationMessage>(input);
    there_and_back::<PollMessage>(input);
    there_and_back::<Failure>(input);
    if let Some(attempt) = there_and_back::<AttemptMessage>(input) {
        assert_eq!(AttemptMessage::from(StepKey::from(attempt)), attempt);
    }
    if let Some(outcome) = there_and_back::<Outcome>(input) {
        check_outcome(outcome);
    }
    if let Some(outcomes) = there_and_back::<Vec<Outcome>>(input) {
        outcomes.into_iter().for_each(check_outcome);
    }
    if let Ok(text) = std::str::from_utf8(input) {
        check_prepared(text);
        check_task_id(text);
    }
}

/// Reads a message, writes it and reads that: the text must be the same from then on, and hold what the first one did.
fn there_and_back<T: Serialize + DeserializeOwned>(input: &[u8]) -> Option<T> {
    let message: T = match serde_json::from_slice(input) {
        Ok(message) => message,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return None;
        }
    };
    let sent = serde_json::to_string(&message).unwrap();
    let back: T = serde_json::from_str(&sent).unwrap_or_else(|error| panic!("{sent} is not read: {error}"));
    assert_eq!(serde_json::to_string(&back).unwrap(), sent);
    // The library reads doubles to the last bit but one, and of twins the last.
    if let (Ok(given), Ok(told)) = (
        serde_json::from_slice::<Value>(input),
        serde_json::from_str::<Value>(&sent),
    ) && std::str::from_utf8(input).is_ok_and(|text| !json::has_twins(text, &given))
    {
        assert!(says_the_same(&told, &given), "{told} came of {given}");
    }
    Some(message)
}

/// Whether `told` holds what was `given`, and nothing that was not.
fn says_the_same(told: &Value, given: &Value) -> bool {
    match (told, given) {
        (Value::Object(told), Value::Object(given)) => told.iter().all(|(key, told)| match given.get(key) {
            Some(given) if key == "task_id" => lower(told) == lower(given),
            Some(given) => says_the_same(told, given),
            None => told.is_null(),
        }),
        // A message may come as the list of its members.
        (Value::Object(_), Value::Array(_)) => true,
        (Value::Array(told), Value::Array(given)) => {
            told.len() == given.len()
                && told
                    .iter()
                    .zip(given)
                    .all(|(told, given)| says_the_same(told, given))
        }
        (Value::Number(told), Value::Number(given)) if told.is_f64() => {
            told.as_f64().zip(given.as_f64()).is_some_and(near)
        }
        _ => told == given,
    }
}

fn near((one, other): (f64, f64)) -> bool {
    one == other || ((one - other) / one).abs() < 1e-12
}

/// Ids are written in lower case with dashes, and read in any form.
fn lower(id: &Value) -> Option<String> {
    let text = id.as_str()?.to_lowercase();
    let text = text.trim_start_matches("urn:uuid:").trim_matches(['{', '}']);
    Some(text.replace('-', ""))
}

/// What a worker does with an outcome before it flushes it.
fn check_outcome(outcome: Outcome) {
    match outcome.kind {
        OutcomeKind::Completed { results } => {
            if let Ok(checked) = check_results(results.get().as_bytes(), MAX_TEXT_BYTES) {
                assert!(check_json(checked.get().as_bytes(), MAX_TEXT_BYTES).is_ok());
            }
        }
        OutcomeKind::Failed(mut failure) => {
            repair_failure(&mut failure, MAX_TEXT_BYTES);
            assert!(failure.message.len() <= MAX_TEXT_BYTES && !failure.message.contains('\0'));
        }
        OutcomeKind::Released | OutcomeKind::CompletedElsewhere => {}
    }
}

fn check_prepared(results: &str) {
    let attempt = AttemptMessage {
        task_id: TaskId::default(),
        step_no: 1,
        claim_no: 1,
    };
    let sql = Foreign::new(SchemaName::new("tasker").unwrap());
    match prepare_complete(&sql, &attempt, results, MAX_TEXT_BYTES) {
        Ok(prepared) => {
            assert_eq!(prepared.parameters.len(), 4);
            assert!(
                prepared.parameters.iter().all(Option::is_some),
                "none of them is null"
            );
            assert!(
                !prepared.sql.contains(results) || results.len() < 12,
                "values are parameters, not SQL"
            );
        }
        Err(error) => assert!(!error.message.is_empty()),
    }
}

fn check_task_id(text: &str) {
    if let Ok(id) = text.parse::<TaskId>() {
        assert_eq!(id.to_string().parse::<TaskId>().ok(), Some(id));
    }
}
