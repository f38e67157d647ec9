//! Why something does not go on, and what happened to it.

use super::gate::{allowed, gate, may, times};
use super::scalars::{Time, step_text, task_id, task_text};
use crate::rest::trail;
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use serde_json::{Value, json};
use tasker_core::Client;
use tasker_core::model::{self, StepSelector};

/// Reasons and trails.
#[derive(Debug, Default)]
pub(super) struct Reasons;

#[Object]
impl Reasons {
    /// Why a task does not go on, and each of its steps; or why one step does not. Takes tasker.task:show, or for a step
    /// tasker.workflow_step:show.
    #[graphql(complexity = "times(10, child_complexity)")]
    async fn why(&self, context: &Context<'_>, task_id: ID, step_id: Option<ID>) -> Result<Option<Vec<Why>>> {
        let question = match &step_id {
            None => may("tasker.task", "show").about(task_text(&task_id)),
            Some(step) => may("tasker.workflow_step", "show")
                .about(step_text(step))
                .within(task_text(&task_id)),
        };
        allowed(context, question).await?;
        let step = step_id.map(|step| StepSelector::parse(&step));
        let client = context.data_unchecked::<Client>();
        let found = Box::pin(client.why(self::task_id(&task_id)?, step.as_ref())).await?;
        gate(context).count(found.len())?;
        Ok(Some(found.into_iter().map(Why::from).collect()))
    }

    /// Everything that happened to a task and its steps, in order of time. Takes tasker.task:show.
    #[graphql(complexity = "times(20, child_complexity)")]
    async fn timeline(&self, context: &Context<'_>, task_id: ID) -> Result<Option<Vec<Transition>>> {
        allowed(context, may("tasker.task", "show").about(task_text(&task_id))).await?;
        let client = context.data_unchecked::<Client>();
        let found = Box::pin(trail::moves(client, self::task_id(&task_id)?)).await?;
        gate(context).count(found.len())?;
        Ok(Some(found.into_iter().map(Transition::from).collect()))
    }

    /// What operators did to a task and its steps where no state moved, and to what it belongs to, in order of time. Takes
    /// tasker.task:show.
    #[graphql(complexity = "times(10, child_complexity)")]
    async fn actions(&self, context: &Context<'_>, task_id: ID) -> Result<Option<Vec<OperatorAction>>> {
        allowed(context, may("tasker.task", "show").about(task_text(&task_id))).await?;
        let client = context.data_unchecked::<Client>();
        let found = client.operator_actions(self::task_id(&task_id)?).await?;
        gate(context).count(found.len())?;
        Ok(Some(found.into_iter().map(OperatorAction::from).collect()))
    }
}

/// Why a task or a step does not go on.
#[derive(Debug, SimpleObject)]
pub(super) struct Why {
    /// The task.
    task_id: ID,
    /// The step; null for the task itself.
    step_no: Option<i32>,
    /// Its name.
    name: String,
    /// Its handler.
    handler: Option<String>,
    /// Its state.
    state: String,
    /// The reason.
    reason: String,
    /// The reason in words.
    words: String,
    /// Since when.
    since: Option<Time>,
    /// From when it may be claimed.
    next_at: Option<Time>,
    /// The step that has to move first.
    blocked_by_step_no: Option<i32>,
    /// Its name.
    blocked_by: Option<String>,
    /// Why that one does not.
    blocked_by_reason: Option<String>,
    /// Attempts so far.
    attempts: Option<i32>,
    /// How many there may be.
    retry_limit: Option<i32>,
    /// More of it: worker, pauses, failure, operator.
    detail: Value,
}

impl From<model::Why> for Why {
    fn from(why: model::Why) -> Self {
        Self {
            task_id: why.task_id.into(),
            step_no: why.step_no,
            name: why.name,
            handler: why.handler,
            state: why.state.to_string(),
            reason: why.reason.as_str().to_owned(),
            words: why.reason.words().to_owned(),
            since: why.since.map(Time),
            next_at: why.next_at.map(Time),
            blocked_by_step_no: why.blocked_by_step_no,
            blocked_by: why.blocked_by,
            blocked_by_reason: why.blocked_by_reason.map(|reason| reason.as_str().to_owned()),
            attempts: why.attempts,
            retry_limit: why.retry_limit,
            detail: json!(why.detail),
        }
    }
}

/// One move of a task or a step.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct Transition {
    /// Its task.
    task_id: ID,
    /// Its step; null for the task itself.
    workflow_step_id: Option<i32>,
    /// Counts from 0.
    sort_key: i32,
    /// The state before; null for the first.
    from_state: Option<String>,
    /// The state after.
    to_state: String,
    /// When.
    created_at: Time,
    /// Who, why, and what else was known.
    metadata: Value,
}

impl From<model::Transition> for Transition {
    fn from(one: model::Transition) -> Self {
        Self {
            task_id: one.task_id.into(),
            workflow_step_id: one.workflow_step_id,
            sort_key: one.sort_key,
            from_state: one.from_state.map(|state| state.to_string()),
            to_state: one.to_state.to_string(),
            created_at: one.created_at.into(),
            metadata: one.metadata,
        }
    }
}

/// What an operator did where no state moved.
#[derive(Debug, SimpleObject)]
pub(super) struct OperatorAction {
    /// Later ones have higher ones.
    action_id: ID,
    /// The task; null where it was done to a namespace, a named task or a handler.
    task_id: Option<ID>,
    /// The step; null for the task itself.
    workflow_step_id: Option<i32>,
    /// The namespace that it was done to.
    namespace: Option<String>,
    /// The named task of that namespace.
    name: Option<String>,
    /// The handler that it was done to.
    handler: Option<String>,
    /// When.
    created_at: Time,
    /// `verb`, `by`, `reason`, `from`; `changed` has each value that is another now, `from` and `to`.
    metadata: Value,
}

impl From<model::OperatorAction> for OperatorAction {
    fn from(one: model::OperatorAction) -> Self {
        Self {
            action_id: one.action_id.into(),
            task_id: one.task_id.map(ID::from),
            workflow_step_id: one.workflow_step_id,
            namespace: one.namespace,
            name: one.name,
            handler: one.handler,
            created_at: one.created_at.into(),
            metadata: one.metadata,
        }
    }
}
