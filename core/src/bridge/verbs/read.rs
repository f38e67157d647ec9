//! Reading a step, and waiting for a task.

use super::{Selector, Verb, answer};
use crate::engine::Client;
use crate::error::{Error, Result};
use crate::model::{AnalysisWeights, State, StepSelector, TaskId};
use serde::Deserialize;
use std::time::Duration;

/// How long to wait for a task unless told otherwise, in seconds.
const WAIT_SECONDS: f64 = 60.0;

pub(super) async fn read_step(client: &Client, verb: &Verb<'_>) -> Result<String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct OfStep {
        task_id: TaskId,
        step: Option<Selector>,
    }
    let OfStep { task_id, step } = verb.read()?;
    let step = step.map(StepSelector::from);
    match (verb.name, &step) {
        ("transitions", step) => answer(&client.transitions(task_id, step.as_ref()).await?),
        ("why", step) => answer(&client.why(task_id, step.as_ref()).await?),
        (_, Some(step)) => answer(&client.step(task_id, step).await?),
        (_, None) => Err(Error::invalid_argument(
            "step: 'step' is missing: the name of a step, or its number",
        )),
    }
}

pub(super) async fn dependency_analysis(client: &Client, verb: &Verb<'_>) -> Result<String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct OfTask {
        task_id: TaskId,
        #[serde(default)]
        weights: AnalysisWeights,
    }
    let OfTask { task_id, weights } = verb.read()?;
    answer(&client.dependency_analysis(task_id, &weights).await?)
}

pub(super) async fn wait(client: &Client, verb: &Verb<'_>) -> Result<String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wait {
        task_id: TaskId,
        until: Option<Vec<State>>,
        within_seconds: Option<f64>,
    }
    let wait: Wait = verb.read()?;
    let until = wait.until.unwrap_or_else(|| State::ENDS.to_vec());
    let seconds = wait.within_seconds.unwrap_or(WAIT_SECONDS);
    let within = Duration::try_from_secs_f64(seconds).map_err(|_| {
        Error::invalid_argument(format!(
            "{}: within_seconds is a number of seconds from 0 up, not {seconds}",
            verb.name
        ))
    })?;
    if verb.name == "wait" {
        answer(&client.wait(wait.task_id, &until, within).await?)
    } else {
        answer(&client.wait_state(wait.task_id, &until, within).await?)
    }
}
