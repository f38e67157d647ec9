//! Reading tasks, steps, the trail, readiness.

use super::Client;
use super::client::call;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    Measurements, OperatorAction, Readiness, State, Step, StepNo, StepSelector, SystemHealth, Task, TaskId,
    Transition,
};

impl Client {
    /// A task.
    ///
    /// # Errors
    /// `NotFound`, `DatabaseUnavailable`.
    pub async fn task(&self, id: TaskId) -> Result<Task> {
        let tasks = call!(self, |store, connection| store.tasks(connection, &[id]))?;
        tasks.into_iter().next().ok_or_else(|| no_task(id))
    }

    /// Some tasks, newest first; unknown ids are left out.
    ///
    /// # Errors
    /// `DatabaseUnavailable`.
    pub async fn tasks_of(&self, ids: &[TaskId]) -> Result<Vec<Task>> {
        call!(self, |store, connection| store.tasks(connection, ids))
    }

    /// The state of a task: cheaper than the task, and open to users that may only create.
    ///
    /// # Errors
    /// `NotFound`, `DatabaseUnavailable`.
    pub async fn task_state(&self, id: TaskId) -> Result<State> {
        call!(self, |store, connection| store.task_state(connection, id))?.ok_or_else(|| no_task(id))
    }

    /// How many tasks and steps are in which state. Reads all of them: ask seldom.
    ///
    /// # Errors
    /// `DatabaseUnavailable`, `Timeout`.
    pub async fn system_health(&self) -> Result<SystemHealth> {
        call!(self, |store, connection| store.system_health(connection))
    }

    /// How much work there is, what is ready, who works, how the database is: of all processes. Bounded, so that it may be
    /// asked every few seconds: see [`Measurements`].
    ///
    /// # Errors
    /// `DatabaseUnavailable`, `Timeout`.
    pub async fn measurements(&self) -> Result<Measurements> {
        Ok(Measurements {
            work: call!(self, |store, connection| store.measure_work(connection))?,
            server: call!(self, |store, connection| store.measure_server(connection))?,
        })
    }

    /// The steps of a task, by number.
    ///
    /// # Errors
    /// `NotFound`, `DatabaseUnavailable`.
    pub async fn steps(&self, id: TaskId) -> Result<Vec<Step>> {
        let steps = call!(self, |store, connection| store.steps(connection, &[id]))?;
        if steps.is_empty() {
            Err(no_task(id))
        } else {
            Ok(steps)
        }
    }

    /// The steps of some tasks, by task and number; unknown ids are left out.
    ///
    /// # Errors
    /// `DatabaseUnavailable`.
    pub async fn steps_of(&self, ids: &[TaskId]) -> Result<Vec<Step>> {
        call!(self, |store, connection| store.steps(connection, ids))
    }

    /// What happened to all steps of a task, by step; the initial `pending` of each first.
    ///
    /// # Errors
    /// `DatabaseUnavailable`.
    pub async fn step_transitions(&self, id: TaskId) -> Result<Vec<Transition>> {
        call!(self, |store, connection| store.step_transitions(connection, id))
    }

    /// A step of a task, by number or name.
    ///
    /// # Errors
    /// `NotFound`, `DatabaseUnavailable`.
    pub async fn step(&self, id: TaskId, step: &StepSelector) -> Result<Step> {
        let number = self.step_number(id, step).await?;
        let steps = self.steps(id).await?;
        steps
            .into_iter()
            .find(|one| one.workflow_step_id == number)
            .ok_or_else(|| no_step(id, step, &[]))
    }

    /// The trail of a task (`step` none), or of one of its steps; the initial `pending` first.
    ///
    /// # Errors
    /// `NotFound`, `DatabaseUnavailable`.
    pub async fn transitions(&self, id: TaskId, step: Option<&StepSelector>) -> Result<Vec<Transition>> {
        let number = match step {
            None => None,
            Some(step) => Some(self.step_number(id, step).await?),
        };
        let trail = call!(self, |store, connection| store
            .transitions(connection, id, number))?;
        match (trail.is_empty(), step) {
            (false, _) => Ok(trail),
            (true, None) => Err(no_task(id)),
            (true, Some(step)) => Err(no_step(id, step, &[])),
        }
    }

    /// What operators did where no state moved, to the task, to its steps, and while it lasted to its namespace, its named task and
    /// its handlers; oldest first.
    ///
    /// # Errors
    /// `NotFound`, `DatabaseUnavailable`.
    pub async fn operator_actions(&self, id: TaskId) -> Result<Vec<OperatorAction>> {
        let found = call!(self, |store, connection| store.operator_actions(connection, id))?;
        if found.is_empty() {
            self.task_state(id).await?;
        }
        Ok(found)
    }

    /// What `get_step_readiness_status` says of every step of a task.
    ///
    /// # Errors
    /// `DatabaseUnavailable`.
    pub async fn readiness(&self, id: TaskId) -> Result<Vec<Readiness>> {
        call!(self, |store, connection| store.readiness(connection, id))
    }

    /// The number of a step. Digits are taken as they are: no step has a name of digits only.
    pub(super) async fn step_number(&self, id: TaskId, step: &StepSelector) -> Result<StepNo> {
        match step {
            StepSelector::Number(number) => Ok(*number),
            StepSelector::Name(name) => {
                let found = call!(self, |store, connection| store.find_step(connection, id, name))?;
                match found {
                    Some(number) => Ok(number),
                    None => {
                        let names: Vec<String> =
                            self.steps(id).await?.into_iter().map(|step| step.name).collect();
                        Err(no_step(id, step, &names))
                    }
                }
            }
        }
    }
}

pub(super) fn no_task(id: TaskId) -> Error {
    Error::new(ErrorKind::NotFound, format!("there is no task {id}"))
}

fn no_step(id: TaskId, step: &StepSelector, names: &[String]) -> Error {
    let wanted = match step {
        StepSelector::Number(number) => format!("number {number}"),
        StepSelector::Name(name) => format!("'{name}'"),
    };
    let mut listed = names.iter().take(20).cloned().collect::<Vec<_>>().join(", ");
    if !listed.is_empty() {
        listed = format!(
            "; its steps are {listed}{}",
            if names.len() > 20 { ", …" } else { "" }
        );
    }
    Error::new(
        ErrorKind::NotFound,
        format!("task {id} has no step {wanted}{listed}"),
    )
}
