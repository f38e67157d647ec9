//! What a scenario expects, held against what is there; every difference goes into the log, the first one out.

use super::{Run, rows};
use crate::calls::Evaluation;
use crate::matching::difference;
use crate::scenario::StepReference;
use crate::script::unix_seconds;
use crate::workers::Workers;
use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;
use std::collections::BTreeMap;
use tasker_core::model::{State, StepSelector, TaskId};

impl Run<'_> {
    /// Holds all of `expect`.
    pub(super) async fn hold_expectations(&self, workers: &Workers) -> Result<()> {
        let mut differences = Vec::new();
        self.rows_of_tasks(&mut differences).await?;
        self.rows_of_steps(&mut differences).await?;
        self.trails(&mut differences).await?;
        self.public_functions(&mut differences).await?;
        self.executions_of_handlers(workers, &mut differences)?;
        for (index, sql) in self.scenario.expect.sql.iter().enumerate() {
            if let Err(error) = self.sql(sql).await {
                differences.push(format!("sql[{index}]: {error:#}"));
            }
        }
        if self.scenario.expect.events.is_some() {
            bail!("expect.events: no runtime offers an event feed yet");
        }
        for difference in &differences {
            self.journal.say(&format!("difference: expect.{difference}"));
        }
        match differences.into_iter().next() {
            Some(first) => Err(anyhow!("expect.{first}")),
            None => Ok(()),
        }
    }

    async fn rows_of_tasks(&self, differences: &mut Vec<String>) -> Result<()> {
        for (alias, expected) in &self.scenario.expect.tasks {
            for id in self.ids(alias)? {
                let task = serde_json::to_value(self.client.task(*id).await?)?;
                differences.extend(difference(&format!("tasks.{alias}"), expected, &task));
            }
        }
        for (alias, expected) in &self.scenario.expect.task_context {
            for id in self.ids(alias)? {
                let context = self.client.task(*id).await?.context;
                differences.extend(difference(&format!("task_context.{alias}"), expected, &context));
            }
        }
        Ok(())
    }

    async fn rows_of_steps(&self, differences: &mut Vec<String>) -> Result<()> {
        for (key, expected) in &self.scenario.expect.steps {
            let (ids, step) = self.step_of(key)?;
            for id in ids {
                let step = serde_json::to_value(self.client.step(*id, &step).await?)?;
                differences.extend(difference(&format!("steps.{key}"), expected, &step));
            }
        }
        Ok(())
    }

    async fn trails(&self, differences: &mut Vec<String>) -> Result<()> {
        for (key, expected) in &self.scenario.expect.transitions {
            let (ids, step) = match key.contains('.') {
                true => self.step_of(key).map(|(ids, step)| (ids, Some(step)))?,
                false => (self.ids(key)?, None),
            };
            for id in ids {
                let trail = self.client.transitions(*id, step.as_ref()).await?;
                let trail: Vec<&str> = trail
                    .iter()
                    .map(|transition| transition.to_state.as_str())
                    .collect();
                if trail != *expected {
                    let (expected, got) = (expected.join(", "), trail.join(", "));
                    differences.push(format!("transitions.{key}: expected [{expected}], got [{got}]"));
                }
            }
        }
        Ok(())
    }

    async fn public_functions(&self, differences: &mut Vec<String>) -> Result<()> {
        for (key, expected) in &self.scenario.expect.readiness {
            let (ids, step) = self.step_of(key)?;
            for id in ids {
                let query = format!("select * from tasker.get_step_readiness_status('{id}')");
                let rows = rows::query(&self.database.url, &query).await?;
                let is_it = |row: &&Value| match &step {
                    StepSelector::Name(name) => row["name"] == *name,
                    StepSelector::Number(number) => row["workflow_step_id"] == *number,
                };
                let row = rows
                    .iter()
                    .find(is_it)
                    .with_context(|| format!("readiness.{key}: there is no such row"))?;
                differences.extend(difference(&format!("readiness.{key}"), expected, row));
            }
        }
        for (alias, expected) in &self.scenario.expect.context_row {
            for id in self.ids(alias)? {
                let query = format!("select * from tasker.get_task_execution_context('{id}')");
                let rows = rows::query(&self.database.url, &query).await?;
                let row = rows
                    .first()
                    .with_context(|| format!("context_row.{alias}: there is no row"))?;
                differences.extend(difference(&format!("context_row.{alias}"), expected, row));
            }
        }
        Ok(())
    }

    fn executions_of_handlers(&self, workers: &Workers, differences: &mut Vec<String>) -> Result<()> {
        let executions = self.executions(workers)?;
        for execution in &executions {
            self.journal.say(&format!("  execution: {execution:?}"));
        }
        let text = |ids: &Vec<TaskId>| ids.iter().map(TaskId::to_string).collect::<Vec<_>>();
        let tasks: BTreeMap<String, Vec<String>> = self
            .tasks
            .iter()
            .map(|(alias, ids)| (alias.clone(), text(ids)))
            .collect();
        let evaluation = Evaluation {
            executions: &executions,
            tasks: &tasks,
            now: unix_seconds(),
        };
        let names = self.scenario.names();
        let read = |key: &str| -> Result<StepReference> { names.reference(key).map_err(anyhow::Error::msg) };
        let expect = &self.scenario.expect;
        for (key, expected) in &expect.calls {
            differences.extend(evaluation.calls(&read(key)?, expected));
        }
        for key in &expect.not_called {
            differences.extend(evaluation.not_called(&read(key)?));
        }
        for rule in &expect.order {
            let (left, right) = rule
                .split_once(" < ")
                .with_context(|| format!("order: '{rule}' has no ' < '"))?;
            differences.extend(evaluation.order(&read(left)?, &read(right)?));
        }
        for [left, right] in &expect.overlap {
            differences.extend(evaluation.overlap(&read(left)?, &read(right)?));
        }
        for [left, right] in &expect.no_overlap {
            differences.extend(evaluation.no_overlap(&read(left)?, &read(right)?));
        }
        for (key, gaps) in &expect.gaps {
            let step = names.of_task(key).map_err(anyhow::Error::msg)?;
            for (after, gap) in gaps {
                let attempt = after
                    .strip_prefix("after_attempt_")
                    .and_then(|number| number.parse().ok());
                let attempt = attempt.with_context(|| format!("gaps.{key}.{after}: not after_attempt_N"))?;
                differences.extend(evaluation.gap(&step, attempt, gap));
            }
        }
        Ok(())
    }

    /// The tasks and the step that `alias.step` stands for.
    fn step_of(&self, key: &str) -> Result<(&[TaskId], StepSelector)> {
        let (alias, step) = key
            .split_once('.')
            .with_context(|| format!("'{key}' is not TASK.STEP"))?;
        Ok((self.ids(alias)?, StepSelector::parse(step)))
    }

    /// Number of steps that are being executed, by the database.
    pub(super) async fn steps_in_progress(&self) -> Result<Vec<Value>> {
        let state = State::InProgress;
        let query =
            format!("select task_id, step_no from tasker.workflow_steps where state = '{state}' limit 5");
        rows::query(&self.database.url, &query).await
    }
}
