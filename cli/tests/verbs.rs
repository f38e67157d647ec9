//! The verbs on a real database, each test with one of its own. No worker runs: what was created stays as it is.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use serde_json::{Value, json};
use std::process::Command;
use support::{Answer, CONTEXT, ORDER, Shop};

const UNKNOWN: &str = "0198c0de-0000-7000-8000-000000000000";

#[tokio::test]
async fn migrating_twice_changes_nothing() {
    let shop = Shop::empty().await;
    let first = shop.json(&["migrate"]);
    assert!(!first["applied"].as_array().unwrap().is_empty());
    let second = shop.json(&["migrate"]);
    assert!(second["applied"].as_array().unwrap().is_empty());
    assert_eq!(first["version"], second["version"]);
}

#[tokio::test]
async fn a_database_that_was_not_migrated_says_how_to_do_it() {
    let answer = Shop::empty().await.run(&["task", "list"]);
    assert_eq!(answer.code, 5, "{}", answer.err);
    assert!(answer.err.contains("tasker migrate"), "{}", answer.err);
}

#[tokio::test]
async fn registering_again_changes_nothing_and_other_content_replaces() {
    let shop = Shop::open().await;
    let again = shop.json(&["template", "register", ORDER]);
    assert_eq!(again["templates"][0]["outcome"], "unchanged");

    let folder = std::env::temp_dir().join(format!("tasker-verbs-{}", shop.0.name()));
    std::fs::create_dir_all(&folder).unwrap();
    let changed = std::fs::read_to_string(ORDER)
        .unwrap()
        .replace("default_retry_limit: 5", "default_retry_limit: 6");
    std::fs::write(folder.join("order.yaml"), changed).unwrap();
    let folder_name = folder.to_str().unwrap();
    let foreseen = shop.json(&["template", "register", folder_name, "--dry-run"]);
    assert_eq!(foreseen["templates"][0]["outcome"], "replaced");
    let replaced = shop.json(&["template", "register", folder_name]);
    assert_eq!(replaced["templates"][0]["outcome"], "replaced");
    std::fs::remove_dir_all(&folder).unwrap();

    let superseded = shop.run(&["template", "register", ORDER]);
    assert_eq!(superseded.code, 4, "{}", superseded.err);
    assert!(superseded.err.contains("--force"), "{}", superseded.err);
    let forced = shop.json(&["template", "register", ORDER, "--force"]);
    assert_eq!(forced["templates"][0]["outcome"], "replaced");
}

#[tokio::test]
async fn what_is_registered_is_listed_and_drawn() {
    let shop = Shop::open().await;
    let list = shop.run(&["template", "list", "--namespace", "shop"]);
    assert!(list.out.contains("process_order  1.0.0"), "{}", list.out);
    let graph = shop.run(&[
        "template",
        "graph",
        "shop.process_order@1.0.0",
        "--format",
        "mermaid",
    ]);
    assert!(graph.out.starts_with("flowchart TD"), "{}", graph.out);
    assert_eq!(shop.run(&["template", "graph", "shop.no_such_task"]).code, 3);
}

#[tokio::test]
async fn a_task_is_created_listed_and_shown() {
    let shop = Shop::open().await;
    let task = shop.create(&[
        "--tag",
        "urgent",
        "--priority",
        "0",
        "--reason",
        "to see",
        "--bypass",
        "award_points",
    ]);
    let listed = shop.json(&[
        "task", "list", "--tag", "urgent", "--status", "pending", "--since", "1h",
    ]);
    assert_eq!(listed["tasks"][0]["task_id"], task.as_str());
    assert_eq!(
        shop.json(&["task", "list", "--status", "error"])["tasks"]
            .as_array()
            .unwrap()
            .len(),
        0
    );

    let shown = shop.json(&["task", "show", &task]);
    assert_eq!(shown["task"]["initiator"], "anna");
    assert_eq!(shown["task"]["priority"], 0);
    assert_eq!(shown["steps"].as_array().unwrap().len(), 7);
    let text = shop.run(&["task", "show", &task]).out;
    assert!(text.contains("├─○ reserve_stock"), "{text}");
    let step = shop.json(&["task", "show", &task, "--step", "award_points"]);
    assert_eq!(step["step"]["status"], "resolved_manually");
    let trail = shop.run(&["task", "show", &task, "--trail"]).out;
    assert!(trail.contains("Trail"), "{trail}");
}

