//! Templates on a real database: shown, compared, drawn; and tasks drawn with their states.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use serde_json::json;
use support::{ORDER, Shop};
use tempfile::TempDir;

/// The order workflow with a change, in a file.
fn changed(folder: &TempDir, name: &str, from: &str, to: &str) -> String {
    let text = std::fs::read_to_string(ORDER).unwrap();
    assert!(text.contains(from), "{from}");
    let path = folder.path().join(name);
    std::fs::write(&path, text.replace(from, to)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn two_versions_are_compared_and_the_exit_code_says_whether_they_differ() {
    let shop = Shop::open().await;
    let folder = TempDir::new().unwrap();
    let newer = changed(&folder, "newer.yaml", "version: 1.0.0", "version: 1.1.0");
    let newer = std::fs::read_to_string(newer)
        .unwrap()
        .replace("default_retry_limit: 5", "default_retry_limit: 8");
    let path = folder.path().join("newer.yaml");
    std::fs::write(&path, newer).unwrap();
    let path = path.to_str().unwrap();

    let before = shop.run(&["template", "diff", "shop.process_order", "latest", path]);
    assert_eq!(before.code, 1, "{}", before.err);
    assert!(
        before.out.contains("default_retry_limit: 5 → 8"),
        "{}",
        before.out
    );
    assert_eq!(shop.run(&["template", "register", path]).code, 0);

    // The version before the latest, and the latest.
    let diff = shop.run(&["--json", "template", "diff", "shop.process_order"]);
    assert_eq!(diff.code, 1, "{}", diff.err);
    let diff: serde_json::Value = serde_json::from_str(&diff.out).unwrap();
    assert_eq!(diff["before"]["full_name"], "shop.process_order@1.0.0");
    assert_eq!(diff["after"]["full_name"], "shop.process_order@1.1.0");
    let change = json!({"field": "default_retry_limit", "before": 5, "after": 8});
    assert_eq!(
        diff["changed"],
        json!([{"name": "charge_payment", "dependencies_added": [], "dependencies_removed": [],
                                        "fields": [change]}])
    );

    // What is registered is what the file says.
    let named = [
        "template",
        "diff",
        "process_order",
        "1.1.0",
        path,
        "--namespace",
        "shop",
    ];
    let same = shop.run(&named);
    assert_eq!(same.code, 0, "{}{}", same.out, same.err);
    assert!(same.out.contains("The content is the same."), "{}", same.out);
    assert_eq!(
        shop.run(&["template", "diff", "shop.process_order", "1.0.0", "1.0.0"])
            .code,
        0
    );
}

#[tokio::test]
async fn a_content_that_was_replaced_is_listed_and_compared_by_its_digest() {
    let shop = Shop::open().await;
    let folder = TempDir::new().unwrap();
    let first = shop.json(&["template", "show", "shop.process_order"])["template"]["digest"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = changed(
        &folder,
        "order.yaml",
        "default_retry_limit: 5",
        "default_retry_limit: 6",
    );
    assert_eq!(shop.run(&["template", "register", &path]).code, 0);

    let shown = shop.json(&["template", "show", "shop.process_order"]);
    let contents = shown["contents"].as_array().unwrap();
    assert_eq!(contents.len(), 2);
    assert_eq!(
        (&contents[0]["replaced_at"], contents[1]["digest"].as_str()),
        (&json!(null), Some(first.as_str()))
    );
    assert!(!contents[1]["replaced_at"].is_null());

    let diff = shop.run(&["template", "diff", "shop.process_order", &first[..8]]);
    assert_eq!(diff.code, 1, "{}", diff.err);
    assert!(diff.out.contains("default_retry_limit: 5 → 6"), "{}", diff.out);
    let unknown = shop.run(&["template", "diff", "shop.process_order", "00000000"]);
    assert_eq!(unknown.code, 3, "{}", unknown.err);
    assert!(unknown.err.contains("00000000"), "{}", unknown.err);
}

#[tokio::test]
async fn what_cannot_be_compared_is_refused_with_what_can() {
    let shop = Shop::open().await;
    for (arguments, code, told) in [
        (
            &["shop.process_order"][..],
            2,
            "no version of shop.process_order before 1.0.0",
        ),
        (&["shop.process_order", "newest"], 2, "'newest' is no version"),
        (&["shop.process_order", "9.9.9"], 3, "version 9.9.9"),
        (&["shop.process_order", "missing.yaml"], 3, "missing.yaml"),
        (&["shop.process_order@1.0.0"], 2, "has a version in it"),
        (&["shop.nothing", "1.0.0"], 3, "nothing"),
    ] {
        let answer = shop.run(&[&["template", "diff"], arguments].concat());
        assert_eq!(answer.code, code, "{arguments:?}: {}", answer.err);
        assert!(answer.err.contains(told), "{arguments:?}: {}", answer.err);
        assert!(answer.out.is_empty());
    }
}

#[tokio::test]
async fn a_template_is_shown_from_the_catalogue_and_from_a_file() {
    let shop = Shop::open().await;
    let shown = shop.run(&["template", "show", "shop.process_order@1.0.0"]);
    assert!(
        shown.out.contains("charge_payment") && shown.out.contains("REGISTERED"),
        "{}",
        shown.out
    );
    let file = shop.run(&["template", "show", ORDER]);
    assert!(
        file.out.contains("charge_payment") && !file.out.contains("REGISTERED"),
        "{}",
        file.out
    );
    let raw: serde_json::Value =
        serde_json::from_str(&shop.run(&["template", "show", "shop.process_order", "--raw"]).out).unwrap();
    assert_eq!(raw["name"], "process_order");
    assert_eq!(shop.run(&["template", "show", "shop.nothing"]).code, 3);
}

#[tokio::test]
async fn a_task_is_drawn_with_the_states_of_its_steps_in_every_format() {
    let shop = Shop::open().await;
    let task = shop.create(&["--bypass", "award_points"]);
    let text = shop.run(&["task", "graph", &task]).out;
    assert!(
        text.contains("│ ○ validate_cart │") && text.contains("▼"),
        "{text}"
    );
    assert!(text.contains("◆ award_points"), "{text}");
    let ascii = shop.run(&["task", "graph", &task, "--ascii"]).out;
    assert!(ascii.contains("award_points: resolved_manually"), "{ascii}");
    let list = shop.run(&["task", "graph", &task, "--format", "list"]).out;
    assert!(list.contains("├─○ reserve_stock"), "{list}");
    let svg = shop.run(&["task", "graph", &task, "--format", "svg"]).out;
    assert!(
        svg.starts_with("<svg ") && svg.contains("class=\"step resolved_manually\""),
        "{svg}"
    );
    let mermaid = shop.run(&["task", "graph", &task, "--format", "mermaid"]).out;
    assert!(mermaid.contains("class s6 resolved_manually"), "{mermaid}");
    let graph = shop.json(&["task", "graph", &task]);
    assert_eq!(graph["steps"][5]["status"], "resolved_manually");
    assert_eq!(
        (&graph["depth"], &graph["critical_path"][0]),
        (&json!(5), &json!("validate_cart"))
    );
}
