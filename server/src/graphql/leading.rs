//! What leads to tasks, and what every task has.

use super::gate::{Gate, Once, gate};
use super::scalars::Time;
use super::task::{self, Task, shown};
use crate::auth::{Access, Question};
use crate::problem::Refusal;
use async_graphql::{Context, ID, Interface, Result};
use std::collections::{HashMap, HashSet};
use tasker_core::Client;
use tasker_core::model::TaskId;

/// For which of these tasks something may be done, asked at once.
pub(super) async fn open(
    gate: &Gate,
    ids: &[TaskId],
    question: impl Fn(TaskId) -> Question,
) -> Result<HashSet<TaskId>, Refusal> {
    let questions: Vec<_> = ids.iter().map(|id| question(*id)).collect();
    let answers = gate.which(&questions).await?;
    Ok(ids
        .iter()
        .zip(answers)
        .filter_map(|(id, may)| may.then_some(*id))
        .collect())
}

/// Tasks by id, found together: for what stands beside tasks and leads to them.
#[derive(Debug, Default)]
pub(super) struct Leading {
    open: Once<HashSet<TaskId>>,
    tasks: Once<HashMap<TaskId, Task>>,
}

impl Leading {
    /// The task of one of a set, loaded for all of them. Takes tasker.task:show.
    pub(super) async fn to(&self, context: &Context<'_>, ids: &[TaskId], id: TaskId) -> Result<Option<Task>> {
        let gate = gate(context);
        let open = self.open.get(|| open(gate, ids, shown)).await?;
        if !open.contains(&id) {
            Err(Access::forbidden(&shown(id)))?;
        }
        let found = self.tasks.get(|| async {
            let ids: Vec<TaskId> = open.iter().copied().collect();
            let found = context.data_unchecked::<Client>().tasks_of(&ids).await?;
            Ok(task::tasks(gate, found)?
                .into_iter()
                .map(|task| (task.task_id_of(), task))
                .collect())
        });
        gate.count(1)?;
        Ok(found.await?.get(&id).cloned())
    }
}

/// What every task has.
// The library reads types as they are written, and clippy takes the same one twice for a mistake.
#[allow(clippy::duplicated_attributes)]
#[derive(Interface)]
#[graphql(
    name = "TaskInterface",
    field(name = "task_id", ty = "ID", desc = "Its id."),
    field(name = "status", ty = "&str", desc = "Its state."),
    field(name = "reason", ty = "Option<&str>", desc = "Why it was asked for."),
    field(name = "tags", ty = "Option<&[String]>", desc = "Its labels."),
    field(name = "created_at", ty = "Time", desc = "When it was created."),
    field(name = "updated_at", ty = "Option<Time>", desc = "When it moved last.")
)]
pub(super) enum TaskInterface {
    /// A task.
    Task(Task),
}
