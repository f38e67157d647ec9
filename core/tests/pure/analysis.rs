//! The analysis of a task's graph, against numbers that were worked out by hand from the ancestor's rules.

use serde_json::{Value, json};
use tasker_core::graph::analyze;
use tasker_core::model::AnalysisWeights;
use tasker_core::model::analysis::TaskSnapshot;

/// What of a step is not as when it waits for its first attempt.
pub(crate) type Said = (i32, Value);

/// A task of steps 1, 2, … with the names a, b, …; `parents` of each, and what is said of some.
pub(crate) fn snapshot(parents: &[&[i32]], health: &str, completion: f64, said: &[Said]) -> TaskSnapshot {
    let steps: Vec<Value> = (1..)
        .zip(parents)
        .map(|(number, of)| {
            let children: Vec<i32> = (1..)
                .zip(parents)
                .filter(|(_, parents)| parents.contains(&number))
                .map(|(child, _)| child)
                .collect();
            let letter = char::from(b'a' + u8::try_from((number - 1) % 26).unwrap());
            let mut step = json!({
                "workflow_step_id": number, "name": letter.to_string(), "current_state": "pending",
                "dependencies_satisfied": of.is_empty(), "retry_eligible": true, "ready_for_execution": of.is_empty(),
                "next_retry_at": null, "attempts": 0, "retry_limit": 3, "children_ids": children,
            });
            for (_, more) in said.iter().filter(|(said_of, _)| *said_of == number) {
                step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            }
            step
        })
        .collect();
    serde_json::from_value(json!({
        "task_id": "0198c0de-0000-7000-8000-000000000000", "taken_at": "2026-01-01T00:00:00Z",
        "completion_percentage": completion, "health_status": health, "steps": steps,
    }))
    .unwrap()
}

fn analyzed(parents: &[&[i32]], health: &str, completion: f64, said: &[Said]) -> Value {
    let answer = analyze(
        &snapshot(parents, health, completion, said),
        &AnalysisWeights::default(),
    );
    serde_json::to_value(answer.unwrap()).unwrap()
}

fn complete() -> Value {
    json!({"current_state": "complete", "dependencies_satisfied": true, "attempts": 1, "ready_for_execution": false,
        "retry_eligible": false})
}

fn failed(attempts: i32, retry_eligible: bool, next_retry_at: Option<&str>) -> Value {
    json!({"current_state": "error", "dependencies_satisfied": true, "attempts": attempts, "ready_for_execution": false,
        "retry_eligible": retry_eligible, "next_retry_at": next_retry_at})
}

/// Asserts that `answer` has these members at `place`, and may have others.
#[track_caller]
fn assert_has(answer: &Value, place: &str, members: &Value) {
    let found = answer
        .pointer(place)
        .unwrap_or_else(|| panic!("no {place} in {answer}"));
    for (name, expected) in members.as_object().unwrap() {
        let equal = match (found[name].as_f64(), expected.as_f64()) {
            (Some(found), Some(expected)) => (found - expected).abs() < 1e-9,
            _ => found[name] == *expected,
        };
        assert!(equal, "{place}/{name} is {}, not {expected}", found[name]);
    }
}