#[tokio::test]
async fn what_does_not_exist_is_code_3() {
    let shop = Shop::open().await;
    for arguments in [
        &["task", "show", UNKNOWN][..],
        &["task", "watch", UNKNOWN],
        &["task", "cancel", UNKNOWN],
        &["task", "create", "no_such_task"],
    ] {
        let answer = shop.run(arguments);
        assert_eq!(answer.code, 3, "{arguments:?}: {}", answer.err);
    }
}

#[tokio::test]
async fn a_context_that_breaks_the_schema_is_code_6_and_creates_nothing() {
    let shop = Shop::open().await;
    let answer = shop.run(&["--json", "task", "create", "process_order", "--namespace", "shop"]);
    assert_eq!(answer.code, 6);
    let failure: Value = serde_json::from_str(&answer.err).unwrap();
    assert_eq!(failure["error"]["kind"], "invalid_context");
    assert_eq!(shop.json(&["task", "list"])["tasks"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn a_duplicate_is_the_same_task_or_code_4() {
    let shop = Shop::open().await;
    let first = shop.create(&["--key", "order-7"]);
    let second = shop.create(&["--key", "order-7"]);
    assert_eq!(first, second);
    let arguments = [
        "task",
        "create",
        "process_order",
        "--namespace",
        "shop",
        "--context",
        CONTEXT,
    ];
    let rejected = shop.run(&[&arguments[..], &["--key", "order-7", "--on-duplicate", "reject"]].concat());
    assert_eq!(rejected.code, 4, "{}", rejected.err);
}

#[tokio::test]
async fn cancelling_is_foreseen_done_and_done_again() {
    let shop = Shop::open().await;
    let task = shop.create(&[]);
    let foreseen = shop.json(&["task", "cancel", &task, "--dry-run"]);
    assert_eq!(foreseen["steps"].as_array().unwrap().len(), 7);
    assert_eq!(shop.status(&task), "pending");
    let cancelled = shop.json(&["task", "cancel", &task, "--by", "anna", "--reason", "withdrawn"]);
    assert_eq!(cancelled["task"]["status"], "cancelled");
    let trail = shop.json(&["task", "show", &task, "--trail"])["transitions"].to_string();
    assert!(trail.contains("anna") && trail.contains("withdrawn"), "{trail}");
    assert_eq!(shop.run(&["task", "cancel", &task]).code, 0);
}

#[tokio::test]
async fn a_move_that_the_state_machine_does_not_allow_is_code_4_foreseen_or_not() {
    let shop = Shop::open().await;
    let task = shop.create(&[]);
    for arguments in [
        &["task", "resolve", &task][..],
        &["task", "resolve", &task, "--dry-run"],
        &["task", "retry", &task, "--step", "validate_cart"],
        &["task", "retry", &task, "--step", "validate_cart", "--dry-run"],
    ] {
        let answer = shop.run(arguments);
        assert_eq!(answer.code, 4, "{arguments:?}: {}", answer.err);
    }
}

#[tokio::test]
async fn a_step_is_resolved_by_hand_with_its_results() {
    let shop = Shop::open().await;
    let task = shop.create(&[]);
    let results = r#"{"total_cents": 5, "item_count": 1}"#;
    let resolved = shop.json(&[
        "task",
        "resolve",
        &task,
        "--step",
        "1",
        "--results",
        results,
        "--reason",
        "by phone",
    ]);
    assert_eq!(resolved["step"]["status"], "resolved_manually");
    assert_eq!(resolved["step"]["results"]["total_cents"], 5);
    let shown = shop.json(&["task", "show", &task]);
    assert_eq!(shown["task"]["ready_steps"], 2);
}

#[tokio::test]
async fn a_paused_task_says_so_until_it_is_resumed() {
    let shop = Shop::open().await;
    let task = shop.create(&[]);
    for scope in [
        &[task.as_str()][..],
        &["--namespace", "shop", "--name", "process_order"],
        &["--namespace", "shop"],
    ] {
        assert_eq!(shop.run(&[&["task", "pause"], scope].concat()).code, 0);
        assert_eq!(
            shop.json(&["task", "show", &task])["task"]["paused"],
            true,
            "{scope:?}"
        );
        assert_eq!(shop.run(&[&["task", "resume"], scope].concat()).code, 0);
        assert_eq!(
            shop.json(&["task", "show", &task])["task"]["paused"],
            false,
            "{scope:?}"
        );
    }
}

#[tokio::test]
async fn why_names_the_missing_worker_and_the_pause_and_the_step_that_all_wait_for() {
    let shop = Shop::open().await;
    let task = shop.create(&[]);
    let answer = shop.json(&["why", &task]);
    assert_eq!(answer["why"][0]["reason"], "no_worker");
    assert_eq!(answer["why"].as_array().unwrap().len(), 8);
    let last = shop.json(&["why", &task, "close_order"]);
    assert_eq!(last["why"][0]["blocked_by"], "validate_cart");
    assert_eq!(last["why"][0]["blocked_by_reason"], "no_worker");
    let text = shop.run(&["why", &task]).out;
    assert!(
        text.contains("start a worker that registers the handler shop.process_order.validate_cart"),
        "{text}"
    );
    assert_eq!(shop.run(&["task", "pause", &task, "--by", "anna"]).code, 0);
    let text = shop.run(&["why", &task, "1"]).out;
    assert!(text.contains(&format!("tasker task resume {task}")), "{text}");
    assert_eq!(shop.run(&["why", UNKNOWN]).code, 3);
    assert_eq!(shop.run(&["why", &task, "no_such_step"]).code, 3);
}

#[tokio::test]
async fn a_step_is_listed_shown_updated_cancelled_and_resolved() {
    let shop = Shop::open().await;
    let task = shop.create(&[]);
    let page = shop.json(&["step", "list", &task, "--limit", "3"]);
    assert_eq!(page["next"], "3");
    let rest = shop.json(&["step", "list", &task, "--limit", "1000", "--after", "3"]);
    assert_eq!(rest["steps"].as_array().unwrap().len(), 4);
    assert_eq!(rest["next"], Value::Null);
    let text = shop.run(&["step", "list", &task, "--limit", "3"]);
    assert!(text.err.contains("--after 3"), "{}", text.err);
    let updated = shop.json(&[
        "step",
        "update",
        &task,
        "charge_payment",
        "--retry-limit",
        "9",
        "--inputs",
        "{\"a\": 1}",
    ]);
    assert_eq!(updated["step"]["retry_limit"], 9);
    assert_eq!(updated["step"]["inputs"]["a"], 1);
    assert_eq!(
        shop.run(&["step", "update", &task, "1"]).code,
        2,
        "nothing to change"
    );
    assert_eq!(
        shop.run(&["step", "update", &task, "1", "--inputs", "[]"]).code,
        2
    );
    assert_eq!(shop.run(&["step", "retry", &task, "1"]).code, 4);
    let foreseen = shop.json(&["step", "cancel", &task, "award_points", "--dry-run"]);
    assert_eq!(foreseen["steps"][0], "award_points");
    assert_eq!(
        shop.run(&["step", "cancel", &task, "award_points", "--by", "anna"])
            .code,
        0
    );
    assert_eq!(
        shop.run(&["step", "resolve", &task, "1", "--results", "{\"n\": 2}"])
            .code,
        0
    );
    let shown = shop.json(&["step", "show", &task, "validate_cart", "--trail"]);
    assert_eq!(shown["step"]["results"]["n"], 2);
    assert!(shown["transitions"].as_array().unwrap().len() > 1);
    assert_eq!(shop.run(&["step", "list", UNKNOWN]).code, 3);
}

#[tokio::test]
async fn a_task_is_updated_and_found_by_its_new_label() {
    let shop = Shop::open().await;
    let task = shop.create(&["--tag", "old"]);
    let updated = shop.json(&[
        "task",
        "update",
        &task,
        "--priority",
        "0",
        "--tag",
        "vip",
        "--reason",
        "asked twice",
    ]);
    assert_eq!(updated["task"]["priority"], 0);
    assert_eq!(updated["task"]["reason"], "asked twice");
    assert_eq!(
        shop.json(&["task", "list", "--tag", "vip"])["tasks"][0]["task_id"],
        task.as_str()
    );
    let bare = shop.json(&["task", "update", &task, "--no-tags"]);
    assert_eq!(bare["task"]["tags"].as_array().unwrap().len(), 0);
    assert_eq!(shop.run(&["task", "update", &task]).code, 2);
}

#[tokio::test]
async fn something_is_noted_on_a_task() {
    let shop = Shop::open().await;
    let task = shop.create(&[]);
    assert_eq!(shop.json(&["task", "annotate", &task])["annotations"], json!([]));
    let noted = shop.json(&["task", "annotate", &task, "shipment", r#"{"carrier": "DHL"}"#]);
    assert_eq!(noted["annotation"]["carrier"], "DHL");
    assert_eq!(
        shop.json(&["task", "annotate", &task])["annotations"],
        json!([noted])
    );
    let shown = shop.run(&["task", "annotate", &task]);
    assert!(shown.out.contains("shipment"), "{}", shown.out);
    assert_eq!(shop.run(&["task", "annotate", &task, "shipment"]).code, 2);
    assert_eq!(
        shop.run(&["task", "annotate", &task, "shipment", "{carrier"])
            .code,
        2
    );
    assert_eq!(shop.run(&["task", "annotate", UNKNOWN]).code, 3);
}

#[tokio::test]
async fn lists_go_on_from_their_cursor() {
    let shop = Shop::open().await;
    let mut tasks: Vec<String> = (0..3).map(|_| shop.create(&[])).collect();
    tasks.reverse();
    let first = shop.json(&["task", "list", "--limit", "2"]);
    assert_eq!(first["next"], tasks[1].as_str());
    let second = shop.json(&["task", "list", "--limit", "2", "--after", &tasks[1]]);
    assert_eq!(second["tasks"][0]["task_id"], tasks[2].as_str());
    assert_eq!(second["next"], Value::Null);
    let page = shop.json(&["template", "list", "--limit", "1"]);
    assert_eq!(page["next"], "shop.process_order@1.0.0");
    let rest = shop.json(&["template", "list", "--after", "shop.process_order@1.0.0"]);
    assert_eq!(rest["templates"].as_array().unwrap().len(), 0);
    assert_eq!(
        shop.run(&["template", "list", "--after", "no.such@1.0.0"]).code,
        2
    );
    let handlers = shop.json(&["handler", "list", "--limit", "2"]);
    assert_eq!(handlers["next"], handlers["handlers"][1]["handler"]);
}

#[tokio::test]
async fn namespaces_and_handlers_are_paused_and_say_so() {
    let shop = Shop::open().await;
    let handler = "shop.process_order.validate_cart";
    assert_eq!(shop.run(&["namespace", "pause", "shop", "--by", "bert"]).code, 0);
    assert_eq!(
        shop.run(&["handler", "pause", handler, "--reason", "down"]).code,
        0
    );
    let namespaces = shop.json(&["namespace", "list", "--containing", "shop"]);
    assert_eq!(namespaces["namespaces"][0]["pause"]["by"], "bert");
    let handlers = shop.json(&["handler", "list", "--containing", "validate"]);
    assert_eq!(handlers["handlers"][0]["pause"]["reason"], "down");
    assert_eq!(shop.run(&["namespace", "resume", "shop"]).code, 0);
    assert_eq!(shop.run(&["handler", "resume", handler]).code, 0);
    assert!(!shop.run(&["namespace", "list"]).out.contains("bert"));
    assert_eq!(
        shop.json(&["handler", "list"])["handlers"][0]["pause"],
        Value::Null
    );
}

#[tokio::test]
async fn workers_are_looked_at_where_none_lives() {
    let shop = Shop::open().await;
    shop.create(&[]);
    assert_eq!(
        shop.json(&["worker", "list", "--ended"])["workers"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
    assert_eq!(shop.run(&["worker", "show", "7"]).code, 3);
    let top = shop.run(&["worker", "top"]);
    assert!(
        top.out
            .contains("no worker has shop.process_order.validate_cart, 1 step waits"),
        "{}",
        top.out
    );
    let two = shop.run(&["--json", "worker", "top", "--count", "2", "--interval", "0.1"]);
    assert_eq!(two.out.lines().count(), 2, "{}", two.out);
    assert_eq!(shop.run(&["worker", "top", "--interval", "0"]).code, 2);
}

#[tokio::test]
async fn a_bulk_verb_wants_a_filter_and_a_yes_and_does_no_more_than_was_foreseen() {
    let shop = Shop::open().await;
    let tasks: Vec<String> = (0..5).map(|_| shop.create(&["--tag", "batch"])).collect();
    let other = shop.create(&[]);
    assert_eq!(shop.run(&["bulk", "cancel", "--yes"]).code, 2, "no filter");
    let unasked = shop.run(&["bulk", "cancel", "--tag", "batch"]);
    assert_eq!(unasked.code, 2);
    assert!(unasked.err.contains("--yes"), "{}", unasked.err);
    let foreseen = shop.json(&["bulk", "cancel", "--tag", "batch", "--dry-run"]);
    assert_eq!(foreseen["count"], 5);
    assert_eq!(shop.status(&tasks[0]), "pending");
    let paused = shop.json(&["bulk", "pause", "--tag", "batch", "--yes", "--batch", "2"]);
    assert_eq!((&paused["done"], &paused["refused"]), (&5.into(), &0.into()));
    assert_eq!(
        shop.json(&["task", "list", "--paused"])["tasks"]
            .as_array()
            .unwrap()
            .len(),
        5
    );
    assert_eq!(
        shop.json(&["bulk", "pause", "--tag", "batch", "--yes"])["done"],
        0
    );
    assert_eq!(shop.json(&["bulk", "resume", "--all", "--yes"])["done"], 5);
    let retried = shop.json(&["bulk", "retry", "--status", "pending", "--tag", "batch", "--yes"]);
    assert_eq!((&retried["done"], &retried["refused"]), (&0.into(), &5.into()));
    let cancelled = shop.json(&["bulk", "cancel", "--tag", "batch", "--yes", "--by", "anna"]);
    assert_eq!(cancelled["done"], 5);
    assert_eq!(shop.status(&tasks[4]), "cancelled");
    assert_eq!(shop.status(&other), "pending");
    assert_eq!(
        shop.run(&["bulk", "cancel", "--all", "--tag", "batch", "--yes"])
            .code,
        2
    );
}

#[tokio::test]
async fn waiting_for_a_task_that_nobody_runs_ends_with_code_7() {
    let shop = Shop::open().await;
    let task = shop.create(&[]);
    let answer = shop.run(&["task", "watch", &task, "--timeout", "0.3"]);
    assert_eq!(answer.code, 7, "{}", answer.err);
    assert!(
        answer.out.contains("is pending"),
        "what was seen is told: {}",
        answer.out
    );
}

#[tokio::test]
async fn a_schema_of_another_name_is_another_engine() {
    let shop = Shop::open().await;
    shop.create(&[]);
    assert_eq!(shop.run(&["--schema", "other_flows", "migrate"]).code, 0);
    let listed = shop.json(&["--schema", "other_flows", "task", "list"]);
    assert_eq!(listed["tasks"].as_array().unwrap().len(), 0);
}

#[test]
fn a_database_that_cannot_be_reached_is_code_5() {
    let output = Command::new(env!("CARGO_BIN_EXE_tasker"))
        .args([
            "--database-url",
            "postgres://nobody@127.0.0.1:1/nothing",
            "task",
            "list",
        ])
        .output()
        .unwrap();
    let answer = Answer::from(&output);
    assert_eq!(answer.code, 5, "{}", answer.err);
}

#[tokio::test]
async fn finished_tasks_are_pruned_once_that_is_confirmed_and_archived_if_wanted() {
    let shop = Shop::open().await;
    let (over, open) = (shop.create(&[]), shop.create(&[]));
    assert_eq!(shop.run(&["task", "cancel", &over]).code, 0);

    let young = shop.run(&["prune", "--older-than", "1h", "--dry-run"]);
    assert!(young.out.contains("No task is old enough"), "{}", young.out);
    let foreseen = shop.run(&["prune", "--older-than", "0s", "--dry-run"]);
    assert!(
        foreseen.out.contains("shop.process_order  cancelled"),
        "{}",
        foreseen.out
    );
    let other = shop.json(&[
        "prune",
        "--older-than",
        "0s",
        "--state",
        "complete,error",
        "--dry-run",
    ]);
    assert_eq!(other["prunable"], serde_json::json!([]));
    let unconfirmed = shop.run(&["prune", "--older-than", "0s"]);
    assert_eq!(unconfirmed.code, 2, "{}", unconfirmed.err);
    assert!(unconfirmed.err.contains("--yes"), "{}", unconfirmed.err);
    assert_eq!(shop.status(&over), "cancelled");

    let folder = std::env::temp_dir().join(format!("tasker-prune-{}", shop.0.name()));
    let folder_name = folder.to_str().unwrap();
    let pruned = shop.json(&["prune", "--older-than", "0s", "--archive", folder_name, "--yes"]);
    assert_eq!((&pruned["tasks"], &pruned["steps"]), (&1.into(), &7.into()));
    let text = std::fs::read_to_string(pruned["archive"][0].as_str().unwrap()).unwrap();
    let archived: Value = serde_json::from_str(text.trim_end()).unwrap();
    assert_eq!(archived["task"]["task_id"], over.as_str());
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(shop.run(&["task", "show", &over]).code, 3);
    assert_eq!(shop.status(&open), "pending");
}

#[tokio::test]
async fn pruning_refuses_what_makes_no_sense() {
    let shop = Shop::open().await;
    for arguments in [
        &["prune"][..],
        &["prune", "--older-than", "a while"],
        &["prune", "--older-than", "1d", "--state", "pending"],
        &["prune", "--trail-older-than", "1d", "--yes"],
    ] {
        let answer = shop.run(arguments);
        assert_ne!(answer.code, 0, "{arguments:?}");
        assert_eq!(answer.code, 2, "{arguments:?}: {}", answer.err);
    }
}

#[tokio::test]
async fn the_picture_of_workers_ends_when_nobody_reads_it() {
    let shop = Shop::open().await;
    let mut child = Command::new(env!("CARGO_BIN_EXE_tasker"))
        .args([
            "--database-url",
            &shop.0.url(),
            "worker",
            "top",
            "--interval",
            "0.1",
            "--count",
            "1000000",
        ])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut reader = std::io::BufReader::new(child.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut reader, &mut line).unwrap();
    assert!(line.contains("0 workers"), "{line}");
    drop(reader);
    // A command that goes on would go on for a day.
    let ended = Answer::from(&child.wait_with_output().unwrap());
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
}
