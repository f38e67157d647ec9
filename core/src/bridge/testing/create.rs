//! Registering templates and creating tasks inside the test's transaction.

use super::state::State;
use crate::bridge::port::Port;
use crate::bridge::prepare::{prepare_create, prepare_plan, read_created, read_plan};
use crate::error::{Error, Result};
use crate::model::{Created, Registered, TaskRequest};
use crate::store::{STALE_PLAN, only_value, sqlstate};
use crate::template::CompiledTemplate;
use uuid::{NoContext, Timestamp, Uuid};

/// How often a request is validated again because its template was replaced in between.
const STALE_RETRIES: usize = 5;

pub(super) async fn register(
    state: &mut State,
    port: &Port,
    template: &CompiledTemplate,
) -> Result<Registered> {
    state.now()?;
    let json = serde_json::to_string(template)
        .map_err(|error| Error::internal("a template does not serialize").with_source(error))?;
    // Forced: what the test has in hand is what it tests, whatever else was registered under this version.
    let statement = state.sql.register_template(json, true, false);
    let rows = state.all_or_nothing(port, statement).await?;
    let row = rows
        .first()
        .ok_or_else(|| Error::internal("registering answered nothing"))?;
    state
        .known_steps
        .extend(template.steps.iter().map(|step| step.name.clone()));
    serde_json::from_value(only_value(row)?)
        .map_err(|error| Error::internal("registering answered something unknown").with_source(error))
}

pub(super) async fn create(state: &mut State, port: &Port, request: &TaskRequest) -> Result<Created> {
    let now = state.now()?;
    let mut request = request.clone();
    // The id carries the time of its making, which must not be far from the database's, and that is the test's.
    request.task_id.get_or_insert_with(|| {
        let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
        Uuid::new_v7(Timestamp::from_unix(
            NoContext,
            seconds,
            now.timestamp_subsec_nanos(),
        ))
    });
    let mut tries = 0;
    loop {
        let rows = port.execute(prepare_plan(&state.sql, &request)).await?;
        let plan = read_plan(&rows)?;
        let statement = prepare_create(&state.sql, &state.settings, &request, plan.as_ref())?;
        match state.all_or_nothing(port, statement).await {
            Err(error) if sqlstate(&error) == Some(STALE_PLAN) && tries < STALE_RETRIES => tries += 1,
            answer => return read_created(&answer?),
        }
    }
}
