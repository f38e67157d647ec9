//! The JSON Schema of a task's context: compiled once, then filling defaults and listing every mistake.

use super::defaults;
use crate::error::{Error, ErrorKind};
use jsonschema::error::ValidationErrorKind;
use jsonschema::{Retrieve, Uri, ValidationError, Validator};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// More than this many mistakes of one context are not listed.
const LISTED: usize = 100;

/// A JSON Schema that contexts are held against: draft 2020-12, or the draft that its `$schema` names.
#[derive(Debug, Clone)]
pub struct ContextSchema {
    schema: Value,
    validator: Validator,
}

/// One mistake in a context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContextProblem {
    /// JSON Pointer to the value that is wrong, missing or too many; empty for the context as a whole.
    pub path: String,
    /// What is wrong with it.
    pub message: String,
}

/// Why a schema is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaProblem {
    /// JSON Pointer into the schema.
    pub path: String,
    /// What is wrong there.
    pub message: String,
}

impl ContextSchema {
    /// Compiles `schema`. References to other documents are refused: nothing is fetched.
    ///
    /// # Errors
    /// Everything that makes it no JSON Schema.
    pub fn compile(schema: &Value) -> Result<Self, Vec<SchemaProblem>> {
        let meta = jsonschema::meta::validator_for(schema).map_err(|error| vec![schema_problem(&error)])?;
        let problems: Vec<SchemaProblem> = meta
            .iter_errors(schema)
            .take(LISTED)
            .map(|error| schema_problem(&error))
            .collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        if let Some(path) = defaults::endless_reference(schema) {
            let message =
                "the references of this schema lead round in a circle without describing anything".to_owned();
            return Err(vec![SchemaProblem { path, message }]);
        }
        let validator = jsonschema::options()
            .with_retriever(NothingIsFetched)
            .build(schema)
            .map_err(|error| vec![schema_problem(&error)])?;
        // Defaults that call for themselves would show at the first context; they are a mistake of the schema.
        let empty = Value::Object(Map::new());
        defaults::fill(&mut empty.clone(), schema).map_err(|message| {
            vec![SchemaProblem {
                path: String::new(),
                message,
            }]
        })?;
        Ok(Self {
            schema: schema.clone(),
            validator,
        })
    }

    /// `context` with the defaults of the schema filled in, if it then keeps the schema. What the schema does not
    /// mention is kept, what it does not require may be missing.
    ///
    /// # Errors
    /// Every mistake with its path; see [`invalid_context`] for the engine's error.
    pub fn validate_and_fill(
        &self,
        context: Map<String, Value>,
    ) -> Result<Map<String, Value>, Vec<ContextProblem>> {
        let mut context = Value::Object(context);
        defaults::fill(&mut context, &self.schema).map_err(|message| {
            vec![ContextProblem {
                path: String::new(),
                message,
            }]
        })?;
        let problems: Vec<ContextProblem> = self
            .validator
            .iter_errors(&context)
            .flat_map(context_problems)
            .take(LISTED)
            .collect();
        match context {
            Value::Object(context) if problems.is_empty() => Ok(context),
            _ => Err(problems),
        }
    }
}

/// The engine's error for a context with `problems`; its message names every path.
pub fn invalid_context(problems: &[ContextProblem]) -> Error {
    let one = |problem: &ContextProblem| match problem.path.as_str() {
        "" => problem.message.clone(),
        path => format!("{path}: {}", problem.message),
    };
    let listed: Vec<String> = problems.iter().map(one).collect();
    let message = format!(
        "the context breaks the schema of the template: {}",
        listed.join("; ")
    );
    Error::new(ErrorKind::InvalidContext, message).with_details(json!({ "problems": problems }))
}

/// A missing or superfluous property is named by the path that it would have.
fn context_problems(error: ValidationError<'_>) -> Vec<ContextProblem> {
    let parent = error.instance_path().as_str();
    let child = |name: &str| format!("{parent}/{}", super::node::escape_segment(name));
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            vec![ContextProblem {
                path: child(name),
                message: format!("'{name}' is required and missing"),
            }]
        }
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            let problem = |name: &String| ContextProblem {
                path: child(name),
                message: format!("'{name}' is not allowed here"),
            };
            unexpected.iter().map(problem).collect()
        }
        _ => vec![ContextProblem {
            path: parent.to_owned(),
            message: message_of(&error),
        }],
    }
}

/// The library's words, with the value only where it is short: contexts can be large, and messages go to logs.
fn message_of(error: &ValidationError<'_>) -> String {
    const LONGEST: usize = 160;
    let message = error.to_string();
    if message.len() <= LONGEST {
        message
    } else {
        error.masked_with("the value").to_string()
    }
}

fn schema_problem(error: &ValidationError<'_>) -> SchemaProblem {
    SchemaProblem {
        path: error.instance_path().as_str().to_owned(),
        message: message_of(error),
    }
}

/// A schema that needs the network, or a file, at registration is not one that a template can carry.
struct NothingIsFetched;

impl Retrieve for NothingIsFetched {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        Err(format!(
            "schemas of other documents are not fetched; copy {uri} into $defs and refer to #/$defs/…"
        )
        .into())
    }
}
