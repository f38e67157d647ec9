//! What mutations are given, each as one `input` with a `clientMutationId`, as Relay wants it.

use super::scalars::Time;
use async_graphql::{ID, InputObject};
use serde_json::{Map, Value};
use tasker_core::Error;
use tasker_core::values::{check_json, from_json};

/// Inputs of verbs on a whole task.
macro_rules! on_a_task {
    ($($name:ident),*) => {$(
        /// Which task, who steps in, and why.
        #[derive(Debug, InputObject)]
        pub(super) struct $name {
            /// The task.
            pub(super) task_id: ID,
            /// Who, where nobody has to say who they are.
            pub(super) by: Option<String>,
            /// Why; kept in the trail.
            pub(super) reason: Option<String>,
            /// Given back.
            pub(super) client_mutation_id: Option<String>,
        }
    )*};
}

on_a_task!(
    CancelTaskInput,
    RetryTaskInput,
    ResolveTaskInput,
    PauseTaskInput,
    ResumeTaskInput
);

/// A request for a task.
#[derive(Debug, InputObject)]
pub(super) struct CreateTaskInput {
    /// The name of the named task.
    pub(super) name: String,
    /// Its namespace; `default` unless given.
    pub(super) namespace: Option<String>,
    /// Its version; the latest unless given.
    pub(super) version: Option<String>,
    /// The input of the task: a JSON object, or the text of one.
    pub(super) context: Option<Value>,
    /// Who asks for it; whoever sends this unless given.
    pub(super) initiator: Option<String>,
    /// The system that asks for it.
    pub(super) source_system: Option<String>,
    /// Why.
    pub(super) reason: Option<String>,
    /// Labels.
    pub(super) tags: Option<Vec<String>>,
    /// Steps to leave out: skippable ones.
    pub(super) bypass_steps: Option<Vec<String>>,
    /// 0 (first) to 9 (last).
    pub(super) priority: Option<i16>,
    /// When it was asked for; now unless given.
    pub(super) requested_at: Option<Time>,
    /// One task for all requests with this key.
    pub(super) idempotency_key: Option<String>,
    /// How long the key counts, in seconds; for ever unless given.
    pub(super) idempotency_ttl_seconds: Option<f64>,
    /// What to do with a duplicate: `return` or `reject`; as the engine is set unless given.
    pub(super) on_duplicate: Option<String>,
    /// Given back.
    pub(super) client_mutation_id: Option<String>,
}

/// What to change of a task.
#[derive(Debug, InputObject)]
pub(super) struct UpdateTaskInput {
    /// The task.
    pub(super) task_id: ID,
    /// Why it was asked for.
    pub(super) reason: Option<String>,
    /// Its labels, instead of those that it has.
    pub(super) tags: Option<Vec<String>>,
    /// 0 (first) to 9 (last), for the steps that have not started.
    pub(super) priority: Option<i16>,
    /// Who changes it, where nobody has to say who they are.
    pub(super) by: Option<String>,
    /// Given back.
    pub(super) client_mutation_id: Option<String>,
}

/// What to note on a task.
#[derive(Debug, InputObject)]
pub(super) struct AnnotateTaskInput {
    /// The task.
    pub(super) task_id: ID,
    /// What kind of thing it says: 1 to 64 characters.
    pub(super) annotation_type: String,
    /// What it says: any JSON but null.
    pub(super) annotation: Value,
    /// Who notes it, where nobody has to say who they are.
    pub(super) by: Option<String>,
    /// Why.
    pub(super) reason: Option<String>,
    /// Given back.
    pub(super) client_mutation_id: Option<String>,
}

/// What to change of a step that has not ended.
#[derive(Debug, InputObject)]
pub(super) struct UpdateStepInput {
    /// The task.
    pub(super) task_id: ID,
    /// The number or the name of the step.
    pub(super) step_id: ID,
    /// How many attempts there may be. Raising it makes a step that is exhausted eligible again.
    pub(super) retry_limit: Option<i32>,
    /// Its own input, instead of the context of the task: a JSON object, or the text of one.
    pub(super) inputs: Option<Value>,
    /// Who, where nobody has to say who they are.
    pub(super) by: Option<String>,
    /// Why; kept in the trail.
    pub(super) reason: Option<String>,
    /// Given back.
    pub(super) client_mutation_id: Option<String>,
}

/// Which step to cancel.
#[derive(Debug, InputObject)]
pub(super) struct CancelStepInput {
    /// The task.
    pub(super) task_id: ID,
    /// The number or the name of the step.
    pub(super) step_id: ID,
    /// Who, where nobody has to say who they are.
    pub(super) by: Option<String>,
    /// Why; kept in the trail.
    pub(super) reason: Option<String>,
    /// Given back.
    pub(super) client_mutation_id: Option<String>,
}

/// Which step to retry.
#[derive(Debug, InputObject)]
pub(super) struct RetryStepInput {
    /// The task.
    pub(super) task_id: ID,
    /// The number or the name of the step.
    pub(super) step_id: ID,
    /// Give back the whole budget of attempts, instead of one more.
    #[graphql(default_with = "Some(false)")]
    pub(super) reset_attempts: Option<bool>,
    /// Who, where nobody has to say who they are.
    pub(super) by: Option<String>,
    /// Why; kept in the trail.
    pub(super) reason: Option<String>,
    /// Given back.
    pub(super) client_mutation_id: Option<String>,
}

/// Which step to declare done.
#[derive(Debug, InputObject)]
pub(super) struct ResolveStepInput {
    /// The task.
    pub(super) task_id: ID,
    /// The number or the name of the step.
    pub(super) step_id: ID,
    /// What those that wait for it read; {} unless given.
    pub(super) results: Option<Value>,
    /// Who, where nobody has to say who they are.
    pub(super) by: Option<String>,
    /// Why; kept in the trail.
    pub(super) reason: Option<String>,
    /// Given back.
    pub(super) client_mutation_id: Option<String>,
}

/// What is given as an object, or as the text of one; an empty one where nothing is given.
///
/// # Errors
/// `InvalidArgument` where it is something else, or what jsonb cannot hold.
pub(super) fn object(place: &str, given: Option<Value>) -> Result<Map<String, Value>, Error> {
    let wrong = |problem: String| Error::invalid_argument(format!("{place}: {problem}"));
    let text = match given {
        None | Some(Value::Null) => return Ok(Map::new()),
        Some(Value::String(text)) => text,
        Some(value) => value.to_string(),
    };
    let text = check_json(text.as_bytes(), usize::MAX).map_err(|problem| wrong(problem.to_string()))?;
    match from_json(text) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(wrong("a JSON object is needed, or the text of one".to_owned())),
        Err(error) => Err(wrong(format!(
            "a JSON object is needed, or the text of one: {error}"
        ))),
    }
}
