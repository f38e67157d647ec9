//! The ledger alone: phases, slots, batches, deadlines, contexts.
// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::invocation::Invocation;
use super::ledger::{FLUSHERS, Ledger, Phase, Report};
use crate::model::{Failure, TaskId};
use crate::store::{PlanDefinition, StepDefinition, StepKey};
use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

fn key(task: u128, step_no: i32, claim_no: i32) -> StepKey {
    StepKey {
        task_id: TaskId::from_u128(task),
        step_no,
        claim_no,
    }
}

struct Claim {
    key: StepKey,
    batch: i64,
    context: Option<&'static str>,
    timeout_seconds: Option<f64>,
    first_dependent: Option<i32>,
}

fn claim(key: StepKey) -> Claim {
    Claim {
        key,
        batch: 1,
        context: None,
        timeout_seconds: None,
        first_dependent: None,
    }
}

/// Takes up to `max` outcomes of each flusher.
fn take_reports(ledger: &mut Ledger, max: usize) -> (Vec<Report>, Vec<i64>) {
    let (mut reports, mut done) = (Vec::new(), Vec::new());
    for flusher in 0..FLUSHERS {
        let taken = ledger.take_reports(flusher, max);
        reports.extend(taken.0);
        done.extend(taken.1);
    }
    (reports, done)
}

fn invocation(claim: &Claim) -> Arc<Invocation> {
    let definition = StepDefinition {
        step_template_id: 1,
        step_no: claim.key.step_no,
        name: "step".to_owned(),
        handler: "work".to_owned(),
        parents: Vec::new(),
        first_dependent: claim.first_dependent,
        timeout_seconds: claim.timeout_seconds,
        config: None,
        plan: Arc::new(PlanDefinition {
            work: std::sync::OnceLock::new(),
            plan_id: 1,
            namespace: "default".to_owned(),
            task_name: "task".to_owned(),
            version: "1.0.0".to_owned(),
            schema: None,
            step_count: 1,
        }),
    };
    Arc::new(Invocation {
        key: claim.key,
        attempt: 1,
        batch: claim.batch,
        definition: Arc::new(definition),
        context: claim.context.map(Into::into),
        inputs: None,
        dependencies: std::collections::BTreeMap::new(),
        config: None,
        timeout_seconds: claim.timeout_seconds,
        deadline: OnceLock::new(),
        cancellation: CancellationToken::new(),
    })
}

fn add(ledger: &mut Ledger, claim: &Claim) -> Arc<Invocation> {
    let invocation = invocation(claim);
    ledger.add(Arc::clone(&invocation), false);
    invocation
}

fn completed(key: StepKey) -> Report {
    Report::Completed {
        key,
        results: "{}".into(),
    }
}

fn failed(key: StepKey) -> Report {
    Report::Failed {
        key,
        failure: Box::new(Failure::default()),
    }
}

/// What a ledger that holds nothing looks like.
fn assert_empty(ledger: &Ledger) {
    assert_eq!(
        (
            ledger.held(),
            ledger.buffered(),
            ledger.occupied(),
            ledger.abandoned()
        ),
        (0, 0, 0, 0)
    );
}

#[test]
fn a_step_goes_from_the_buffer_to_its_handler_to_a_flush_and_is_gone() {
    let mut ledger = Ledger::default();
    add(&mut ledger, &claim(key(1, 1, 1)));
    assert_eq!((ledger.held(), ledger.buffered(), ledger.occupied()), (1, 1, 0));
    assert_eq!(ledger.take(10, Instant::now()).len(), 1);
    assert_eq!((ledger.held(), ledger.buffered(), ledger.occupied()), (1, 0, 1));
    assert!(ledger.report(completed(key(1, 1, 1))));
    assert_eq!(
        (ledger.held(), ledger.occupied(), ledger.reports_waiting()),
        (1, 0, 1)
    );
    assert_eq!(take_reports(&mut ledger, 10).0.len(), 1);
    assert_eq!(ledger.keys(), [(key(1, 1, 1), Phase::Reported)]);
    ledger.settle(&key(1, 1, 1));
    assert_empty(&ledger);
    assert_eq!(ledger.completed, 1);
}

#[test]
fn steps_are_taken_in_the_order_they_came_and_no_more_than_asked_for() {
    let mut ledger = Ledger::default();
    for step_no in 1..=3 {
        add(&mut ledger, &claim(key(1, step_no, 1)));
    }
    let order: Vec<i32> = ledger
        .take(2, Instant::now())
        .iter()
        .map(|taken| taken.key.step_no)
        .collect();
    assert_eq!(order, [1, 2]);
    assert_eq!(ledger.buffered(), 1);
}

