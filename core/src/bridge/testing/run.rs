//! Running a task: claim, hand over, record, and again; one attempt at a time, in the order of priority, time and step.

use super::fault::{Fault, FaultKind, Moment};
use super::message::Until;
use super::record::record;
use super::report::{Execution, ExecutionOutcome, Recorded};
use super::state::{State, parse_rows};
use crate::bridge::port::Port;
use crate::bridge::{InvocationMessage, read_results};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Failure, OutcomeKind, State as TaskState, Step, TaskId};
use crate::store::{FlushRow, FlushStatus, StepDefinition};
use crate::template::ContextSchema;
use crate::worker::{Reported, check_context, invocation_of, timed_out};
use serde_json::value::RawValue;

pub(super) async fn run(state: &mut State, port: &Port, task_id: TaskId, until: Until) -> Result<()> {
    state.now()?;
    let steps = state.steps(port, task_id).await?;
    check_handlers(state, &steps)?;
    check_faults(state, &steps)?;
    loop {
        if run_one(state, port, task_id).await? {
            if until == Until::One {
                return Ok(());
            }
            continue;
        }
        if until != Until::End {
            return Ok(());
        }
        match state.next_due(port, task_id).await? {
            Some(due) if due > state.now()? => state.set_clock(port, due).await?,
            _ => return Ok(()),
        }
    }
}

