//! What tasks and steps are instances of. Who may see a named task may see its steps, and the systems that they work on.

use super::gate::{Once, gate, times};
use super::named_set::NamedSet;
use super::scalars::{Long, Time};
use crate::problem::Refusal;
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tasker_core::Client;
use tasker_core::model::{self, NamedStepRecord, NamedTaskRecord, NamedTaskStepRecord};

/// So many maps of a system are shown at most.
const MAPS: i64 = 100;

/// A named task: a workflow in a version.
#[derive(Debug, Clone)]
pub(super) struct NamedTask {
    record: Arc<NamedTaskRecord>,
    /// Where it is one of a list: the question whether what is in it may be shown.
    listed: Option<Arc<NamedSet>>,
}

impl From<NamedTaskRecord> for NamedTask {
    /// One that may be shown with all that is in it.
    fn from(record: NamedTaskRecord) -> Self {
        Self {
            record: Arc::new(record),
            listed: None,
        }
    }
}

impl NamedTask {
    /// A list, for whoever may see that these are there.
    pub(super) fn list(records: Vec<NamedTaskRecord>) -> Vec<Self> {
        let names = records.iter();
        let names = names.map(|one| (one.named_task_id, one.name.clone(), one.namespace.clone()));
        let listed = Arc::new(NamedSet::new(("tasker.template", "show"), names));
        let listed = |record| Self {
            record: Arc::new(record),
            listed: Some(Arc::clone(&listed)),
        };
        records.into_iter().map(listed).collect()
    }

    /// Its id.
    pub(super) fn id_of(&self) -> i32 {
        self.record.named_task_id
    }

    /// Refuses whoever may not see what is in it.
    async fn contents(&self, context: &Context<'_>) -> Result<(), Refusal> {
        match &self.listed {
            None => Ok(()),
            Some(listed) => listed.require(gate(context), self.record.named_task_id).await,
        }
    }
}

/// A named task: a workflow in a version.
#[Object(name = "NamedTask")]
impl NamedTask {
    /// Its id among everything: for `node`.
    pub(super) async fn id(&self) -> ID {
        format!("NamedTask:{}", self.record.named_task_id).into()
    }

    /// Its id.
    async fn named_task_id(&self) -> i32 {
        self.record.named_task_id
    }

    /// Its namespace.
    async fn namespace(&self) -> &str {
        &self.record.namespace
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.record.name
    }

    /// Its version.
    async fn version(&self) -> &str {
        &self.record.version
    }

    /// `namespace.name@version`.
    async fn full_name(&self) -> &str {
        &self.record.full_name
    }

    /// For people.
    async fn description(&self) -> Option<&str> {
        self.record.description.as_deref()
    }

    /// The template, as it was registered. Takes tasker.template:show where it is one of a list.
    async fn configuration(&self, context: &Context<'_>) -> Result<&Value> {
        self.contents(context).await?;
        Ok(&self.record.configuration)
    }

    /// SHA-256 of its content before `${…}` is filled, hexadecimal.
    async fn digest(&self) -> &str {
        &self.record.digest
    }

    /// Whether it is the latest version of its name.
    async fn latest(&self) -> bool {
        self.record.latest
    }

    /// Number of steps.
    async fn step_count(&self) -> usize {
        self.record.steps.len()
    }

    /// When this content was registered.
    async fn registered_at(&self) -> Time {
        self.record.registered_at.into()
    }

    /// When this version was registered first.
    async fn created_at(&self) -> Time {
        self.record.created_at.into()
    }

    /// When it was changed last.
    async fn updated_at(&self) -> Time {
        self.record.updated_at.into()
    }

    /// Its steps, by number. Takes tasker.template:show where it is one of a list.
    #[graphql(complexity = "times(10, child_complexity)")]
    async fn named_steps(&self, context: &Context<'_>) -> Result<Option<Vec<NamedStep>>> {
        self.contents(context).await?;
        gate(context).count(self.record.steps.len())?;
        let steps = self.record.steps.iter();
        Ok(Some(
            steps.map(|step| NamedStep(step.named_step.clone())).collect(),
        ))
    }

    /// Its steps with how it has them, by number. Takes tasker.template:show where it is one of a list.
    #[graphql(complexity = "times(10, child_complexity)")]
    async fn named_tasks_named_steps(
        &self,
        context: &Context<'_>,
    ) -> Result<Option<Vec<NamedTasksNamedStep>>> {
        self.contents(context).await?;
        gate(context).count(self.record.steps.len())?;
        let steps = self.record.steps.iter().cloned().map(|step| NamedTasksNamedStep {
            step,
            task: self.clone(),
        });
        Ok(Some(steps.collect()))
    }
}

/// A named step as one of a named task.
#[derive(Debug, Clone)]
pub(super) struct NamedTasksNamedStep {
    step: NamedTaskStepRecord,
    task: NamedTask,
}