#[test]
fn an_outcome_counts_once_and_only_for_the_claim_that_runs() {
    let mut ledger = Ledger::default();
    add(&mut ledger, &claim(key(1, 1, 2)));
    assert!(!ledger.report(completed(key(1, 1, 2))), "it has not begun");
    ledger.take(1, Instant::now());
    assert!(!ledger.report(completed(key(1, 1, 1))), "an older claim");
    assert!(!ledger.report(completed(key(2, 1, 2))), "another task");
    assert!(ledger.report(completed(key(1, 1, 2))));
    assert!(!ledger.report(failed(key(1, 1, 2))), "a second outcome");
    assert_eq!(ledger.reports_waiting(), 1);
}

#[test]
fn an_attempt_past_its_deadline_keeps_its_slot_until_the_handler_returns_and_its_outcome_counts_for_nothing()
{
    let mut ledger = Ledger::default();
    let start = Instant::now();
    let invocation = add(
        &mut ledger,
        &Claim {
            timeout_seconds: Some(2.0),
            ..claim(key(1, 1, 1))
        },
    );
    ledger.take(1, start);
    assert_eq!(
        ledger.overdue(start + Duration::from_secs(1)).1,
        Some(start + Duration::from_secs(2))
    );
    let (overdue, next) = ledger.overdue(start + Duration::from_secs(2));
    assert_eq!((overdue.len(), next), (1, None));
    ledger.overrule(&key(1, 1, 1), failed(key(1, 1, 1)));
    assert!(invocation.cancellation.is_cancelled());
    assert_eq!(ledger.take_cancelled(), [key(1, 1, 1)]);
    ledger.settle(&key(1, 1, 1));
    assert_eq!((ledger.held(), ledger.occupied(), ledger.abandoned()), (0, 1, 1));
    assert!(
        ledger.cancellation(&key(1, 1, 1)).unwrap().is_cancelled(),
        "told also when it is asked for late"
    );
    assert!(!ledger.report(completed(key(1, 1, 1))));
    assert_empty(&ledger);
    assert_eq!(ledger.reports_waiting(), 1, "the timeout, not the late outcome");
}

#[test]
fn an_attempt_that_ends_in_time_is_not_overdue_later() {
    let mut ledger = Ledger::default();
    let start = Instant::now();
    add(
        &mut ledger,
        &Claim {
            timeout_seconds: Some(2.0),
            ..claim(key(1, 1, 1))
        },
    );
    ledger.take(1, start);
    ledger.report(completed(key(1, 1, 1)));
    assert_eq!(ledger.overdue(start + Duration::from_secs(9)).0.len(), 0);
}

#[test]
fn a_timeout_longer_than_time_itself_is_none() {
    let mut ledger = Ledger::default();
    for (step_no, seconds) in [(1, f64::MAX), (2, 1e30), (3, f64::NAN)] {
        let invocation = add(
            &mut ledger,
            &Claim {
                timeout_seconds: Some(seconds),
                ..claim(key(1, step_no, 1))
            },
        );
        assert_eq!(ledger.take(1, Instant::now()).len(), 1);
        assert_eq!(invocation.deadline(), None);
    }
}

#[test]
fn a_step_that_is_lost_while_it_runs_keeps_its_slot_and_its_handler_is_told() {
    let mut ledger = Ledger::default();
    let invocation = add(&mut ledger, &claim(key(1, 1, 1)));
    ledger.take(1, Instant::now());
    ledger.settle(&key(1, 1, 1));
    assert!(invocation.cancellation.is_cancelled());
    assert_eq!((ledger.held(), ledger.occupied()), (0, 1));
    assert!(!ledger.report(completed(key(1, 1, 1))));
    assert_empty(&ledger);
    assert_eq!(ledger.reports_waiting(), 0);
}

#[test]
fn a_step_that_is_lost_while_it_waits_is_never_run() {
    let mut ledger = Ledger::default();
    add(&mut ledger, &claim(key(1, 1, 1)));
    ledger.settle(&key(1, 1, 1));
    assert!(ledger.take(1, Instant::now()).is_empty());
    assert_empty(&ledger);
}