/// Every step that may still run needs a handler here: there is no other process that has it.
fn check_handlers(state: &State, steps: &[Step]) -> Result<()> {
    let missing: Vec<String> = steps
        .iter()
        .filter(|step| {
            let open = matches!(
                step.status,
                TaskState::Pending | TaskState::InProgress | TaskState::Error
            );
            open && !state.handlers().contains(&step.handler)
        })
        .map(|step| format!("'{}' for the step '{}'", step.handler, step.name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let known: Vec<&str> = state.handlers().iter().map(String::as_str).collect();
    Err(Error::new(
        ErrorKind::UnknownHandler,
        format!(
            "the test has no handler {}; it has {}. Register it, or a stand-in where it belongs to another language",
            missing.join(", nor "),
            if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            }
        ),
    ))
}

/// A fault for a step that nobody has would never strike, and the test would prove nothing.
fn check_faults(state: &mut State, steps: &[Step]) -> Result<()> {
    state
        .known_steps
        .extend(steps.iter().map(|step| step.name.clone()));
    match state
        .faults
        .iter()
        .find(|fault| !state.known_steps.contains(&fault.step))
    {
        None => Ok(()),
        Some(fault) => {
            let known: Vec<&str> = state.known_steps.iter().map(String::as_str).collect();
            Err(Error::invalid_argument(format!(
                "a fault was injected into the step '{}', which no task of this test has; the steps are {}",
                fault.step,
                known.join(", ")
            )))
        }
    }
}

/// One attempt, if one is ready. False: none was.
async fn run_one(state: &mut State, port: &Port, task_id: TaskId) -> Result<bool> {
    let worker = state.worker(port).await?;
    let rows = port.execute(state.sql.claim_one(worker, &[task_id])).await?;
    let claim = parse_rows::<FlushRow>(&rows)?
        .into_iter()
        .find(|row| row.status == FlushStatus::Claimed);
    let Some(mut claim) = claim else {
        return Ok(false);
    };
    let began_at = state.now()?;
    let definition = state.definition(port, claim.step_template_id).await?;
    let refusal = complete_claim(state, port, &mut claim, &definition).await?;
    let (key, batch, attempt) = (claim.key, claim.batch, claim.attempt);
    let default_timeout = state.settings.execution.default_timeout_seconds;
    let timeout = definition.timeout_seconds.or(default_timeout);
    let (invocation, unfilled) = invocation_of(claim, &definition, &Reported::new(), default_timeout);
    let mut message = InvocationMessage::new(&invocation);
    message.timeout_seconds = timeout;

    let mut running = Running {
        name: definition.name.clone(),
        timeout,
        handler_ran: false,
        lost: None,
    };
    let outcome = match refusal.or(unfilled) {
        Some(failure) => OutcomeKind::Failed(failure),
        None => running.outcome(state, port, message, attempt).await?,
    };
    let (said, error) = words_for(&outcome);
    let mut recorded = Recorded::Never;
    if matches!(running.lost, None | Some(Moment::Recorded)) {
        recorded = record(state, port, worker, key, batch, &outcome).await?;
    }
    if running.lost == Some(Moment::Recorded) {
        // The reply was lost, and the process sends the outcome again before it dies.
        let again = record(state, port, worker, key, batch, &outcome).await?;
        if said == ExecutionOutcome::Completed
            && (recorded, again) == (Recorded::Recorded, Recorded::Recorded)
        {
            return Err(Error::internal(
                "an outcome that was sent twice was recorded twice",
            ));
        }
    }
    if running.lost.is_some() {
        state.die(port).await?;
    }
    let outcome = match running.lost {
        Some(Moment::Before | Moment::After) => ExecutionOutcome::WorkerLost,
        Some(Moment::Recorded) | None => said,
    };
    state.executions.push((
        task_id,
        Execution {
            step: running.name,
            attempt,
            handler_ran: running.handler_ran,
            error: error.filter(|_| outcome != ExecutionOutcome::WorkerLost),
            outcome,
            recorded,
            began_at,
        },
    ));
    Ok(true)
}

fn words_for(outcome: &OutcomeKind) -> (ExecutionOutcome, Option<String>) {
    match outcome {
        OutcomeKind::Completed { .. } => (ExecutionOutcome::Completed, None),
        OutcomeKind::Failed(failure) => (ExecutionOutcome::Failed, Some(failure.message.clone())),
        OutcomeKind::Released => (ExecutionOutcome::Released, None),
        OutcomeKind::CompletedElsewhere => (ExecutionOutcome::CompletedElsewhere, None),
    }
}

/// Fetches what was too large to come with the claim, and validates the context of a task made by raw SQL.
async fn complete_claim(
    state: &State,
    port: &Port,
    claim: &mut FlushRow,
    definition: &StepDefinition,
) -> Result<Option<Failure>> {
    let task_id = claim.key.task_id;
    if claim.context.is_none() {
        #[derive(serde::Deserialize)]
        struct Row {
            context: String,
        }
        let rows = port.execute(state.sql.task_context(task_id)).await?;
        claim.context = parse_rows::<Row>(&rows)?
            .into_iter()
            .next()
            .map(|row| row.context);
    }
    if claim.dependencies.is_none() && !definition.parents.is_empty() {
        let rows = port.execute(state.sql.step_results(task_id)).await?;
        let results = read_results(&rows)?;
        let ours: std::collections::BTreeMap<String, &RawValue> = definition
            .parents
            .iter()
            .filter_map(|(number, name)| Some((number.to_string(), results.get(name)?.as_ref())))
            .collect();
        claim.dependencies = serde_json::to_string(&ours).ok();
    }
    if !claim.unvalidated {
        return Ok(None);
    }
    let (Some(schema), Some(text)) = (&definition.plan.schema, &claim.context) else {
        return Ok(None);
    };
    let schema = ContextSchema::compile(schema).map_err(|_| {
        Error::internal(format!(
            "the stored schema of {}.{} does not compile",
            definition.plan.namespace, definition.plan.task_name
        ))
    })?;
    match check_context(&schema, text) {
        Ok(filled) => {
            port.execute(state.sql.mark_validated(task_id, &filled)).await?;
            claim.context = Some(filled);
            Ok(None)
        }
        Err(failure) => Ok(Some(*failure)),
    }
}

/// An attempt on its way.
struct Running {
    name: String,
    timeout: Option<f64>,
    handler_ran: bool,
    /// When its process died.
    lost: Option<Moment>,
}

impl Running {
    /// What the handler says, or what a fault makes of it.
    async fn outcome(
        &mut self,
        state: &mut State,
        port: &Port,
        message: InvocationMessage,
        attempt: i32,
    ) -> Result<OutcomeKind> {
        let fault = state
            .faults
            .iter()
            .rev()
            .find(|fault| fault.strikes(&self.name, attempt))
            .cloned();
        let Some(fault) = fault else {
            return self.invoke(port, message).await;
        };
        let said = if fault.lets_the_handler_run() {
            self.invoke(port, message).await?
        } else {
            OutcomeKind::Failed(Failure::default())
        };
        match fault.kind.clone() {
            FaultKind::Fails { failure } => Ok(OutcomeKind::Failed(failure)),
            FaultKind::NotJson => {
                // JSON, but with U+0000, which no jsonb holds.
                let text = RawValue::from_string("\"\\u0000\"".to_owned())
                    .map_err(|error| Error::internal("a JSON text is none").with_source(error))?;
                Ok(OutcomeKind::Completed { results: text })
            }
            FaultKind::WorkerLost => {
                self.lost = Some(fault.when);
                Ok(said)
            }
            FaultKind::Timeout => {
                let limit = self.timeout.ok_or_else(|| self.no_timeout(&fault))?;
                state.advance(port, limit).await?;
                Ok(OutcomeKind::Failed(timed_out(limit)))
            }
            FaultKind::Takes { seconds } => match self.timeout {
                Some(limit) if seconds > limit => {
                    state.advance(port, limit).await?;
                    Ok(OutcomeKind::Failed(timed_out(limit)))
                }
                _ => {
                    state.advance(port, seconds).await?;
                    Ok(said)
                }
            },
        }
    }

    async fn invoke(&mut self, port: &Port, message: InvocationMessage) -> Result<OutcomeKind> {
        self.handler_ran = true;
        port.invoke(message).await
    }

    fn no_timeout(&self, fault: &Fault) -> Error {
        Error::invalid_argument(format!(
            "a timeout was injected into the step '{}', which has none: give it `timeout_seconds` in the template, or set \
             execution.default_timeout_seconds",
            fault.step
        ))
    }
}
