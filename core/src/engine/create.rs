//! create_task(s): validate, then one statement, all or nothing.

use super::Client;
use super::client::{KnownPlan, PlanKey, call};
use super::refused::{is_about_requests, unnumbered};
use super::request::complete_request;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Created, IdentityStrategy, TaskRequest};
use crate::store::{FlushRow, FlushStatus, STALE_PLAN, Store, sqlstate};
use crate::template::{ContextSchema, DEFAULT_NAMESPACE};
use sqlx::PgConnection;
use std::{collections::HashMap, sync::Arc};

/// How often a request is validated again because its template was replaced in between.
const STALE_RETRIES: usize = 5;

impl Client {
    /// Creates a task.
    ///
    /// # Errors
    /// `UnknownNamedTask`, `InvalidContext` (every mistake, with its path), `InvalidArgument`, `AlreadyExists` for a
    /// duplicate that is to be rejected, `IdempotencyMismatch`, `DatabaseUnavailable`.
    pub async fn create_task(&self, request: &TaskRequest) -> Result<Created> {
        first(self.create_tasks(std::slice::from_ref(request)).await?)
    }

    /// Creates tasks in one transaction, all or nothing. Answers in the order of the requests.
    ///
    /// # Errors
    /// As [`Client::create_task`]. Of several requests each that is refused is told: `details.requests` has an entry each with its
    /// `index`, from 0, for the first hundred; `details.count` says how many there are. The error is that of the first.
    pub async fn create_tasks(&self, requests: &[TaskRequest]) -> Result<Vec<Created>> {
        match self.try_create_tasks(requests).await {
            Err(error) if requests.len() > 1 && is_about_requests(&error) => {
                // Where that cannot be found out, what is known is told.
                let refused = self.find_refused(requests).await.unwrap_or_default();
                Err(refused.into_error().unwrap_or(error))
            }
            answer => answer,
        }
    }

    /// As [`Client::create_tasks`], for a caller that takes the batch apart where one is refused: which ones is not looked for.
    ///
    /// # Errors
    /// As [`Client::create_task`], for one of the requests that are refused.
    pub async fn try_create_tasks(&self, requests: &[TaskRequest]) -> Result<Vec<Created>> {
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        let mut tries = 0;
        loop {
            match self.create_once(requests).await {
                Err(error) if sqlstate(&error) == Some(STALE_PLAN) && tries < STALE_RETRIES => {
                    self.forget_plans();
                    tries += 1;
                }
                Err(error) if requests.len() == 1 => return Err(unnumbered(error)),
                answer => return answer,
            }
        }
    }

    /// Creates a task on the caller's own connection, inside the caller's transaction: rolled back means never created.
    /// Call [`Client::wake`] after the commit, or let the workers find it by polling.
    ///
    /// # Errors
    /// As [`Client::create_task`]; `ConfigInvalid` where the connection leads to another database than the engine's. After an
    /// error the caller's transaction is as it was.
    pub async fn create_task_in(
        &self,
        connection: &mut PgConnection,
        request: &TaskRequest,
    ) -> Result<Created> {
        let store = &self.opened().await?.store;
        let mut tries = 0;
        loop {
            // A savepoint, so that a replaced template does not break the caller's transaction.
            let inside = store.savepoint(connection).await;
            let answer = self.create_here(store, connection, request).await;
            if inside {
                store.end_savepoint(connection, answer.is_ok()).await?;
            }
            match answer {
                Err(error) if sqlstate(&error) == Some(STALE_PLAN) && tries < STALE_RETRIES => {
                    self.forget_plans();
                    tries += 1;
                }
                answer => return first(answer.map_err(|error| store.explain(error))?),
            }
        }
    }

    async fn create_here(
        &self,
        store: &Store,
        connection: &mut PgConnection,
        request: &TaskRequest,
    ) -> Result<Vec<Created>> {
        self.check_database(store, connection).await?;
        let prepared = self
            .prepare(store, connection, std::slice::from_ref(request))
            .await?;
        store.create_tasks(connection, &together(&prepared)).await
    }

    pub(super) fn forget_plans(&self) {
        if let Ok(mut plans) = self.inner.plans.lock() {
            plans.clear();
        }
    }

