//! What changes something.

use crate::support::Shop;
use serde_json::{Value, json};
use tasker_core::model::{Operator, RetentionRule};

async fn kind(shop: &Shop, query: &str, variables: Value) -> String {
    let body = shop.ask_graph(query, variables).await.json();
    let kind = body["errors"][0]["extensions"]["kind"].as_str();
    kind.unwrap_or_else(|| panic!("{query} is not refused: {body}"))
        .to_owned()
}

/// What deletes every task that has ended.
async fn prune(shop: &Shop) {
    let all = RetentionRule {
        older_than_seconds: Some(0.001),
        ..RetentionRule::default()
    };
    let batch = shop.client.prune_batch(&[all], None, None).await.unwrap();
    assert_eq!(batch.tasks, 1);
}

const CREATE: &str = "mutation($input: CreateTaskInput!) { createTask(input: $input) {
    taskId status context tags initiator reason sourceSystem version created clientMutationId workflowSteps { name status } } }";

#[tokio::test]
async fn a_task_is_created_from_an_object_or_from_its_text() {
    let shop = Shop::open().await;
    for context in [
        json!({"n": 1, "deep": [{"x": null}]}),
        json!("{\"n\": 1, \"deep\": [{\"x\": null}]}"),
    ] {
        let input = json!({"name": "one", "namespace": "shop", "version": "2.0.0", "context": context, "tags": ["a"], "initiator": "anna",
            "reason": "test", "sourceSystem": "web", "clientMutationId": "m1"});
        let data = shop.graph(CREATE, json!({"input": input})).await;
        let task = &data["createTask"];
        assert_eq!(task["context"], json!({"n": 1, "deep": [{"x": null}]}));
        assert_eq!(
            task["workflowSteps"],
            json!([{"name": "only", "status": "pending"}])
        );
        for (member, wanted) in [
            ("status", json!("pending")),
            ("tags", json!(["a"])),
            ("initiator", json!("anna")),
            ("reason", json!("test")),
            ("sourceSystem", json!("web")),
            ("version", json!("2.0.0")),
            ("created", json!(true)),
            ("clientMutationId", json!("m1")),
        ] {
            assert_eq!(task[member], wanted, "{member}");
        }
    }
    // As literals, and without a context.
    let data = shop
        .graph(
            "mutation { createTask(input: {name: \"one\", namespace: \"shop\", context: {n: 18446744073709551615, list: [true, 1.5]}}) { context }
               empty: createTask(input: {name: \"one\", namespace: \"shop\"}) { context } }",
            json!({}),
        )
        .await;
    assert_eq!(
        data["createTask"]["context"],
        json!({"n": 18_446_744_073_709_551_615_u64, "list": [true, 1.5]})
    );
    assert_eq!(data["empty"]["context"], json!({}));
}

#[tokio::test]
async fn a_key_makes_one_task_of_many_requests() {
    let shop = Shop::open().await;
    let input = json!({"name": "one", "namespace": "shop", "idempotencyKey": "k"});
    let first = shop.graph(CREATE, json!({"input": input})).await;
    let again = shop.graph(CREATE, json!({"input": input})).await;
    assert_eq!(first["createTask"]["taskId"], again["createTask"]["taskId"]);
    assert_eq!(
        (&first["createTask"]["created"], &again["createTask"]["created"]),
        (&json!(true), &json!(false))
    );
    let reject = json!({"name": "one", "namespace": "shop", "idempotencyKey": "k", "onDuplicate": "reject"});
    assert_eq!(
        kind(&shop, CREATE, json!({"input": reject})).await,
        "already_exists"
    );
}

#[tokio::test]
async fn what_cannot_be_created_says_why() {
    let shop = Shop::open().await;
    for (input, wanted) in [
        (json!({"name": "none"}), "unknown_named_task"),
        (
            json!({"name": "process_order", "namespace": "shop"}),
            "invalid_context",
        ),
        (
            json!({"name": "one", "namespace": "shop", "context": "[1]"}),
            "invalid_argument",
        ),
        (
            json!({"name": "one", "namespace": "shop", "context": "{"}),
            "invalid_argument",
        ),
        (
            json!({"name": "one", "namespace": "shop", "context": 7}),
            "invalid_argument",
        ),
        (
            json!({"name": "one", "namespace": "shop", "context": "{\"a\": \"\\u0000\"}"}),
            "invalid_argument",
        ),
        (
            json!({"name": "one", "namespace": "shop", "onDuplicate": "shrug"}),
            "invalid_argument",
        ),
    ] {
        assert_eq!(
            kind(&shop, CREATE, json!({"input": input})).await,
            wanted,
            "{input}"
        );
    }
    let literal = "mutation { createTask(input: {name: \"one\", namespace: \"shop\", context: {a: \"\\u0000\"}}) { taskId } }";
    assert_eq!(kind(&shop, literal, json!({})).await, "invalid_argument");
    let body = shop
        .ask_graph(
            CREATE,
            json!({"input": {"name": "process_order", "namespace": "shop"}}),
        )
        .await
        .json();
    assert!(
        body["errors"][0]["extensions"]["details"]["problems"].is_array(),
        "{body}"
    );
    assert_eq!(body["data"], json!({"createTask": null}));
    let listed = shop.graph("{ tasks { taskId } }", json!({})).await;
    assert_eq!(listed["tasks"], json!([]));
}

#[tokio::test]
async fn tasks_are_changed_paused_resumed_annotated_and_cancelled() {
    let shop = Shop::open().await;
    let id = shop.one(json!({})).await;
    let data = shop
        .graph(
            "mutation($id: ID!) {
               updateTask(input: {taskId: $id, reason: \"other\", tags: [\"x\", \"y\"]}) { reason tags }
               pauseTask(input: {taskId: $id, by: \"anna\", reason: \"wait\"}) { paused created }
               resumeTask(input: {taskId: $id}) { paused }
               annotateTask(input: {taskId: $id, annotationType: \"note\", annotation: {a: [1]}}) { annotation annotationType { name } task { taskId } }
               cancelTask(input: {taskId: $id}) { status completedAt }
               again: cancelTask(input: {taskId: $id}) { status }
             }",
            json!({"id": id}),
        )
        .await;
    assert_eq!(data["updateTask"], json!({"reason": "other", "tags": ["x", "y"]}));
    assert_eq!(data["pauseTask"], json!({"paused": true, "created": null}));
    assert_eq!(data["resumeTask"], json!({"paused": false}));
    assert_eq!(
        data["annotateTask"],
        json!({"annotation": {"a": [1]}, "annotationType": {"name": "note"}, "task": {"taskId": id}})
    );
    assert_eq!(data["cancelTask"]["status"], "cancelled");
    assert_eq!(data["again"]["status"], "cancelled");
    let retry = "mutation($id: ID!) { retryTask(input: {taskId: $id}) { status } }";
    assert_eq!(kind(&shop, retry, json!({"id": id})).await, "illegal_transition");
    let twice = "mutation($id: ID!) { cancelTask(input: {taskId: $id}) { status } cancelTask(input: {taskId: $id}) { reason } }";
    assert_eq!(kind(&shop, twice, json!({"id": id})).await, "invalid_argument");
}

#[tokio::test]
async fn steps_are_changed_resolved_and_cancelled() {
    let shop = Shop::open().await;
    let id = shop.one(json!({"context": {"n": 1}})).await;
    let data = shop
        .graph(
            "mutation($id: ID!) {
               updateStep(input: {taskId: $id, stepId: \"only\", retryLimit: 7, inputs: {m: 2}}) { retryLimit inputs name }
               resolveStep(input: {taskId: $id, stepId: 1, results: {ok: true}, by: \"anna\", reason: \"by hand\", clientMutationId: \"x\"}) {
                 status results processed clientMutationId task { status complete } }
             }",
            json!({"id": id}),
        )
        .await;
    assert_eq!(
        data["updateStep"],
        json!({"retryLimit": 7, "inputs": {"m": 2}, "name": "only"})
    );
    assert_eq!(
        data["resolveStep"],
        json!({"status": "resolved_manually", "results": {"ok": true}, "processed": true, "clientMutationId": "x",
            "task": {"status": "complete", "complete": true}})
    );
    let other = shop.one(json!({})).await;
    let data = shop
        .graph(
            "mutation($id: ID!) { cancelStep(input: {taskId: $id, stepId: \"only\"}) { status } }",
            json!({"id": other}),
        )
        .await;
    assert_eq!(data["cancelStep"]["status"], "cancelled");
    let retried = shop
        .graph(
            "mutation($id: ID!) { resolveTask(input: {taskId: $id, reason: \"done\"}) { status } }",
            json!({"id": other}),
        )
        .await;
    assert_eq!(retried["resolveTask"]["status"], "resolved_manually");
    let retry =
        "mutation($id: ID!) { retryStep(input: {taskId: $id, stepId: 1, resetAttempts: true}) { status } }";
    assert_eq!(kind(&shop, retry, json!({"id": id})).await, "illegal_transition");
    let unknown = "mutation($id: ID!) { cancelStep(input: {taskId: $id, stepId: \"none\"}) { status } }";
    assert_eq!(kind(&shop, unknown, json!({"id": id})).await, "not_found");
}

#[tokio::test]
async fn templates_are_registered_and_pauses_cover_more_than_a_task() {
    let shop = Shop::open().await;
    let yaml =
        "name: two\nnamespace_name: shop\nversion: 1.0.0\nstep_templates:\n  - name: a\n    handler: work\n";
    let register = "mutation($t: JSON!) { registerTemplate(input: {template: $t, clientMutationId: \"r\"}) { namespace name version registered warnings clientMutationId } }";
    let data = shop.graph(register, json!({"t": yaml})).await;
    assert_eq!(
        data["registerTemplate"],
        json!({"namespace": "shop", "name": "two", "version": "1.0.0", "registered": "new", "warnings": [], "clientMutationId": "r"})
    );
    let same = json!({"name": "two", "namespace_name": "shop", "version": "1.0.0", "step_templates": [{"name": "a", "handler": "work"}]});
    let data = shop.graph(register, json!({"t": same})).await;
    assert_eq!(data["registerTemplate"]["name"], "two");
    assert_eq!(
        kind(&shop, register, json!({"t": "name: two\n"})).await,
        "invalid_template"
    );
    let data = shop
        .graph(
            "{ templates(namespace: \"shop\") { name version stepCount latest }
               template(namespace: \"shop\", name: \"two\") { fullName namedTasksNamedSteps { stepNo defaultRetryLimit namedStep { name dependentSystem { name dependentSystemObjectMaps { remoteIdOne } } } } } }",
            json!({}),
        )
        .await;
    assert_eq!(data["templates"].as_array().unwrap().len(), 3);
    assert_eq!(data["template"]["fullName"], "shop.two@1.0.0");
    assert_eq!(
        kind(&shop, "{ template(name: \"two\") { name } }", json!({})).await,
        "unknown_named_task"
    );
    let id = shop.one(json!({})).await;
    let paused = "query($id: ID!) { task(taskId: $id) { paused } }";
    for (verb, wanted) in [("pause", true), ("resume", false)] {
        let query = format!(
            "mutation {{ {verb}(input: {{namespace: \"shop\", name: \"one\", by: \"anna\"}}) {{ paused }} }}"
        );
        let data = shop.graph(&query, json!({})).await;
        assert_eq!(data[verb]["paused"], json!(wanted));
        assert_eq!(
            shop.graph(paused, json!({"id": id})).await["task"]["paused"],
            json!(wanted)
        );
    }
    let nothing = "mutation { pause(input: {name: \"one\"}) { paused } }";
    assert_eq!(kind(&shop, nothing, json!({})).await, "invalid_argument");
}

#[tokio::test]
async fn why_and_workers_are_told() {
    let shop = Shop::open().await;
    let id = shop.one(json!({})).await;
    let data = shop
        .graph(
            "query($id: ID!) { why(taskId: $id) { stepNo reason words } one: why(taskId: $id, stepId: \"only\") { name reason } workers { name } timeline(taskId: $id) { toState } }",
            json!({"id": id}),
        )
        .await;
    assert_eq!(data["one"], json!([{"name": "only", "reason": "no_worker"}]));
    assert_eq!(data["why"].as_array().unwrap().len(), 2);
    assert_eq!(data["workers"], json!([]));
    assert_eq!(data["timeline"].as_array().unwrap().len(), 2);
    assert_eq!(
        kind(&shop, "{ worker(workerId: 7) { name } }", json!({})).await,
        "not_found"
    );
    assert_eq!(
        kind(&shop, "{ workers(health: [\"fine\"]) { name } }", json!({})).await,
        "invalid_argument"
    );
    let cancelled = shop
        .client
        .cancel_task(id.parse().unwrap(), &Operator::named("anna"))
        .await;
    assert!(cancelled.is_ok());
}

const BULK: &str = "mutation($verb: BulkVerb!, $filter: TaskFilter, $all: Boolean, $dry: Boolean, $limit: Int, $cursor: String) {
    bulk(input: {verb: $verb, filter: $filter, all: $all, dryRun: $dry, limit: $limit, cursor: $cursor, by: \"anna\", reason: \"stock\",
      clientMutationId: \"7\"}) { dryRun count countRelation refused { taskId refusal } sample { taskId } nextCursor clientMutationId } }";

#[tokio::test]
async fn many_tasks_are_changed_by_one_mutation_as_over_rest() {
    let shop = Shop::open().await;
    let mut ids = Vec::new();
    for tag in ["x", "x", "x", "y"] {
        ids.push(shop.one(json!({"tags": [tag]})).await);
    }
    let filter = json!({"tags": ["x"], "createdSince": "2020-01-01T00:00:00Z"});
    let told = shop
        .graph(BULK, json!({"verb": "CANCEL", "filter": filter, "dry": true}))
        .await["bulk"]
        .take();
    assert_eq!(
        (&told["dryRun"], &told["count"], &told["countRelation"]),
        (&json!(true), &json!(3), &json!("exact"))
    );
    assert_eq!(told["sample"].as_array().unwrap().len(), 3, "{told}");
    let one = shop
        .graph(BULK, json!({"verb": "CANCEL", "filter": filter, "limit": 2}))
        .await["bulk"]
        .take();
    assert_eq!(
        (&one["count"], &one["clientMutationId"]),
        (&json!(2), &json!("7"))
    );
    let rest = json!({"verb": "CANCEL", "filter": filter, "cursor": one["nextCursor"]});
    let rest = shop.graph(BULK, rest).await["bulk"].take();
    assert_eq!((&rest["count"], &rest["nextCursor"]), (&json!(1), &Value::Null));
    let states = shop
        .graph("{ tasks(sortOrder: \"asc\") { status } }", json!({}))
        .await;
    let states: Vec<&Value> = states["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["status"])
        .collect();
    assert_eq!(states, ["cancelled", "cancelled", "cancelled", "pending"]);
    let trail = shop.get(&format!("/tasks/{}/timeline", ids[0])).await;
    let last = trail["transitions"].as_array().unwrap().last().unwrap();
    assert_eq!(last["metadata"]["reason"], "stock", "{trail}");
    for wrong in [
        json!({"verb": "CANCEL"}),
        json!({"verb": "CANCEL", "filter": {}}),
        json!({"verb": "CANCEL", "filter": {"status": ["asleep"]}}),
        json!({"verb": "CANCEL", "filter": {"completedSince": "2020-01-01T00:00:00Z"}, "limit": -1}),
        json!({"verb": "EAT", "all": true}),
    ] {
        assert_eq!(
            kind(&shop, BULK, wrong.clone()).await,
            "invalid_argument",
            "{wrong}"
        );
    }
    let all = shop.graph(BULK, json!({"verb": "PAUSE", "all": true})).await;
    assert_eq!(all["bulk"]["count"], json!(1));
}

#[tokio::test]
async fn namespaces_and_handlers_are_listed_with_their_pauses() {
    let shop = Shop::open().await;
    let pause = "mutation { pause(input: {namespace: \"shop\", by: \"anna\", reason: \"stock\"}) { paused } handler: pause(input: {handler: \"work\"}) { paused } }";
    shop.graph(pause, json!({})).await;
    let data = shop
        .graph(
            "{ namespaces { name namedTaskCount pause { scope by reason } } stepHandlers(containing: \"work\") { name namedTasks pause { scope } }
               first: stepHandlers(first: 1) { name } none: namespaces(after: \"zzz\") { name } }",
            json!({}),
        )
        .await;
    let namespaces = data["namespaces"].as_array().unwrap();
    let found = namespaces.iter().find(|one| one["name"] == "shop").unwrap();
    assert_eq!(
        found,
        &json!({"name": "shop", "namedTaskCount": 2, "pause": {"scope": "namespace", "by": "anna", "reason": "stock"}})
    );
    assert_eq!(
        data["stepHandlers"],
        json!([{"name": "work", "namedTasks": ["shop.one"], "pause": {"scope": "handler"}}])
    );
    assert_eq!(data["first"].as_array().unwrap().len(), 1);
    assert_eq!(data["none"], json!([]));
}

#[tokio::test]
async fn a_task_that_was_made_and_is_there_no_more_is_said_to_be_gone() {
    let shop = Shop::open().await;
    let input = json!({"name": "one", "namespace": "shop", "idempotencyKey": "k"});
    let made = shop.graph(CREATE, json!({"input": input})).await;
    let id = made["createTask"]["taskId"].as_str().unwrap().parse().unwrap();
    shop.client.cancel_task(id, &Operator::default()).await.unwrap();
    prune(&shop).await;
    let words = format!("this request made task {id}, which has been pruned since");
    let again = shop.ask_graph(CREATE, json!({"input": input})).await.json();
    assert_eq!(again["errors"][0]["message"], words);
    let request = json!({"name": "one", "namespace": "shop", "idempotency_key": "k"});
    let again = shop.post("/tasks", request).await;
    assert_eq!(
        (again.status.as_u16(), &again.json()["detail"]),
        (410, &json!(words))
    );
}
