//! Lists by cursor, and things by their ids among everything.

use crate::support::{Shop, UNKNOWN};
use axum::http::Method;
use serde_json::{Value, json};
use tasker_core::template::{ParseOptions, Template};

const PAGE: &str = "query($first: Int, $after: String, $last: Int, $before: String, $by: String, $filter: TaskFilter) {
    tasksConnection(first: $first, after: $after, last: $last, before: $before, sortBy: $by, sortOrder: \"asc\", filter: $filter) {
      totalCount totalRelation nodes { taskId } edges { cursor node { taskId } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";

fn places(ids: &[String], page: &Value) -> Vec<usize> {
    let nodes = page["nodes"].as_array().unwrap().iter();
    nodes
        .map(|node| ids.iter().position(|id| json!(id) == node["taskId"]).unwrap())
        .collect()
}

#[tokio::test]
async fn pages_follow_each_other_forwards_and_backwards() {
    let shop = Shop::open().await;
    let mut ids = Vec::new();
    for initiator in ["a", "b", "b", "c", "d"] {
        ids.push(shop.one(json!({"initiator": initiator})).await);
    }
    for by in ["created_at", "initiator"] {
        let page = async |more: Value| {
            let mut variables = json!({"by": by});
            variables
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            shop.graph(PAGE, variables).await["tasksConnection"].take()
        };
        let first = page(json!({"first": 2})).await;
        assert_eq!(places(&ids, &first), [0, 1]);
        assert_eq!(
            (&first["totalCount"], &first["totalRelation"]),
            (&json!(5), &json!("exact"))
        );
        let info = &first["pageInfo"];
        assert_eq!(
            (&info["hasNextPage"], &info["hasPreviousPage"]),
            (&json!(true), &json!(false))
        );
        let second = page(json!({"first": 2, "after": info["endCursor"]})).await;
        assert_eq!(places(&ids, &second), [2, 3]);
        // A page may begin after any of its tasks.
        let inside = page(json!({"first": 10, "after": first["edges"][0]["cursor"]})).await;
        assert_eq!(places(&ids, &inside), [1, 2, 3, 4]);
        assert_eq!(inside["pageInfo"]["hasNextPage"], json!(false));
        let back = page(json!({"last": 2, "before": second["pageInfo"]["startCursor"]})).await;
        assert_eq!(places(&ids, &back), [0, 1]);
        let last = page(json!({"last": 2})).await;
        assert_eq!(places(&ids, &last), [3, 4]);
        assert_eq!(last["pageInfo"]["hasPreviousPage"], json!(true));
    }
}

#[tokio::test]
async fn a_connection_is_filtered_as_rest_is() {
    let shop = Shop::open().await;
    let mut ids = Vec::new();
    for (tag, initiator) in [("a", "anna"), ("b", "anna"), ("a", "bert")] {
        ids.push(
            shop.one(json!({"tags": [tag], "initiator": initiator, "context": {"tag": tag}}))
                .await,
        );
    }
    for (filter, wanted) in [
        (json!({"tags": ["a"]}), vec![0, 2]),
        (json!({"initiator": "anna", "status": ["pending"]}), vec![0, 1]),
        (json!({"namespace": "none"}), vec![]),
        (json!({"paused": true}), vec![]),
        (
            json!({"name": "one", "createdSince": "2020-01-01T00:00:00+02:00", "context": {"tag": "b"}}),
            vec![1],
        ),
    ] {
        let page = shop.graph(PAGE, json!({"filter": filter})).await;
        assert_eq!(places(&ids, &page["tasksConnection"]), wanted, "{filter}");
    }
    for variables in [
        json!({"filter": {"context": {"tag": "b"}}}),
        json!({"filter": {"status": ["asleep"]}}),
        json!({"filter": {"createdSince": "yesterday"}}),
        json!({"after": "7"}),
        json!({"first": 1, "last": 1}),
    ] {
        let body = shop.ask_graph(PAGE, variables.clone()).await.json();
        assert_eq!(
            body["errors"][0]["extensions"]["kind"], "invalid_argument",
            "{variables}: {body}"
        );
    }
}

#[tokio::test]
async fn things_are_found_by_their_ids_among_everything() {
    let shop = Shop::open().await;
    let id = shop.one(json!({})).await;
    let data = shop
        .graph(
            "query($id: ID!) { task(taskId: $id) { id namedTask { id } workflowSteps { id } } }",
            json!({"id": id}),
        )
        .await;
    let (task, step, named) = (
        &data["task"]["id"],
        &data["task"]["workflowSteps"][0]["id"],
        &data["task"]["namedTask"]["id"],
    );
    let query = "query($ids: [ID!]!, $id: ID!) { nodes(ids: $ids) { __typename id ... on Task { taskId } ... on WorkflowStep { name } ... on NamedTask { version } }
        node(id: $id) { id } }";
    let data = shop
        .graph(
            query,
            json!({"ids": [step, task, named, format!("Task:{UNKNOWN}")], "id": step}),
        )
        .await;
    assert_eq!(
        data["nodes"],
        json!([
            {"__typename": "WorkflowStep", "id": step, "name": "only"},
            {"__typename": "Task", "id": task, "taskId": id},
            {"__typename": "NamedTask", "id": named, "version": "2.0.0"},
            null
        ])
    );
    assert_eq!(data["node"]["id"], *step);
    let body = shop
        .ask_graph("{ node(id: \"Colour:7\") { id } }", json!({}))
        .await
        .json();
    assert_eq!(body["errors"][0]["extensions"]["kind"], "not_found");
    let query = "query($ids: [ID!]!) { them: nodes(ids: $ids) { id } }";
    let body = shop
        .ask_graph(query, json!({"ids": [task, "Colour:7"]}))
        .await
        .json();
    assert_eq!(body["errors"][0]["path"], json!(["them", 1]), "{body}");
    assert_eq!(body["data"]["them"], json!([{"id": task}, null]));
    for (count, errors) in [(100, 0), (101, 1)] {
        let ids = vec![task; count];
        let body = shop
            .ask_graph(
                "query($ids: [ID!]!) { nodes(ids: $ids) { id } }",
                json!({"ids": ids}),
            )
            .await
            .json();
        assert_eq!(
            body["errors"].as_array().map_or(0, Vec::len),
            errors,
            "{count} ids: {body}"
        );
    }
}

#[tokio::test]
async fn what_a_template_lists_as_searchable_is_found_without_a_time() {
    let shop = Shop::open().await;
    let plain = json!({"name": "plain", "namespace_name": "shop", "version": "1.0.0", "searchable": ["order_id"],
        "step_templates": [{"name": "only", "handler": "work"}]});
    let plain = Template::from_json(&plain, &ParseOptions::default()).unwrap();
    shop.client.register_template(&plain, false).await.unwrap();
    let mut ids = Vec::new();
    for order in ["1", "2"] {
        let request = json!({"name": "plain", "context": {"order_id": order, "colour": "red"}});
        ids.push(shop.one(request).await);
    }
    let filter = json!({"name": "plain", "context": {"order_id": "1"}});
    let page = shop.graph(PAGE, json!({"filter": filter})).await;
    assert_eq!(places(&ids, &page["tasksConnection"]), [0]);
    // What is not listed wants a time, here as over REST.
    let mut filter = json!({"name": "plain", "context": {"colour": "red"}});
    let body = shop.ask_graph(PAGE, json!({"filter": filter})).await.json();
    let rest = shop
        .ask(
            Method::GET,
            "/tasks?name=plain&context=%7B%22colour%22:%22red%22%7D",
            None,
        )
        .await;
    assert_eq!(body["errors"][0]["message"], rest.json()["detail"], "{body}");
    filter["createdSince"] = json!("2020-01-01T00:00:00Z");
    let page = shop.graph(PAGE, json!({"filter": filter})).await;
    assert_eq!(places(&ids, &page["tasksConnection"]), [0, 1]);
}

/// What stands on a page: the texts of a field.
fn shown(page: &Value, field: &str) -> Vec<String> {
    let nodes = page["nodes"].as_array().unwrap().iter();
    nodes
        .map(|node| node[field].to_string().replace('"', ""))
        .collect()
}

/// Walks through a connection in pages of two: forwards to its end, then backwards to its beginning.
async fn walked(shop: &Shop, connection: &str, field: &str) -> (Vec<String>, Vec<String>) {
    let query = format!(
        "query($first: Int, $after: String, $last: Int, $before: String) {{ all: {connection} {{
           totalCount totalRelation nodes {{ {field} }} edges {{ cursor node {{ {field} }} }}
           pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"
    );
    let (mut forwards, mut backwards) = (Vec::new(), Vec::new());
    let mut place = json!({"first": 2});
    loop {
        let page = shop.graph(&query, place).await["all"].take();
        forwards.extend(shown(&page, field));
        let info = &page["pageInfo"];
        assert_eq!(info["hasPreviousPage"], json!(forwards.len() > 2), "{page}");
        assert_eq!(page["totalRelation"], "exact");
        if info["hasNextPage"] == json!(false) {
            assert_eq!(page["totalCount"], json!(forwards.len()));
            break;
        }
        place = json!({"first": 2, "after": info["endCursor"]});
    }
    let mut place = json!({"last": 2});
    loop {
        let page = shop.graph(&query, place).await["all"].take();
        backwards.splice(0..0, shown(&page, field));
        let info = &page["pageInfo"];
        if info["hasPreviousPage"] == json!(false) {
            break;
        }
        place = json!({"last": 2, "before": info["startCursor"]});
    }
    let body = shop.ask_graph(&query, json!({"after": "nowhere"})).await.json();
    assert_eq!(
        body["errors"][0]["extensions"]["kind"], "invalid_argument",
        "{body}"
    );
    (forwards, backwards)
}

#[tokio::test]
async fn templates_steps_and_timelines_have_pages_as_well() {
    let shop = Shop::open().await;
    for version in ["2.1.0", "2.2.0", "3.0.0"] {
        let one = json!({"name": "one", "namespace_name": "shop", "version": version,
            "step_templates": [{"name": "only", "handler": "work"}]});
        let one = Template::from_json(&one, &ParseOptions::default()).unwrap();
        shop.client.register_template(&one, false).await.unwrap();
    }
    let context = json!({"order_id": "7", "customer": "anna", "items": [{"sku": "x", "quantity": 1, "price_cents": 1}]});
    let request =
        serde_json::from_value(json!({"name": "process_order", "namespace": "shop", "context": context}));
    let id = shop.client.create_task(&request.unwrap()).await.unwrap().task_id;
    shop.post(&format!("/tasks/{id}/cancel"), json!({})).await;
    let pages = "first: $first, after: $after, last: $last, before: $before";
    for (connection, list, field) in [
        (
            format!("templatesConnection({pages}, namespace: \"shop\")"),
            "templates(namespace: \"shop\")".to_owned(),
            "fullName",
        ),
        (
            format!("stepsConnection(taskId: \"{id}\", {pages})"),
            format!("task(taskId: \"{id}\") {{ workflowSteps"),
            "name",
        ),
        (
            format!("timelineConnection(taskId: \"{id}\", {pages})"),
            format!("timeline(taskId: \"{id}\")"),
            "createdAt",
        ),
    ] {
        let closing = if list.contains('{') { " }" } else { "" };
        let mut whole = shop
            .graph(&format!("{{ list: {list} {{ {field} }}{closing} }}"), json!({}))
            .await["list"]
            .take();
        if let Some(steps) = whole.get_mut("workflowSteps") {
            whole = steps.take();
        }
        let wanted = shown(&json!({ "nodes": whole }), field);
        assert!(wanted.len() > 2, "{connection}: {wanted:?}");
        assert_eq!(walked(&shop, &connection, field).await, (wanted.clone(), wanted));
    }
}

#[tokio::test]
async fn workers_have_pages_forwards() {
    let shop = Shop::open().await;
    let workers = shop.workers(&["w1", "w2", "w3"]).await;
    let query =
        "query($after: String) { workersConnection(first: 2, after: $after) { totalCount nodes { name }
        pageInfo { hasNextPage hasPreviousPage endCursor } } }";
    let first = shop.graph(query, json!({})).await["workersConnection"].take();
    assert_eq!(shown(&first, "name"), ["w1", "w2"]);
    assert_eq!(first["pageInfo"]["hasNextPage"], json!(true));
    let rest = shop
        .graph(query, json!({"after": first["pageInfo"]["endCursor"]}))
        .await;
    let rest = &rest["workersConnection"];
    assert_eq!(shown(rest, "name"), ["w3"]);
    assert_eq!(rest["totalCount"], 3);
    let info = &rest["pageInfo"];
    assert_eq!(
        (&info["hasNextPage"], &info["hasPreviousPage"]),
        (&json!(false), &json!(true))
    );
    let body = shop.ask_graph(query, json!({"after": "x"})).await.json();
    assert_eq!(body["errors"][0]["extensions"]["kind"], "invalid_argument");
    for worker in workers {
        worker.shutdown().await.unwrap();
    }
}