#[test]
fn a_line_that_has_not_begun() {
    let answer = analyzed(&[&[], &[1], &[2]], "healthy", 0.0, &[]);
    assert_has(
        &answer,
        "/dependency_graph",
        &json!({
            "adjacency_list": {"1": [2], "2": [3], "3": []}, "reverse_adjacency_list": {"1": [], "2": [1], "3": [2]},
            "dependency_levels": {"1": 0, "2": 1, "3": 2},
            "nodes": [{"id": 1, "name": "a", "level": 0}, {"id": 2, "name": "b", "level": 1}, {"id": 3, "name": "c", "level": 2}],
            "edges": [{"from": 1, "to": 2, "from_name": "a", "to_name": "b"}, {"from": 2, "to": 3, "from_name": "b", "to_name": "c"}],
        }),
    );
    let paths = json!({"total_paths": 1, "longest_path_length": 3, "root_nodes": [1], "leaf_nodes": [3]});
    assert_has(&answer, "/critical_paths", &paths);
    // 3 steps × 10, 2 blocked × 25, 90 seconds.
    let path = json!({"path": [1, 2, 3], "length": 3, "step_names": ["a", "b", "c"], "completed_steps": 0, "blocked_steps": 2,
        "error_steps": 0, "retry_steps": 0, "ready_steps": 1, "estimated_duration": 90, "completion_percentage": 0,
        "criticality_score": 30 + 50 + 3});
    assert_has(&answer, "/critical_paths/paths/0", &path);
    let held = json!({"step_id": 2, "reason": "A step before it is not done", "severity": 5,
        "impact": "Holds up 1 step after it on this path"});
    assert_has(&answer, "/critical_paths/paths/0/bottlenecks/0", &held);
    let parallelism = json!({"total_steps": 3, "total_levels": 3, "max_parallel_steps": 1, "current_parallel_opportunities": 1,
        "blocked_parallel_opportunities": 2, "overall_completion": 0, "parallelism_efficiency": 0});
    assert_has(&answer, "/parallelism_opportunities", &parallelism);
    assert_has(
        &answer,
        "/error_chains",
        &json!({"total_error_steps": 0, "most_critical_error": null, "error_chains": []}),
    );
    // b has one blocked step after it: (5 + 15) × 1.2; c has none.
    let bottlenecks = json!({"total_bottlenecks": 2, "critical_bottlenecks": 0, "total_blocked_steps": 1, "overall_impact": "Low"});
    assert_has(&answer, "/bottlenecks", &bottlenecks);
    let worst = json!({"step_name": "b", "impact_score": 24, "severity": "Medium", "bottleneck_type": "Dependency Block",
        "downstream_steps_count": 1, "blocked_downstream_count": 1,
        "estimated_resolution_time": "When the steps before it are done"});
    assert_has(&answer, "/bottlenecks/bottlenecks/0", &worst);
    let summary = json!({"total_steps": 3, "total_dependencies": 2, "dependency_levels": 3, "longest_path_length": 3,
        "critical_bottlenecks_count": 0, "error_chains_count": 0, "parallelism_efficiency": 0, "overall_health": "healthy",
        "recommendations": ["See that workers have the handlers of what is ready: 1 step"]});
    assert_has(&answer, "/task_execution_summary", &summary);
}

#[test]
fn a_diamond_that_is_half_done() {
    let said = [
        (1, complete()),
        (
            2,
            json!({"dependencies_satisfied": true, "ready_for_execution": true}),
        ),
        (
            3,
            json!({"dependencies_satisfied": true, "ready_for_execution": true}),
        ),
    ];
    let answer = analyzed(&[&[], &[1], &[1], &[2, 3]], "healthy", 25.0, &said);
    // 3 × 10 − 15 + 25 for d, 120 seconds with the attempt of a; less 0.3 × 25 %. Both ways weigh the same: the smaller steps first.
    let score = (30.0 - 15.0 + 25.0 + 4.0) * (1.0 - 0.3 * 0.25);
    for (place, path) in [(0, [1, 2, 4]), (1, [1, 3, 4])] {
        let told = json!({"path": path, "criticality_score": score, "completed_steps": 1, "ready_steps": 1, "blocked_steps": 1,
            "estimated_duration": 120, "completion_percentage": 33.3});
        assert_has(&answer, &format!("/critical_paths/paths/{place}"), &told);
    }
    assert_has(
        &answer,
        "/critical_paths",
        &json!({"total_paths": 2, "longest_path_length": 3}),
    );
    let middle = json!({"total_steps": 2, "ready_steps": 2, "step_names": ["b", "c"], "parallelism_potential": "High", "bottleneck_risk": "Low"});
    assert_has(&answer, "/parallelism_opportunities/levels/1", &middle);
    let last = json!({"ready_steps": 0, "blocked_steps": 1, "parallelism_potential": "Low", "bottleneck_risk": "High"});
    assert_has(&answer, "/parallelism_opportunities/levels/2", &last);
    assert_has(
        &answer,
        "/parallelism_opportunities",
        &json!({"parallelism_efficiency": 33.3, "max_parallel_steps": 2}),
    );
    assert_has(
        &answer,
        "/task_execution_summary",
        &json!({"parallelism_efficiency": 33.3, "overall_health": "healthy"}),
    );
}

