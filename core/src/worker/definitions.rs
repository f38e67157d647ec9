//! What this process knows about the steps of plans: immutable, so read once and kept. The plans of large tasks are read
//! ahead, beside the claims and flushes that need them: each step of such a task is a new one, and would be waited for.

use super::core::Core;
use super::line::on_line;
use crate::error::{Error, Result};
use crate::metrics::Metrics;
use crate::model::StepNo;
use crate::store::{FlushRow, PlanDefinition, StepDefinition, Wanted};
use crate::template::ContextSchema;
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Plans with so many steps are read ahead.
const LARGE: i32 = 500;
/// Steps read ahead in one call: some milliseconds on a connection of the worker.
const PAGE: i32 = 1000;
/// Beyond so many steps of a plan no more are read ahead: they are kept as long as the process lives.
const MOST: i32 = 200_000;

#[derive(Debug, Default)]
struct Known {
    steps: HashMap<i32, Arc<StepDefinition>>,
    plans: HashMap<i32, Arc<PlanDefinition>>,
    schemas: HashMap<i32, Arc<ContextSchema>>,
    /// Plans that are being read ahead, or have been.
    ahead: HashSet<i32>,
}

/// The definitions that this process knows.
#[derive(Debug, Default)]
pub(super) struct Definitions(Mutex<Known>);

impl Definitions {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether all of these are known.
    pub(super) fn know(&self, mut ids: impl Iterator<Item = i32>) -> bool {
        let known = self.known();
        ids.all(|id| known.steps.contains_key(&id))
    }

    /// Keeps what was read; all steps of a plan share what they have in common.
    fn keep(&self, read: Vec<StepDefinition>, metrics: &Metrics) -> Vec<Arc<StepDefinition>> {
        let mut known = self.known();
        let keep = |mut step: StepDefinition| {
            let plan = known.plans.entry(step.plan.plan_id).or_insert(step.plan);
            plan.work.get_or_init(|| metrics.work_of(&plan.namespace));
            step.plan = Arc::clone(plan);
            let step = Arc::new(step);
            known.steps.insert(step.step_template_id, Arc::clone(&step));
            step
        };
        read.into_iter().map(keep).collect()
    }

    /// The large plans among those of these steps that nobody reads ahead yet; from now on somebody does.
    fn begin_ahead(&self, steps: &[Arc<StepDefinition>]) -> Vec<i32> {
        let mut known = self.known();
        let large = steps
            .iter()
            .filter(|step| (LARGE..=MOST).contains(&step.plan.step_count));
        let mut plans: Vec<i32> = large.map(|step| step.plan.plan_id).collect();
        plans.retain(|plan_id| known.ahead.insert(*plan_id));
        plans
    }

    /// Reading a plan ahead went wrong: the next miss tries again.
    fn give_up_ahead(&self, plan_id: i32) {
        self.known().ahead.remove(&plan_id);
    }

    /// The compiled schema of the contexts of a plan's tasks, where it has one.
    pub(super) fn schema_of(&self, plan: &PlanDefinition) -> Result<Option<Arc<ContextSchema>>> {
        let Some(schema) = &plan.schema else {
            return Ok(None);
        };
        if let Some(schema) = self.known().schemas.get(&plan.plan_id) {
            return Ok(Some(Arc::clone(schema)));
        }
        let compiled = Arc::new(ContextSchema::compile(schema).map_err(|_| {
            Error::internal(format!(
                "the stored schema of {}.{} does not compile",
                plan.namespace, plan.task_name
            ))
        })?);
        self.known().schemas.insert(plan.plan_id, Arc::clone(&compiled));
        Ok(Some(compiled))
    }
}

impl Core {
    /// The definitions of the steps of these claims; unknown ones are read once and kept.
    pub(super) async fn definitions_of(
        self: &Arc<Self>,
        claims: &[FlushRow],
    ) -> Result<HashMap<i32, Arc<StepDefinition>>> {
        let mut found = HashMap::with_capacity(claims.len());
        let mut missing = HashSet::new();
        {
            let known = self.definitions.known();
            for id in claims.iter().map(|claim| claim.step_template_id) {
                match known.steps.get(&id) {
                    Some(definition) => drop(found.insert(id, Arc::clone(definition))),
                    None => drop(missing.insert(id)),
                }
            }
        }
        if !missing.is_empty() {
            let missing: Vec<i32> = missing.into_iter().collect();
            let read = self.read_definitions(Wanted::Ids(&missing)).await?;
            for plan_id in self.definitions.begin_ahead(&read) {
                let core = Arc::clone(self);
                let _ = self.on_own_runtime(async move { core.read_ahead(plan_id).await });
            }
            found.extend(read.into_iter().map(|step| (step.step_template_id, step)));
        }
        Ok(found)
    }

    async fn read_definitions(&self, wanted: Wanted<'_>) -> Result<Vec<Arc<StepDefinition>>> {
        let line = self.line();
        let read = on_line!(&line, |store, connection| store
            .step_definitions(connection, wanted))?;
        Ok(self.definitions.keep(read, self.client.metrics()))
    }

    /// Reads a plan page by page, in the order of its steps, which is about the order in which they run.
    async fn read_ahead(&self, plan_id: i32) {
        let mut after: StepNo = 0;
        while !self.draining.is_cancelled() {
            let wanted = Wanted::Ahead {
                plan_id,
                after,
                handlers: &self.options.handlers,
                limit: PAGE,
            };
            match self.read_definitions(wanted).await {
                Ok(page) => match page.iter().map(|step| step.step_no).max() {
                    Some(last) => after = last,
                    None => return,
                },
                Err(error) => {
                    tracing::debug!(%error, plan_id, "a plan is not read ahead");
                    return self.definitions.give_up_ahead(plan_id);
                }
            }
        }
    }
}
