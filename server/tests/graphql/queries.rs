//! The ancestor's queries.

use crate::support::{Shop, UNKNOWN};
use axum::http::StatusCode;
use serde_json::{Value, json};

#[tokio::test]
async fn a_task_is_shown_with_its_steps_and_what_it_is_an_instance_of() {
    let shop = Shop::open().await;
    let id = shop
        .one(json!({"context": {"n": 1, "list": [{"deep": null}]}, "tags": ["a"]}))
        .await;
    let data = shop
        .graph(
            "query($id: ID!) { task(taskId: $id) { id taskId status complete context tags createdAt updatedAt identityHash
              namedTask { name version namedTasksNamedSteps { skippable namedStep { name dependentSystem { name } } } }
              workflowSteps { workflowStepId name isRootStep isLeafStep parents { name } namedStep { name } task { taskId } createdAt } } }",
            json!({"id": id}),
        )
        .await;
    let task = &data["task"];
    assert_eq!(task["taskId"], json!(id));
    assert_eq!(task["id"], json!(format!("Task:{id}")));
    assert_eq!(task["context"], json!({"n": 1, "list": [{"deep": null}]}));
    assert_eq!(
        (&task["status"], &task["complete"], &task["tags"]),
        (&json!("pending"), &json!(false), &json!(["a"]))
    );
    assert_eq!(task["createdAt"], task["updatedAt"]);
    assert_eq!(task["namedTask"]["version"], "2.0.0");
    let step = &task["workflowSteps"][0];
    assert_eq!(
        (&step["name"], &step["workflowStepId"]),
        (&json!("only"), &json!(1))
    );
    assert_eq!(
        (&step["parents"], &step["isLeafStep"]),
        (&json!([]), &json!(true))
    );
    assert_eq!(step["namedStep"]["name"], "only");
    assert_eq!(step["task"]["taskId"], json!(id));
    // As REST has it.
    let rest = shop.get(&format!("/tasks/{id}")).await["task"].clone();
    assert_eq!(task["createdAt"], rest["created_at"]);
}

#[tokio::test]
async fn tasks_are_listed_in_order_and_by_status_and_by_annotation() {
    let shop = Shop::open().await;
    let mut ids = Vec::new();
    for initiator in ["b", "a", "c"] {
        ids.push(shop.one(json!({"initiator": initiator})).await);
    }
    let note = json!({"annotation_type": "invoice", "annotation": {"number": 7, "text": "x"}});
    shop.post(&format!("/tasks/{}/annotations", ids[1]), note).await;
    shop.post(&format!("/tasks/{}/cancel", ids[2]), json!({})).await;
    let listed = async |query: &str| -> Vec<usize> {
        let data = shop.graph(query, json!({})).await;
        let found = data.as_object().unwrap().values().next().unwrap();
        let place = |task: &Value| ids.iter().position(|id| json!(id) == task["taskId"]).unwrap();
        found.as_array().unwrap().iter().map(place).collect()
    };
    for (query, wanted) in [
        ("{ tasks { taskId } }", vec![2, 1, 0]),
        (
            "{ tasks(sortBy: \"initiator\", sortOrder: \"asc\") { taskId } }",
            vec![1, 0, 2],
        ),
        (
            "{ tasks(sortBy: \"colour\", sortOrder: \"asc\") { taskId } }",
            vec![0, 1, 2],
        ),
        ("{ tasks(limit: 1, offset: 1) { taskId } }", vec![1]),
        ("{ mine: tasks(limit: 1) { taskId } }", vec![2]),
        ("{ tasksByStatus(status: \"cancelled\") { taskId } }", vec![2]),
        ("{ tasksByStatus(status: \"pending\") { taskId } }", vec![1, 0]),
        (
            "{ tasksByAnnotation(annotationType: \"invoice\", annotationKey: \"number\", annotationValue: \"7\") { taskId } }",
            vec![1],
        ),
        (
            "{ tasksByAnnotation(annotationType: \"invoice\", annotationKey: \"text\", annotationValue: \"x\") { taskId } }",
            vec![1],
        ),
        (
            "{ tasksByAnnotation(annotationType: \"invoice\", annotationKey: \"text\", annotationValue: \"y\") { taskId } }",
            vec![],
        ),
    ] {
        assert_eq!(listed(query).await, wanted, "{query}");
    }
    let data = shop
        .graph(
            "{ annotationTypes { name } tasks(limit: 2) { taskAnnotations { annotation annotationType { name } task { taskId } } } }",
            json!({}),
        )
        .await;
    assert_eq!(data["annotationTypes"], json!([{"name": "invoice"}]));
    assert_eq!(
        data["tasks"][1]["taskAnnotations"],
        json!([{"annotation": {"number": 7, "text": "x"}, "annotationType": {"name": "invoice"}, "task": {"taskId": ids[1]}}])
    );
}

#[tokio::test]
async fn a_step_is_found_by_its_number_and_by_its_name() {
    let shop = Shop::open().await;
    let id = shop.one(json!({})).await;
    for step in ["1", "only"] {
        let data = shop
            .graph(
                "query($id: ID!, $step: ID!) { step(taskId: $id, stepId: $step) { id name } }",
                json!({"id": id, "step": step}),
            )
            .await;
        assert_eq!(
            data["step"],
            json!({"id": format!("WorkflowStep:{id}:1"), "name": "only"})
        );
    }
}

#[tokio::test]
async fn errors_say_their_kind_and_leave_the_other_fields() {
    let shop = Shop::open().await;
    let answer = shop
        .ask_graph(
            &format!("{{ task(taskId: \"{UNKNOWN}\") {{ taskId }} other: task(taskId: \"7\") {{ taskId }} annotationTypes {{ name }} }}"),
            json!({}),
        )
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    let body = answer.json();
    assert_eq!(
        body["data"],
        json!({"task": null, "other": null, "annotationTypes": []})
    );
    for error in body["errors"].as_array().unwrap() {
        assert_eq!(
            (
                &error["extensions"]["kind"],
                &error["extensions"]["code"],
                &error["extensions"]["retry"]
            ),
            (&json!("not_found"), &json!(2001), &json!(false)),
            "{error}"
        );
    }
    assert_eq!(body["errors"].as_array().unwrap().len(), 2);
    let unknown = shop.ask_graph("{ colour }", json!({})).await.json();
    assert_eq!(unknown.get("data"), None);
    assert_eq!(unknown["errors"][0]["extensions"]["kind"], "invalid_argument");
    let state = shop
        .ask_graph("{ tasksByStatus(status: \"asleep\") { taskId } }", json!({}))
        .await
        .json();
    assert_eq!(state["errors"][0]["extensions"]["kind"], "invalid_argument");
}
