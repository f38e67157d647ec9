//! Operator verbs inside the test's transaction.

use super::message::Operation;
use super::state::State;
use crate::bridge::port::Port;
use crate::error::{Error, Result};
use crate::model::{Operator, TaskId};
use crate::values::check_results;

pub(super) async fn operate(
    state: &mut State,
    port: &Port,
    task_id: TaskId,
    operation: &Operation,
    operator: &Operator,
) -> Result<()> {
    state.now()?;
    let sql = &state.sql;
    let statement = match operation {
        Operation::CancelTask => sql.cancel_task(task_id, operator),
        Operation::RetryTask => sql.retry_task(task_id, operator),
        Operation::ResolveTask => sql.resolve_task(task_id, operator),
        Operation::PauseTask => sql.pause_task(task_id, operator),
        Operation::ResumeTask => sql.resume_task(task_id, operator),
        Operation::CancelStep { step } => {
            let number = state.step_number(port, task_id, step).await?;
            sql.cancel_step(task_id, number, operator)
        }
        Operation::RetryStep { step, reset_attempts } => {
            let number = state.step_number(port, task_id, step).await?;
            sql.retry_step(task_id, number, *reset_attempts, operator)
        }
        Operation::ResolveStep { step, results } => {
            let number = state.step_number(port, task_id, step).await?;
            let max_bytes = state.settings.execution.max_result_bytes;
            let checked = check_results(results.to_string().as_bytes(), max_bytes).map_err(|problem| {
                Error::invalid_argument(format!("the results cannot be stored: {problem}"))
            })?;
            sql.resolve_step(task_id, number, checked.get(), operator)
        }
    };
    state.all_or_nothing(port, statement).await.map(|_| ())
}
