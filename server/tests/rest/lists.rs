//! Lists of tasks.

use crate::problem;
use crate::support::Shop;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

#[tokio::test]
async fn tasks_are_filtered_sorted_paged_and_counted() {
    let shop = Shop::open().await;
    let mut ids = Vec::new();
    for (tag, initiator, priority) in [("a", "anna", 3), ("b", "anna", 1), ("a", "bert", 2)] {
        ids.push(
            shop.one(
                json!({"tags": [tag], "initiator": initiator, "priority": priority, "context": {"tag": tag}}),
            )
            .await,
        );
    }
    let names = |page: &Value| -> Vec<String> {
        let tasks = page["tasks"].as_array().unwrap().iter();
        tasks
            .map(|task| task["task_id"].as_str().unwrap().to_owned())
            .collect()
    };
    let order =
        |places: &[usize]| -> Vec<String> { places.iter().map(|place| ids[*place].clone()).collect() };
    for (query, places) in [
        ("", &[2, 1, 0][..]),
        ("sort_order=asc", &[0, 1, 2]),
        ("tag=a", &[2, 0]),
        ("tag=a&initiator=anna", &[0]),
        ("status=complete&status=error", &[]),
        ("status=pending&name=one&namespace=shop&version=2.0.0", &[2, 1, 0]),
        ("name=none", &[]),
        ("sort_by=priority&sort_order=asc", &[1, 2, 0]),
        ("sort_by=initiator", &[2, 1, 0]),
        ("limit=1&offset=1", &[1]),
        ("page=2&per_page=2", &[0]),
        (
            "name=one&created_since=2020-01-01T00:00:00Z&context=%7B%22tag%22%3A%22b%22%7D",
            &[1],
        ),
        ("created_before=2020-01-01T00:00:00Z", &[]),
        ("paused=true", &[]),
    ] {
        let page = shop.get(&format!("/tasks?{query}")).await;
        assert_eq!(names(&page), order(places), "{query}");
    }
    for sort in [
        "created_at",
        "priority",
        "initiator",
        "requested_at",
        "status",
        "started_at",
    ] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = shop.get(&format!("/tasks?sort_by={sort}&limit=1{cursor}")).await;
            assert_eq!(page["pagination"]["total"], 3, "{sort}");
            assert_eq!(page["pagination"]["total_relation"], "exact");
            seen.extend(names(&page));
            match page["pagination"]["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(
            seen,
            names(&shop.get(&format!("/tasks?sort_by={sort}")).await),
            "{sort}"
        );
        // What is a place in this list is none in another.
        let refused = shop
            .ask(Method::GET, &format!("/tasks?sort_by=reason{cursor}"), None)
            .await;
        problem(&refused, 422, "invalid_argument");
    }
    let sparse = shop.get("/tasks?fields=task_id,status&limit=1").await;
    assert_eq!(sparse["tasks"], json!([{"task_id": ids[2], "status": "pending"}]));
}

#[tokio::test]
async fn tasks_are_found_by_what_was_noted_on_them() {
    let shop = Shop::open().await;
    let (task, other) = (shop.one(json!({})).await, shop.one(json!({})).await);
    let noted = shop
        .post(
            &format!("/tasks/{task}/annotations"),
            json!({"annotation_type": "parcel", "annotation": {"by": "DHL", "kilos": 3}}),
        )
        .await;
    assert_eq!(noted.status, StatusCode::CREATED, "{}", noted.text);
    shop.post(
        &format!("/tasks/{other}/annotations"),
        json!({"annotation_type": "parcel", "annotation": {"by": "UPS"}}),
    )
    .await;
    assert_eq!(
        shop.get(&format!("/tasks/{task}")).await["task"]["task_annotations"][0]["annotation_type_name"],
        "parcel"
    );
    assert_eq!(
        shop.get(&format!("/tasks/{task}/annotations")).await["annotations"][0],
        noted.json()["annotation"]
    );
    for (query, count) in [
        ("annotation_type=parcel", 2),
        ("annotation_type=letter", 0),
        ("annotation_type=parcel&annotation_key=by&annotation_value=DHL", 1),
        ("annotation_key=kilos&annotation_value=3", 1),
        ("annotation_key=kilos", 1),
    ] {
        assert_eq!(
            shop.get(&format!("/tasks?{query}")).await["pagination"]["total"],
            count,
            "{query}"
        );
    }
    let refused = shop
        .post(
            &format!("/tasks/{task}/annotations"),
            json!({"annotation_type": " ", "annotation": 1}),
        )
        .await;
    problem(&refused, 422, "invalid_argument");
}

#[tokio::test]
async fn the_steps_of_a_task_are_filtered_and_paged() {
    let shop = Shop::open().await;
    let steps: Vec<Value> = (0..4)
        .map(|number| json!({"name": format!("s{number}"), "handler": if number == 2 { "other" } else { "work" }}))
        .collect();
    shop.post(
        "/templates",
        json!({"name": "four", "version": "1.0.0", "step_templates": steps}),
    )
    .await;
    let made = shop.post("/tasks", json!({"name": "four"})).await.json();
    let id = made["task"]["task_id"].as_str().unwrap();
    let all = shop.get(&format!("/tasks/{id}/workflow_steps")).await;
    let numbers = |page: &Value| -> Vec<i64> {
        let steps = page["steps"].as_array().unwrap();
        steps
            .iter()
            .map(|step| step["workflow_step_id"].as_i64().unwrap())
            .collect()
    };
    let many = numbers(&all);
    assert_eq!(many, [1, 2, 3, 4]);
    assert_eq!(
        all["pagination"],
        json!({"total": many.len(), "total_relation": "exact", "next_cursor": null})
    );
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = shop
            .get(&format!("/tasks/{id}/workflow_steps?limit=1{cursor}"))
            .await;
        assert_eq!(page["pagination"]["total"], many.len());
        seen.extend(numbers(&page));
        match page["pagination"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, many);
    for (query, expected) in [
        ("page=2&per_page=1", &many[1..2]),
        ("offset=1", &many[1..]),
        ("offset=1000", &[]),
        ("status=pending", &many[..]),
        ("status=complete&status=error", &[]),
        ("handler=other", &[3]),
        ("handler=nobodys", &[]),
    ] {
        let page = shop.get(&format!("/tasks/{id}/workflow_steps?{query}")).await;
        assert_eq!(numbers(&page), expected, "{query}");
    }
    for query in [
        "sort_by=bogus",
        "limit=0",
        "cursor=x",
        "cursor=1&offset=1",
        "status=",
        "page=0",
    ] {
        let refused = shop
            .ask(Method::GET, &format!("/tasks/{id}/workflow_steps?{query}"), None)
            .await;
        problem(&refused, 400, "invalid_argument");
    }
}
