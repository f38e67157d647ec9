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
    // In another order a page begins where the one before ended, too.
    for (query, expected) in [
        ("sort_order=desc", &[4, 3, 2, 1]),
        ("sort_by=name&sort_order=desc", &[4, 3, 2, 1]),
        ("sort_by=retry_limit", &[1, 2, 3, 4]),
        ("sort_by=attempts&sort_order=desc", &[4, 3, 2, 1]),
        ("sort_by=last_attempted_at&sort_order=asc", &[1, 2, 3, 4]),
    ] {
        let at = format!("/tasks/{id}/workflow_steps?{query}");
        let first = shop.get(&format!("{at}&limit=3")).await;
        assert_eq!(numbers(&first), &expected[..3], "{query}");
        let next = first["pagination"]["next_cursor"].as_str().unwrap();
        // Also if the one where it ended is no longer among those that are looked for.
        let rest = shop
            .get(&format!("{at}&limit=3&cursor={next}&status=pending"))
            .await;
        assert_eq!(numbers(&rest), &expected[3..], "{query}");
        assert_eq!(
            rest["pagination"],
            json!({"total": 4, "total_relation": "exact", "next_cursor": null})
        );
    }
    for query in [
        "sort_by=bogus",
        "sort_order=up",
        "limit=0",
        "cursor=x",
        "cursor=9",
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

/// Walks through a list of which a page has one, and tells what its members are called.
async fn walk(shop: &Shop, path: &str, list: &str, name: &str) -> Vec<String> {
    let between = if path.contains('?') { '&' } else { '?' };
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = shop.get(&format!("{path}{between}limit=1{cursor}")).await;
        let found = page[list].as_array().unwrap();
        assert_eq!(found.len(), 1, "{path}: {page}");
        assert_eq!(page["pagination"]["total_relation"], "exact", "{path}");
        seen.push(found[0][name].to_string());
        match page["pagination"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => {
                assert_eq!(page["pagination"]["total"], seen.len(), "{path}");
                return seen;
            }
        }
    }
}

#[tokio::test]
async fn every_list_has_a_total_and_pages() {
    let shop = Shop::open().await;
    let id = shop.one(json!({})).await;
    for kind in ["a", "b", "c"] {
        let note = json!({"annotation_type": kind, "annotation": 1});
        shop.post(&format!("/tasks/{id}/annotations"), note).await;
    }
    shop.post(&format!("/tasks/{id}/cancel"), json!({})).await;
    let workers = shop.workers(&["w1", "w2", "w3"]).await;
    let steps = format!("/tasks/{id}/workflow_steps/only/transitions");
    for (path, list, name) in [
        ("/templates", "templates", "full_name"),
        ("/templates?namespace=shop", "templates", "full_name"),
        ("/namespaces", "namespaces", "name"),
        ("/namespaces?containing=sho", "namespaces", "name"),
        ("/step_handlers", "step_handlers", "handler"),
        ("/workers", "workers", "name"),
        ("/workers?handler=work&health=alive", "workers", "name"),
        (
            &format!("/tasks/{id}/annotations"),
            "annotations",
            "annotation_type",
        ),
        (&steps, "transitions", "to_state"),
    ] {
        let whole = shop.get(path).await;
        let all = whole[list].as_array().unwrap();
        assert_eq!(
            whole["pagination"],
            json!({"total": all.len(), "total_relation": "exact", "next_cursor": null}),
            "{path}"
        );
        let all: Vec<String> = all.iter().map(|one| one[name].to_string()).collect();
        assert_eq!(walk(&shop, path, list, name).await, all, "{path}");
    }
    for path in ["/templates", &steps] {
        let lost = shop.ask(Method::GET, &format!("{path}?cursor=x"), None).await;
        problem(&lost, 400, "invalid_argument");
    }
    for path in ["/namespaces", "/step_handlers", "/templates", "/workers", &steps] {
        let nothing = shop.ask(Method::GET, &format!("{path}?limit=0"), None).await;
        problem(&nothing, 400, "invalid_argument");
    }
    let beyond = shop.get("/namespaces?cursor=zzz").await;
    assert_eq!(beyond["pagination"]["total_relation"], "at_least");
    for worker in workers {
        worker.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_page_of_a_timeline_has_what_operators_did_meanwhile() {
    let shop = Shop::open().await;
    let id = shop.one(json!({})).await;
    let patch = async |tag: &str| {
        let body = json!({"tags": [tag]});
        shop.ask(Method::PATCH, &format!("/tasks/{id}"), Some(body)).await
    };
    patch("first").await;
    shop.post(&format!("/tasks/{id}/workflow_steps/only/cancel"), json!({}))
        .await;
    patch("second").await;
    let whole = shop.get(&format!("/tasks/{id}/timeline")).await;
    let (mut transitions, mut actions, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let page = shop.get(&format!("/tasks/{id}/timeline?limit=1{cursor}")).await;
        assert_eq!(
            page["pagination"]["total"],
            whole["transitions"].as_array().unwrap().len()
        );
        transitions.extend(page["transitions"].as_array().unwrap().clone());
        let of_page = page["actions"].as_array().unwrap().clone();
        let next = page["pagination"]["next_cursor"].as_str();
        // Each stands on a page alone: one before the step was cancelled, one after.
        assert!(of_page.len() <= 1, "{page}");
        actions.extend(of_page);
        match next {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(json!(transitions), whole["transitions"]);
    assert_eq!(json!(actions), whole["actions"]);
    assert_eq!(actions.len(), 2);
}
