//! Verbs on everything that a filter lets through, batch by batch.

use super::lists::Tasks;
use super::{Verb, answer};
use crate::engine::Client;
use crate::error::{Error, Result};
use crate::model::{
    BulkOutcome, BulkVerb, Operator, State, StepNo, StepOutcome, StepSearch, StepVerb, TaskFilter, TaskId,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Counting ends here unless told otherwise.
const MOST: i64 = 1_000_000;
/// How many a batch takes unless told otherwise.
const BATCH: u32 = 200;

/// One batch of a bulk verb: go on with `after`, until there is none.
#[derive(Serialize)]
struct Batch<O, C> {
    outcomes: Vec<O>,
    after: Option<C>,
}

// The filter is an object of its own: a key of it that is misspelt must not widen what is operated on, and serde lets
// unknown keys pass where one object is read as two.

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnTasks {
    verb: String,
    by: Option<String>,
    reason: Option<String>,
    filter: Tasks,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Count<F> {
    most: Option<i64>,
    filter: F,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Steps {
    namespace: Option<String>,
    task_name: Option<String>,
    version: Option<String>,
    tags: Vec<String>,
    since: Option<DateTime<Utc>>,
    created_before: Option<DateTime<Utc>>,
    task_id: Option<TaskId>,
    of_open_tasks: bool,
    names: Vec<String>,
    handler: Option<String>,
    status: Vec<State>,
    error_code: Option<String>,
    waiting: Option<bool>,
    after: Option<(TaskId, StepNo)>,
    limit: Option<u32>,
}

impl From<Steps> for StepSearch {
    fn from(steps: Steps) -> Self {
        Self {
            namespace: steps.namespace,
            task_name: steps.task_name,
            version: steps.version,
            tags: steps.tags,
            since: steps.since,
            created_before: steps.created_before,
            task: steps.task_id,
            of_open_tasks: steps.of_open_tasks,
            names: steps.names,
            handler: steps.handler,
            status: steps.status,
            error_code: steps.error_code,
            waiting: steps.waiting,
            after: steps.after,
            limit: steps.limit.unwrap_or(BATCH),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnSteps {
    verb: String,
    by: Option<String>,
    reason: Option<String>,
    #[serde(default)]
    reset_attempts: bool,
    #[serde(default)]
    results: Value,
    retry_limit: Option<i32>,
    filter: Steps,
}

pub(super) async fn bulk(client: &Client, verb: &Verb<'_>) -> Result<String> {
    match verb.name {
        "count_tasks" => {
            let count: Count<Tasks> = verb.read()?;
            let most = count.most.unwrap_or(MOST);
            answer(&client.count_tasks(&count.filter.into(), most).await?)
        }
        "count_steps" => {
            let count: Count<Steps> = verb.read()?;
            let most = count.most.unwrap_or(MOST);
            answer(&client.count_steps(&count.filter.into(), most).await?)
        }
        "find_steps" => answer(&client.find_steps(&verb.read::<Steps>()?.into()).await?),
        "operate_on_tasks" => on_tasks(client, verb.read()?).await,
        _ => on_steps(client, verb.read()?).await,
    }
}

async fn on_tasks(client: &Client, of: OnTasks) -> Result<String> {
    let verb = [
        BulkVerb::Cancel,
        BulkVerb::Retry,
        BulkVerb::Resolve,
        BulkVerb::Pause,
        BulkVerb::Resume,
    ]
    .into_iter()
    .find(|verb| verb.as_str() == of.verb)
    .ok_or_else(|| {
        no_such(
            "operate_on_tasks",
            &of.verb,
            "cancel, retry, resolve, pause or resume",
        )
    })?;
    let mut filter: TaskFilter = of.filter.into();
    if filter.status.is_empty() {
        filter.status = verb.states().to_vec();
    }
    let operator = Operator {
        by: of.by,
        reason: of.reason,
        from: None,
    };
    let outcomes = client.operate_in_bulk(verb, &filter, &operator).await?;
    let after = BulkOutcome::cursor(&outcomes);
    answer(&Batch { outcomes, after })
}

async fn on_steps(client: &Client, of: OnSteps) -> Result<String> {
    let verb = match of.verb.as_str() {
        "cancel" => StepVerb::Cancel,
        "retry" => StepVerb::Retry {
            reset_attempts: of.reset_attempts,
        },
        "resolve" => StepVerb::Resolve { results: of.results },
        "update" => StepVerb::Update {
            retry_limit: of.retry_limit.ok_or_else(|| {
                Error::invalid_argument("operate_on_steps: 'update' needs 'retry_limit', a number from 1 up")
            })?,
        },
        other => {
            return Err(no_such(
                "operate_on_steps",
                other,
                "cancel, retry, resolve or update",
            ));
        }
    };
    let mut search: StepSearch = of.filter.into();
    if search.status.is_empty() {
        search.status = verb.states().to_vec();
    }
    let operator = Operator {
        by: of.by,
        reason: of.reason,
        from: None,
    };
    let outcomes: Vec<StepOutcome> = client.operate_on_steps(&verb, &search, &operator).await?;
    let after = StepSearch::cursor(&outcomes);
    answer(&Batch { outcomes, after })
}

fn no_such(name: &str, verb: &str, known: &str) -> Error {
    Error::invalid_argument(format!("{name}: 'verb' is {known}, not '{verb}'"))
}
