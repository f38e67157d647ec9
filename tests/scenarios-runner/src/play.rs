//! The scripted handler of Rust: counts its executions in files and does what the script says.

use crate::script::{
    CALLS_DIRECTORY, ContextPart, HandlerEntry, Mark, Raise, Script, mark_file, unix_seconds,
};
use rustix::process::{Signal, getpid, kill_process};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tasker_core::handler::{HandlerError, Step};

/// The script, and where executions are marked.
pub struct Stage {
    script: Script,
    calls: PathBuf,
}

/// What a scripted handler returns.
#[derive(Debug)]
pub enum Played {
    /// JSON.
    Value(Value),
    /// Something that Rust can make and JSON cannot say: a map whose keys are pairs.
    Unserializable,
}

impl Serialize for Played {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Unserializable => serializer.collect_map([((1, 2), "a pair is no key")]),
        }
    }
}

impl Stage {
    /// A stage for the scenario whose files are in `directory`.
    pub fn new(script: Script, directory: &Path) -> Self {
        Self {
            script,
            calls: directory.join(CALLS_DIRECTORY),
        }
    }

    /// One execution.
    ///
    /// # Errors
    /// What the script says.
    pub async fn play(self: &Arc<Self>, step: Step) -> Result<Played, HandlerError> {
        let stage = Arc::clone(self);
        // On a task of its own: an entry that is not cancellable goes on even where the engine drops this future.
        let playing = tokio::spawn(async move {
            let execution = Execution::begin(&stage.calls, &step)?;
            let entry = stage
                .script
                .entry(step.task_name(), step.name(), execution.number);
            perform(&entry, &step).await
        });
        match playing.await {
            Ok(played) => played,
            Err(error) => Err(HandlerError::retryable(format!(
                "the scripted handler broke: {error}"
            ))),
        }
    }
}

async fn perform(entry: &HandlerEntry, step: &Step) -> Result<Played, HandlerError> {
    let context: Value = step.context_as().await?;
    for (key, value) in entry.fail_unless_context.iter().flatten() {
        if context.get(key) != Some(value) {
            return Err(HandlerError::permanent(format!(
                "the context lacks {key}: {value}"
            )));
        }
    }
    if let Some(milliseconds) = entry.sleep_ms {
        let sleep = tokio::time::sleep(Duration::from_millis(milliseconds));
        if entry.cancellable {
            tokio::select! {
                () = sleep => {}
                () = step.cancellation().cancelled() => return Err(HandlerError::retryable("cancelled")),
            }
        } else {
            sleep.await;
        }
    }
    if entry.exit_process {
        die();
    }
    if let Some(raise) = entry.raise {
        return Err(failure(entry, raise));
    }
    result(entry, step, context).await
}

fn failure(entry: &HandlerEntry, raise: Raise) -> HandlerError {
    let message = entry
        .message
        .clone()
        .unwrap_or_else(|| "raised by the script".to_owned());
    let mut error = match raise {
        Raise::Retryable => HandlerError::retryable(message),
        Raise::Permanent => HandlerError::permanent(message),
        // An error of the standard library, on the way that `?` takes.
        Raise::Unexpected => return std::io::Error::other(message).into(),
    };
    if let Some(seconds) = entry.retry_after {
        error = error.retry_after(seconds);
    }
    if let Some(code) = &entry.error_code {
        error = error.code(code);
    }
    if let Some(details) = &entry.details {
        error = error.details(Value::Object(details.clone()));
    }
    error
}

async fn result(entry: &HandlerEntry, step: &Step, context: Value) -> Result<Played, HandlerError> {
    let value = if let Some(value) = &entry.returns {
        value.clone()
    } else if let Some(part) = &entry.return_context {
        match part {
            ContextPart::All(_) => context,
            ContextPart::Key(key) => context.get(key).cloned().unwrap_or(Value::Null),
        }
    } else if let Some(dependency) = &entry.return_dependency {
        step.results(dependency).await?
    } else if let Some(bytes) = entry.return_bytes {
        Value::String("x".repeat(bytes))
    } else if entry.return_unserializable {
        return Ok(Played::Unserializable);
    } else {
        json!({"ok": true})
    };
    Ok(Played::Value(value))
}

/// Kills this process, as by `kill -9`.
pub fn die() -> ! {
    kill_process(getpid(), Signal::KILL).ok();
    // SIGKILL is delivered before this thread runs on; were it not, this is as sudden.
    std::process::abort()
}

/// A started execution. Its end is marked when this is dropped, however that comes about.
struct Execution {
    number: usize,
    mark: Mark,
    end: PathBuf,
}

impl Execution {
    /// Takes the next number of this step of this task; whoever makes the file first has it, in whatever process.
    fn begin(calls: &Path, step: &Step) -> std::io::Result<Self> {
        let task_id = step.task_id().to_string();
        let (template, name) = (step.task_name().to_owned(), step.name().to_owned());
        let mark = Mark {
            template,
            step: name,
            at: unix_seconds(),
            pid: std::process::id(),
        };
        for number in 1.. {
            let file = |which| calls.join(mark_file(&task_id, step.step_no(), number, which));
            match File::options().write(true).create_new(true).open(file("start")) {
                Ok(mut start) => {
                    start.write_all(json!(mark).to_string().as_bytes())?;
                    return Ok(Self {
                        number,
                        mark,
                        end: file("end"),
                    });
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(std::io::Error::other("there are too many executions to count"))
    }
}

impl Drop for Execution {
    fn drop(&mut self) {
        self.mark.at = unix_seconds();
        std::fs::write(&self.end, json!(self.mark).to_string()).ok();
    }
}
