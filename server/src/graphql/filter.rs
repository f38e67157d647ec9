//! Which tasks: a filter, as REST has it.

use super::inputs::object;
use super::query::text_or_json;
use super::scalars::Time;
use async_graphql::{InputObject, Result};
use serde_json::{Map, Value, json};
use tasker_core::Error;
use tasker_core::model::{AnnotationFilter, TaskFilter};

/// Which tasks; all of it has to be so.
#[derive(Debug, Default, InputObject)]
#[graphql(name = "TaskFilter")]
pub(super) struct TaskFilterInput {
    /// Only of this namespace.
    namespace: Option<String>,
    /// Only of this name.
    name: Option<String>,
    /// Only of this version.
    version: Option<String>,
    /// Only in these states.
    status: Option<Vec<String>>,
    /// Only with all of these tags.
    tags: Option<Vec<String>>,
    /// Only asked for by this one.
    initiator: Option<String>,
    /// Only asked for by this system.
    source_system: Option<String>,
    /// Only created at or after.
    created_since: Option<Time>,
    /// Only created before.
    created_before: Option<Time>,
    /// Only ended at or after.
    completed_since: Option<Time>,
    /// Only ended before.
    completed_before: Option<Time>,
    /// Only those that are paused by themselves, or only those that are not.
    paused: Option<bool>,
    /// Only with a failed step of which the last failure has this code.
    error_code: Option<String>,
    /// Only with an annotation of this type.
    annotation_type: Option<String>,
    /// Only with an annotation that has this key.
    annotation_key: Option<String>,
    /// Only with an annotation that has this value (JSON, or a text) under `annotationKey`.
    annotation_value: Option<String>,
    /// Only where the context has these values. Needs `name`; and `createdSince` or `createdBefore` where the template does not
    /// list each of them as `searchable`.
    context: Option<Value>,
}

impl TaskFilterInput {
    /// The members of a request over REST that say the same.
    pub(super) fn to_rest(&self) -> Map<String, Value> {
        let annotation = json!({
            "type": self.annotation_type,
            "key": self.annotation_key,
            "value": self.annotation_value.clone().map(text_or_json),
        });
        let given = [
            ("namespace", json!(self.namespace)),
            ("name", json!(self.name)),
            ("version", json!(self.version)),
            ("status", json!(self.status)),
            ("tags", json!(self.tags)),
            ("initiator", json!(self.initiator)),
            ("source_system", json!(self.source_system)),
            ("created_since", json!(self.created_since.map(|time| time.0))),
            ("created_before", json!(self.created_before.map(|time| time.0))),
            ("completed_since", json!(self.completed_since.map(|time| time.0))),
            (
                "completed_before",
                json!(self.completed_before.map(|time| time.0)),
            ),
            ("paused", json!(self.paused)),
            ("error_code", json!(self.error_code)),
            ("annotation", without_nulls(annotation)),
            ("context", json!(self.context)),
        ];
        let given = given.into_iter().filter(|(_, value)| !value.is_null());
        given.map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The filter of a list.
    ///
    /// # Errors
    /// `InvalidArgument`.
    pub(super) fn read(self) -> Result<TaskFilter, Error> {
        let context = object("filter.context", self.context)?;
        let annotation = AnnotationFilter {
            annotation_type: self.annotation_type,
            key: self.annotation_key,
            value: self.annotation_value.map(text_or_json),
        };
        let states = self.status.unwrap_or_default();
        Ok(TaskFilter {
            namespace: self.namespace,
            name: self.name,
            version: self.version,
            status: states
                .iter()
                .map(|state| state.parse())
                .collect::<Result<_, _>>()?,
            tags: self.tags.unwrap_or_default(),
            since: self.created_since.map(|time| time.0),
            created_before: self.created_before.map(|time| time.0),
            paused: self.paused,
            error_code: self.error_code,
            initiator: self.initiator,
            source_system: self.source_system,
            annotation: (annotation != AnnotationFilter::default()).then_some(annotation),
            completed_since: self.completed_since.map(|time| time.0),
            completed_before: self.completed_before.map(|time| time.0),
            context,
            after: None,
            limit: 0,
        })
    }
}

/// An object without what is null in it; null where nothing is left.
fn without_nulls(object: Value) -> Value {
    match object {
        Value::Object(mut members) => {
            members.retain(|_, value| !value.is_null());
            if members.is_empty() {
                Value::Null
            } else {
                Value::Object(members)
            }
        }
        other => other,
    }
}
