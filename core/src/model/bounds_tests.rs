// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

fn said(answer: Result<()>) -> String {
    answer.unwrap_err().message
}

fn at(text: &str) -> Option<DateTime<Utc>> {
    Some(text.parse().unwrap())
}

#[test]
fn what_is_as_long_as_it_may_be_is_taken_and_one_more_is_refused_with_the_bound() {
    let request = |named: usize, reason: usize, tags: usize, tag: usize| TaskRequest {
        initiator: Some("ä".repeat(named)),
        source_system: Some("ä".repeat(named)),
        reason: Some("ä".repeat(reason)),
        tags: vec!["ä".repeat(tag); tags],
        ..TaskRequest::new("order")
    };
    request(MAX_NAMED, MAX_REASON, MAX_TAGS, MAX_TAG)
        .check_bounds()
        .unwrap();
    for (request, words) in [
        (
            request(MAX_NAMED + 1, 1, 1, 1),
            "initiator has 257 characters, and 256 are allowed",
        ),
        (
            request(1, MAX_REASON + 1, 1, 1),
            "reason has 4097 characters, and 4096 are allowed",
        ),
        (
            request(1, 1, MAX_TAGS + 1, 1),
            "a task has at most 100 tags, not 101",
        ),
        (
            request(1, 1, 1, MAX_TAG + 1),
            "a tag has 129 characters, and 128 are allowed",
        ),
    ] {
        assert_eq!(said(request.check_bounds()), words);
    }
    let operator = Operator::named("b".repeat(MAX_NAMED + 1));
    assert!(said(operator.check_bounds()).contains("by has 257 characters"));
    let nul = Operator::named("a\0b");
    assert!(said(nul.check_bounds()).contains("U+0000"));
    let update = TaskUpdate {
        reason: Some("r".repeat(MAX_REASON + 1)),
        ..TaskUpdate::default()
    };
    assert!(said(update.check_bounds()).contains("4096"));
}

#[test]
fn times_have_years_of_four_digits() {
    for text in ["0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z"] {
        let filter = TaskFilter {
            since: at(text),
            ..TaskFilter::default()
        };
        filter.check_bounds().unwrap();
    }
    for text in ["-262143-01-01T00:00:00Z", "+262142-12-31T00:00:00Z"] {
        let request = TaskRequest {
            requested_at: at(text),
            ..TaskRequest::new("order")
        };
        assert!(said(request.check_bounds()).starts_with("requested_at must be in the years 0000 to 9999"));
        let filter = TaskFilter {
            completed_before: at(text),
            ..TaskFilter::default()
        };
        assert!(said(filter.check_bounds()).starts_with("completed_before"));
        let search = StepSearch {
            since: at(text),
            ..StepSearch::default()
        };
        assert!(said(search.check_bounds()).starts_with("created_since"));
    }
}

#[test]
fn a_key_lives_for_a_thousand_years_at_most() {
    let request = |seconds: f64| TaskRequest {
        idempotency_ttl_seconds: Some(seconds),
        ..TaskRequest::new("order")
    };
    request(MAX_TTL_SECONDS).check_bounds().unwrap();
    for seconds in [0.0, -1.0, 1e14, 1e300, f64::INFINITY, f64::NAN] {
        assert!(said(request(seconds).check_bounds()).contains("at most 31557600000"));
    }
}

#[test]
fn what_is_paused_has_a_name_that_there_may_be() {
    PauseScope::Handler("h".repeat(MAX_HANDLER))
        .check_bounds()
        .unwrap();
    assert!(said(PauseScope::Namespace(String::new()).check_bounds()).contains("namespace is empty"));
    assert!(said(PauseScope::Namespace("n".repeat(4000)).check_bounds()).contains("64 are allowed"));
    assert!(said(PauseScope::Handler("h".repeat(27_000)).check_bounds()).contains("258 are allowed"));
    let named = PauseScope::NamedTask {
        namespace: "shop".to_owned(),
        name: String::new(),
    };
    assert!(said(named.check_bounds()).contains("name is empty"));
}
