//! The routes, one after the other, over a database each.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use support::{Shop, UNKNOWN};
use tasker_server::Options;

fn problem(answer: &support::Answer, status: u16, kind: &str) -> Value {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!(
        (&problem["kind"], &problem["status"]),
        (&json!(kind), &json!(status)),
        "{problem}"
    );
    assert!(!problem["error"].is_null(), "{problem}");
    problem
}

#[tokio::test]
async fn a_task_is_created_wrapped_or_bare_and_shown_with_its_steps() {
    let shop = Shop::open().await;
    for body in [
        json!({"name": "one", "namespace": "shop"}),
        json!({"task": {"name": "one", "namespace": "shop"}}),
    ] {
        let created = shop.post("/tasks", body).await;
        assert_eq!(created.status, StatusCode::CREATED, "{}", created.text);
        let task = created.json()["task"].clone();
        assert_eq!(
            created.header("location"),
            format!("/tasks/{}", task["task_id"].as_str().unwrap())
        );
        assert_eq!(
            (&task["status"], &task["workflow_steps"][0]["name"]),
            (&json!("pending"), &json!("only"))
        );
        assert_eq!(task["task_annotations"], json!([]));
        assert_eq!(shop.get(created.header("location")).await["task"], task);
    }
}

#[tokio::test]
async fn one_task_for_all_requests_with_a_key() {
    let shop = Shop::open().await;
    let with_key = |key: &str, context: Value| {
        let body = json!({"name": "one", "namespace": "shop", "context": context});
        Request::post("/tasks")
            .header("content-type", "application/json")
            .header("idempotency-key", key)
            .body(Body::from(body.to_string()))
            .unwrap()
    };
    let first = shop.send(with_key("k", json!({"n": 1}))).await;
    let again = shop.send(with_key("k", json!({"n": 1}))).await;
    assert_eq!(
        (first.status, again.status),
        (StatusCode::CREATED, StatusCode::OK)
    );
    assert_eq!(first.json()["task"]["task_id"], again.json()["task"]["task_id"]);
    problem(
        &shop.send(with_key("k", json!({"n": 2}))).await,
        409,
        "idempotency_mismatch",
    );
    let mut both = with_key("k", json!({}));
    *both.body_mut() =
        Body::from(json!({"name": "one", "namespace": "shop", "idempotency_key": "other"}).to_string());
    problem(&shop.send(both).await, 422, "invalid_argument");
}

