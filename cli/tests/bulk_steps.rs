//! Bulk verbs on steps, and steps of all tasks in one list, on a real database without a worker.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use serde_json::json;
use support::Shop;

const CHARGE: &str = "shop.process_order.charge_payment";

/// Three orders; the charge of the last two has failed for good, one with a code.
async fn failed(shop: &Shop) -> Vec<String> {
    let tasks: Vec<String> = (0..3).map(|_| shop.create(&[])).collect();
    let mut connection = shop.0.connect().await.unwrap();
    for (task, code) in [(&tasks[1], "gone"), (&tasks[2], "gateway_unavailable")] {
        let results = json!({"error": "no", "error_code": code, "retryable": true, "attempt": 5});
        let statement = format!(
            "update tasker.workflow_steps set state = 'error', attempts = 5, open_parents = 0, results = '{results}' \
             where task_id = '{task}' and step_no = 3"
        );
        sqlx::query(sqlx::AssertSqlSafe(statement))
            .execute(&mut connection)
            .await
            .unwrap();
    }
    tasks
}

fn step(shop: &Shop, task: &str) -> serde_json::Value {
    shop.json(&["step", "show", task, "charge_payment"])["step"].clone()
}

#[tokio::test]
async fn a_dry_run_counts_and_shows_the_steps_and_changes_nothing() {
    let shop = Shop::open().await;
    let tasks = failed(&shop).await;
    let forecast = shop.json(&["bulk", "step", "retry", "--handler", CHARGE, "--dry-run"]);
    assert_eq!(
        (&forecast["count"], &forecast["dry_run"]),
        (&json!(2), &json!(true))
    );
    assert_eq!(
        forecast["sample"][0]["task_id"],
        tasks[2].as_str(),
        "the newest first"
    );
    assert_eq!(forecast["sample"][0]["full_name"], "shop.process_order@1.0.0");
    let text = shop
        .run(&["bulk", "step", "retry", "--error-code", "gone", "--dry-run"])
        .out;
    assert!(
        text.starts_with("1 step would be retried") && text.contains("gone: no"),
        "{text}"
    );
    assert_eq!(step(&shop, &tasks[1])["status"], "error");
}

#[tokio::test]
async fn each_verb_does_to_many_steps_what_it_does_to_one_and_only_to_those() {
    let shop = Shop::open().await;
    let tasks = failed(&shop).await;
    let done = shop.json(&[
        "bulk",
        "step",
        "retry",
        "--error-code",
        "gone",
        "--by",
        "anna",
        "--yes",
    ]);
    assert_eq!((&done["done"], &done["refused"]), (&json!(1), &json!(0)));
    assert_eq!(step(&shop, &tasks[1])["status"], "pending");
    assert_eq!(
        step(&shop, &tasks[1])["retry_limit"],
        6,
        "one attempt was granted"
    );
    assert_eq!(step(&shop, &tasks[2])["status"], "error");

    shop.json(&[
        "bulk",
        "step",
        "update",
        "--handler",
        CHARGE,
        "--retry-limit",
        "9",
        "--batch",
        "1",
        "--yes",
    ]);
    assert!(
        tasks.iter().all(|task| step(&shop, task)["retry_limit"] == 9),
        "batches of one reach all three"
    );

    let results = ["--results", r#"{"charge_id": "by hand"}"#];
    let resolve = [
        "bulk",
        "step",
        "resolve",
        "--step",
        "charge_payment",
        "--task",
        &tasks[2],
        "--yes",
    ];
    shop.json(&[&resolve[..], &results[..]].concat());
    assert_eq!(step(&shop, &tasks[2])["results"]["charge_id"], "by hand");

    let cancelled = shop.json(&[
        "bulk",
        "step",
        "cancel",
        "--namespace",
        "shop",
        "--step",
        "award_points",
        "--step",
        "charge_payment",
        "--yes",
    ]);
    assert_eq!(
        cancelled["done"], 5,
        "three times award_points, two charges that were not resolved"
    );
    let trail = shop.json(&["step", "show", &tasks[1], "charge_payment", "--trail"]);
    let verbs: Vec<&str> = trail["transitions"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["metadata"]["verb"].as_str())
        .collect();
    assert_eq!(verbs, ["retry", "cancel"]);
}

#[tokio::test]
async fn what_is_refused_is_counted_and_told_and_the_others_go_on() {
    let shop = Shop::open().await;
    let tasks = failed(&shop).await;
    let answer = shop.run(&[
        "bulk",
        "step",
        "retry",
        "--step",
        "charge_payment",
        "--status",
        "pending,error",
        "--yes",
    ]);
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert!(
        answer.out.contains("2 steps retried") && answer.out.contains("1 refused"),
        "{}",
        answer.out
    );
    assert!(
        answer.out.contains(&tasks[0]),
        "the refusal names the task: {}",
        answer.out
    );
}

#[tokio::test]
async fn nothing_is_done_to_everything_or_unasked_by_mistake() {
    let shop = Shop::open().await;
    let tasks = failed(&shop).await;
    for (arguments, told) in [
        (&["retry", "--yes"][..], "every step"),
        (
            &["retry", "--all", "--handler", CHARGE, "--yes"],
            "--all does not go with a filter",
        ),
        (&["retry", "--handler", CHARGE], "no terminal to ask on"),
        (&["update", "--handler", CHARGE, "--yes"], "--retry-limit"),
        (
            &["update", "--handler", CHARGE, "--retry-limit", "0", "--yes"],
            "0",
        ),
    ] {
        let answer = shop.run(&[&["bulk", "step"], arguments].concat());
        assert_eq!(answer.code, 2, "{arguments:?}: {}", answer.err);
        assert!(answer.err.contains(told), "{arguments:?}: {}", answer.err);
    }
    assert_eq!(step(&shop, &tasks[2])["status"], "error");
}

#[tokio::test]
async fn steps_of_all_tasks_are_listed_by_filter_page_by_page() {
    let shop = Shop::open().await;
    let tasks = failed(&shop).await;
    let ids = |arguments: &[&str]| -> Vec<String> {
        let list = shop.json(&[&["step", "list"], arguments].concat());
        let steps = list["steps"].as_array().unwrap().clone();
        steps
            .iter()
            .map(|step| {
                format!(
                    "{}/{}",
                    step["task_id"].as_str().unwrap(),
                    step["workflow_step_id"]
                )
            })
            .collect()
    };
    assert_eq!(
        ids(&["--failed-for-good"]),
        [format!("{}/3", tasks[2]), format!("{}/3", tasks[1])]
    );
    assert_eq!(ids(&["--waiting"]), Vec::<String>::new());
    assert_eq!(ids(&["--error-code", "gone"]), [format!("{}/3", tasks[1])]);
    assert_eq!(ids(&["--step", "validate_cart", "--status", "pending"]).len(), 3);

    let all = ids(&["--limit", "1000"]);
    assert_eq!(all.len(), 21);
    let (mut paged, mut after) = (Vec::new(), String::new());
    while paged.len() < 21 {
        let mut arguments = vec!["--limit", "4"];
        if !after.is_empty() {
            arguments.extend(["--after", after.as_str()]);
        }
        let page = ids(&arguments);
        after = page.last().unwrap().clone();
        paged.extend(page);
    }
    assert_eq!(paged, all);
    let answer = shop.run(&["step", "list", "--limit", "4"]);
    assert!(
        answer.err.contains(&format!("--after {}", all[3])),
        "{}",
        answer.err
    );
}
