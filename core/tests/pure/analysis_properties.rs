//! The analysis of a task's graph against walking every path of it.

use crate::analysis::snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};
use tasker_core::graph::analyze;
use tasker_core::model::AnalysisWeights;
use tasker_core::model::analysis::{StepSnapshot, TaskSnapshot};

/// Any task without cycles: parents have smaller numbers, or larger ones.
fn any_task() -> impl Strategy<Value = TaskSnapshot> {
    let step = (
        prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        prop::sample::select(vec![
            "pending",
            "in_progress",
            "complete",
            "error",
            "cancelled",
            "resolved_manually",
        ]),
        any::<(bool, bool, bool)>(),
        0..4_i32,
    );
    let health = prop::sample::select(vec!["healthy", "recovering"]);
    (prop::collection::vec(step, 1..11), health, 0..=100_u8, any::<bool>()).prop_map(
        |(steps, health, completion, turned)| {
            let count = steps.len();
            let number = |place: usize| i32::try_from(if turned { count - place } else { place + 1 }).unwrap();
            let mut parents = vec![Vec::new(); count];
            let mut said: Vec<(i32, Value)> = Vec::new();
            for (place, (picks, state, (satisfied, eligible, ready), attempts)) in steps.iter().enumerate() {
                let at = usize::try_from(number(place) - 1).unwrap();
                if place > 0 {
                    parents[at] = picks.iter().map(|pick| number(pick.index(place))).collect();
                    parents[at].sort_unstable();
                    parents[at].dedup();
                }
                said.push((
                    number(place),
                    json!({"current_state": state, "dependencies_satisfied": satisfied, "retry_eligible": eligible,
                        "ready_for_execution": ready, "attempts": attempts}),
                ));
            }
            let parents: Vec<&[i32]> = parents.iter().map(Vec::as_slice).collect();
            snapshot(&parents, health, f64::from(completion), &said)
        },
    )
}

fn step(task: &TaskSnapshot, number: i32) -> &StepSnapshot {
    &task.steps[usize::try_from(number - 1).unwrap()]
}

fn walks(task: &TaskSnapshot, from: i32) -> Vec<Vec<i32>> {
    let children = &step(task, from).children_ids;
    if children.is_empty() {
        return vec![vec![from]];
    }
    children
        .iter()
        .flat_map(|child| walks(task, *child))
        .map(|mut walk| {
            walk.insert(0, from);
            walk
        })
        .collect()
}

fn all_walks(task: &TaskSnapshot) -> Vec<Vec<i32>> {
    let waits = |number: i32| task.steps.iter().any(|step| step.children_ids.contains(&number));
    let roots = task.steps.iter().map(|step| step.workflow_step_id);
    roots
        .filter(|number| !waits(*number))
        .flat_map(|root| walks(task, root))
        .collect()
}

/// By the words of the rule, before it is cut off at 0. All numbers are halves, and so sums are exact.
fn weight(task: &TaskSnapshot, walk: &[i32]) -> f64 {
    let how_many = |is: fn(&StepSnapshot) -> bool| {
        f64::from(u32::try_from(walk.iter().filter(|number| is(step(task, **number))).count()).unwrap())
    };
    let length = how_many(|_| true);
    let attempts: i32 = walk.iter().map(|number| step(task, *number).attempts).sum();
    let errors = how_many(StepSnapshot::failed);
    let health = if task.health_status == "healthy" { 1.0 } else { 1.5 };
    let duration = 30.0 * length + 60.0 * errors + 30.0 * f64::from(attempts);
    10.0 * length - 15.0 * how_many(StepSnapshot::done)
        + 25.0 * how_many(StepSnapshot::blocked) * health
        + 30.0 * errors * health
        + 10.0 * how_many(|step| step.failed() && step.attempts > 0)
        + 2.0 * duration / 60.0
}

fn downstream(task: &TaskSnapshot, number: i32) -> Vec<i32> {
    let mut found: Vec<i32> = walks(task, number)
        .into_iter()
        .flatten()
        .filter(|one| *one != number)
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_paths_are_those_that_walking_all_of_them_finds(task in any_task()) {
        let mut walked = all_walks(&task);
        let longest = walked.iter().map(Vec::len).max().unwrap();
        let all = walked.len();
        walked.sort_by(|one, other| weight(&task, other).total_cmp(&weight(&task, one)).then_with(|| one.cmp(other)));
        walked.truncate(5);
        let paths = analyze(&task, &AnalysisWeights::default()).unwrap().critical_paths;
        prop_assert_eq!(paths.total_paths, Some(u64::try_from(all).unwrap()));
        prop_assert_eq!(paths.longest_path_length, longest);
        let found: Vec<Vec<i32>> = paths.paths.iter().map(|path| path.path.clone()).collect();
        prop_assert_eq!(found, walked);
        for path in &paths.paths {
            let score = (weight(&task, &path.path) * (1.0 - 0.3 * task.completion_percentage / 100.0)).max(0.0);
            prop_assert!((path.criticality_score - score).abs() < 1e-9);
        }
    }

    #[test]
    fn steps_reach_as_far_as_walking_finds(task in any_task()) {
        let answer = analyze(&task, &AnalysisWeights::default()).unwrap();
        for chain in &answer.error_chains.error_chains {
            let mut told = chain.downstream_steps.clone();
            told.sort_unstable();
            prop_assert_eq!(told, downstream(&task, chain.error_step_id));
        }
        for one in &answer.bottlenecks.bottlenecks {
            let reached = downstream(&task, one.step_id);
            prop_assert_eq!(one.downstream_steps_count, reached.len());
            let blocked = reached.iter().filter(|number| step(&task, **number).blocked()).count();
            prop_assert_eq!(one.blocked_downstream_count, blocked);
        }
    }
}
