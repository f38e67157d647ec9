//! What is wrong with a template: one problem, and all of them.

use crate::error::{Error, ErrorKind};
use serde::Serialize;
use serde_json::json;
use std::fmt;

/// What sort of mistake a [`Problem`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemCode {
    /// The text is not YAML, not UTF-8, or not one document.
    Syntax,
    /// The text is empty.
    Empty,
    /// The text is larger, or nested deeper, than templates may be.
    TooLarge,
    /// A key stands twice in one map.
    DuplicateKey,
    /// A key that is not text.
    KeyNotText,
    /// A key that templates do not have.
    UnknownKey,
    /// A key that must be there and is not.
    MissingKey,
    /// A value of another type than its key wants.
    WrongType,
    /// A value of the right type that is out of range or of the wrong form.
    InvalidValue,
    /// A name that is empty, too long or has characters that names do not have.
    InvalidName,
    /// A version that is not `MAJOR.MINOR.PATCH`.
    InvalidVersion,
    /// A template without steps.
    NoSteps,
    /// Two steps of one name.
    DuplicateStep,
    /// A dependency on a step that does not exist.
    UnknownDependency,
    /// A step that depends on itself.
    SelfDependency,
    /// Steps that wait for each other in a circle.
    Cycle,
    /// A step or dependency that `named_steps` does not list.
    NotInNamedSteps,
    /// An environment that overrides a step that does not exist.
    UnknownStep,
    /// Two keys that contradict each other.
    Contradiction,
    /// A `schema` that is no JSON Schema.
    InvalidSchema,
    /// A `${…}` that cannot be read.
    InvalidVariable,
    /// A `${…}` whose variable is not set and has no default.
    UnsetVariable,
}

/// One mistake in a template, with its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What sort of mistake.
    pub code: ProblemCode,
    /// What is wrong and what was expected, in one line.
    pub message: String,
    /// The file, or whatever the caller calls the source.
    pub file: String,
    /// From 1; 0 where the source is not text.
    pub line: u32,
    /// From 1, in characters; 0 where the source is not text.
    pub column: u32,
    /// JSON Pointer to the place; empty for the template as a whole.
    pub path: String,
    /// The key or value that is wrong, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offending: Option<String>,
    /// What was probably meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
    /// The line of the source, cut to fit.
    #[serde(skip)]
    pub(super) excerpt: Option<Excerpt>,
}

/// A line of the source and where the caret stands under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Excerpt {
    pub(super) text: String,
    pub(super) caret: usize,
}

impl Problem {
    /// The first line of the problem: where and what, without the line of the source.
    pub fn headline(&self) -> String {
        let place = match (self.line, self.path.as_str()) {
            (0, "") => self.file.clone(),
            (0, path) => format!("{}: {path}", self.file),
            (line, _) => format!("{}:{line}:{}", self.file, self.column),
        };
        match &self.suggestion {
            None => format!("{place}: {}", self.message),
            Some(suggestion) => format!("{place}: {}; did you mean '{suggestion}'?", self.message),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.headline())?;
        if let Some(excerpt) = &self.excerpt {
            write!(
                f,
                "\n    {}\n    {:caret$}^",
                excerpt.text,
                "",
                caret = excerpt.caret
            )?;
        }
        Ok(())
    }
}

/// Everything that is wrong with a template, in the order of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateErrors {
    /// The problems; at least one, and no more than a person wants to read.
    pub problems: Vec<Problem>,
    /// How many more there were.
    pub omitted: usize,
}

impl TemplateErrors {
    /// Whether nothing is wrong but that steps wait for each other, or for themselves, in circles.
    pub fn is_cycle(&self) -> bool {
        let of_a_circle =
            |problem: &Problem| matches!(problem.code, ProblemCode::Cycle | ProblemCode::SelfDependency);
        self.omitted == 0 && !self.problems.is_empty() && self.problems.iter().all(of_a_circle)
    }
}

impl fmt::Display for TemplateErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{problem}")?;
        }
        match self.omitted {
            0 => Ok(()),
            omitted => write!(f, "\n… and {omitted} more problems"),
        }
    }
}

impl std::error::Error for TemplateErrors {}

impl From<TemplateErrors> for Error {
    fn from(errors: TemplateErrors) -> Self {
        let kind = if errors.is_cycle() {
            ErrorKind::CycleDetected
        } else {
            ErrorKind::InvalidTemplate
        };
        Error::new(kind, errors.to_string())
            .with_details(json!({ "problems": errors.problems, "omitted": errors.omitted }))
    }
}
