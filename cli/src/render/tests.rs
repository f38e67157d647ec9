//! Whole outputs, compared with `snapshots/`. After a wanted change: `INSTA_UPDATE=always cargo test -p tasker-cli`.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::samples::{before, failed, fan_out, moves, now, order, step, task, why_row, why_rows};
use super::*;
use crate::failure::Failure;
use insta::assert_snapshot;
use serde_json::json;
use tasker_core::model::{Created, NamedTask, OldPartition, Prunable, Registered, State, WhyReason};
use tasker_core::store::{MigrationReport, RoleReport, RolesReport};
use tasker_core::template::{CompiledTemplate, ParseOptions, Template};
use tasker_core::{Error, ErrorKind};

const PLAIN: Look = Look {
    color: false,
    width: None,
};

fn narrow(width: usize) -> Look {
    Look {
        color: false,
        width: Some(width),
    }
}

fn template() -> CompiledTemplate {
    tasker_example_order::workflow().unwrap()
}

#[test]
fn a_task_that_waits_for_a_retry_is_shown_with_its_reason() {
    assert_snapshot!(super::task(&task(State::InProgress), &order(), now(), &PLAIN));
}

#[test]
fn a_task_that_failed_for_good_says_how_to_go_on() {
    let mut steps = order();
    let payment = steps[2].clone();
    steps[2] = failed(payment, None);
    let mut task = task(State::Error);
    task.health_status = "blocked".into();
    task.execution_status = "blocked_by_failures".into();
    task.recommended_action = "handle_failures".into();
    assert_snapshot!(super::task(&task, &steps, now(), &PLAIN));
}

#[test]
fn the_line_over_the_flow_fits_the_terminal() {
    let task = task(State::InProgress);
    for width in [34, 44, 60, 80, 200] {
        let line = status_line(&task, now(), &narrow(width));
        assert!(line.chars().count() <= width, "{width}: {line}");
        assert!(line.contains("in_progress  2/7 steps"), "{line}");
    }
    assert!(status_line(&task, now(), &narrow(44)).contains("…"));
}

