//! What is too much, and what cannot be read.

use crate::support::{Shop, UNKNOWN};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use tasker_server::{GraphqlOptions, Options};

async fn limited(graphql: GraphqlOptions) -> Shop {
    Shop::with(Options {
        graphql,
        ..Options::default()
    })
    .await
}

async fn refusal(shop: &Shop, query: &str) -> Value {
    let answer = shop.ask_graph(query, json!({})).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let body = answer.json();
    assert_eq!(
        body["errors"][0]["extensions"]["kind"], "invalid_argument",
        "{query}: {body}"
    );
    body
}

#[tokio::test]
async fn queries_that_are_too_deep_too_dear_or_too_long_are_refused() {
    let shop = limited(GraphqlOptions {
        depth: 4,
        complexity: 200,
        query_bytes: 1000,
        ..GraphqlOptions::default()
    })
    .await;
    let fine = "{ tasks(limit: 3) { taskId workflowSteps { name } } }";
    shop.graph(fine, json!({})).await;
    for (query, told) in [
        (
            "{ tasks(limit: 1) { workflowSteps { task { workflowSteps { name } } } } }",
            "4 deep",
        ),
        (
            "{ tasks(limit: 60) { taskId status reason tags } }",
            "may cost 200",
        ),
    ] {
        let body = refusal(&shop, query).await;
        let message = body["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains(told), "{message}");
    }
    // The same by aliases, by fragments, and by a variable.
    refusal(
        &shop,
        "{ a: tasks(limit: 40) { ...F } b: tasks(limit: 40) { ...F } } fragment F on Task { taskId status reason }",
    )
    .await;
    let by_variable = shop
        .ask_graph(
            "query($n: Int!) { tasks(limit: $n) { taskId status reason } }",
            json!({"n": 99}),
        )
        .await;
    assert!(by_variable.json().get("data").is_none(), "{}", by_variable.text);
    let long = format!("{{ tasks {{ taskId }} }} # {}", "x".repeat(1000));
    let answer = shop.ask_graph(&long, json!({})).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn fragments_that_multiply_are_refused_before_they_are_looked_at() {
    let shop = Shop::open().await;
    let mut bomb = "{ tasks { ...F0 } }".to_owned();
    for n in 0..28 {
        bomb += &format!(" fragment F{n} on Task {{ ...F{} ...F{} }}", n + 1, n + 1);
    }
    bomb += " fragment F28 on Task { taskId }";
    refusal(&shop, &bomb).await;
    let mut deep = String::new();
    for _ in 0..5000 {
        deep += "{ a ";
    }
    refusal(&shop, &deep).await;
    refusal(&shop, &format!("{deep}{}", "}".repeat(5000))).await;
    refusal(
        &shop,
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
    )
    .await;
}

#[tokio::test]
async fn a_page_of_nothing_or_of_less_is_refused() {
    let shop = Shop::open().await;
    for query in [
        "{ tasks(limit: 0) { taskId } }",
        "{ tasks(limit: -1) { taskId } }",
        "{ tasksByStatus(status: \"pending\", limit: -1) { taskId } }",
        "{ tasksConnection(first: 0) { nodes { taskId } } }",
        "{ templatesConnection(last: -7) { nodes { name } } }",
        "{ workers(first: 0) { name } }",
        "{ workersConnection(first: -1) { nodes { name } } }",
        "{ namespaces(first: 0) { name } }",
        "{ stepHandlers(first: -1) { name } }",
    ] {
        let body = refusal(&shop, query).await;
        let message = body["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains("a page has at least one"), "{query}: {message}");
    }
}

#[tokio::test]
async fn an_answer_has_no_more_objects_than_it_may() {
    let shop = limited(GraphqlOptions {
        objects: 5,
        ..GraphqlOptions::default()
    })
    .await;
    for _ in 0..3 {
        shop.one(json!({})).await;
    }
    shop.graph("{ tasks { taskId } }", json!({})).await;
    let body = refusal(&shop, "{ tasks { workflowSteps { name } } }").await;
    assert!(body["data"]["tasks"][2].is_object(), "{body}");
}

#[tokio::test]
async fn the_query_of_every_tool_is_within_the_limits() {
    let shop = Shop::open().await;
    let query = "query IntrospectionQuery { __schema { queryType { name } mutationType { name } subscriptionType { name }
        types { ...FullType } directives { name description locations args { ...InputValue } } } }
        fragment FullType on __Type { kind name description fields(includeDeprecated: true) { name description args { ...InputValue }
        type { ...TypeRef } isDeprecated deprecationReason } inputFields { ...InputValue } interfaces { ...TypeRef }
        enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } }
        fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue }
        fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
        ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } }";
    let data = shop.graph(query, json!({})).await;
    assert_eq!(data["__schema"]["subscriptionType"]["name"], "Subscription");
}

