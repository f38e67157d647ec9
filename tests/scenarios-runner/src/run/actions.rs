//! The verbs of a scenario, each done through the engine's own client.

use super::{Run, rows};
use crate::scenario::{Action, CreateTask, ErrorTexts, Operate, Pause, Sql, UpdateStep};
use crate::workers::Workers;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::time::Duration;
use tasker_core::model::{
    Created, Operator, PauseScope, State, StepSelector, StepUpdate, TaskId, TaskRequest,
};
use tasker_core::{Error, ErrorKind};

impl Run<'_> {
    /// Does action number `index` (from 0).
    pub(super) async fn act(&mut self, index: usize, action: &Action, workers: &mut Workers) -> Result<()> {
        self.journal.say(&format!("actions[{index}]: {action:?}"));
        let place = |verb: &str| format!("actions[{index}].{verb}");
        match action {
            Action::RegisterTemplate(register) => {
                let registered = self.register(&register.template).await;
                self.settle(registered, register.error.as_ref())
                    .map(drop)
                    .with_context(|| place("register_template"))
            }
            Action::CreateTask(create) => self.create(create, 1).await.with_context(|| place("create_task")),
            Action::CreateTasks(create) => self
                .create(create, create.count.unwrap_or(1))
                .await
                .with_context(|| place("create_tasks")),
            Action::Wait(wait) => self.wait(wait, workers).await.with_context(|| place("wait")),
            Action::WaitMs(milliseconds) => {
                tokio::time::sleep(Duration::from_millis(*milliseconds)).await;
                Ok(())
            }
            Action::Cancel(verb) => self
                .operate(verb, Verb::Cancel)
                .await
                .with_context(|| place("cancel")),
            Action::Retry(verb) => self
                .operate(verb, Verb::Retry)
                .await
                .with_context(|| place("retry")),
            Action::Resolve(verb) => self
                .operate(verb, Verb::Resolve)
                .await
                .with_context(|| place("resolve")),
            Action::Pause(verb) => self.pause(verb, true).await.with_context(|| place("pause")),
            Action::Resume(verb) => self.pause(verb, false).await.with_context(|| place("resume")),
            Action::UpdateStep(verb) => self.update_step(verb).await.with_context(|| place("update_step")),
            Action::StartWorkers(start) => {
                let started = workers.start(start.count.unwrap_or(1), start.concurrency).await;
                started.with_context(|| place("start_workers"))
            }
            Action::StopWorkers(stop) => {
                let grace = self.scenario.settings.execution.shutdown_grace_seconds;
                workers
                    .stop(stop.signal, grace)
                    .await
                    .with_context(|| place("stop_workers"))
            }
            Action::RestartDatabase(restart) => self
                .server
                .restart(&restart.mode)
                .await
                .with_context(|| place("restart_database")),
            Action::Sql(sql) => self.sql(sql).await.with_context(|| place("sql")),
            Action::Http(request) => self.http(request).await.with_context(|| place("http")),
        }
    }

    async fn create(&mut self, create: &CreateTask, count: usize) -> Result<()> {
        let request: Result<TaskRequest, Error> =
            serde_json::from_value(Value::Object(create.request.clone()))
                .map_err(|error| Error::invalid_argument(format!("the task request does not read: {error}")));
        let created = match (request, create.count) {
            (Err(error), _) => Err(error),
            (Ok(request), None) => self
                .client
                .create_task(&request)
                .await
                .map(|created| vec![created]),
            (Ok(request), Some(_)) => self.client.create_tasks(&vec![request; count]).await,
        };
        let Some(created) = self.settle(created, create.error.as_ref())? else {
            return Ok(());
        };
        self.journal.say(&format!("  created: {created:?}"));
        if created.len() != count {
            bail!(
                "{count} tasks were asked for, the engine answered with {}",
                created.len()
            );
        }
        if let Some(duplicate) = create.duplicate {
            check_duplicates(&created, duplicate)?;
        }
        if let Some(alias) = &create.alias {
            self.tasks.insert(
                alias.clone(),
                created.iter().map(|created| created.task_id).collect(),
            );
        }
        Ok(())
    }

    async fn operate(&self, verb: &Operate, what: Verb) -> Result<()> {
        let operator = Operator {
            by: verb.by.clone(),
            reason: verb.reason.clone(),
            from: None,
        };
        for id in self.ids(&verb.task)?.to_vec() {
            let done = match &verb.step {
                Some(step) => {
                    self.operate_on_step(id, &StepSelector::parse(step), verb, what, &operator)
                        .await
                }
                None => self.operate_on_task(id, verb, what, &operator).await,
            };
            self.settle(done, verb.error.as_ref())?;
        }
        Ok(())
    }

    async fn operate_on_step(
        &self,
        id: TaskId,
        step: &StepSelector,
        verb: &Operate,
        what: Verb,
        operator: &Operator,
    ) -> tasker_core::Result<()> {
        let client = &self.client;
        match what {
            Verb::Cancel => client.cancel_step(id, step, operator).await.map(drop),
            Verb::Retry => client
                .retry_step(id, step, verb.reset_attempts, operator)
                .await
                .map(drop),
            Verb::Resolve => {
                let results = verb.results.clone().unwrap_or_else(|| json!({}));
                client.resolve_step(id, step, results, operator).await.map(drop)
            }
        }
    }

    async fn operate_on_task(
        &self,
        id: TaskId,
        verb: &Operate,
        what: Verb,
        operator: &Operator,
    ) -> tasker_core::Result<()> {
        let client = &self.client;
        match what {
            Verb::Cancel => client.cancel_task(id, operator).await.map(drop),
            Verb::Resolve => client.resolve_task(id, operator).await.map(drop),
            Verb::Retry if verb.reset_attempts => {
                // The verb for a task has no reset; this is the same for each step that the verb would retry.
                let steps = client.steps(id).await?;
                for step in steps.iter().filter(|step| step.status == State::Error) {
                    client
                        .retry_step(id, &StepSelector::Number(step.workflow_step_id), true, operator)
                        .await?;
                }
                Ok(())
            }
            Verb::Retry => client.retry_task(id, operator).await.map(drop),
        }
    }

    async fn pause(&self, verb: &Pause, pausing: bool) -> Result<()> {
        let operator = Operator {
            by: verb.by.clone(),
            reason: verb.reason.clone(),
            from: None,
        };
        if verb.step.is_some() {
            let refusal = Error::invalid_argument(
                "a step cannot be paused by itself; pause its task, its named task, its namespace or its handler",
            );
            return self.settle(Err::<(), _>(refusal), verb.error.as_ref()).map(drop);
        }
        for scope in self.scopes(verb)? {
            let done = match pausing {
                true => self.client.pause(&scope, &operator).await,
                false => self.client.resume(&scope, &operator).await,
            };
            self.settle(done, verb.error.as_ref())?;
        }
        Ok(())
    }

    fn scopes(&self, verb: &Pause) -> Result<Vec<PauseScope>> {
        let namespace = verb.namespace.clone();
        Ok(match (&verb.task, &verb.handler, namespace, verb.name.clone()) {
            (Some(task), ..) => self.ids(task)?.iter().copied().map(PauseScope::Task).collect(),
            (_, Some(handler), ..) => self
                .assignment
                .names_of(handler)
                .into_iter()
                .map(PauseScope::Handler)
                .collect(),
            (_, _, Some(namespace), Some(name)) => vec![PauseScope::NamedTask { namespace, name }],
            (_, _, Some(namespace), None) => vec![PauseScope::Namespace(namespace)],
            _ => bail!("the action says neither a task nor a namespace nor a handler"),
        })
    }

    async fn update_step(&self, verb: &UpdateStep) -> Result<()> {
        let operator = Operator {
            by: verb.by.clone(),
            reason: verb.reason.clone(),
            from: None,
        };
        let retry_limit = verb.retry_limit.map(i32::try_from).transpose();
        for id in self.ids(&verb.task)?.to_vec() {
            let done = match &retry_limit {
                Ok(retry_limit) => {
                    let update = StepUpdate {
                        retry_limit: *retry_limit,
                        inputs: verb.inputs.clone(),
                    };
                    self.client
                        .update_step(id, &StepSelector::parse(&verb.step), &update, &operator)
                        .await
                        .map(drop)
                }
                Err(_) => Err(Error::invalid_argument(
                    "the retry limit is out of the range of a 32-bit number",
                )),
            };
            self.settle(done, verb.error.as_ref())?;
        }
        Ok(())
    }

    /// Runs a statement and holds its rows against those expected.
    pub(super) async fn sql(&self, sql: &Sql) -> Result<()> {
        let query = self.fill_in(&sql.query)?;
        let found = rows::query(&self.database.url, &query).await?;
        self.journal
            .say(&format!("  sql: {query}\n  rows: {}", Value::from(found.clone())));
        let Some(expected) = &sql.rows else { return Ok(()) };
        match crate::matching::difference("rows", &Value::from(expected.clone()), &Value::from(found)) {
            Some(difference) => bail!(difference),
            None => Ok(()),
        }
    }

    /// `{t}` becomes the id of task `t`. Braces around anything else stay: PostgreSQL has them in its literals.
    pub(super) fn fill_in(&self, text: &str) -> Result<String> {
        let mut filled = text.to_owned();
        for (alias, ids) in &self.tasks {
            let mark = format!("{{{alias}}}");
            if !filled.contains(&mark) {
                continue;
            }
            let [id] = ids.as_slice() else {
                bail!("{mark} stands for {} tasks, not for one", ids.len())
            };
            filled = filled.replace(&mark, &id.to_string());
        }
        Ok(filled)
    }

    /// What came of a call, held against the refusal that was expected: the value, or none where it was rightly refused.
    fn settle<T>(&self, done: tasker_core::Result<T>, expected: Option<&ErrorTexts>) -> Result<Option<T>> {
        let error = match (done, expected) {
            (Ok(value), None) => return Ok(Some(value)),
            (Ok(_), Some(texts)) => bail!("expected a refusal{}, but it was accepted", containing(texts)),
            (Err(error), None) => bail!("{}: {}", error.kind, error.message),
            (Err(error), Some(_)) => error,
        };
        let text = format!("{}: {}", error.kind, error.message);
        self.journal.say(&format!("  refused: {text}"));
        if !is_refusal(error.kind) {
            bail!("expected a refusal, but the engine failed: {text}");
        }
        let missing =
            expected.and_then(|texts| texts.texts().iter().find(|part| !text.contains(part.as_str())));
        match missing {
            Some(part) => bail!("the refusal does not contain '{part}'; it is: {text}"),
            None => Ok(None),
        }
    }
}

/// The three verbs that take a task or a step.
#[derive(Debug, Clone, Copy)]
enum Verb {
    Cancel,
    Retry,
    Resolve,
}

fn containing(texts: &ErrorTexts) -> String {
    let texts: Vec<String> = texts
        .texts()
        .iter()
        .filter(|text| !text.is_empty())
        .map(|text| format!("'{text}'"))
        .collect();
    if texts.is_empty() {
        String::new()
    } else {
        format!(" that contains {}", texts.join(" and "))
    }
}

fn check_duplicates(created: &[Created], duplicate: bool) -> Result<()> {
    match created.iter().find(|created| created.created == duplicate) {
        Some(found) if duplicate => bail!(
            "expected the task that is there already, but {} was created",
            found.task_id
        ),
        Some(found) => bail!(
            "expected a new task, but the request was taken for a duplicate of {}",
            found.task_id
        ),
        None => Ok(()),
    }
}

/// Whether an error says no. One that says that the engine or the world is broken is no refusal.
fn is_refusal(kind: ErrorKind) -> bool {
    kind.code() < 3000
}
