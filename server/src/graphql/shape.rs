//! The shape of a request: whether it is of a size that can be looked at, and how its answer is laid out.
//!
//! The library executes fields as they become ready, and leaves out those that fail. An answer has its fields in the order of the
//! request, and null for what failed.

use crate::problem::Refusal;
use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{ExecutableDocument, OperationType, Selection, SelectionSet};
use async_graphql::{Name, PathSegment, Request, Response, ServerError, Value};
use std::collections::{HashMap, HashSet};
use tasker_core::ErrorKind;

/// How many fields a document may have, its fragments put in where they are spread. More than any tool asks for.
const FIELDS: usize = 5_000;
/// How deep selections may stand inside each other, whatever the limit of depth.
const NESTING: usize = 64;

/// The shape of a request.
#[derive(Debug, Default)]
pub(super) struct Shape {
    document: Option<ExecutableDocument>,
    operation: Option<String>,
}

impl Shape {
    /// Reads a request. What does not parse has no shape; why it does not is said when it is executed.
    ///
    /// # Errors
    /// `InvalidArgument` where it is too large to be looked at, where a mutation stands twice under one name, or a subscription has
    /// several fields.
    pub(super) fn of(request: &mut Request) -> Result<Self, Refusal> {
        let operation = request.operation_name.clone();
        let Ok(document) = request.parsed_query() else {
            return Ok(Self::default());
        };
        // Before the library looks at it: it would put in every fragment, again and again.
        let mut sizes = HashMap::new();
        for (_, one) in document.operations.iter() {
            let size = size(document, &one.node.selection_set.node, &mut sizes, 0);
            if size > FIELDS {
                return Err(Refusal::new(
                    ErrorKind::InvalidArgument,
                    format!(
                        "the query has more than {FIELDS} fields, its fragments put in, or stands too deep: ask for less at once"
                    ),
                ));
            }
            match one.node.ty {
                OperationType::Query => {}
                OperationType::Mutation => once(document, &one.node.selection_set.node)?,
                OperationType::Subscription => alone(document, &one.node.selection_set.node)?,
            }
        }
        Ok(Self {
            document: Some(document.clone()),
            operation,
        })
    }

    /// Whether the operation that is asked for, or any where none is named, is of a type.
    pub(super) fn is(&self, ty: OperationType) -> bool {
        let operations = self.document.iter().flat_map(|one| one.operations.iter());
        operations
            .filter(|(name, _)| match (&self.operation, name) {
                (Some(wanted), Some(name)) => wanted == name.as_str(),
                _ => true,
            })
            .any(|(_, one)| one.node.ty == ty)
    }

    /// The answer, laid out.
    pub(super) fn lay_out(&self, mut response: Response) -> Response {
        let mut data = std::mem::take(&mut response.data);
        for error in &response.errors {
            put_null(&mut data, &error.path);
        }
        let wanted = self.document.as_ref().and_then(|document| {
            let mut operations = document.operations.iter();
            let found = operations.find(|(name, _)| match (&self.operation, name) {
                (Some(wanted), Some(name)) => wanted == name.as_str(),
                _ => true,
            });
            Some((document, &found?.1.node.selection_set.node))
        });
        response.data = match wanted {
            Some((document, selections)) => in_order(data, document, &[selections]),
            None => data,
        };
        response
    }
}

/// How many fields a selection has, its fragments put in; each fragment is looked at once.
fn size<'d>(
    document: &'d ExecutableDocument,
    selections: &'d SelectionSet,
    sizes: &mut HashMap<&'d str, usize>,
    depth: usize,
) -> usize {
    if depth > NESTING {
        return usize::MAX;
    }
    let mut total = 0_usize;
    for selection in &selections.items {
        let more = match &selection.node {
            Selection::Field(field) => {
                size(document, &field.node.selection_set.node, sizes, depth + 1).saturating_add(1)
            }
            Selection::InlineFragment(fragment) => {
                size(document, &fragment.node.selection_set.node, sizes, depth + 1)
            }
            Selection::FragmentSpread(spread) => {
                let name = spread.node.fragment_name.node.as_str();
                match (sizes.get(name), document.fragments.get(name)) {
                    (Some(known), _) => *known,
                    (None, Some(fragment)) => {
                        // One that spreads itself is refused by the library; here it ends.
                        sizes.insert(name, 0);
                        let found = size(document, &fragment.node.selection_set.node, sizes, depth + 1)
                            .saturating_add(1);
                        sizes.insert(name, found);
                        found
                    }
                    (None, None) => 0,
                }
            }
        };
        total = total.saturating_add(more);
    }
    total
}