#[test]
fn the_flow_is_cut_to_the_width_of_the_terminal() {
    let lines = flow(
        &order(),
        Flow {
            now: now(),
            lines: None,
        },
        &narrow(60),
    );
    assert!(lines.iter().all(|line| line.chars().count() <= 60), "{lines:#?}");
    assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_wide_level_is_summed_up_and_its_failures_are_named() {
    let lines = flow(
        &fan_out(100),
        Flow {
            now: now(),
            lines: Some(12),
        },
        &PLAIN,
    );
    assert!(lines.len() <= 12);
    assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_long_chain_shows_where_it_is() {
    let steps: Vec<_> = (1..=60)
        .map(|number| {
            let status = match number {
                ..40 => State::Complete,
                40 => State::InProgress,
                _ => State::Pending,
            };
            let parents: Vec<_> = (number > 1).then(|| number - 1).into_iter().collect();
            step(number, &format!("step_{number}"), &parents, status)
        })
        .collect();
    let lines = flow(
        &steps,
        Flow {
            now: now(),
            lines: Some(10),
        },
        &PLAIN,
    );
    assert!(lines.len() <= 10);
    assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_flow_never_takes_more_lines_than_there_are() {
    for lines in 1..40 {
        for steps in [order(), fan_out(100), fan_out(3)] {
            let drawn = flow(
                &steps,
                Flow {
                    now: now(),
                    lines: Some(lines),
                },
                &PLAIN,
            )
            .len();
            assert!(drawn <= lines, "{drawn} lines drawn where {lines} fit");
        }
    }
}

#[test]
fn colours_are_used_only_where_they_are_wanted() {
    let painted = flow(
        &order(),
        Flow {
            now: now(),
            lines: None,
        },
        &Look {
            color: true,
            width: None,
        },
    )
    .join("\n");
    let plain = flow(
        &order(),
        Flow {
            now: now(),
            lines: None,
        },
        &PLAIN,
    )
    .join("\n");
    assert!(painted.contains("\x1b["));
    assert!(!plain.contains('\x1b'));
    assert_snapshot!(painted.replace('\x1b', "ESC"));
}

#[test]
fn changes_are_told_one_a_line() {
    let mut later = order();
    later[2].status = State::InProgress;
    later[2].attempts = 3;
    later[2].next_retry_at = None;
    let running = task(State::InProgress);
    let first = changes(None, (&running, &order()), now(), &PLAIN);
    let second = changes(Some((&running, &order())), (&running, &later), now(), &PLAIN);
    let none = changes(Some((&running, &later)), (&running, &later), now(), &PLAIN);
    assert!(none.is_empty());
    assert_snapshot!(format!("{}\n--\n{}", first.join("\n"), second.join("\n")));
}

#[test]
fn tasks_are_listed_in_columns() {
    let mut paused = task(State::InProgress);
    paused.paused = true;
    let tasks = [
        task(State::Complete),
        paused,
        task(State::Error),
        task(State::Cancelled),
    ];
    assert_snapshot!(task_list(&tasks, now(), &PLAIN));
}

#[test]
fn an_empty_list_says_what_to_do() {
    assert_snapshot!(format!(
        "{}\n{}",
        task_list(&[], now(), &PLAIN),
        named_tasks(&[], now(), &PLAIN)
    ));
}

#[test]
fn one_step_is_shown_in_full_with_its_trail() {
    let step = failed(step(3, "charge_payment", &[1], State::Pending), Some(1_600));
    let trail = Trail {
        transitions: moves(),
        actions: Vec::new(),
    };
    assert_snapshot!(with_trail(
        super::step(&step, now(), &PLAIN),
        Some(&trail),
        &PLAIN
    ));
}

#[test]
fn what_operators_did_besides_stands_below_the_trail() {
    let action = |more: serde_json::Value| {
        let mut action =
            json!({"action_id": 1, "created_at": now(), "metadata": {"verb": "pause", "by": "anna"}});
        action
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        serde_json::from_value(action).unwrap()
    };
    let trail = Trail {
        transitions: Vec::new(),
        actions: vec![
            action(
                json!({"workflow_step_id": 3, "metadata": {"verb": "update_step", "by": "bob", "reason": "slow",
                "changed": {"retry_limit": {"from": 3, "to": 9}}}}),
            ),
            action(json!({"namespace": "shop", "name": "order"})),
            action(json!({"handler": "work"})),
            action(json!({})),
        ],
    };
    let text = with_trail("the task".to_owned(), Some(&trail), &PLAIN);
    let (_, besides) = text.split_once("Besides").unwrap();
    for (line, told) in besides.lines().skip(2).zip([
        ["step 3", "by=bob", "reason=slow", "retry_limit: 3 → 9"],
        ["task shop.order", "by=anna", "verb=pause", ""],
        ["handler work", "by=anna", "verb=pause", ""],
        ["task", "by=anna", "verb=pause", ""],
    ]) {
        assert!(
            told.iter().all(|words| line.contains(words)),
            "{told:?} in: {line}"
        );
    }
    assert_eq!(besides.trim().lines().count(), 5, "{text}");
    assert_eq!(with_trail("the task".to_owned(), None, &PLAIN), "the task");
}

#[test]
fn the_three_answers_to_a_request_differ() {
    let task_id = task(State::Pending).task_id;
    let answer = |created, pruned| {
        super::created(
            &Created {
                task_id,
                created,
                pruned,
            },
            &PLAIN,
        )
    };
    assert_snapshot!([answer(true, false), answer(false, false), answer(false, true)].join("\n"));
}

#[test]
fn registering_tells_each_outcome() {
    let template = template();
    let mut lines = Vec::new();
    for outcome in [
        Registered::New,
        Registered::Unchanged,
        Registered::Replaced,
        Registered::Superseded,
    ] {
        for dry_run in [false, true] {
            lines.push(registered(&template, outcome, dry_run, &PLAIN));
        }
    }
    assert_snapshot!(lines.join("\n"));
}

#[test]
fn templates_are_listed_in_columns() {
    let one = |version: &str, latest| NamedTask {
        named_task_id: 1,
        namespace: "shop".into(),
        name: "process_order".into(),
        version: version.into(),
        full_name: format!("shop.process_order@{version}"),
        description: Some("Takes an order from the cart to the receipt".into()),
        digest: "0123456789abcdef".repeat(4),
        step_count: 7,
        latest,
        registered_at: before(3_600_000 * 30),
    };
    assert_snapshot!(named_tasks(
        &[one("1.1.0", true), one("1.0.0", false)],
        now(),
        &PLAIN
    ));
}

#[test]
fn the_graph_of_the_order_reads_from_top_to_bottom() {
    assert_snapshot!(template_text(&template(), &PLAIN));
}

#[test]
fn a_checked_template_is_told_in_one_line() {
    assert_snapshot!(validated("workflow.yaml", &template(), &PLAIN));
}

#[test]
fn a_failure_says_what_why_and_what_next() {
    let cause = std::io::Error::other("connection refused");
    let engine = Error::new(
        ErrorKind::SchemaMismatch,
        "The schema tasker has version 3; this library needs 4.",
    )
    .with_source(cause)
    .with_details(json!({"found": 3}));
    let failure = Failure::from(engine);
    assert_snapshot!(format!(
        "{}\n{}",
        super::failure(&failure, &PLAIN),
        failure.to_json()
    ));
}

#[test]
fn problems_of_a_template_are_told_all_at_once() {
    let text = "name: x\nversoin: 1.0.0\nstep_templates:\n  - {name: a, depends_on_step: b}\n";
    let errors = Template::parse(
        text,
        &ParseOptions {
            file: Some("x.yaml".into()),
            ..ParseOptions::default()
        },
    )
    .unwrap_err();
    assert_snapshot!(super::failure(&Failure::from(Error::from(errors)), &PLAIN));
}

#[test]
fn mistakes_in_a_context_are_told_one_a_line() {
    let problems = json!([
        {"path": "/order_id", "message": "'order_id' is required and missing"},
        {"path": "/items/0/sku", "message": "1 is not of type \"string\""},
    ]);
    let message =
        "the context breaks the schema of the template: /order_id: 'order_id' is required and missing; …";
    let error = Error::new(ErrorKind::InvalidContext, message).with_details(json!({"problems": problems}));
    assert_snapshot!(super::failure(&Failure::from(error), &PLAIN));
}

#[test]
fn a_migration_tells_what_it_applied() {
    let report = |applied: &[&str]| MigrationReport {
        applied: applied.iter().map(ToString::to_string).collect(),
        schema: "tasker".into(),
        version: 21,
    };
    let database = "postgres://anna@db/shop (explicit)";
    let first = migration(&report(&["0001_foundation", "0002_tasks"]), database, &PLAIN);
    assert_snapshot!(format!(
        "{first}\n--\n{}",
        migration(&report(&[]), database, &PLAIN)
    ));
}

#[test]
fn roles_are_told_with_what_was_done_and_what_is_left_to_somebody_else() {
    let report = |existed: bool, dry_run: bool, done: &[&str], left: &[&str]| RolesReport {
        schema: "tasker".into(),
        owner: "anna".into(),
        owner_is_superuser: dry_run,
        roles: ["enqueue", "work", "operate"]
            .map(|kind| RoleReport {
                kind,
                name: format!("tasker_{kind}"),
                existed: existed || kind == "work",
            })
            .into(),
        dry_run,
        done: done.iter().map(ToString::to_string).collect(),
        left: left.iter().map(ToString::to_string).collect(),
    };
    let make = "create role \"tasker_enqueue\" nologin";
    let grant = "grant usage on schema tasker to tasker_enqueue";
    let told = [
        report(true, false, &[], &[]),
        report(false, false, &[make, grant], &[]),
        report(false, true, &[make, grant], &[]),
        report(
            false,
            false,
            &["grant usage on schema tasker to tasker_work"],
            &[make, grant],
        ),
    ]
    .map(|report| roles(&report, &PLAIN));
    assert_snapshot!(told.join("\n--\n"));
}

#[test]
fn each_reason_why_a_step_does_not_run_says_what_is_known_and_what_to_do() {
    let rows = why_rows();
    let told: Vec<WhyReason> = rows.iter().map(|row| row.reason).collect();
    assert_eq!(told, WhyReason::ALL, "a reason without a sample");
    let blocks: Vec<String> = rows.into_iter().map(|row| why(&[row], now(), &PLAIN)).collect();
    assert_snapshot!(blocks.join("\n\n"));
}

#[test]
fn a_task_tells_the_causes_and_not_the_consequences() {
    let blocked = |number, name: &str, root: i32| {
        let root =
            json!({"blocked_by_step_no": root, "blocked_by": "charge", "blocked_by_reason": "backoff"});
        why_row(Some(number), name, "dependency", root)
    };
    let backoff = why_rows().remove(6);
    let whole = json!({"state": "in_progress", "blocked_by_step_no": 3, "blocked_by": "charge", "blocked_by_reason": "backoff"});
    let rows = [
        why_row(None, "process_order", "backoff", whole),
        why_row(Some(1), "validate", "finished", json!({"state": "complete"})),
        backoff,
        blocked(4, "ship", 3),
        blocked(5, "close", 3),
    ];
    let mut many = vec![why_row(
        None,
        "fan_out",
        "no_worker",
        json!({"blocked_by": "part_1"}),
    )];
    many.extend(
        (1..=14).map(|number| why_row(Some(number), &format!("part_{number}"), "no_worker", json!({}))),
    );
    let ended = why_row(None, "process_order", "finished", json!({"state": "complete"}));
    assert_snapshot!(format!(
        "{}\n--\n{}\n--\n{}",
        why(&rows, now(), &PLAIN),
        why(&many, now(), &PLAIN)
            .lines()
            .rev()
            .take(9)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect::<Vec<_>>()
            .join("\n"),
        why(&[ended], now(), &PLAIN)
    ));
}

#[test]
fn what_would_be_pruned_is_counted_by_name_and_state() {
    let row = |name: &str, state: &str, tasks, steps| Prunable {
        namespace: "shop".to_owned(),
        name: name.to_owned(),
        state: state.to_owned(),
        tasks,
        steps,
    };
    assert_snapshot!(format!(
        "{}\n\n{}",
        prunable(
            &[
                row("process_order", "complete", 76_759, 383_795),
                row("refund", "cancelled", 1, 3)
            ],
            &PLAIN
        ),
        prunable(&[], &PLAIN)
    ));
}

#[test]
fn what_was_pruned_is_told_with_what_stayed_and_where_the_archive_is() {
    let done = Pruned {
        tasks: 1,
        steps: 5,
        identities: 1,
        workers: 12,
    };
    let file = std::path::PathBuf::from("archive/tasks-2026-07-02.jsonl");
    let partition = |name: &str, blocked_by| OldPartition {
        partition: name.to_owned(),
        blocked_by,
    };
    let trail = [
        partition("task_transitions_20260101t000000", None),
        partition(
            "task_transitions_20260108t000000",
            Some(task(State::Error).task_id),
        ),
    ];
    assert_snapshot!(pruned(&done, &[&file], &trail, &PLAIN));
}
