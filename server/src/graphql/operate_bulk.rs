//! What changes many tasks at once: the same code as over REST.

use super::filter::TaskFilterInput;
use super::gate::{gate, may};
use super::scalars::Long;
use super::task::{self, Task};
use crate::app::{App, Began};
use crate::extract::{Body, Path};
use crate::problem::Refusal;
use crate::rest::bulk;
use async_graphql::{Context, Enum, ID, InputObject, Json, Object, Result, SimpleObject};
use axum::Extension;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};
use tasker_core::model::{BulkOutcome, TaskId};
use tasker_core::{Client, ErrorKind};
use tokio::time::Instant;

/// What is done to many tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
enum BulkVerb {
    /// Cancel them and their open steps.
    Cancel,
    /// Retry every step of them that failed for good.
    Retry,
    /// Declare those that failed done.
    Resolve,
    /// Claim nothing more of them.
    Pause,
    /// Go on with those that were paused.
    Resume,
}

impl BulkVerb {
    const fn name(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Retry => "retry",
            Self::Resolve => "resolve",
            Self::Pause => "pause",
            Self::Resume => "resume",
        }
    }
}

/// What to do to which tasks. A filter that names at least one thing is needed, or `all`.
#[derive(Debug, InputObject)]
struct BulkInput {
    /// What to do.
    verb: BulkVerb,
    /// To which tasks; those in which the verb has something to do, unless it names states.
    filter: Option<TaskFilterInput>,
    /// All tasks in which the verb has something to do.
    #[graphql(default_with = "Some(false)")]
    all: Option<bool>,
    /// Only say how many there are, and show some.
    #[graphql(default_with = "Some(false)")]
    dry_run: Option<bool>,
    /// How many tasks this is for at most; 1,000 unless given, at most 10,000.
    limit: Option<i32>,
    /// `nextCursor` of the mutation before, with the same filter.
    cursor: Option<String>,
    /// Who, where nobody has to say who they are.
    by: Option<String>,
    /// Why; kept in the trail.
    reason: Option<String>,
    /// Given back.
    client_mutation_id: Option<String>,
}

impl BulkInput {
    /// The request as REST has it: what is not given is not there.
    fn request(&self) -> Value {
        let mut request = json!({
            "all": self.all.unwrap_or(false),
            "dry_run": self.dry_run.unwrap_or(false),
            "limit": self.limit,
            "cursor": self.cursor,
            "by": self.by,
            "reason": self.reason,
        });
        let filter = self.filter.as_ref().map(TaskFilterInput::to_rest);
        if let Some(request) = request.as_object_mut() {
            request.extend(filter.unwrap_or_default());
            request.retain(|_, value| !value.is_null());
        }
        request
    }
}

/// What a verb did, or would do.
#[derive(Debug, SimpleObject)]
struct BulkPayload {
    /// Whether nothing was changed.
    dry_run: bool,
    /// For how many tasks it was done, or would be.
    count: Long,
    /// Whether that is all (exact), or at least so many (at_least).
    count_relation: String,
    /// For which it was refused, and why.
    refused: Vec<BulkRefusal>,
    /// Of a dry run: some of the tasks, for whoever may list them. Takes tasker.task:index, and is empty without it.
    sample: Vec<Task>,
    /// There may be more: give it back as `cursor`. Null where there are none.
    next_cursor: Option<String>,
    /// What came in the way after some batches were done; they stay. `nextCursor` goes on with the one that was not.
    problem: Option<Json<Value>>,
    /// As it was given.
    client_mutation_id: Option<String>,
}

/// That a verb was refused for a task.
#[derive(Debug, SimpleObject)]
struct BulkRefusal {
    /// The task.
    task_id: ID,
    /// Why.
    refusal: Option<String>,
}

/// What REST answers, as far as it is shown.
#[derive(Debug, Deserialize)]
struct Answered {
    dry_run: bool,
    count: i64,
    count_relation: String,
    refused: Vec<BulkOutcome>,
    sample: Vec<Shown>,
    next_cursor: Option<String>,
    problem: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Shown {
    task_id: TaskId,
}

/// Verbs on many tasks.
#[derive(Debug, Default)]
pub(super) struct BulkVerbs;

#[Object]
impl BulkVerbs {
    /// Cancel, retry, resolve, pause or resume all tasks that a filter lets through, newest first. In batches of 100, each a
    /// transaction of its own; what is refused for one task is told, and the others go on. Takes tasker.task:bulk, and of
    /// tasker.task:cancel, tasker.task:retry, tasker.task:resolve, tasker.task:pause and tasker.task:resume that of the verb.
    async fn bulk(&self, context: &Context<'_>, input: BulkInput) -> Result<Option<BulkPayload>> {
        let (gate, verb) = (gate(context), input.verb.name());
        let questions = [may("tasker.task", verb), may("tasker.task", "bulk")];
        gate.require(&questions).await?;
        let axum::Json(answer) = Box::pin(bulk::operate(
            State(context.data_unchecked::<App>().clone()),
            Extension(Began(Instant::now())),
            Path(verb.to_owned()),
            gate.access().clone(),
            Body::of(&input.request()),
        ))
        .await?;
        let answer: Answered = serde_json::to_value(answer)
            .and_then(serde_json::from_value)
            .map_err(|error| {
                Refusal::new(ErrorKind::Internal, format!("the answer of a bulk verb: {error}"))
            })?;
        let ids: Vec<TaskId> = answer.sample.iter().map(|one| one.task_id).collect();
        let sample = Box::pin(context.data_unchecked::<Client>().tasks_of(&ids)).await?;
        gate.count(answer.refused.len())?;
        Ok(Some(BulkPayload {
            dry_run: answer.dry_run,
            count: Long(answer.count),
            count_relation: answer.count_relation,
            refused: answer
                .refused
                .into_iter()
                .map(|one| BulkRefusal {
                    task_id: one.task_id.into(),
                    refusal: one.refusal,
                })
                .collect(),
            sample: task::tasks(gate, sample)?,
            next_cursor: answer.next_cursor,
            problem: answer.problem.map(Json),
            client_mutation_id: input.client_mutation_id,
        }))
    }
}
