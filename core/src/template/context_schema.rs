//! The JSON Schema of a task's context: compiled once, then filling defaults and listing every mistake.

use super::defaults;
use super::node::one_line;
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
        let meta = jsonschema::meta::validator_for(schema).map_err(|_| vec![unknown_draft(schema)])?;
        let problems: Vec<SchemaProblem> = meta
            .iter_errors(schema)
            .take(LISTED)
            .map(|error| schema_problem(&error))
            .collect();
        if !problems.is_empty() {
            return Err(problems);
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
    Error::new(ErrorKind::InvalidContext, one_line(message)).with_details(json!({ "problems": problems }))
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
                message: one_line(format!("'{name}' is required and missing")),
            }]
        }
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            let problem = |name: &String| ContextProblem {
                path: child(name),
                message: one_line(format!("'{name}' is not allowed here")),
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
    one_line(if message.len() <= LONGEST {
        message
    } else {
        error.masked_with("the value").to_string()
    })
}

fn schema_problem(error: &ValidationError<'_>) -> SchemaProblem {
    SchemaProblem {
        path: error.instance_path().as_str().to_owned(),
        message: message_of(error),
    }
}

fn unknown_draft(schema: &Value) -> SchemaProblem {
    let named = schema.get("$schema").and_then(Value::as_str).unwrap_or_default();
    let message = format!(
        "the draft '{}' is not known; leave $schema out for draft 2020-12, or name a standard one",
        super::node::excerpt(named)
    );
    SchemaProblem {
        path: "/$schema".to_owned(),
        message,
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on must stop.
    use super::*;

    fn compiled(schema: Value) -> ContextSchema {
        ContextSchema::compile(&schema).unwrap()
    }

    fn filled(schema: Value, context: Value) -> Result<Value, Vec<ContextProblem>> {
        let Value::Object(context) = context else {
            panic!("a context is an object")
        };
        compiled(schema).validate_and_fill(context).map(Value::Object)
    }

    #[test]
    fn a_missing_and_a_wrong_property_are_both_named() {
        let schema = json!({
            "type": "object",
            "required": ["station"],
            "properties": { "station": { "type": "string" }, "hours": { "type": "integer" } },
        });
        let problems = filled(schema, json!({ "hours": "two" })).unwrap_err();
        let paths: Vec<&str> = problems.iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(paths.len(), 2, "{problems:?}");
        assert!(
            paths.contains(&"/station") && paths.contains(&"/hours"),
            "{paths:?}"
        );
        let error = invalid_context(&problems);
        assert_eq!(error.kind, ErrorKind::InvalidContext);
        assert!(
            error.message.contains("/station") && error.message.contains("/hours"),
            "{error}"
        );
    }

    #[test]
    fn an_empty_context_is_valid_unless_the_schema_says_otherwise() {
        assert_eq!(
            filled(json!({ "properties": { "a": { "type": "string" } } }), json!({})),
            Ok(json!({}))
        );
        assert!(filled(json!({ "required": ["a"] }), json!({})).is_err());
    }

    #[test]
    fn undeclared_properties_are_kept_unless_the_schema_forbids_them() {
        let declared = json!({ "a": { "type": "integer" } });
        let context = json!({ "a": 1, "b": 2 });
        assert_eq!(
            filled(json!({ "properties": declared }), context.clone()),
            Ok(context.clone())
        );
        let closed = json!({ "properties": declared, "additionalProperties": false });
        let problems = filled(closed, context).unwrap_err();
        assert_eq!(problems[0].path, "/b");
    }

    #[test]
    fn defaults_are_filled_at_any_depth_before_the_context_is_checked() {
        let schema = json!({
            "required": ["speed", "address"],
            "properties": {
                "speed": { "type": "string", "default": "standard" },
                "address": { "$ref": "#/$defs/address" },
                "lines": { "items": { "properties": { "count": { "default": 1 } } } },
                "options": { "default": {}, "properties": { "gift": { "default": false } } },
                "absent": { "properties": { "never": { "default": 1 } } },
            },
            "allOf": [{ "properties": { "currency": { "default": "EUR" } } }],
            "$defs": { "address": { "default": {}, "properties": { "country": { "default": "DE" } } } },
        });
        let expected = json!({
            "speed": "standard",
            "address": { "country": "DE" },
            "lines": [{ "count": 1 }, { "count": 2 }],
            "options": { "gift": false },
            "currency": "EUR",
        });
        assert_eq!(
            filled(schema, json!({ "lines": [{}, { "count": 2 }] })),
            Ok(expected)
        );
    }

    #[test]
    fn a_default_never_takes_the_place_of_a_value_not_even_of_null() {
        let schema = json!({ "properties": { "a": { "default": 1 }, "b": { "default": 2 } } });
        assert_eq!(
            filled(schema, json!({ "a": null, "b": false })),
            Ok(json!({ "a": null, "b": false }))
        );
    }

    #[test]
    fn an_older_draft_counts_by_its_own_rules() {
        let age = json!({ "type": "integer", "minimum": 0, "exclusiveMinimum": true });
        let draft_4 =
            json!({ "$schema": "http://json-schema.org/draft-04/schema#", "properties": { "age": age } });
        assert!(filled(draft_4, json!({ "age": 0 })).is_err());
        assert!(
            ContextSchema::compile(&json!({ "properties": { "age": age } })).is_err(),
            "not in 2020-12"
        );
    }

    #[test]
    fn a_schema_that_leads_round_in_a_circle_never_overflows_the_stack() {
        for schema in [
            json!({ "$ref": "#" }),
            json!({ "allOf": [{ "$ref": "#" }] }),
            json!({ "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "anyOf": [{ "$ref": "#/$defs/a" }] } }, "$ref": "#/$defs/a" }),
            json!({ "$anchor": "me", "$ref": "#me" }),
            json!({ "$anchor": "me", "allOf": [{ "$ref": "#me" }] }),
            json!({ "$id": "https://example.com/s", "$ref": "https://example.com/s" }),
            json!({ "$id": "https://example.com/s", "not": { "$ref": "s" } }),
            json!({ "$dynamicAnchor": "me", "$dynamicRef": "#me" }),
            json!({ "$dynamicRef": "#" }),
            json!({ "$schema": "https://json-schema.org/draft/2019-09/schema", "$recursiveRef": "#" }),
            json!({ "dependentSchemas": { "a": { "$ref": "#" } } }),
            json!({ "if": { "$ref": "#" } }),
            json!({ "not": { "$ref": "#" } }),
            json!({ "$ref": "#/allOf/0", "allOf": [{ "$ref": "#" }, { "oneOf": [{ "$ref": "#/allOf/1" }] }] }),
            json!({ "properties": { "a": { "items": { "$ref": "#/properties/a" } } } }),
            json!({ "unevaluatedProperties": { "$ref": "#" } }),
        ] {
            // Whether such a schema is accepted, and what, is the library's affair; that it comes back is ours.
            if let Ok(compiled) = ContextSchema::compile(&schema) {
                let _ = compiled.validate_and_fill(Map::from_iter([("a".to_owned(), json!([{ "b": 1 }]))]));
            }
        }
    }

    #[test]
    fn a_compiled_schema_is_shared_between_threads() {
        fn shared<T: Send + Sync + 'static>(_: &T) {}
        shared(&compiled(json!({})));
    }

    #[test]
    fn what_somebody_else_wrote_stands_in_one_line_of_a_message() {
        let schema = json!({ "required": ["a\nb"], "properties": { "c": { "pattern": "^x\ty$" } } });
        let problems = filled(schema, json!({ "c": "1\u{1b}[31m" })).unwrap_err();
        assert_eq!(problems.len(), 2, "{problems:?}");
        let error = invalid_context(&problems);
        for message in problems
            .iter()
            .map(|problem| &problem.message)
            .chain([&error.message])
        {
            assert!(!message.contains(char::is_control), "{message:?}");
        }
        let problems = ContextSchema::compile(&json!({ "$ref": "https://example.com/\u{8}" })).unwrap_err();
        assert!(!problems[0].message.contains(char::is_control), "{problems:?}");
    }

    #[test]
    fn the_message_of_a_large_wrong_value_does_not_repeat_it() {
        let schema = json!({ "properties": { "photo": { "type": "integer" } } });
        let problems = filled(schema, json!({ "photo": "x".repeat(100_000) })).unwrap_err();
        assert!(problems[0].message.len() < 300, "{}", problems[0].message.len());
    }
}