/// The fields of selections, fragments put in, each with its selections: what stands twice is one.
fn fields<'d>(
    document: &'d ExecutableDocument,
    selections: &[&'d SelectionSet],
    found: &mut IndexMap<&'d str, Vec<&'d SelectionSet>>,
    spread: &mut HashSet<&'d str>,
) {
    for selection in selections.iter().flat_map(|one| &one.items) {
        match &selection.node {
            Selection::Field(field) => {
                let key = field.node.response_key().node.as_str();
                let inside = found.entry(key).or_default();
                inside.push(&field.node.selection_set.node);
            }
            Selection::InlineFragment(fragment) => {
                fields(document, &[&fragment.node.selection_set.node], found, spread);
            }
            Selection::FragmentSpread(one) => {
                let name = one.node.fragment_name.node.as_str();
                if let Some(fragment) = document.fragments.get(name)
                    && spread.insert(name)
                {
                    fields(document, &[&fragment.node.selection_set.node], found, spread);
                }
            }
        }
    }
}

/// The library would do twice what stands twice.
fn once(document: &ExecutableDocument, selections: &SelectionSet) -> Result<(), Refusal> {
    let mut found = IndexMap::new();
    fields(document, &[selections], &mut found, &mut HashSet::new());
    match found.iter().find(|(_, inside)| inside.len() > 1) {
        None => Ok(()),
        Some((name, _)) => Err(Refusal::new(
            ErrorKind::InvalidArgument,
            format!("the mutation '{name}' stands twice: give each a name of its own, as in `again: {name}`"),
        )),
    }
}

/// A subscription has one field (GraphQL, 5.2.3.1), and the library would follow each.
fn alone(document: &ExecutableDocument, selections: &SelectionSet) -> Result<(), Refusal> {
    let mut found = IndexMap::new();
    fields(document, &[selections], &mut found, &mut HashSet::new());
    if found.values().map(Vec::len).sum::<usize>() <= 1 {
        return Ok(());
    }
    let names: Vec<&str> = found.into_keys().collect();
    Err(Refusal::new(
        ErrorKind::InvalidArgument,
        format!(
            "a subscription has one field, once, and this has {}: ask for each by itself",
            names.join(", ")
        ),
    ))
}

fn in_order(value: Value, document: &ExecutableDocument, selections: &[&SelectionSet]) -> Value {
    match value {
        Value::List(members) => Value::List(
            members
                .into_iter()
                .map(|member| in_order(member, document, selections))
                .collect(),
        ),
        Value::Object(mut members) => {
            let mut wanted = IndexMap::new();
            fields(document, selections, &mut wanted, &mut HashSet::new());
            // JSON inside of the answer has no selections.
            if wanted.is_empty() {
                return Value::Object(members);
            }
            let mut ordered = IndexMap::with_capacity(members.len());
            for (key, inside) in wanted {
                if let Some((name, member)) = members.swap_remove_entry(key) {
                    ordered.insert(name, in_order(member, document, &inside));
                }
            }
            Value::Object(ordered)
        }
        other => other,
    }
}

/// Puts null where an error was.
fn put_null(value: &mut Value, path: &[PathSegment]) {
    match path {
        [] => {}
        [PathSegment::Index(place), rest @ ..] => {
            if let Value::List(members) = value
                && let Some(member) = members.get_mut(*place)
            {
                put_null(member, rest);
            }
        }
        [PathSegment::Field(name), rest @ ..] => {
            if *value == Value::Null {
                *value = Value::Object(IndexMap::new());
            }
            if let Value::Object(members) = value {
                let member = members.entry(Name::new(name)).or_insert(Value::Null);
                put_null(member, rest);
            }
        }
    }
}

/// An answer to a request that was refused as a whole.
pub(super) fn refused(refusal: Refusal) -> Response {
    let mut error = ServerError::new(refusal.to_string(), None);
    error.source = Some(std::sync::Arc::new(refusal));
    Response::from_errors(vec![error])
}