#[test]
fn a_step_claimed_anew_before_the_answer_about_its_last_attempt_was_read_leaks_nothing() {
    let mut ledger = Ledger::default();
    add(
        &mut ledger,
        &Claim {
            batch: 1,
            ..claim(key(1, 1, 1))
        },
    );
    ledger.take(1, Instant::now());
    ledger.report(failed(key(1, 1, 1)));
    take_reports(&mut ledger, 1);
    // The failure is recorded, the step is ready at once, and the dispatcher is faster than the flusher.
    add(
        &mut ledger,
        &Claim {
            batch: 2,
            ..claim(key(1, 1, 2))
        },
    );
    ledger.settle(&key(1, 1, 1));
    assert_eq!(ledger.keys(), [(key(1, 1, 2), Phase::Buffered)]);
    assert_eq!(
        take_reports(&mut ledger, 0).1,
        [1],
        "the first batch is done with"
    );
    ledger.take(1, Instant::now());
    ledger.report(completed(key(1, 1, 2)));
    ledger.settle(&key(1, 1, 2));
    assert_eq!(take_reports(&mut ledger, 0).1, [2]);
    assert_empty(&ledger);
}

#[test]
fn a_step_claimed_anew_while_its_lost_attempt_still_runs_has_both_slots_counted() {
    let mut ledger = Ledger::default();
    let first = add(&mut ledger, &claim(key(1, 1, 1)));
    ledger.take(1, Instant::now());
    add(
        &mut ledger,
        &Claim {
            batch: 2,
            ..claim(key(1, 1, 2))
        },
    );
    assert!(first.cancellation.is_cancelled());
    ledger.take(1, Instant::now());
    assert_eq!((ledger.occupied(), ledger.abandoned()), (2, 1));
    assert!(!ledger.report(completed(key(1, 1, 1))));
    assert!(ledger.report(completed(key(1, 1, 2))));
    ledger.settle(&key(1, 1, 2));
    assert_empty(&ledger);
}

#[test]
fn a_batch_is_done_with_when_every_step_of_it_has_been_settled_refused_ones_too() {
    let mut ledger = Ledger::default();
    add(&mut ledger, &claim(key(1, 1, 1)));
    add(&mut ledger, &claim(key(2, 1, 1)));
    ledger.add_refused(&invocation(&claim(key(3, 1, 1))), Box::default());
    assert_eq!(
        (ledger.held(), ledger.buffered(), ledger.reports_waiting()),
        (3, 2, 1)
    );
    ledger.settle(&key(1, 1, 1));
    ledger.settle(&key(2, 1, 1));
    assert!(
        take_reports(&mut ledger, 9).1.is_empty(),
        "the failure of the third is not recorded yet"
    );
    ledger.settle(&key(3, 1, 1));
    assert_eq!(take_reports(&mut ledger, 9).1, [1]);
    assert_empty(&ledger);
}

#[test]
fn outcomes_of_one_task_go_by_one_flusher_and_two_share_the_tasks() {
    let mut ledger = Ledger::default();
    for (task, step_no) in [(1, 1), (2, 1), (1, 2), (2, 2)] {
        add(&mut ledger, &claim(key(task, step_no, 1)));
    }
    assert_eq!(ledger.flushers_due(), [false; FLUSHERS]);
    ledger.take(4, Instant::now());
    ledger.report(completed(key(1, 1, 1)));
    ledger.report(completed(key(1, 2, 1)));
    assert_eq!(ledger.flushers_due().iter().filter(|due| **due).count(), 1);
    ledger.report(completed(key(2, 1, 1)));
    assert_eq!(ledger.flushers_due(), [true; FLUSHERS]);
    let taken: Vec<Vec<StepKey>> = (0..FLUSHERS)
        .map(|flusher| {
            ledger
                .take_reports(flusher, 9)
                .0
                .iter()
                .map(Report::key)
                .collect()
        })
        .collect();
    assert_eq!(taken, [vec![key(2, 1, 1)], vec![key(1, 1, 1), key(1, 2, 1)]]);
}

