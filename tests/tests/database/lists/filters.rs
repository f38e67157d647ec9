//! Every filter of a list, with values that many tasks have and values that few have.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use tasker_core::model::{AnnotationFilter, State, TaskFilter};

type Set = fn(&mut TaskFilter, DateTime<Utc>);

/// What a filter can say, by field.
pub(super) const FIELDS: [&str; 15] = [
    "annotation",
    "completed_before",
    "completed_since",
    "context",
    "created_before",
    "error_code",
    "initiator",
    "name",
    "namespace",
    "paused",
    "since",
    "source_system",
    "status",
    "tags",
    "version",
];

/// The fields that say something. A new one has to be named here, and then in [`VARIANTS`].
pub(super) fn fields_of(filter: &TaskFilter) -> Vec<&'static str> {
    let TaskFilter {
        namespace,
        name,
        version,
        status,
        tags,
        since,
        created_before,
        paused,
        error_code,
        initiator,
        source_system,
        annotation,
        completed_since,
        completed_before,
        context,
        after: _,
        limit: _,
    } = filter;
    let set = [
        ("annotation", annotation.is_some()),
        ("completed_before", completed_before.is_some()),
        ("completed_since", completed_since.is_some()),
        ("context", !context.is_empty()),
        ("created_before", created_before.is_some()),
        ("error_code", error_code.is_some()),
        ("initiator", initiator.is_some()),
        ("name", name.is_some()),
        ("namespace", namespace.is_some()),
        ("paused", paused.is_some()),
        ("since", since.is_some()),
        ("source_system", source_system.is_some()),
        ("status", !status.is_empty()),
        ("tags", !tags.is_empty()),
        ("version", version.is_some()),
    ];
    set.into_iter()
        .filter(|(_, set)| *set)
        .map(|(name, _)| name)
        .collect()
}

pub(super) const VARIANTS: &[(&str, Set)] = &[
    ("namespace", |f, _| f.namespace = Some("lists_1".to_owned())),
    ("name", |f, _| f.name = Some("list_3".to_owned())),
    ("version", |f, _| f.version = Some("1.0.0".to_owned())),
    ("status complete", |f, _| f.status = vec![State::Complete]),
    ("status error", |f, _| f.status = vec![State::Error]),
    ("status pending", |f, _| f.status = vec![State::Pending]),
    ("status cancelled or in progress", |f, _| {
        f.status = vec![State::Cancelled, State::InProgress];
    }),
    ("status resolved or complete", |f, _| {
        f.status = vec![State::ResolvedManually, State::Complete];
    }),
    ("a tag of few", |f, _| f.tags = vec!["tag_35".to_owned()]),
    ("a tag of many", |f, _| f.tags = vec!["all".to_owned()]),
    ("created lately", |f, now| {
        f.since = Some(now - TimeDelta::hours(2))
    }),
    ("created since long ago", |f, now| {
        f.since = Some(now - TimeDelta::hours(90))
    }),
    ("created before", |f, now| {
        f.created_before = Some(now - TimeDelta::hours(50))
    }),
    ("paused", |f, _| f.paused = Some(true)),
    ("not paused", |f, _| f.paused = Some(false)),
    ("error code", |f, _| f.error_code = Some("code_3".to_owned())),
    ("initiator", |f, _| f.initiator = Some("user_57".to_owned())),
    ("initiator unknown", |f, _| {
        f.initiator = Some("unknown".to_owned())
    }),
    ("source of few", |f, _| f.source_system = Some("rare".to_owned())),
    ("source of many", |f, _| {
        f.source_system = Some("system_2".to_owned())
    }),
    ("annotation type", |f, _| {
        f.annotation = annotation(Some("refund"), None, None)
    }),
    ("annotation key", |f, _| {
        f.annotation = annotation(None, Some("by"), None)
    }),
    ("annotation", |f, _| {
        f.annotation = annotation(Some("review"), Some("by"), Some(json!(50)))
    }),
    ("annotation value", |f, _| {
        f.annotation = annotation(None, None, Some(json!({"by": 20})))
    }),
    ("ended lately", |f, now| {
        f.completed_since = Some(now - TimeDelta::hours(4))
    }),
    ("ended before", |f, now| {
        f.completed_before = Some(now - TimeDelta::hours(50))
    }),
    ("context", |f, _| {
        f.name = Some("list_3".to_owned());
        f.context = object(json!({"customer": {"id": "c451"}}));
    }),
    ("context of a time", |f, now| {
        f.name = Some("list_3".to_owned());
        f.since = Some(now - TimeDelta::hours(60));
        f.context = object(json!({"note": "note 11"}));
    }),
];

fn annotation(name: Option<&str>, key: Option<&str>, value: Option<Value>) -> Option<AnnotationFilter> {
    Some(AnnotationFilter {
        annotation_type: name.map(str::to_owned),
        key: key.map(str::to_owned),
        value,
    })
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is not an object"),
    }
}