#[test]
fn a_tree_whose_root_has_used_up_its_attempts() {
    let said = [(1, failed(3, false, None))];
    let answer = analyzed(&[&[], &[1], &[1], &[2], &[2]], "blocked", 0.0, &said);
    // 4 blocked × 15 + 4 × 5 + 20 + 3 × 3.
    let chain = json!({"error_step_id": 1, "downstream_steps": [2, 3, 4, 5], "blocked_downstream_steps": 4,
        "total_downstream_steps": 4, "total_impact": 60 + 20 + 20 + 9,
        "retry_analysis": {"exhausted": true, "remaining_attempts": 0, "in_backoff": false, "next_retry_at": null, "retryable": false}});
    assert_has(&answer, "/error_chains/error_chains/0", &chain);
    let named =
        |place: usize| &answer["error_chains"]["error_chains"][0]["recovery_strategies"][place]["strategy"];
    assert_eq!(
        [named(0), named(1)],
        ["Manual Resolution", "Increase Retry Limit"]
    );
    let chains = json!({"total_error_steps": 1, "error_percentage": 20, "total_blocked_by_errors": 4, "task_health": "blocked",
        "recovery_priority": [{"step_name": "a", "priority_level": "Critical", "reason": "Blocks 4 steps after it",
            "recommended_action": "Manual Resolution"}]});
    assert_has(&answer, "/error_chains", &chains);
    // (4 × 5 + 4 × 15) × (2.0 + 0.5) + 3 × 3 + 10 + 20.
    let worst = json!({"impact_score": 200 + 39, "severity": "Critical", "bottleneck_type": "Permanent Failure",
        "estimated_resolution_time": "Not without an operator"});
    assert_has(&answer, "/bottlenecks/bottlenecks/0", &worst);
    assert_has(
        &answer,
        "/bottlenecks",
        &json!({"total_bottlenecks": 1, "failed_steps_ratio": 20, "overall_impact": "High"}),
    );
    // 3 × 10 + 2 blocked × 25 × 1.5 + 30 × 1.5 + 10 for the retry, 2 × (90 + 60 + 90) ÷ 60.
    let path = json!({"path": [1, 2, 4], "retry_steps": 1, "error_steps": 1, "estimated_duration": 240,
        "criticality_score": 30.0 + 75.0 + 45.0 + 10.0 + 8.0});
    assert_has(&answer, "/critical_paths/paths/0", &path);
    // The worst of it is the failure: 10, 3 × 5, 20 as exhausted.
    let held = json!({"step_id": 1, "severity": 45, "reason": "Failed for good"});
    assert_has(&answer, "/critical_paths/paths/0/bottlenecks/0", &held);
    let summary = json!({"critical_bottlenecks_count": 1, "error_chains_count": 1, "overall_health": "critical",
        "recommendations": ["Manual Resolution: 'a'. Blocks 4 steps after it"]});
    assert_has(&answer, "/task_execution_summary", &summary);
}

#[test]
fn each_kind_of_failure_has_its_own_advice() {
    let advice = |said: Value| {
        let answer = analyzed(&[&[], &[1]], "recovering", 0.0, &[(1, said)]);
        let chain = answer["error_chains"]["error_chains"][0].clone();
        let bottleneck = answer["bottlenecks"]["bottlenecks"][0].clone();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (
            text(&chain["recovery_strategies"][0]["strategy"]),
            text(&bottleneck["bottleneck_type"]),
            text(&bottleneck["estimated_resolution_time"]),
        )
    };
    let expected =
        |strategy: &str, kind: &str, time: &str| (strategy.to_owned(), kind.to_owned(), time.to_owned());
    let later = Some("2026-01-01T00:01:30Z");
    let backoff = expected("Wait for Backoff", "Active Error", "In 2 minutes");
    assert_eq!(advice(failed(1, true, later)), backoff);
    let due = Some("2025-12-31T23:59:59Z");
    assert_eq!(
        advice(failed(1, true, due)),
        expected("Monitor Retries", "Active Error", "With the next attempt")
    );
    let permanent = expected(
        "Investigate Root Cause",
        "Permanent Failure",
        "Not without an operator",
    );
    assert_eq!(advice(failed(1, false, None)), permanent);
}

#[test]
fn the_most_critical_path_need_not_be_the_longest() {
    // a–b–c–d is done but for d; e–f waits behind a failure.
    let said = [
        (1, complete()),
        (2, complete()),
        (3, complete()),
        (
            4,
            json!({"dependencies_satisfied": true, "ready_for_execution": true}),
        ),
        (5, failed(1, false, None)),
    ];
    let answer = analyzed(&[&[], &[1], &[2], &[3], &[], &[5]], "recovering", 50.0, &said);
    assert_has(
        &answer,
        "/critical_paths/paths/0",
        &json!({"path": [5, 6], "length": 2}),
    );
    assert_has(
        &answer,
        "/critical_paths",
        &json!({"longest_path_length": 4, "total_paths": 2}),
    );
    assert_has(
        &answer,
        "/task_execution_summary",
        &json!({"longest_path_length": 4}),
    );
}