#[tokio::test]
async fn requests_that_cannot_be_read_or_taken_say_why() {
    let shop = Shop::open().await;
    let raw = async |kind: &str, text: &str| {
        let request = Request::post("/tasks")
            .header("content-type", kind)
            .body(Body::from(text.to_owned()))
            .unwrap();
        shop.send(request).await
    };
    problem(
        &raw("application/json", "{\"name\": ").await,
        400,
        "invalid_argument",
    );
    problem(
        &raw("application/json", "\u{fffd}").await,
        400,
        "invalid_argument",
    );
    problem(&raw("text/plain", "{}").await, 415, "invalid_argument");
    problem(&raw("application/json", "{}").await, 422, "invalid_argument");
    problem(&raw("application/json", "[1]").await, 422, "invalid_argument");
    problem(
        &raw("application/json", r#"{"name": "one", "colour": 1}"#).await,
        422,
        "invalid_argument",
    );
    problem(
        &raw(
            "application/json",
            r#"{"name": "one", "context": {"n": 99999999999999999999}}"#,
        )
        .await,
        422,
        "invalid_argument",
    );
    let unknown = problem(
        &shop.post("/tasks", json!({"name": "none"})).await,
        422,
        "unknown_named_task",
    );
    assert!(unknown["error"]["name"][0].is_string(), "{unknown}");
    let invalid = problem(
        &shop
            .post("/tasks", json!({"name": "process_order", "namespace": "shop"}))
            .await,
        422,
        "invalid_context",
    );
    assert!(invalid["error"]["context"][0].is_string(), "{invalid}");
    assert!(!invalid["details"].is_null(), "{invalid}");
    for path in [
        format!("/tasks/{UNKNOWN}"),
        "/tasks/7".to_owned(),
        format!("/tasks/{UNKNOWN}/why"),
        "/nothing".to_owned(),
        format!("/tasks/{UNKNOWN}/workflow_steps"),
        format!("/tasks/{UNKNOWN}/timeline"),
        format!("/tasks/{UNKNOWN}/annotations"),
        "/workers/7".to_owned(),
        "/handlers/none".to_owned(),
        "/handlers/shop/none".to_owned(),
    ] {
        problem(&shop.ask(Method::GET, &path, None).await, 404, "not_found");
    }
    problem(
        &shop.ask(Method::GET, "/templates/shop/none", None).await,
        404,
        "unknown_named_task",
    );
    problem(
        &shop.ask(Method::DELETE, "/tasks", None).await,
        405,
        "invalid_argument",
    );
    for query in [
        "colour=red",
        "status=sleeping",
        "limit=many",
        "sort_by=colour",
        "sort_order=up",
        "cursor=7",
        "page=0",
        "page=1&offset=3",
        "fields=colour",
    ] {
        let refused = shop.ask(Method::GET, &format!("/tasks?{query}"), None).await;
        problem(&refused, 400, "invalid_argument");
    }
    let unbounded = shop
        .ask(Method::GET, "/tasks?context=%7B%22a%22%3A1%7D", None)
        .await;
    problem(&unbounded, 422, "invalid_argument");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let shop = Shop::with(Options {
        body_bytes: 100,
        ..Options::default()
    })
    .await;
    let large = json!({"name": "one", "namespace": "shop", "reason": "x".repeat(200)});
    problem(&shop.post("/tasks", large).await, 413, "invalid_argument");
}

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
async fn a_task_is_changed_only_if_it_is_still_as_it_was_shown() {
    let shop = Shop::open().await;
    let task = format!("/tasks/{}", shop.one(json!({})).await);
    let shown = shop.ask(Method::GET, &task, None).await;
    let tag = shown.header("etag").to_owned();
    let patch = |body: Value, tag: &str| {
        Request::patch(&task)
            .header("content-type", "application/json")
            .header("if-match", tag)
            .body(Body::from(body.to_string()))
            .unwrap()
    };
    let changed = shop
        .send(patch(
            json!({"task": {"reason": "asked twice", "tags": ["vip"]}}),
            &tag,
        ))
        .await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    assert_eq!(changed.json()["task"]["tags"], json!(["vip"]));
    assert_ne!(changed.header("etag"), tag);
    let late = shop.send(patch(json!({"reason": "late"}), &tag)).await;
    assert_eq!(late.status, StatusCode::PRECONDITION_FAILED, "{}", late.text);
    let put = shop.ask(Method::PUT, &task, Some(json!({"priority": 1}))).await;
    assert_eq!(put.json()["task"]["priority"], 1);
    problem(
        &shop
            .ask(Method::PATCH, &task, Some(json!({"priority": 12})))
            .await,
        422,
        "invalid_argument",
    );
}

#[tokio::test]
async fn operators_step_in_and_what_is_illegal_is_a_conflict() {
    let shop = Shop::open().await;
    let task = shop.one(json!({})).await;
    let verb = async |path: &str, body: Value| shop.post(&format!("/tasks/{task}{path}"), body).await;
    assert_eq!(
        verb("/pause", json!({"by": "anna"})).await.json()["task"]["paused"],
        true
    );
    let why = shop.get(&format!("/tasks/{task}/why")).await;
    assert_eq!(why["why"][0]["reason"], "paused", "{why}");
    assert_eq!(verb("/resume", json!({})).await.json()["task"]["paused"], false);
    problem(&verb("/retry", json!({})).await, 409, "illegal_transition");
    problem(&verb("/resolve", json!({})).await, 409, "illegal_transition");
    problem(
        &verb("/workflow_steps/only/retry", json!({})).await,
        409,
        "illegal_transition",
    );
    let step = format!("/tasks/{task}/workflow_steps/only");
    let changed = shop
        .ask(
            Method::PATCH,
            &step,
            Some(json!({"workflow_step": {"retry_limit": 7, "inputs": {"n": 1}}})),
        )
        .await;
    assert_eq!(
        (
            &changed.json()["step"]["retry_limit"],
            &changed.json()["step"]["inputs"]
        ),
        (&json!(7), &json!({"n": 1}))
    );
    let resolved = verb(
        "/workflow_steps/1/resolve",
        json!({"results": {"by": "hand"}, "by": "anna", "reason": "paid in cash"}),
    )
    .await;
    assert_eq!(
        resolved.json()["step"]["results"],
        json!({"by": "hand"}),
        "{}",
        resolved.text
    );
    problem(
        &shop.ask(Method::DELETE, &step, None).await,
        409,
        "illegal_transition",
    );
    let timeline = shop.get(&format!("/tasks/{task}/timeline")).await;
    let last = timeline["transitions"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["to_state"] == "resolved_manually")
        .unwrap();
    assert_eq!(
        (&last["metadata"]["by"], &last["metadata"]["reason"]),
        (&json!("anna"), &json!("paid in cash"))
    );
    let trail = shop.get(&format!("{step}/transitions")).await;
    assert_eq!(trail["transitions"].as_array().unwrap().len(), 2);
    let other = shop.one(json!({})).await;
    let cancelled = shop.ask(Method::DELETE, &format!("/tasks/{other}"), None).await;
    assert_eq!(cancelled.json(), json!({"cancelled": true}));
    assert_eq!(
        shop.get(&format!("/tasks/{other}/workflow_steps/only")).await["step"]["status"],
        "cancelled"
    );
}

#[tokio::test]
async fn many_tasks_are_created_all_or_none_and_what_is_wrong_is_told_by_index() {
    let shop = Shop::open().await;
    let one = json!({"name": "one", "namespace": "shop"});
    let created = shop.post("/tasks/bulk", json!([one, one, one])).await;
    assert_eq!(
        (created.status, created.json()["tasks"].as_array().unwrap().len()),
        (StatusCode::CREATED, 3)
    );
    let wrong = shop
        .post("/tasks/bulk", json!({"tasks": [one, {"name": 7}, {"colour": 1}]}))
        .await;
    let details = problem(&wrong, 422, "invalid_argument")["details"].clone();
    let places: Vec<&Value> = details["requests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["index"])
        .collect();
    assert_eq!(places, [1, 2]);
    let unknown = shop.post("/tasks/bulk", json!([one, {"name": "none"}])).await;
    problem(&unknown, 422, "unknown_named_task");
    problem(
        &shop.post("/tasks/bulk", json!({})).await,
        422,
        "invalid_argument",
    );
    assert_eq!(shop.get("/tasks").await["pagination"]["total"], 3);
}

#[tokio::test]
async fn lines_are_answered_one_by_one_in_order_and_the_bad_ones_keep_no_other_from_being_made() {
    let shop = Shop::open().await;
    let one = r#"{"name": "one", "namespace": "shop"}"#;
    let lines = format!("{one}\n\n{{\"name\": 7}}\n{one}\nnonsense\n{{\"name\": \"none\"}}\n{one}");
    let request = Request::post("/tasks/bulk")
        .header("content-type", "application/x-ndjson")
        .body(Body::from(lines))
        .unwrap();
    let answer = shop.send(request).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (StatusCode::CREATED, "application/x-ndjson")
    );
    let answers: Vec<Value> = answer
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kinds: Vec<Value> = answers
        .iter()
        .map(|one| {
            if one["created"] == true {
                json!(true)
            } else {
                one["problem"]["kind"].clone()
            }
        })
        .collect();
    let expected = [
        json!(true),
        json!("invalid_argument"),
        json!(true),
        json!("invalid_argument"),
        json!("unknown_named_task"),
        json!(true),
    ];
    assert_eq!(kinds, expected, "{}", answer.text);
    assert!(
        answers
            .iter()
            .enumerate()
            .all(|(index, one)| one["index"] == index)
    );
    assert_eq!(shop.get("/tasks").await["pagination"]["total"], 3);
}

#[tokio::test]
async fn a_verb_for_many_needs_a_filter_and_can_be_tried_dry() {
    let shop = Shop::open().await;
    for _ in 0..3 {
        shop.one(json!({"tags": ["x"]})).await;
    }
    let kept = shop.one(json!({})).await;
    problem(
        &shop.post("/tasks/bulk/cancel", json!({})).await,
        422,
        "invalid_argument",
    );
    problem(
        &shop.post("/tasks/bulk/burn", json!({"all": true})).await,
        404,
        "not_found",
    );
    let dry = shop
        .post("/tasks/bulk/cancel", json!({"tags": ["x"], "dry_run": true}))
        .await
        .json();
    assert_eq!(
        (
            &dry["count"],
            &dry["dry_run"],
            dry["sample"].as_array().unwrap().len()
        ),
        (&json!(3), &json!(true), 3)
    );
    let first = shop
        .post(
            "/tasks/bulk/cancel",
            json!({"tags": ["x"], "limit": 2, "by": "anna", "reason": "stock"}),
        )
        .await
        .json();
    assert_eq!(
        (&first["count"], &first["count_relation"]),
        (&json!(2), &json!("at_least")),
        "{first}"
    );
    let rest = shop
        .post(
            "/tasks/bulk/cancel",
            json!({"tags": ["x"], "cursor": first["next_cursor"]}),
        )
        .await
        .json();
    assert_eq!(
        (&rest["count"], &rest["next_cursor"]),
        (&json!(1), &Value::Null),
        "{rest}"
    );
    assert_eq!(
        shop.get(&format!("/tasks/{kept}")).await["task"]["status"],
        "pending"
    );
    let refused = shop
        .post("/tasks/bulk/retry", json!({"status": ["cancelled"]}))
        .await
        .json();
    assert_eq!(
        (&refused["count"], refused["refused"].as_array().unwrap().len()),
        (&json!(0), 3),
        "{refused}"
    );
}

#[tokio::test]
async fn what_is_registered_is_shown_as_of_old_and_as_templates() {
    let shop = Shop::open().await;
    let all = shop.get("/handlers").await;
    assert_eq!(all["namespaces"], json!([{"name": "shop", "handler_count": 2}]));
    let shop_handlers = shop.get("/handlers/shop").await;
    assert_eq!(shop_handlers["handlers"][0]["latest_version"], "2.0.0");
    let order = shop.get("/handlers/shop/process_order").await["handler"].clone();
    let graph = &order["dependency_graph"];
    assert_eq!(
        graph["nodes"].as_array().unwrap().len(),
        order["step_templates"].as_array().unwrap().len()
    );
    assert!(!graph["edges"].as_array().unwrap().is_empty());
    assert_eq!(
        shop.get("/templates?namespace=shop").await["templates"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        shop.get("/templates/shop/one").await["template"]["version"],
        "2.0.0"
    );
    assert_eq!(
        shop.get("/step_handlers?containing=work").await["step_handlers"][0]["handler"],
        "work"
    );
    for (format, kind, begins) in [
        ("mermaid", "text/plain; charset=utf-8", "flowchart"),
        ("dot", "text/plain; charset=utf-8", "digraph"),
        ("svg", "image/svg+xml", "<svg"),
    ] {
        let drawn = shop
            .ask(
                Method::GET,
                &format!("/templates/shop/process_order/graph?format={format}"),
                None,
            )
            .await;
        assert_eq!(
            (drawn.status, drawn.header("content-type")),
            (StatusCode::OK, kind)
        );
        assert!(drawn.text.contains(begins), "{}", drawn.text);
    }
    let shape = shop.get("/templates/shop/process_order/graph").await;
    assert_eq!(
        shape["nodes"].as_array().unwrap().len(),
        graph["nodes"].as_array().unwrap().len()
    );
    let task = shop.one(json!({})).await;
    assert_eq!(
        shop.get(&format!("/tasks/{task}/graph")).await["nodes"][0]["status"],
        "pending"
    );
}

#[tokio::test]
async fn templates_are_checked_and_registered_as_yaml_or_json_and_see_nothing_of_the_environment() {
    let shop = Shop::open().await;
    let yaml = "name: two\nnamespace_name: shop\nversion: 1.0.0\nstep_templates:\n  - name: a\n  - name: b\n    depends_on_step: a\n";
    let send = async |path: &str, text: &str| {
        let request = Request::post(path)
            .header("content-type", "application/yaml")
            .body(Body::from(text.to_owned()))
            .unwrap();
        shop.send(request).await
    };
    let checked = send("/templates/validate", yaml).await;
    assert_eq!(
        (checked.status, &checked.json()["valid"]),
        (StatusCode::OK, &json!(true))
    );
    problem(
        &shop.ask(Method::GET, "/templates/shop/two", None).await,
        404,
        "unknown_named_task",
    );
    let registered = send("/templates", yaml).await;
    assert_eq!(
        (registered.status, &registered.json()["registered"]),
        (StatusCode::CREATED, &json!("new"))
    );
    let again = send("/templates", yaml).await;
    assert_eq!(
        (again.status, &again.json()["registered"]),
        (StatusCode::OK, &json!("unchanged"))
    );
    let circle = problem(
        &send(
            "/templates/validate",
            "name: c\nstep_templates:\n  - name: a\n    depends_on_step: a\n",
        )
        .await,
        422,
        "cycle_detected",
    );
    assert!(!circle["details"].is_null(), "{circle}");
    let curious = "name: curious\ndescription: ${PATH}\nstep_templates:\n  - name: a\n";
    let told = send("/templates/validate", curious).await;
    assert!(
        !told.text.contains(&std::env::var("PATH").unwrap()),
        "{}",
        told.text
    );
}

#[tokio::test]
async fn scopes_are_paused_and_go_on() {
    let shop = Shop::open().await;
    for scope in [
        json!({"namespace": "shop"}),
        json!({"namespace": "shop", "name": "one"}),
        json!({"handler": "work"}),
    ] {
        assert_eq!(
            shop.post("/pause", scope.clone()).await.json(),
            json!({"paused": true})
        );
        assert_eq!(shop.post("/resume", scope).await.json(), json!({"paused": false}));
    }
    shop.post("/pause", json!({"namespace": "shop", "by": "anna"}))
        .await;
    assert_eq!(
        shop.get("/namespaces").await["namespaces"][0]["pause"]["by"],
        "anna"
    );
    problem(
        &shop.post("/pause", json!({"name": "one"})).await,
        422,
        "invalid_argument",
    );
}

#[tokio::test]
async fn probes_say_whether_it_works() {
    let shop = Shop::open().await;
    assert_eq!(shop.get("/health/live").await["alive"], true);
    let ready = shop.ask(Method::GET, "/health/ready", None).await;
    assert_eq!(
        (
            ready.status,
            &ready.json()["ready"],
            ready.header("cache-control")
        ),
        (StatusCode::OK, &json!(true), "no-store")
    );
    assert_eq!(ready.json()["checks"]["database"]["status"], "healthy");
    assert!(!ready.header("x-request-id").is_empty());
}

#[tokio::test]
async fn the_status_counts_and_says_when_it_is_unhealthy() {
    let shop = Shop::open().await;
    let task = shop.one(json!({})).await;
    let status = shop.get("/health/status").await;
    assert_eq!(
        (&status["healthy"], &status["cached"]),
        (&json!(true), &json!(false)),
        "{status}"
    );
    assert_eq!(
        (
            &status["metrics"]["tasks"]["pending"],
            &status["metrics"]["steps"]["total"]
        ),
        (&json!(1), &json!(1))
    );
    assert!(status["database"]["max_connections"].as_i64().unwrap() > 1);
    shop.post(&format!("/tasks/{task}/cancel"), json!({})).await;
    let again = shop.get("/health/status").await;
    assert_eq!(
        (&again["cached"], &again["metrics"]),
        (&json!(true), &status["metrics"])
    );
}

#[tokio::test]
async fn a_server_for_this_machine_answers_to_no_other_name() {
    let shop = Shop::with(Options {
        local_hosts_only: true,
        ..Options::default()
    })
    .await;
    let ask = async |host: &str| {
        let request = Request::get("/health/live")
            .header("host", host)
            .body(Body::empty())
            .unwrap();
        shop.send(request).await
    };
    assert_eq!(ask("localhost:8080").await.status, StatusCode::OK);
    problem(&ask("evil.example.com").await, 403, "forbidden");
}

#[tokio::test]
async fn the_description_is_served_and_knows_where_it_is_mounted() {
    let shop = Shop::with(Options {
        prefix: "/tasker".to_owned(),
        ..Options::default()
    })
    .await;
    let document = shop.get("/openapi.json").await;
    assert_eq!(
        (&document["openapi"], &document["servers"][0]["url"]),
        (&json!("3.1.0"), &json!("/tasker"))
    );
}