#[test]
fn a_large_task_goes_by_all_flushers_in_blocks_until_its_flushes_meet_too_often() {
    let mut ledger = Ledger::default();
    let numbers = |reports: Vec<Report>| -> Vec<i32> {
        let keys = reports.iter().map(Report::key);
        keys.map(|key| key.step_no).collect()
    };
    let run = |ledger: &mut Ledger, claim_no: i32| {
        for (step_no, first_dependent) in [(1, Some(70)), (2, Some(71)), (3, Some(130)), (4, None)] {
            let claim = Claim {
                first_dependent,
                ..claim(key(2, step_no, claim_no))
            };
            add(ledger, &claim);
            ledger.take(1, Instant::now());
            ledger.report(completed(key(2, step_no, claim_no)));
        }
        [0, 1].map(|flusher| numbers(ledger.take_reports(flusher, 9).0))
    };
    assert_eq!(run(&mut ledger, 1), [vec![3, 4], vec![1, 2]]);
    let flushed: Vec<StepKey> = (1..=20).map(|step_no| key(2, step_no, 1)).collect();
    ledger.note_meetings(flushed.iter().copied(), &flushed[..2]);
    assert_eq!(
        run(&mut ledger, 2),
        [vec![3, 4], vec![1, 2]],
        "now and then is no harm"
    );
    ledger.note_meetings(flushed.iter().copied(), &flushed[..3]);
    assert_eq!(run(&mut ledger, 3), [vec![1, 2, 3, 4], vec![]]);
}

#[test]
fn batches_that_nothing_was_sent_for_are_told_of_the_next_time() {
    let mut ledger = Ledger::default();
    ledger.put_back(vec![5]);
    assert_eq!(take_reports(&mut ledger, 9).1, [5]);
    assert!(take_reports(&mut ledger, 9).1.is_empty());
}

#[test]
fn the_context_of_a_task_is_kept_as_long_as_a_step_of_it_is_held() {
    let mut ledger = Ledger::default();
    add(
        &mut ledger,
        &Claim {
            context: Some("{\"a\":1}"),
            ..claim(key(1, 1, 1))
        },
    );
    add(&mut ledger, &claim(key(1, 2, 1)));
    ledger.settle(&key(1, 1, 1));
    assert_eq!(ledger.context(TaskId::from_u128(1)).as_deref(), Some("{\"a\":1}"));
    ledger.settle(&key(1, 2, 1));
    assert_eq!(ledger.context(TaskId::from_u128(1)), None);
}

#[test]
fn the_buffer_goes_back_for_one_task_or_for_all_and_what_runs_stays() {
    let mut ledger = Ledger::default();
    for task in [1, 2, 3] {
        add(&mut ledger, &claim(key(task, 1, 1)));
    }
    ledger.take(1, Instant::now());
    ledger.release_buffer(Some(TaskId::from_u128(2)));
    assert_eq!(
        take_reports(&mut ledger, 9)
            .0
            .iter()
            .map(Report::key)
            .collect::<Vec<_>>(),
        [key(2, 1, 1)]
    );
    ledger.release_buffer(None);
    assert_eq!(
        take_reports(&mut ledger, 9)
            .0
            .iter()
            .map(Report::key)
            .collect::<Vec<_>>(),
        [key(3, 1, 1)]
    );
    assert_eq!((ledger.occupied(), ledger.buffered()), (1, 0));
    ledger.release_running();
    assert!(
        matches!(take_reports(&mut ledger, 9).0[..], [Report::Released { key: released }] if released == key(1, 1, 1))
    );
}

#[test]
fn a_worker_that_was_taken_for_dead_drops_everything_but_the_slots_of_what_runs() {
    let mut ledger = Ledger::default();
    for task in [1, 2, 3] {
        add(
            &mut ledger,
            &Claim {
                timeout_seconds: Some(1.0),
                ..claim(key(task, 1, 1))
            },
        );
    }
    let start = Instant::now();
    ledger.take(2, start);
    ledger.report(completed(key(1, 1, 1)));
    ledger.drop_everything();
    assert_eq!(
        (ledger.held(), ledger.buffered(), ledger.reports_waiting()),
        (0, 0, 0)
    );
    assert_eq!(ledger.occupied(), 1, "the second still runs");
    assert!(ledger.overdue(start + Duration::from_secs(9)).0.is_empty());
    assert!(
        take_reports(&mut ledger, 9).1.is_empty(),
        "the batches are the database's affair now"
    );
    assert!(!ledger.report(completed(key(2, 1, 1))));
    assert_empty(&ledger);
}

#[test]
fn the_oldest_handler_is_named_also_when_its_attempt_is_over() {
    let mut ledger = Ledger::default();
    let start = Instant::now();
    for (task, second) in [(1, 0), (2, 5)] {
        add(&mut ledger, &claim(key(task, 1, 1)));
        ledger.take(1, start + Duration::from_secs(second));
    }
    ledger.settle(&key(1, 1, 1));
    let (oldest, seconds) = ledger.oldest_running(start + Duration::from_secs(9)).unwrap();
    assert_eq!((oldest.key, seconds), (key(1, 1, 1), 9.0));
}