#[test]
fn what_has_ended_before_its_turn_is_not_blocked() {
    let ended = |state: &str| json!({"current_state": state, "retry_eligible": false});
    let said = [(2, ended("resolved_manually")), (3, ended("cancelled"))];
    let answer = analyzed(&[&[], &[1], &[1]], "healthy", 33.33, &said);
    assert_has(
        &answer,
        "/bottlenecks",
        &json!({"total_bottlenecks": 0, "overall_impact": "None"}),
    );
    assert_has(
        &answer,
        "/parallelism_opportunities",
        &json!({"blocked_parallel_opportunities": 0}),
    );
}

#[test]
fn a_warning_is_a_bottleneck_that_is_high_and_critical_ones_are_counted() {
    // The second of n steps in a line has n − 2 blocked ones after it, 24 each.
    let line = |steps: i32| {
        let parents: Vec<Vec<i32>> = (0..steps)
            .map(|step| if step == 0 { vec![] } else { vec![step] })
            .collect();
        let parents: Vec<&[i32]> = parents.iter().map(Vec::as_slice).collect();
        analyzed(&parents, "healthy", 0.0, &[])["task_execution_summary"].clone()
    };
    let of = |steps: i32| {
        (
            line(steps)["overall_health"].clone(),
            line(steps)["critical_bottlenecks_count"].clone(),
        )
    };
    assert_eq!(of(4), (json!("healthy"), json!(0)));
    assert_eq!(of(5), (json!("warning"), json!(0)));
    assert_eq!(of(9), (json!("critical"), json!(3)));
    assert!(
        line(9)["recommendations"][0]
            .as_str()
            .unwrap()
            .contains("'b' can run: 7 steps")
    );
}

#[test]
fn more_ways_than_could_be_walked_cost_nothing() {
    // 20 layers of 50 steps, each waiting for the whole layer before: 50²⁰ ways.
    let layers: Vec<Vec<i32>> = (0..20_i32)
        .map(|layer| (layer * 50 + 1..=layer * 50 + 50).collect())
        .collect();
    let parents: Vec<&[i32]> = (0..1000_usize)
        .map(|place| {
            if place < 50 {
                [].as_slice()
            } else {
                layers[place / 50 - 1].as_slice()
            }
        })
        .collect();
    let answer = analyzed(&parents, "healthy", 0.0, &[]);
    assert_has(
        &answer,
        "/critical_paths",
        &json!({"total_paths": null, "longest_path_length": 20}),
    );
    let first: Vec<i32> = (0..20).map(|layer| layer * 50 + 1).collect();
    assert_eq!(answer["critical_paths"]["paths"][0]["path"], json!(first));
    assert_eq!(answer["critical_paths"]["paths"].as_array().unwrap().len(), 5);
    // Each step of the second layer has 18 layers after it.
    assert_has(
        &answer,
        "/bottlenecks/bottlenecks/0",
        &json!({"step_id": 51, "downstream_steps_count": 900}),
    );
    assert_eq!(answer["bottlenecks"]["bottlenecks"].as_array().unwrap().len(), 10);
}

#[test]
fn failures_are_told_up_to_a_bound_and_all_counted() {
    let parents: Vec<&[i32]> = vec![&[]; 60];
    let said: Vec<Said> = (1..=60).map(|step| (step, failed(1, true, None))).collect();
    let answer = analyzed(&parents, "recovering", 0.0, &said);
    assert_has(
        &answer,
        "/error_chains",
        &json!({"total_error_steps": 60, "error_percentage": 100}),
    );
    assert_eq!(
        answer["error_chains"]["error_chains"].as_array().unwrap().len(),
        50
    );
    assert_has(
        &answer,
        "/task_execution_summary",
        &json!({"error_chains_count": 60}),
    );
}

#[test]
fn weights_of_ones_own_are_used() {
    let weights: AnalysisWeights =
        serde_json::from_value(json!({"impact_multipliers": {"blocked_penalty": 0}})).unwrap();
    let answer = analyze(&snapshot(&[&[], &[1]], "healthy", 0.0, &[]), &weights).unwrap();
    assert!((answer.critical_paths.paths[0].criticality_score - 22.0).abs() < 1e-9);
    let unknown = serde_json::from_value::<AnalysisWeights>(json!({"impact_multipliers": {"blocked": 0}}));
    assert!(unknown.unwrap_err().to_string().contains("blocked_penalty"));
}

#[test]
fn steps_that_wait_for_each_other_are_refused() {
    let answer = analyze(
        &snapshot(&[&[2], &[1]], "healthy", 0.0, &[]),
        &AnalysisWeights::default(),
    );
    assert!(answer.unwrap_err().message.contains("a → b → a"));
}
