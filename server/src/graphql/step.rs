//! The steps of tasks.

use super::gate::{Gate, Once, gate, may, times};
use super::leading::{Leading, open};
use super::named::NamedStep;
use super::scalars::Time;
use super::step_fields::StepFields;
use super::task::Task;
use crate::auth::{Access, Question};
use crate::problem::Refusal;
use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use tasker_core::model::{NamedStepRecord, Step, StepNo, StepSelector, TaskId};
use tasker_core::{Client, ErrorKind};

/// Steps that were found together: always all of a task.
#[derive(Debug, Default)]
struct Set {
    ids: Vec<TaskId>,
    named: Vec<i32>,
    steps: HashMap<TaskId, Vec<Arc<Step>>>,
    kin: Once<HashSet<TaskId>>,
    tasks: Leading,
    records: Once<HashMap<(TaskId, StepNo), Times>>,
    may_name: Once<bool>,
    named_steps: Once<HashMap<i32, NamedStepRecord>>,
}

/// When the task of a step was created, and when the step moved last.
type Times = (DateTime<Utc>, DateTime<Utc>);

/// A step of a task.
#[derive(Debug, Clone)]
pub(super) struct WorkflowStep {
    set: Arc<Set>,
    step: Arc<Step>,
}

/// The steps of tasks, all of each.
pub(super) fn by_task(found: Vec<Step>) -> HashMap<TaskId, Vec<WorkflowStep>> {
    let named: BTreeSet<i32> = found.iter().map(|step| step.named_step_id).collect();
    let mut steps: HashMap<TaskId, Vec<Arc<Step>>> = HashMap::new();
    for step in found {
        steps.entry(step.task_id).or_default().push(Arc::new(step));
    }
    let set = Arc::new(Set {
        ids: steps.keys().copied().collect(),
        named: named.into_iter().collect(),
        steps,
        ..Set::default()
    });
    let of = |step: &Arc<Step>| WorkflowStep {
        set: Arc::clone(&set),
        step: Arc::clone(step),
    };
    set.steps
        .iter()
        .map(|(id, steps)| (*id, steps.iter().map(of).collect()))
        .collect()
}

fn kin_of(id: TaskId) -> Question {
    may("tasker.workflow_step", "index").within(id)
}

/// A step of a task, by its number or its name.
///
/// # Errors
/// `NotFound`, `DatabaseUnavailable`.
pub(super) async fn find(
    context: &Context<'_>,
    id: TaskId,
    selector: &StepSelector,
) -> Result<WorkflowStep, Refusal> {
    let client = context.data_unchecked::<Client>();
    let mut found = by_task(client.steps_of(&[id]).await?);
    let steps = found.remove(&id).unwrap_or_default();
    gate(context).count(1)?;
    let step = steps.into_iter().find(|one| match selector {
        StepSelector::Number(number) => one.step.workflow_step_id == *number,
        StepSelector::Name(name) => one.step.name == *name,
    });
    match step {
        Some(step) => Ok(step),
        // The engine says what there is instead.
        None => match client.step(id, selector).await {
            Err(error) => Err(error.into()),
            Ok(_) => Err(Refusal::new(ErrorKind::Internal, "a step was lost on the way")),
        },
    }
}

impl WorkflowStep {
    pub(super) fn model(&self) -> &Step {
        &self.step
    }

    fn numbered(&self, gate: &Gate, numbers: &[StepNo]) -> Result<Vec<Self>, Refusal> {
        let steps = self.set.steps.get(&self.step.task_id);
        let found: Vec<Self> = steps
            .into_iter()
            .flatten()
            .filter(|step| numbers.contains(&step.workflow_step_id))
            .map(|step| Self {
                set: Arc::clone(&self.set),
                step: Arc::clone(step),
            })
            .collect();
        gate.count(found.len())?;
        Ok(found)
    }

