//! A YAML text that is no template, read with the same care: for the configuration.

use super::node::Node;
use super::problem::ProblemCode;
use super::report::Report;
use super::{ParseOptions, TemplateErrors, compile, yaml};
use serde_json::Value;

/// A key of a map, with its place and its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Located {
    pub(crate) key: String,
    /// From 1.
    pub(crate) line: u32,
    /// From 1, in characters.
    pub(crate) column: u32,
    pub(crate) value: Value,
    /// The keys of the value, where it is a map.
    pub(crate) members: Vec<Located>,
}

/// The keys of the map that `source` is; none for an empty text. `file` is what messages call it.
///
/// # Errors
/// What is wrong with the YAML; a text that is something else than a map, too.
pub(crate) fn read_map(source: &str, file: &str) -> Result<Vec<Located>, TemplateErrors> {
    let options = ParseOptions {
        file: Some(file.to_owned()),
        ..ParseOptions::default()
    };
    let mut report = Report::new(&options);
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    let root = if compile::is_readable(source, &mut report) {
        yaml::read(source, &mut report)
    } else {
        None
    };
    if report.is_clean()
        && let Some(root) = &root
        && !matches!(root.data, super::node::Data::Map(_))
    {
        let message = format!("a configuration is a map of keys, not {}", root.describe());
        report.add(ProblemCode::WrongType, root.at, "", message);
    }
    if report.is_clean() {
        return Ok(root.iter().flat_map(members).collect());
    }
    let errors = report.into_errors(source);
    // Nothing is what a configuration says that changes nothing.
    let only_empty = errors
        .problems
        .iter()
        .all(|problem| problem.code == ProblemCode::Empty);
    if only_empty { Ok(Vec::new()) } else { Err(errors) }
}

fn members(node: &Node) -> Vec<Located> {
    node.entries()
        .iter()
        .map(|entry| Located {
            key: entry.key.clone(),
            line: entry.at.line,
            column: entry.at.column,
            value: entry.value.to_json(),
            members: members(&entry.value),
        })
        .collect()
}
