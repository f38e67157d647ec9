//! Recording an outcome, as a worker's flusher does.

use super::report::Recorded;
use super::state::{State, parse_rows};
use crate::bridge::port::Port;
use crate::error::Result;
use crate::model::{Failure, OutcomeKind, State as StepState};
use crate::store::{FailureText, FlushRow, FlushStatus, StepKey};
use crate::values::{MAX_TEXT_BYTES, check_results, repair_failure};
use crate::worker::{rolled_back, stored};

pub(super) async fn record(
    state: &mut State,
    port: &Port,
    worker: i64,
    key: StepKey,
    batch: i64,
    outcome: &OutcomeKind,
) -> Result<Recorded> {
    let max_bytes = state.settings.execution.max_result_bytes;
    match outcome {
        OutcomeKind::Completed { results } => match check_results(results.get().as_bytes(), max_bytes) {
            Ok(checked) => {
                let statement = state.sql.complete_one(worker, &key, checked.get(), batch);
                said(&port.execute(statement).await?)
            }
            Err(problem) => fail(state, port, worker, key, batch, problem.into()).await,
        },
        OutcomeKind::Failed(failure) => fail(state, port, worker, key, batch, failure.clone()).await,
        OutcomeKind::Released => {
            port.execute(state.sql.release_one(worker, &key)).await?;
            Ok(Recorded::Recorded)
        }
        OutcomeKind::CompletedElsewhere => {
            let steps = state.steps(port, key.task_id).await?;
            let held = steps.iter().any(|step| {
                step.workflow_step_id == key.step_no
                    && step.claim_no == key.claim_no
                    && step.status == StepState::InProgress
            });
            if held {
                fail(state, port, worker, key, batch, rolled_back()).await
            } else {
                Ok(Recorded::Recorded)
            }
        }
    }
}

async fn fail(
    state: &State,
    port: &Port,
    worker: i64,
    key: StepKey,
    batch: i64,
    mut failure: Failure,
) -> Result<Recorded> {
    repair_failure(&mut failure, MAX_TEXT_BYTES);
    let text = FailureText {
        stored: &stored(&failure),
        retry_after: failure.retry_after,
        backoff: &state.backoff,
        max_worker_losses: state.settings.execution.max_worker_losses,
    };
    let statement = state.sql.fail_one(worker, &key, &text, batch);
    said(&port.execute(statement).await?)
}

fn said(rows: &[String]) -> Result<Recorded> {
    let rows: Vec<FlushRow> = parse_rows(rows)?;
    let has = |status| rows.iter().any(|row| row.status == status);
    Ok(if has(FlushStatus::AttemptLost) {
        Recorded::Refused
    } else if has(FlushStatus::AlreadyRecorded) {
        Recorded::AlreadyRecorded
    } else {
        Recorded::Recorded
    })
}