/// A named step as one of a named task.
#[Object(name = "NamedTasksNamedStep")]
impl NamedTasksNamedStep {
    /// Its id.
    async fn id(&self) -> ID {
        self.step.id.into()
    }

    /// The id of the named task.
    async fn named_task_id(&self) -> i32 {
        self.step.named_task_id
    }

    /// The id of the named step.
    async fn named_step_id(&self) -> i32 {
        self.step.named_step.named_step_id
    }

    /// Its number in the named task.
    async fn step_no(&self) -> i32 {
        self.step.step_no
    }

    /// Whether a request may leave it out.
    async fn skippable(&self) -> bool {
        self.step.skippable
    }

    /// Whether it may be tried more than once.
    async fn default_retryable(&self) -> bool {
        self.step.default_retryable
    }

    /// How many attempts there may be.
    async fn default_retry_limit(&self) -> i32 {
        self.step.default_retry_limit
    }

    /// The named task.
    async fn named_task(&self) -> &NamedTask {
        &self.task
    }

    /// The named step.
    async fn named_step(&self) -> NamedStep {
        NamedStep(self.step.named_step.clone())
    }
}

/// A named step: a name in a dependent system.
#[derive(Debug, Clone)]
pub(super) struct NamedStep(pub(super) NamedStepRecord);

/// A named step: a name in a dependent system.
#[Object(name = "NamedStep")]
impl NamedStep {
    /// Its id.
    async fn named_step_id(&self) -> i32 {
        self.0.named_step_id
    }

    /// The id of the system that it works on.
    async fn dependent_system_id(&self) -> i32 {
        self.0.dependent_system.dependent_system_id
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// For people.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// When it was registered first.
    async fn created_at(&self) -> Time {
        self.0.created_at.into()
    }

    /// When it was changed last.
    async fn updated_at(&self) -> Time {
        self.0.updated_at.into()
    }

    /// The system that it works on.
    async fn dependent_system(&self) -> DependentSystem {
        DependentSystem(self.0.dependent_system.clone())
    }
}

/// A system that steps work on.
#[derive(Debug, Clone)]
pub(super) struct DependentSystem(model::DependentSystem);

/// A system that steps work on.
#[Object(name = "DependentSystem")]
impl DependentSystem {
    /// Its id.
    async fn dependent_system_id(&self) -> i32 {
        self.0.dependent_system_id
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// For people.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// When it was made.
    async fn created_at(&self) -> Time {
        self.0.created_at.into()
    }

    /// When it was changed last.
    async fn updated_at(&self) -> Time {
        self.0.updated_at.into()
    }

    /// What its things are in other systems, the newest hundred.
    #[graphql(complexity = "times(100, child_complexity)")]
    async fn dependent_system_object_maps(
        &self,
        context: &Context<'_>,
    ) -> Result<Option<Vec<DependentSystemObjectMap>>> {
        let id = self.0.dependent_system_id;
        let found = context.data_unchecked::<Maps>().of(id);
        let found = found
            .get(|| async {
                let client = context.data_unchecked::<Client>();
                Ok(client.object_maps(id, MAPS).await?)
            })
            .await?;
        gate(context).count(found.len())?;
        Ok(Some(found.iter().cloned().map(Into::into).collect()))
    }
}

/// What was found of each system in a request: however many steps work on it, it is asked for once.
#[derive(Debug, Default)]
pub(super) struct Maps(Mutex<HashMap<i32, Arc<Once<Vec<model::DependentSystemObjectMap>>>>>);

impl Maps {
    fn of(&self, id: i32) -> Arc<Once<Vec<model::DependentSystemObjectMap>>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(id).or_default())
    }
}

/// That a thing of one system is a thing of another.
#[derive(Debug, SimpleObject)]
pub(super) struct DependentSystemObjectMap {
    /// Its id.
    dependent_system_object_map_id: Long,
    /// The one system.
    dependent_system_one_id: i32,
    /// The other.
    dependent_system_two_id: i32,
    /// The id in the one.
    remote_id_one: String,
    /// The id in the other.
    remote_id_two: String,
    /// When it was made.
    created_at: Time,
    /// When it was changed last.
    updated_at: Time,
}

impl From<model::DependentSystemObjectMap> for DependentSystemObjectMap {
    fn from(map: model::DependentSystemObjectMap) -> Self {
        Self {
            dependent_system_object_map_id: Long(map.dependent_system_object_map_id),
            dependent_system_one_id: map.dependent_system_one_id,
            dependent_system_two_id: map.dependent_system_two_id,
            remote_id_one: map.remote_id_one,
            remote_id_two: map.remote_id_two,
            created_at: map.created_at.into(),
            updated_at: map.updated_at.into(),
        }
    }
}
