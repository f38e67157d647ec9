//! The vectors that every implementation of a rule is held to.

use crate::snapshot::in_repository;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fs;
use tasker_core::model::BackoffSettings;
use tasker_core::retry::{RetryPolicy, backoff_seconds};
use tasker_core::values::check_results;

fn read<T: DeserializeOwned>(name: &str) -> T {
    serde_json::from_str(&fs::read_to_string(in_repository(&format!("tests/vectors/{name}"))).unwrap())
        .unwrap()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wait {
    name: String,
    attempt: i32,
    policy: Option<RetryPolicy>,
    settings: BackoffSettings,
    retry_after: Option<f64>,
    random: f64,
    expected: f64,
}

#[test]
fn every_backoff_vector_gives_its_wait() {
    let cases: Vec<Wait> = read("backoff.json");
    assert!(cases.len() >= 40);
    for case in cases {
        let wait = backoff_seconds(
            case.attempt,
            case.policy.as_ref(),
            &case.settings,
            case.retry_after,
            case.random,
        );
        assert!(
            (wait - case.expected).abs() < 1e-9,
            "{}: {wait} instead of {}",
            case.name,
            case.expected
        );
    }
}

#[derive(Deserialize)]
struct Values {
    accept: Vec<Accepted>,
    refuse: Vec<Refused>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Accepted {
    name: String,
    text: String,
    stored: String,
    #[serde(default = "no_limit")]
    max_bytes: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    name: String,
    text: Option<String>,
    bytes: Option<Vec<u8>>,
    code: String,
    pointer: String,
    #[serde(default = "no_limit")]
    max_bytes: usize,
}

fn no_limit() -> usize {
    usize::MAX
}

#[test]
fn every_value_that_languages_share_is_accepted() {
    for case in read::<Values>("values.json").accept {
        match check_results(case.text.as_bytes(), case.max_bytes) {
            Ok(stored) => assert_eq!(stored.get(), case.stored, "{}", case.name),
            Err(problem) => panic!("{} was refused: {problem}", case.name),
        }
    }
}

#[test]
fn every_value_that_could_not_be_carried_is_refused_with_its_place() {
    for case in read::<Values>("values.json").refuse {
        let text = case.text.map(String::into_bytes).or(case.bytes).unwrap();
        match check_results(&text, case.max_bytes) {
            Ok(stored) => panic!("{} was accepted as {stored}", case.name),
            Err(problem) => {
                assert_eq!(problem.code.as_str(), case.code, "{}: {problem}", case.name);
                assert_eq!(problem.pointer, case.pointer, "{}: {problem}", case.name);
            }
        }
    }
}