    async fn create_once(&self, requests: &[TaskRequest]) -> Result<Vec<Created>> {
        // One by one; the roots of many are claimed together. A request with an identity may wait for somebody else's
        // transaction, and a worker's room must not.
        let offer = match requests {
            [request]
                if request.idempotency_key.is_none()
                    && self.settings().engine.identity_strategy == IdentityStrategy::Default =>
            {
                self.offer()
            }
            _ => None,
        };
        let Some(offer) = offer else {
            let created = call!(self, |store, connection| async {
                let prepared = self.prepare(store, connection, requests).await?;
                store.create_tasks(connection, &together(&prepared)).await
            })?;
            if created.iter().any(|one| one.created) {
                self.wake();
            }
            return Ok(created);
        };
        let (worker_id, room, slots) = (offer.worker_id(), offer.room(), offer.slots());
        let answer = self.create_and_claim(requests, worker_id, room, slots).await;
        match answer {
            Ok(rows) => {
                let created = rows
                    .iter()
                    .filter(|row| row.status == FlushStatus::Created)
                    .map(read_created)
                    .collect();
                if rows.iter().any(|row| row.status == FlushStatus::Readied) {
                    self.wake();
                }
                offer.settle(rows, true).await;
                Ok(created)
            }
            Err(error) => {
                offer
                    .settle(Vec::new(), error.kind != ErrorKind::DatabaseUnavailable)
                    .await;
                Err(error)
            }
        }
    }

    async fn create_and_claim(
        &self,
        requests: &[TaskRequest],
        worker_id: i64,
        room: i32,
        slots: i32,
    ) -> Result<Vec<FlushRow>> {
        call!(self, |store, connection| async {
            let prepared = first(self.prepare(store, connection, requests).await?)?;
            store
                .create_and_claim(connection, &prepared, worker_id, room, slots)
                .await
        })
    }

    /// The requests as the database reads them: contexts validated, defaults filled in.
    async fn prepare(
        &self,
        store: &Store,
        connection: &mut PgConnection,
        requests: &[TaskRequest],
    ) -> Result<Vec<String>> {
        let mut plans = HashMap::new();
        let mut prepared = Vec::with_capacity(requests.len());
        for request in requests {
            prepared.push(self.prepare_one(store, connection, &mut plans, request).await?);
        }
        Ok(prepared)
    }

    /// A request as the database reads it. `plans`: those that were looked up for requests of the same batch.
    pub(super) async fn prepare_one(
        &self,
        store: &Store,
        connection: &mut PgConnection,
        plans: &mut HashMap<PlanKey, Option<KnownPlan>>,
        request: &TaskRequest,
    ) -> Result<String> {
        // A large batch lets others have their turn.
        tokio::task::consume_budget().await;
        let key: PlanKey = (
            request
                .namespace
                .clone()
                .unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned()),
            request.name.clone(),
            request.version.clone(),
        );
        let plan = match plans.get(&key) {
            Some(plan) => plan.clone(),
            None => {
                let plan = self.known_plan(store, connection, &key).await?;
                plans.insert(key, plan.clone());
                plan
            }
        };
        let plan = plan.as_ref().map(|plan| (plan.plan_id, plan.schema.as_deref()));
        Ok(complete_request(self.settings(), request, plan)?.to_string())
    }

    async fn known_plan(
        &self,
        store: &Store,
        connection: &mut PgConnection,
        key: &PlanKey,
    ) -> Result<Option<KnownPlan>> {
        if let Ok(plans) = self.inner.plans.lock()
            && let Some(plan) = plans.get(key)
        {
            return Ok(Some(plan.clone()));
        }
        let Some(plan) = store
            .find_plan(connection, &key.0, &key.1, key.2.as_deref())
            .await?
        else {
            return Ok(None);
        };
        let schema = plan
            .schema
            .as_ref()
            .map(ContextSchema::compile)
            .transpose()
            .map_err(|_| {
                Error::internal(format!(
                    "the stored schema of {}.{} does not compile",
                    key.0, key.1
                ))
            })?;
        let known = KnownPlan {
            plan_id: plan.plan_id,
            schema: schema.map(Arc::new),
        };
        if let Ok(mut plans) = self.inner.plans.lock() {
            plans.insert(key.clone(), known.clone());
        }
        Ok(Some(known))
    }
}

fn read_created(row: &FlushRow) -> Created {
    Created {
        task_id: row.key.task_id,
        created: row.key.claim_no == 1,
        pruned: row.attempt == 1,
    }
}

fn first<T>(answers: Vec<T>) -> Result<T> {
    answers
        .into_iter()
        .next()
        .ok_or_else(|| Error::internal("nothing was answered to one request"))
}

fn together(prepared: &[String]) -> String {
    as_json(prepared.iter().map(String::as_str))
}

/// The JSON array that `tasker.create_tasks` reads.
pub(super) fn as_json<'r>(prepared: impl Iterator<Item = &'r str>) -> String {
    let mut array = String::from("[");
    for request in prepared {
        if array.len() > 1 {
            array.push(',');
        }
        array.push_str(request);
    }
    array.push(']');
    array
}
