//! Crash at every step: is the workflow right if its process dies anywhere?
//!
//! The workflow runs once to learn its attempts. Then it runs once more for each point at which the process could die,
//! each time in a savepoint that is rolled back, and ends as it did undisturbed, or is reported.

use super::create::create;
use super::fault::{Fault, FaultKind, Moment};
use super::message::Until;
use super::report::TestReport;
use super::run::run;
use super::state::State;
use crate::bridge::port::Port;
use crate::error::{Error, Result};
use crate::model::{State as TaskState, TaskRequest};
use crate::store::Prepared;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

const SAVEPOINT: &str = "tasker_variant";

/// When the process dies, seen from one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CrashMoment {
    /// It has claimed the step and not begun the handler.
    BeforeHandler,
    /// The handler has done its work, and nothing of that is recorded.
    AfterHandler,
    /// The outcome is recorded, and the answer to that never arrived.
    AfterRecorded,
}

impl CrashMoment {
    const ALL: [Self; 3] = [Self::BeforeHandler, Self::AfterHandler, Self::AfterRecorded];

    fn as_moment(self) -> Moment {
        match self {
            Self::BeforeHandler => Moment::Before,
            Self::AfterHandler => Moment::After,
            Self::AfterRecorded => Moment::Recorded,
        }
    }
}

/// A point at which the process dies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrashPoint {
    /// The name of the step.
    pub step: String,
    /// The attempt, from 1.
    pub attempt: i32,
    /// When in it.
    pub when: CrashMoment,
}

impl fmt::Display for CrashPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, attempt, when } = self;
        match when {
            CrashMoment::BeforeHandler => write!(
                f,
                "the process died before the handler of '{step}' began (attempt {attempt})"
            ),
            CrashMoment::AfterHandler => write!(
                f,
                "the process died after the handler of '{step}' had run and before its outcome was recorded (attempt {attempt})"
            ),
            CrashMoment::AfterRecorded => write!(
                f,
                "the process died after the outcome of '{step}' was recorded and before it knew (attempt {attempt})"
            ),
        }
    }
}

/// One run of the workflow, for the test's own assertions.
#[derive(Debug, Clone, Serialize)]
pub struct Variant {
    /// Where the process died; none for the undisturbed run.
    pub crash: Option<CrashPoint>,
    /// What became of the task.
    pub report: TestReport,
}

/// What became of one variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VariantReport {
    /// Where the process died; none for the undisturbed run.
    pub crash: Option<CrashPoint>,
    /// The state that the task ended in.
    pub status: TaskState,
    /// How often the handler of each step was executed.
    pub executions: BTreeMap<String, usize>,
    /// What is wrong, in words; empty where all is right.
    pub problems: Vec<String>,
}

/// What became of each variant, the undisturbed run first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrashReport {
    /// The variants.
    pub variants: Vec<VariantReport>,
}

impl CrashReport {
    /// The variants in which something is wrong.
    pub fn broken(&self) -> impl Iterator<Item = &VariantReport> {
        self.variants
            .iter()
            .filter(|variant| !variant.problems.is_empty())
    }

    /// Whether the workflow is right wherever its process dies.
    pub fn is_right(&self) -> bool {
        self.broken().next().is_none()
    }

    /// The most that the handler of a step was executed in one variant.
    pub fn most_executions_of(&self, step: &str) -> usize {
        self.variants
            .iter()
            .filter_map(|variant| variant.executions.get(step).copied())
            .max()
            .unwrap_or_default()
    }
}

impl fmt::Display for CrashReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (broken, points) = (self.broken().count(), self.variants.len().saturating_sub(1));
        if broken == 0 {
            return write!(f, "right at each of {points} points at which its process can die");
        }
        write!(
            f,
            "wrong in {broken} of {} runs, {points} of them with a crash:",
            points + 1
        )?;
        for variant in self.broken() {
            match &variant.crash {
                Some(crash) => write!(f, "\n- {crash}:")?,
                None => write!(f, "\n- undisturbed:")?,
            }
            for problem in &variant.problems {
                write!(f, "\n    {problem}")?;
            }
        }
        Ok(())
    }
}

