//! Things by their id among everything.

use super::gate::{gate, may, times};
use super::named::NamedTask;
use super::step::{self, WorkflowStep};
use super::task::{self, Task};
use crate::auth::{Access, Question};
use crate::page::MOST;
use crate::problem::Refusal;
use async_graphql::{Context, Error, ID, Interface, Object, PathSegment, Result};
use std::collections::HashMap;
use tasker_core::model::{StepNo, TaskId};
use tasker_core::{Client, ErrorKind};

/// Whatever has an id among everything.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Its id among everything."))]
pub(super) enum Node {
    /// A task.
    Task(Task),
    /// A step.
    WorkflowStep(WorkflowStep),
    /// A named task.
    NamedTask(NamedTask),
}

/// Relay's entry.
#[derive(Debug, Default)]
pub(super) struct Nodes;

#[Object]
impl Nodes {
    /// Something by its id among everything. Takes what its type takes: tasker.task:show, tasker.workflow_step:show or
    /// tasker.handler:show.
    async fn node(&self, context: &Context<'_>, id: ID) -> Result<Option<Node>> {
        let mut found = Box::pin(find(context, std::slice::from_ref(&id))).await?;
        found.pop().transpose().map(Option::flatten)
    }

    /// Several things by their ids among everything, at most 100; null for each that is not there. Takes tasker.task:show, tasker.workflow_step:show or
    /// tasker.handler:show, as each is.
    #[graphql(complexity = "times(ids.len(), child_complexity)")]
    async fn nodes(&self, context: &Context<'_>, ids: Vec<ID>) -> Result<Option<Vec<Option<Node>>>> {
        let found = Box::pin(find(context, &ids)).await?;
        let nodes = found.into_iter().enumerate().map(|(place, one)| match one {
            Ok(node) => node,
            Err(error) => {
                let mut error = context.set_error_path(error.into_server_error(context.item.pos));
                error.path.push(PathSegment::Index(place));
                context.add_error(error);
                None
            }
        });
        Ok(Some(nodes.collect()))
    }
}

/// What an id names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Named {
    Task(TaskId),
    Step(TaskId, StepNo),
    Workflow(i32),
}

fn read(id: &str) -> Option<Named> {
    let (kind, rest) = id.split_once(':')?;
    match kind {
        "Task" => rest.parse().ok().map(Named::Task),
        "WorkflowStep" => {
            let (task, number) = rest.split_once(':')?;
            Some(Named::Step(task.parse().ok()?, number.parse().ok()?))
        }
        "NamedTask" => rest.parse().ok().map(Named::Workflow),
        _ => None,
    }
}

/// What ids name, in their order: none for each that is not there, and a refusal for each that may not be shown. One question for
/// all of them, and one statement for each type.
async fn find(context: &Context<'_>, ids: &[ID]) -> Result<Vec<Result<Option<Node>>>> {
    if ids.len() > MOST as usize {
        Err(Refusal::new(
            ErrorKind::InvalidArgument,
            format!("ids: at most {MOST} at once, not {}", ids.len()),
        ))?;
    }
    let (gate, client) = (gate(context), context.data_unchecked::<Client>());
    let named: Vec<Option<Named>> = ids.iter().map(|id| read(id)).collect();
    let catalogue: Vec<i32> = named
        .iter()
        .filter_map(|one| match one {
            Some(Named::Workflow(id)) => Some(*id),
            _ => None,
        })
        .collect();
    // What a named task is called is part of the question, so it is read before; nothing of it is told.
    let records = if catalogue.is_empty() {
        Vec::new()
    } else {
        client.named_task_records(&catalogue).await?
    };
    let question = |one: &Named| -> Question {
        match one {
            Named::Task(id) => may("tasker.task", "show").about(id),
            Named::Step(id, number) => may("tasker.workflow_step", "show").about(number).within(id),
            Named::Workflow(id) => match records.iter().find(|record| record.named_task_id == *id) {
                Some(record) => may("tasker.handler", "show")
                    .about(&record.name)
                    .within(&record.namespace),
                None => may("tasker.handler", "show"),
            },
        }
    };
    let known: Vec<&Named> = named.iter().flatten().collect();
    let questions: Vec<Question> = known.iter().map(|one| question(one)).collect();
    let answers = gate.which(&questions).await?;
    let open: HashMap<&Named, bool> = known.into_iter().zip(answers).collect();
    let ids_of = |pick: fn(&Named) -> Option<TaskId>| -> Vec<TaskId> {
        let open = open.iter().filter(|(_, may)| **may);
        open.filter_map(|(one, _)| pick(one)).collect()
    };
    let of_tasks = ids_of(|one| match one {
        Named::Task(id) => Some(*id),
        _ => None,
    });
    let of_steps = ids_of(|one| match one {
        Named::Step(id, _) => Some(*id),
        _ => None,
    });
    let mut tasks = HashMap::new();
    if !of_tasks.is_empty() {
        for one in task::tasks(gate, client.tasks_of(&of_tasks).await?)? {
            tasks.insert(one.task_id_of(), one);
        }
    }
    let mut steps = HashMap::new();
    if !of_steps.is_empty() {
        for one in step::by_task(client.steps_of(&of_steps).await?)
            .into_values()
            .flatten()
        {
            steps.insert((one.model().task_id, one.model().workflow_step_id), one);
        }
    }
    gate.count(ids.len())?;
    let node = |one: &Named| -> Option<Node> {
        match one {
            Named::Task(id) => tasks.get(id).cloned().map(Node::Task),
            Named::Step(id, number) => steps.get(&(*id, *number)).cloned().map(Node::WorkflowStep),
            Named::Workflow(id) => records
                .iter()
                .find(|record| record.named_task_id == *id)
                .cloned()
                .map(|record| Node::NamedTask(record.into())),
        }
    };
    Ok(ids
        .iter()
        .zip(&named)
        .map(|(id, one)| match one {
            None => Err(Error::from(Refusal::new(
                ErrorKind::NotFound,
                format!(
                    "there is nothing with the id '{}': ids are such as Task:0198c0de-…, WorkflowStep:0198c0de-…:1, NamedTask:7",
                    id.as_str()
                ),
            ))),
            Some(one) if open.get(one) == Some(&true) => Ok(node(one)),
            Some(one) => Err(Error::from(Access::forbidden(&question(one)))),
        })
        .collect())
}
