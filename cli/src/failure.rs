//! What went wrong, as the command tells it: what, where, what was expected, what to do next.

use crate::exit_status::ExitStatus;
use serde_json::{Value, json};
use tasker_core::{Error, ErrorKind};

/// A command that did not do what was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) status: ExitStatus,
    /// For programs: the name of the engine's error kind, or one of our own (`failed`, `usage`, `interrupted`, …).
    pub(crate) kind: &'static str,
    /// What was wrong, where, and what was expected.
    pub(crate) message: String,
    /// What caused it, outermost first.
    pub(crate) causes: Vec<String>,
    /// For programs.
    pub(crate) details: Option<Box<Value>>,
    /// What to do next.
    pub(crate) next: Option<String>,
}

impl Failure {
    fn new(status: ExitStatus, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            message: message.into(),
            causes: Vec::new(),
            details: None,
            next: None,
        }
    }

    /// What was asked for failed.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(ExitStatus::Failed, "failed", message)
    }

    /// The arguments do not make sense.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(ExitStatus::Usage, "usage", message)
    }

    /// What was named does not exist.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(ExitStatus::NotFound, "not_found", message)
    }

    /// The state of things does not allow it.
    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(ExitStatus::Conflict, "conflict", message)
    }

    /// It took longer than allowed.
    pub(crate) fn timeout(message: impl Into<String>) -> Self {
        Self::new(ExitStatus::Timeout, "timeout", message)
    }

    /// Templates or contexts that break a rule.
    pub(crate) fn invalid(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::new(ExitStatus::from(kind), kind.name(), message)
    }

    /// Somebody pressed Ctrl-C.
    pub(crate) fn interrupted() -> Self {
        Self::new(ExitStatus::Interrupted, "interrupted", "Interrupted.")
    }

    /// The same with advice.
    #[must_use]
    pub(crate) fn next(mut self, advice: impl Into<String>) -> Self {
        self.next = Some(advice.into());
        self
    }

    /// The same with facts for programs.
    #[must_use]
    pub(crate) fn details(mut self, details: Value) -> Self {
        self.details = Some(Box::new(details));
        self
    }

    /// The JSON object that `--json` puts on standard error.
    pub(crate) fn to_json(&self) -> Value {
        json!({"error": {
            "kind": self.kind,
            "message": self.message,
            "causes": self.causes,
            "details": self.details,
            "next": self.next,
            "exit_code": self.status.code(),
        }})
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let mut causes = Vec::new();
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            let text = inner.to_string();
            // Errors like to repeat their cause in their own text, or the other way round; once is enough.
            let said = |other: &String| other.contains(&text) || text.contains(other.as_str());
            if !said(&error.message) && !causes.iter().any(said) {
                causes.push(text);
            }
            cause = inner.source();
        }
        let next = advice(error.kind).map(str::to_owned);
        let message = one_problem_a_line(&error).unwrap_or(error.message);
        Self {
            status: ExitStatus::from(error.kind),
            kind: error.kind.name(),
            message,
            causes,
            details: Some(Box::new(error.details)),
            next,
        }
    }
}

/// What is wrong with a context, for people: the engine's message has all of it on one line.
fn one_problem_a_line(error: &Error) -> Option<String> {
    if error.kind != ErrorKind::InvalidContext {
        return None;
    }
    let problems = error.details.get("problems")?.as_array()?;
    let lines: Option<Vec<String>> = problems
        .iter()
        .map(|problem| {
            let path = problem.get("path")?.as_str()?;
            Some(format!("  {path}: {}", problem.get("message")?.as_str()?))
        })
        .collect();
    let headline = error.message.split(": ").next()?;
    Some(format!("{headline}:\n{}", lines?.join("\n")))
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Failure::failed(error.to_string())
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast::<Error>() {
            Ok(engine) => engine.into(),
            Err(other) => {
                let mut chain = other.chain().map(ToString::to_string);
                let mut failure = Failure::failed(chain.next().unwrap_or_default());
                failure.causes = chain.collect();
                failure
            }
        }
    }
}

/// What helps with an engine error whatever its message says. Messages that end in advice of their own need none.
const fn advice(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::SchemaMismatch => Some("run `tasker migrate` with the same --database-url and --schema"),
        ErrorKind::UnknownNamedTask => {
            Some("see `tasker template list`, or register it: `tasker template register FILE`")
        }
        ErrorKind::NotFound => Some("see `tasker task list` and `tasker template list`"),
        ErrorKind::InvalidContext => Some("correct the context; nothing was created"),
        ErrorKind::DatabaseUnavailable => Some("`tasker doctor` says what is wrong with it"),
        ErrorKind::Internal | ErrorKind::Panic => {
            Some("this is a defect of Tasker: run it again with -vv and report what it says")
        }
        _ => None,
    }
}