    async fn kin(&self, context: &Context<'_>, numbers: &[StepNo]) -> Result<Option<Vec<Self>>> {
        let gate = gate(context);
        let open = self.set.kin.get(|| open(gate, &self.set.ids, kin_of)).await?;
        if !open.contains(&self.step.task_id) {
            Err(Access::forbidden(&kin_of(self.step.task_id)))?;
        }
        Ok(Some(self.numbered(gate, numbers)?))
    }

    async fn times(&self, context: &Context<'_>) -> Result<Option<Times>, Refusal> {
        let records = self.set.records.get(|| async {
            let client = context.data_unchecked::<Client>();
            let found = client.task_records(&self.set.ids).await?;
            let of_task = |task: tasker_core::model::TaskRecord| {
                let times = move |step: tasker_core::model::StepRecord| {
                    ((task.task_id, step.step_no), (task.created_at, step.updated_at))
                };
                task.steps.into_iter().map(times).collect::<Vec<_>>()
            };
            Ok(found.into_iter().flat_map(of_task).collect())
        });
        let place = (self.step.task_id, self.step.workflow_step_id);
        Ok(records.await?.get(&place).copied())
    }
}

/// A step of a task.
#[Object(name = "WorkflowStep")]
impl WorkflowStep {
    /// Its id among everything: for `node`.
    pub(super) async fn id(&self) -> ID {
        format!(
            "WorkflowStep:{}:{}",
            self.step.task_id, self.step.workflow_step_id
        )
        .into()
    }

    /// When it was created: with its task.
    async fn created_at(&self, context: &Context<'_>) -> Result<Option<Time>> {
        Ok(self.times(context).await?.map(|(created, _)| created.into()))
    }

    /// When it was claimed last, or its last attempt ended.
    async fn updated_at(&self, context: &Context<'_>) -> Result<Option<Time>> {
        Ok(self.times(context).await?.map(|(_, updated)| updated.into()))
    }

    /// Its task. Takes tasker.task:show.
    async fn task(&self, context: &Context<'_>) -> Result<Option<Task>> {
        self.set.tasks.to(context, &self.set.ids, self.step.task_id).await
    }

    /// Its named step. Takes tasker.handler:index.
    async fn named_step(&self, context: &Context<'_>) -> Result<Option<NamedStep>> {
        let (gate, set) = (gate(context), &self.set);
        let question = may("tasker.handler", "index");
        let asked = || async { Ok(gate.which(std::slice::from_ref(&question)).await? == [true]) };
        if !*set.may_name.get(asked).await? {
            Err(Access::forbidden(&question))?;
        }
        let records = set.named_steps.get(|| async {
            let client = context.data_unchecked::<Client>();
            let found = client.named_step_records(&set.named).await?;
            Ok(found
                .into_iter()
                .map(|record| (record.named_step_id, record))
                .collect())
        });
        let found = records.await?.get(&self.step.named_step_id).cloned();
        gate.count(1)?;
        Ok(found.map(NamedStep))
    }

    /// Steps that wait for it. Takes tasker.workflow_step:index.
    #[graphql(complexity = "times(5, child_complexity)")]
    async fn children(&self, context: &Context<'_>) -> Result<Option<Vec<WorkflowStep>>> {
        self.kin(context, &self.step.children_ids).await
    }

    /// Steps that it waits for. Takes tasker.workflow_step:index.
    #[graphql(complexity = "times(5, child_complexity)")]
    async fn parents(&self, context: &Context<'_>) -> Result<Option<Vec<WorkflowStep>>> {
        self.kin(context, &self.step.parents_ids).await
    }

    /// Steps with the same parents. Takes tasker.workflow_step:index.
    #[graphql(complexity = "times(5, child_complexity)")]
    async fn siblings(&self, context: &Context<'_>) -> Result<Option<Vec<WorkflowStep>>> {
        self.kin(context, &self.step.siblings_ids).await
    }

    #[graphql(flatten)]
    async fn fields(&self) -> StepFields {
        StepFields(Arc::clone(&self.step))
    }
}