pub(super) async fn crash_everywhere(
    state: &mut State,
    port: &Port,
    request: &TaskRequest,
    may_differ: &[String],
) -> Result<CrashReport> {
    let undisturbed = variant(state, port, request, None).await?;
    let unknown = may_differ
        .iter()
        .find(|name| undisturbed.report.step(name).is_none());
    if let Some(name) = unknown {
        return Err(Error::invalid_argument(format!(
            "the results of a step '{name}' were said to differ, and the workflow has no such step"
        )));
    }
    let mut variants = vec![judged(&undisturbed, &undisturbed, may_differ)];
    for execution in &undisturbed.report.executions {
        for when in CrashMoment::ALL {
            if when == CrashMoment::AfterHandler && !execution.handler_ran {
                continue;
            }
            let crash = CrashPoint {
                step: execution.step.clone(),
                attempt: execution.attempt,
                when,
            };
            let crashed = variant(state, port, request, Some(crash)).await?;
            variants.push(judged(&crashed, &undisturbed, may_differ));
        }
    }
    Ok(CrashReport { variants })
}

/// A variant, and what the test's own assertions say of it.
struct Judged {
    crash: Option<CrashPoint>,
    report: TestReport,
    objection: Option<String>,
}

async fn variant(
    state: &mut State,
    port: &Port,
    request: &TaskRequest,
    crash: Option<CrashPoint>,
) -> Result<Judged> {
    let (mark, faults) = (state.mark(), state.faults.len());
    port.execute(Prepared::savepoint(SAVEPOINT)).await?;
    if let Some(crash) = &crash {
        state.faults.push(Fault {
            step: crash.step.clone(),
            attempt: Some(crash.attempt),
            when: crash.when.as_moment(),
            kind: FaultKind::WorkerLost,
        });
    }
    let judged = run_and_judge(state, port, request, crash).await;
    state.faults.truncate(faults);
    // Also after an error: whatever the statement that failed left behind goes with it.
    port.execute(Prepared::rollback_to(SAVEPOINT)).await?;
    port.execute(Prepared::release(SAVEPOINT)).await?;
    state.return_to(&mark);
    judged
}

async fn run_and_judge(
    state: &mut State,
    port: &Port,
    request: &TaskRequest,
    crash: Option<CrashPoint>,
) -> Result<Judged> {
    let created = create(state, port, request).await?;
    if !created.created {
        return Err(Error::invalid_argument(format!(
            "the request means task {}, which exists already: each run needs a task of its own, so leave out what makes \
             it a duplicate",
            created.task_id
        )));
    }
    run(state, port, created.task_id, Until::End).await?;
    let report = state.report(port, created.task_id).await?;
    let objection = port
        .check(Variant {
            crash: crash.clone(),
            report: report.clone(),
        })
        .await?;
    Ok(Judged {
        crash,
        report,
        objection,
    })
}

/// What is wrong with a variant, held against the undisturbed run.
fn judged(variant: &Judged, undisturbed: &Judged, may_differ: &[String]) -> VariantReport {
    let (ours, theirs) = (&variant.report, &undisturbed.report);
    let mut problems = Vec::new();
    if ours.status() != theirs.status() {
        problems.push(format!(
            "the task ended {} and not {}",
            ours.status(),
            theirs.status()
        ));
    } else if !ended(ours.status()) {
        problems.push(format!(
            "the task does not come to an end by itself: it stays {}",
            ours.status()
        ));
    }
    for (step, other) in ours.steps.iter().zip(&theirs.steps) {
        if step.status != other.status {
            let code = step.results.get("error_code").and_then(|code| code.as_str());
            problems.push(format!(
                "the step '{}' ended {} and not {}{}",
                step.name,
                step.status,
                other.status,
                code.map(|code| format!(" ({code})")).unwrap_or_default()
            ));
        } else if step.results != other.results
            && step.status != TaskState::Error
            && !may_differ.contains(&step.name)
        {
            problems.push(format!(
                "the step '{}' returned {} and not {}",
                step.name, step.results, other.results
            ));
        }
    }
    problems.extend(variant.objection.clone());
    VariantReport {
        crash: variant.crash.clone(),
        status: ours.status(),
        executions: ours
            .steps
            .iter()
            .map(|step| (step.name.clone(), ours.executions_of(&step.name)))
            .collect(),
        problems,
    }
}

fn ended(state: TaskState) -> bool {
    matches!(
        state,
        TaskState::Complete | TaskState::Error | TaskState::Cancelled | TaskState::ResolvedManually
    )
}
