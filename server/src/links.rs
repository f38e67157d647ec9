//! Links in the description: where the parts of a path are found in the answers of other operations (OpenAPI 3.1, Link Object).

use utoipa::openapi::link::Link;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{OpenApi, PathItem, RefOr};

/// An operation, the status of its answer, and what of it names something.
type Source = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

const SOURCES: &[Source] = &[
    ("create_task", "201", TASK),
    ("create_task", "200", TASK),
    ("show_task", "200", TASK),
    (
        "list_tasks",
        "200",
        &[
            ("task_id", "$response.body#/tasks/0/task_id"),
            ("step_id", "$response.body#/tasks/0/workflow_steps/0/name"),
        ],
    ),
    (
        "list_templates",
        "200",
        &[
            ("namespace", "$response.body#/templates/0/namespace"),
            ("name", "$response.body#/templates/0/name"),
        ],
    ),
    (
        "list_handlers",
        "200",
        &[("namespace", "$response.body#/namespaces/0/name")],
    ),
    (
        "show_namespace",
        "200",
        &[
            ("namespace", "$response.body#/namespace"),
            ("name", "$response.body#/handlers/0/name"),
        ],
    ),
    (
        "list_workers",
        "200",
        &[("worker_id", "$response.body#/workers/0/worker_id")],
    ),
];
const TASK: &[(&str, &str)] = &[
    ("task_id", "$response.body#/task/task_id"),
    ("step_id", "$response.body#/task/workflow_steps/0/name"),
];

/// Adds to each answer of [`SOURCES`] the operations of which it has all parts of the path.
pub(crate) fn link(document: &mut OpenApi) {
    let operations: Vec<(String, Vec<String>)> = document
        .paths
        .paths
        .values()
        .flat_map(|item| operations(item).into_iter().flatten())
        .filter_map(|operation| Some((operation.operation_id.clone()?, parts(operation))))
        .collect();
    for item in document.paths.paths.values_mut() {
        for operation in operations_mut(item).into_iter().flatten() {
            let Some(own) = operation.operation_id.clone() else {
                continue;
            };
            for (_, status, places) in SOURCES.iter().filter(|(source, ..)| *source == own) {
                let Some(RefOr::T(response)) = operation.responses.responses.get_mut(*status) else {
                    continue;
                };
                for (target, parts) in &operations {
                    let found: Option<Vec<_>> = parts
                        .iter()
                        .map(|part| places.iter().find(|(name, _)| name == part))
                        .collect();
                    let Some(found) = found.filter(|found| !found.is_empty() && *target != own) else {
                        continue;
                    };
                    let link = found
                        .into_iter()
                        .fold(Link::builder().operation_id(target), |link, (name, place)| {
                            link.parameter(*name, *place)
                        });
                    response.links.insert(target.clone(), RefOr::T(link.build()));
                }
            }
        }
    }
}

/// The parts of a path that an operation takes.
fn parts(operation: &Operation) -> Vec<String> {
    let parameters = operation.parameters.iter().flatten();
    parameters
        .filter(|parameter| parameter.parameter_in == ParameterIn::Path)
        .map(|parameter| parameter.name.clone())
        .collect()
}

fn operations(item: &PathItem) -> [Option<&Operation>; 5] {
    [&item.get, &item.put, &item.post, &item.delete, &item.patch].map(Option::as_ref)
}

fn operations_mut(item: &mut PathItem) -> [Option<&mut Operation>; 5] {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.patch,
    ]
    .map(Option::as_mut)
}
