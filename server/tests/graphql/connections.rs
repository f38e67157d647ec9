//! Lists by cursor, and things by their ids among everything.

use crate::support::{Shop, UNKNOWN};
use serde_json::{Value, json};

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
