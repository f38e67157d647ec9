//! Where workflows under test run: it carries out commands, and runs handlers and checks that they ask for.

use crate::attempts::Cancellation;
use crate::conversation::{Action, Connection, carry_out, unreadable};
use crate::json::tasker_json;
use crate::run::Handlers;
use crate::runtime::Presence;
use crate::step::{Host, tasker_step};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use tasker_core::bridge::{AttemptMessage, Engine, HostedSession, InvocationMessage};
use tasker_core::store::database_error;
use tasker_core::{Error, Result};

/// SQLSTATE for a refusal that came with none: the connection is gone.
const CONNECTION_FAILURE: &str = "08006";

/// A test on one connection, in one transaction.
pub(crate) struct Stage {
    scene: Arc<Scene>,
    handlers: Handlers,
    presence: Arc<Presence>,
}

/// What steps under test ask for.
struct Scene {
    connection: Connection,
    session: HostedSession,
    /// It opens nothing: it knows how steps are completed in this schema, with these settings.
    engine: Engine,
}

/// What the answer to a command has besides its name.
pub(crate) type Answer = HashMap<String, Box<RawValue>>;

impl Stage {
    /// Begins a test: the connection must be in a transaction. `options` are `schema` and `settings`.
    pub(crate) fn open(connection: Connection, handlers: Handlers, options: &Value) -> Result<Self> {
        let session = HostedSession::for_tests(&options.to_string())?;
        let mut isolated = options.clone();
        isolated["isolated"] = Value::Bool(true);
        let engine = Engine::new(&isolated.to_string())?;
        let stage = Self {
            scene: Arc::new(Scene {
                connection,
                session,
                engine,
            }),
            handlers,
            presence: Arc::new(Presence::without_threads()),
        };
        stage.perform(&json!({"command": "open"}))?;
        stage.perform(&json!({"command": "handlers", "names": stage.handlers.names()}))?;
        Ok(stage)
    }

    /// Carries out a command that judges nothing.
    pub(crate) fn perform(&self, command: &Value) -> Result<Answer> {
        self.perform_judged(command, |_| None)
    }

    /// Carries out a command. `judge` is what the test's own assertions say of a variant: what is wrong with it, if anything is.
    pub(crate) fn perform_judged(
        &self,
        command: &Value,
        judge: impl Fn(&tasker_json) -> Option<String>,
    ) -> Result<Answer> {
        self.presence.check("test")?;
        let scene = &self.scene;
        let answer = carry_out(
            &scene.session,
            &scene.connection,
            &command.to_string(),
            |name, action| match name {
                "invoke" => self.invoke(action),
                "check" => {
                    let variant = tasker_json::of_text(action.member("variant"));
                    Ok(json!({"checked": judge(&variant)}).to_string())
                }
                other => Err(Error::internal(format!(
                    "the engine asked for '{other}', which a test does not know"
                ))),
            },
        )?;
        let answer: Option<Answer> = serde_json::from_str(&answer).map_err(unreadable)?;
        Ok(answer.unwrap_or_default())
    }

    /// Calls the handler of an attempt.
    fn invoke(&self, action: &Action) -> Result<String> {
        let message: InvocationMessage =
            serde_json::from_str(action.member("invocation")).map_err(unreadable)?;
        let host: Arc<dyn Host> = Arc::<Scene>::clone(&self.scene);
        let step = tasker_step::new(
            message,
            host,
            Arc::new(Cancellation::default()),
            &self.presence,
            true,
        );
        let (step, outcome) = self.handlers.play(step);
        self.scene.connection.ready().map_err(|error| {
            let message = format!(
                "after the handler of '{}' had run: {}. The transaction is the test's: a handler leaves it open, and takes something back \
                 by a savepoint",
                step.message.step_name, error.message
            );
            Error::new(error.kind, message)
        })?;
        Ok(format!(r#"{{"outcome":{outcome}}}"#))
    }
}

impl Host for Scene {
    fn fetch_context(&self, _: &str) -> Result<String> {
        Err(Error::internal("under test every context comes along"))
    }

    fn fetch_results(&self, task_id: &str) -> Result<String> {
        let statement = self.session.results_statement(task_id)?;
        let statement = serde_json::from_str(&statement).map_err(unreadable)?;
        let told = self.connection.execute(&statement);
        if let Some(refused) = told.get("refused") {
            let text = |name: &str| refused[name].as_str();
            return Err(database_error(
                text("sqlstate").unwrap_or(CONNECTION_FAILURE),
                text("message").unwrap_or_default(),
                text("hint"),
            ));
        }
        self.session.read_results(&told["rows"].to_string())
    }

    fn report(&self, _: &AttemptMessage, _: &str) -> Result<usize> {
        Err(Error::internal(
            "a step under test is reported by who called its handler",
        ))
    }

    fn session(&self) -> Result<HostedSession> {
        self.engine.session()
    }
}