#[tokio::test]
async fn what_is_no_request_is_a_problem() {
    let shop = Shop::open().await;
    for (kind, body, status) in [
        ("application/json", "{", 400),
        ("application/json", "{}", 400),
        ("application/json", "[{\"query\": \"{ __typename }\"}]", 400),
        // A list of what a request has, in that order.
        ("application/json", "[\"{ __typename }\", null, null, null]", 400),
        ("application/json", "{\"query\": 7}", 400),
        (
            "application/json",
            "{\"query\": \"{ __typename }\", \"variables\": []}",
            400,
        ),
        ("text/plain", "{\"query\": \"{ __typename }\"}", 415),
    ] {
        let request = Request::post("/graphql")
            .header("content-type", kind)
            .body(Body::from(body))
            .unwrap();
        let answer = shop.send(request).await;
        assert_eq!(answer.status.as_u16(), status, "{body}: {}", answer.text);
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
}

#[tokio::test]
async fn get_asks_and_changes_nothing() {
    let shop = Shop::open().await;
    let id = shop.one(json!({})).await;
    let query = "query=query(%24id:ID!)%7Btask(taskId:%24id)%7BtaskId%7D%7D";
    let path = format!("/graphql?{query}&variables=%7B%22id%22:%22{id}%22%7D");
    assert_eq!(shop.get(&path).await["data"]["task"]["taskId"], json!(id));
    let mutation =
        format!("/graphql?query=mutation%7BcancelTask(input:%7BtaskId:%22{id}%22%7D)%7Bstatus%7D%7D");
    let answer = shop.ask(Method::GET, &mutation, None).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{}", answer.text);
    let two = "/graphql?query=query%20A%7B__typename%7Dmutation%20B%7BcancelTask(input:%7BtaskId:%221%22%7D)%7Bstatus%7D%7D&operationName";
    for (name, status) in [("A", StatusCode::OK), ("B", StatusCode::METHOD_NOT_ALLOWED)] {
        let answer = shop.ask(Method::GET, &format!("{two}={name}"), None).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
    assert_eq!(
        shop.get(&format!("/tasks/{id}")).await["task"]["status"],
        "pending"
    );
    let answer = shop.ask(Method::GET, "/graphql", None).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_newer_media_type_tells_by_the_status() {
    let shop = Shop::open().await;
    let ask = async |accept: &str, query: &str| {
        let request = Request::post("/graphql")
            .header("content-type", "application/json")
            .header("accept", accept)
            .body(Body::from(json!({"query": query}).to_string()))
            .unwrap();
        shop.send(request).await
    };
    let newer = "application/graphql-response+json, application/json;q=0.9";
    let unknown = format!("{{ task(taskId: \"{UNKNOWN}\") {{ taskId }} }}");
    for (accept, query, status, kind) in [
        (
            newer,
            "{ tasks { taskId } }",
            200,
            "application/graphql-response+json",
        ),
        (newer, "{ colour }", 400, "application/graphql-response+json"),
        (newer, unknown.as_str(), 200, "application/graphql-response+json"),
        ("application/json", "{ colour }", 200, "application/json"),
        ("*/*", "{ tasks { taskId } }", 200, "application/json"),
    ] {
        let answer = ask(accept, query).await;
        assert_eq!(
            answer.status.as_u16(),
            status,
            "{accept} {query}: {}",
            answer.text
        );
        assert_eq!(answer.header("content-type"), kind);
    }
}

#[tokio::test]
async fn an_answer_is_in_the_order_of_the_request() {
    let shop = Shop::open().await;
    let id = shop.one(json!({})).await;
    let query = format!(
        "{{ last: annotationTypes {{ name }} task(taskId: \"{id}\") {{ workflowSteps {{ task {{ status taskId }} name }} ...F taskId }}
           nothing: task(taskId: \"7\") {{ taskId }} __typename first: tasks {{ taskId }} }} fragment F on Task {{ updatedAt status }}"
    );
    let text = shop.ask_graph(&query, json!({})).await.text;
    let mut place = 0;
    for name in [
        "last",
        "task",
        "workflowSteps",
        "task",
        "status",
        "taskId",
        "name",
        "updatedAt",
        "status",
        "taskId",
        "nothing",
        "__typename",
        "first",
    ] {
        let found = text[place..].find(&format!("\"{name}\":"));
        place += found.unwrap_or_else(|| panic!("{name} is not in its place: {text}")) + 1;
    }
}
