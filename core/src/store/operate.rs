//! The operator verbs.

use super::Store;
use super::read::parse;
use crate::error::Result;
use crate::model::{Annotation, Operator, PauseScope, StepNo, StepUpdate, TaskId, TaskUpdate};
use serde_json::Value;
use sqlx::PgConnection;

impl Store {
    /// Tells the transaction from where an operator steps in; the trail keeps it.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn set_origin(&self, connection: &mut PgConnection, from: &str) -> Result<()> {
        self.query(&self.statements().set_origin)
            .bind(from)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Keeps a task and its steps as they are until the transaction ends.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn hold_task(&self, connection: &mut PgConnection, id: TaskId) -> Result<()> {
        self.query(&self.statements().hold_task)
            .bind(id)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Cancels a task.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn cancel_task(
        &self,
        connection: &mut PgConnection,
        id: TaskId,
        operator: &Operator,
    ) -> Result<()> {
        self.query(&self.statements().cancel_task)
            .bind(id)
            .bind(&operator.by)
            .bind(&operator.reason)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Cancels a step.
    ///
    /// # Errors
    /// `NotFound`, `IllegalTransition`.
    pub async fn cancel_step(
        &self,
        connection: &mut PgConnection,
        id: TaskId,
        step: StepNo,
        operator: &Operator,
    ) -> Result<()> {
        self.query(&self.statements().cancel_step)
            .bind(id)
            .bind(step)
            .bind(&operator.by)
            .bind(&operator.reason)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Retries every step of a task that failed for good. Returns how many.
    ///
    /// # Errors
    /// `NotFound`, `IllegalTransition`.
    pub async fn retry_task(
        &self,
        connection: &mut PgConnection,
        id: TaskId,
        operator: &Operator,
    ) -> Result<i32> {
        Ok(self
            .query_scalar(&self.statements().retry_task)
            .bind(id)
            .bind(&operator.by)
            .bind(&operator.reason)
            .fetch_one(connection)
            .await?)
    }

    /// Retries a step.
    ///
    /// # Errors
    /// `NotFound`, `IllegalTransition`.
    pub async fn retry_step(
        &self,
        connection: &mut PgConnection,
        id: TaskId,
        step: StepNo,
        reset_attempts: bool,
        operator: &Operator,
    ) -> Result<()> {
        self.query(&self.statements().retry_step)
            .bind(id)
            .bind(step)
            .bind(reset_attempts)
            .bind(&operator.by)
            .bind(&operator.reason)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Notes something on a task. Returns the annotation.
    ///
    /// # Errors
    /// `NotFound`, `InvalidArgument`.
    pub async fn annotate_task(
        &self,
        connection: &mut PgConnection,
        id: TaskId,
        annotation_type: &str,
        annotation: &Value,
        operator: &Operator,
    ) -> Result<Annotation> {
        let text: String = self
            .query_scalar(&self.statements().annotate_task)
            .bind(id)
            .bind(annotation_type)
            .bind(annotation.to_string())
            .bind(&operator.by)
            .bind(&operator.reason)
            .fetch_one(connection)
            .await?;
        parse(&text)
    }

    /// Declares a task done.
    ///
    /// # Errors
    /// `NotFound`, `IllegalTransition`.
    pub async fn resolve_task(
        &self,
        connection: &mut PgConnection,
        id: TaskId,
        operator: &Operator,
    ) -> Result<()> {
        self.query(&self.statements().resolve_task)
            .bind(id)
            .bind(&operator.by)
            .bind(&operator.reason)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Declares a step done, with results.
    ///
    /// # Errors
    /// `NotFound`, `IllegalTransition`.
    pub async fn resolve_step(
        &self,
        connection: &mut PgConnection,
        id: TaskId,
        step: StepNo,
        results: &Value,
        operator: &Operator,
    ) -> Result<()> {
        self.query(&self.statements().resolve_step)
            .bind(id)
            .bind(step)
            .bind(results.to_string())
            .bind(&operator.by)
            .bind(&operator.reason)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Changes a step that has not ended.
    ///
    /// # Errors
    /// `NotFound`, `IllegalTransition`, `InvalidArgument`.
    pub async fn update_step(
        &self,
        connection: &mut PgConnection,
        id: TaskId,
        step: StepNo,
        update: &StepUpdate,
        operator: &Operator,
    ) -> Result<()> {
        let inputs = update
            .inputs
            .as_ref()
            .map(|inputs| Value::Object(inputs.clone()).to_string());
        self.query(&self.statements().update_step)
            .bind(id)
            .bind(step)
            .bind(update.retry_limit)
            .bind(inputs)
            .bind(&operator.by)
            .bind(&operator.reason)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Changes a task.
    ///
    /// # Errors
    /// `NotFound`, `InvalidArgument`.
    pub async fn update_task(
        &self,
        connection: &mut PgConnection,
        id: TaskId,
        update: &TaskUpdate,
        operator: &Operator,
    ) -> Result<()> {
        self.query(&self.statements().update_task)
            .bind(id)
            .bind(&update.reason)
            .bind(&update.tags)
            .bind(update.priority.map(i32::from))
            .bind(&operator.by)
            .bind(&operator.reason)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Pauses, or resumes.
    ///
    /// # Errors
    /// `NotFound`, `IllegalTransition`.
    pub async fn set_paused(
        &self,
        connection: &mut PgConnection,
        scope: &PauseScope,
        paused: bool,
        operator: &Operator,
    ) -> Result<()> {
        let statements = self.statements();
        if let PauseScope::Task(id) = scope {
            let statement = if paused {
                &statements.pause_task
            } else {
                &statements.resume_task
            };
            self.query(statement)
                .bind(id)
                .bind(&operator.by)
                .bind(&operator.reason)
                .execute(connection)
                .await?;
            return Ok(());
        }
        let (namespace, name, handler) = match scope {
            PauseScope::NamedTask { namespace, name } => (Some(namespace), Some(name), None),
            PauseScope::Handler(handler) => (None, None, Some(handler)),
            PauseScope::Namespace(namespace) => (Some(namespace), None, None),
            PauseScope::Task(_) => (None, None, None),
        };
        self.query(if paused {
            &statements.pause
        } else {
            &statements.resume
        })
        .bind(namespace)
        .bind(name)
        .bind(handler)
        .bind(&operator.by)
        .bind(&operator.reason)
        .execute(connection)
        .await?;
        Ok(())
    }
}
