//! Links in the description: where the parts of a path are found in the answers of other operations (OpenAPI 3.1, Link Object).

use serde_json::{Map, Value, json};

/// An operation, and what of its answer names something: the name of a part, and a place in the answer.
type Source = (&'static str, &'static [(&'static str, &'static str)]);

const SOURCES: &[Source] = &[
    ("create_task", TASK),
    ("show_task", TASK),
    (
        "list_tasks",
        &[
            ("task_id", "$response.body#/tasks/0/task_id"),
            ("step_id", "$response.body#/tasks/0/workflow_steps/0/name"),
        ],
    ),
    (
        "list_templates",
        &[
            ("namespace", "$response.body#/templates/0/namespace"),
            ("name", "$response.body#/templates/0/name"),
        ],
    ),
    (
        "list_handlers",
        &[("namespace", "$response.body#/namespaces/0/name")],
    ),
    (
        "show_namespace",
        &[
            ("namespace", "$response.body#/namespace"),
            ("name", "$response.body#/handlers/0/name"),
        ],
    ),
    (
        "list_workers",
        &[("worker_id", "$response.body#/workers/0/worker_id")],
    ),
];
const TASK: &[(&str, &str)] = &[
    ("task_id", "$response.body#/task/task_id"),
    ("step_id", "$response.body#/task/workflow_steps/0/name"),
];

/// Adds to each answer of [`SOURCES`] the operations of which it has all parts of the path. On the JSON: utoipa 5.5 writes members of
/// links under other names than the specification has.
pub(crate) fn link(document: &mut Value) {
    let targets: Vec<(String, Vec<String>)> = operations(document)
        .filter_map(|operation| Some((operation["operationId"].as_str()?.to_owned(), parts(operation))))
        .collect();
    for operation in operations_mut(document) {
        let own = operation["operationId"].as_str().unwrap_or_default().to_owned();
        let Some((_, places)) = SOURCES.iter().find(|(source, _)| *source == own) else {
            continue;
        };
        let links: Map<String, Value> = targets
            .iter()
            .filter(|(target, parts)| *target != own && !parts.is_empty())
            .filter_map(|(target, parts)| {
                let found: Option<Map<String, Value>> = parts
                    .iter()
                    .map(|part| {
                        let (_, place) = places.iter().find(|(name, _)| name == part)?;
                        Some((part.clone(), json!(place)))
                    })
                    .collect();
                Some((
                    target.clone(),
                    json!({"operationId": target, "parameters": found?}),
                ))
            })
            .collect();
        for status in ["200", "201"] {
            if let Some(answer) = operation["responses"].get_mut(status) {
                answer["links"] = Value::Object(links.clone());
            }
        }
    }
}

/// The parts of a path that an operation takes.
fn parts(operation: &Value) -> Vec<String> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    parameters
        .filter(|parameter| parameter["in"] == "path")
        .filter_map(|parameter| parameter["name"].as_str().map(str::to_owned))
        .collect()
}

fn operations(document: &Value) -> impl Iterator<Item = &Value> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths
        .filter_map(|(_, item)| item.as_object())
        .flat_map(|item| item.values())
        .filter(|value| value.is_object())
}

fn operations_mut(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    paths
        .filter_map(|(_, item)| item.as_object_mut())
        .flat_map(|item| item.values_mut())
        .filter(|value| value.is_object())
}
