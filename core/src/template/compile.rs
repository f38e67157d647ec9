//! The way from text to plan, step by step.

use super::compiled::{CompiledStep, CompiledTemplate};
use super::context_schema::ContextSchema;
use super::node::{Data, Node, Position};
use super::place::end_of;
use super::problem::{ProblemCode, TemplateErrors};
use super::report::Report;
use super::shape::{Place, child, step_owner};
use super::{checks, dependencies, digest, environment, interpolate, policy, settle, shape, yaml};
use crate::graph::Graph;
use serde_json::Value;

/// The namespace of a template that does not say.
pub const DEFAULT_NAMESPACE: &str = "default";
/// The version of a template that does not say.
pub const DEFAULT_VERSION: &str = "0.1.0";
/// `default_retry_limit` of a step that does not say.
pub const DEFAULT_RETRY_LIMIT: i32 = 3;
/// `priority` of a step that does not say.
pub const DEFAULT_PRIORITY: i16 = 4;

/// What compiling needs to know besides the text.
pub struct ParseOptions<'o> {
    /// What messages call the source: the name of the file.
    pub file: Option<String>,
    /// The section of `environments` that is merged in.
    pub environment: Option<String>,
    /// The value of an environment variable, for `${…}`.
    pub variables: &'o dyn Fn(&str) -> Option<String>,
}

impl Default for ParseOptions<'_> {
    /// No file, no environment, and no variable is set.
    fn default() -> Self {
        Self {
            file: None,
            environment: None,
            variables: &|_| None,
        }
    }
}

/// Where templates come from.
pub struct Template;

impl Template {
    /// Compiles the YAML text of a template.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn parse(source: &str, options: &ParseOptions<'_>) -> Result<CompiledTemplate, TemplateErrors> {
        let mut report = Report::new(options);
        let source = source.strip_prefix('\u{feff}').unwrap_or(source);
        let root = if is_readable(source, &mut report) {
            yaml::read(source, &mut report)
        } else {
            None
        };
        let compiled = root.and_then(|root| compile(root, options, &mut report));
        compiled.ok_or_else(|| report.into_errors(source))
    }

    /// Compiles the bytes of a file, which should be UTF-8.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn parse_bytes(
        source: &[u8],
        options: &ParseOptions<'_>,
    ) -> Result<CompiledTemplate, TemplateErrors> {
        let error = match std::str::from_utf8(source) {
            Ok(text) => return Self::parse(text, options),
            Err(error) => error,
        };
        let before = String::from_utf8_lossy(&source[..error.valid_up_to()]);
        let mut report = Report::new(options);
        let message = "the file is not UTF-8: the byte here begins no character; save the file as UTF-8";
        report.add(ProblemCode::Syntax, end_of(&before), "", message);
        Err(report.into_errors(&before))
    }

    /// Compiles a template that is given as JSON: from code, from an API, from inside another file.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once; places are JSON Pointers.
    pub fn from_json(source: &Value, options: &ParseOptions<'_>) -> Result<CompiledTemplate, TemplateErrors> {
        let mut report = Report::new(options);
        let compiled = if is_shallow(source, &mut report) {
            compile(Node::from_json(source), options, &mut report)
        } else {
            None
        };
        compiled.ok_or_else(|| report.into_errors(""))
    }
}

/// The main path. `None` when something was reported.
fn compile(root: Node, options: &ParseOptions<'_>, report: &mut Report) -> Option<CompiledTemplate> {
    let source = root.to_json();
    shape::check(&root, report);
    interpolate::check_syntax(&root, "", report);
    let mut root = environment::merge(root, options.environment.as_deref());
    interpolate::fill(
        &mut root,
        "",
        &["handler_config", "environments"],
        options.variables,
        report,
    );
    settle::settle(&mut root, report);
    let schema = read_schema(&root, report);
    let steps = root.get("step_templates").map_or(&[][..], Node::items);
    let graph = dependencies::resolve(&root, steps, report);
    let reader = Reader::new(&root, &graph);
    let steps = steps
        .iter()
        .enumerate()
        .map(|(index, step)| reader.step(step, index, report))
        .collect();
    if reader.flag(&root, "concurrent") == Some(false) {
        report.warn(
            root.get("concurrent").map_or(root.at, |node| node.at),
            CONCURRENT_IS_IDLE,
        );
    }
    report.is_clean().then(|| CompiledTemplate {
        namespace: reader.namespace.to_owned(),
        name: reader.name.to_owned(),
        version: reader
            .text(&root, "version")
            .unwrap_or_else(|| DEFAULT_VERSION.to_owned()),
        description: reader.text(&root, "description"),
        digest: digest::digest(&source),
        source,
        schema,
        searchable: root
            .get("searchable")
            .map_or(&[][..], Node::items)
            .iter()
            .filter_map(owned_text)
            .collect(),
        steps,
        warnings: report.take_warnings(),
    })
}

const CONCURRENT_IS_IDLE: &str = "'concurrent: false' has no effect: steps that do not depend on each other run side \
     by side; let each depend on the one before to run them in a row";

pub(super) fn is_readable(source: &str, report: &mut Report) -> bool {
    if source.len() > yaml::MAX_BYTES {
        let message = format!(
            "the template has {} bytes; {} are allowed",
            source.len(),
            yaml::MAX_BYTES
        );
        report.add(
            ProblemCode::TooLarge,
            Position { line: 1, column: 1 },
            "",
            message,
        );
        return false;
    }
    if let Some(offset) = source.find('\0') {
        let message = "the file has the character U+0000 here; is it a text file?";
        report.add(ProblemCode::Syntax, end_of(&source[..offset]), "", message);
        return false;
    }
    true
}

fn is_shallow(source: &Value, report: &mut Report) -> bool {
    let mut waiting = vec![(source, 0)];
    while let Some((value, depth)) = waiting.pop() {
        if depth > yaml::MAX_DEPTH {
            let message = format!("the template is nested deeper than {} levels", yaml::MAX_DEPTH);
            report.add(ProblemCode::TooLarge, Position::default(), "", message);
            return false;
        }
        match value {
            Value::Array(items) => waiting.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(members) => waiting.extend(members.values().map(|member| (member, depth + 1))),
            _ => {}
        }
    }
    true
}

fn read_schema(root: &Node, report: &mut Report) -> Option<Value> {
    let node = root
        .get("schema")
        .filter(|node| checks::check(super::keys::Kind::Schema, node).is_ok())?;
    let schema = node.to_json();
    for problem in ContextSchema::compile(&schema).err().into_iter().flatten() {
        let message = format!("'schema' is not a valid JSON Schema: {}", problem.message);
        let path = format!("/schema{}", problem.path);
        report.add(
            ProblemCode::InvalidSchema,
            node.nearest(&problem.path).at,
            path,
            message,
        );
    }
    Some(schema)
}

fn owned_text(node: &Node) -> Option<String> {
    node.as_text().map(str::to_owned)
}

/// Reads values that were checked; where a check failed, what it gives does not matter any more.
struct Reader<'n> {
    graph: &'n Graph,
    namespace: &'n str,
    name: &'n str,
    dependent_system: Option<&'n str>,
}

impl<'n> Reader<'n> {
    fn new(root: &'n Node, graph: &'n Graph) -> Self {
        let text = |key: &str| root.get(key).and_then(Node::as_text);
        Self {
            graph,
            namespace: text("namespace_name").unwrap_or(DEFAULT_NAMESPACE),
            name: text("name").unwrap_or_default(),
            dependent_system: text("default_dependent_system"),
        }
    }

    fn text(&self, node: &Node, key: &str) -> Option<String> {
        node.get(key).and_then(owned_text)
    }

    fn flag(&self, node: &Node, key: &str) -> Option<bool> {
        node.get(key).and_then(Node::as_bool)
    }

    fn step(&self, step: &Node, index: usize, report: &mut Report) -> CompiledStep {
        let name = self.text(step, "name").unwrap_or_default();
        let retryable = self.flag(step, "default_retryable").unwrap_or(true);
        let retry_limit = step.get("default_retry_limit").and_then(Node::as_whole);
        let retry_limit = retry_limit
            .and_then(|limit| i32::try_from(limit).ok())
            .unwrap_or(DEFAULT_RETRY_LIMIT);
        let priority = step.get("priority").and_then(Node::as_whole);
        CompiledStep {
            step_no: number(index),
            description: self.text(step, "description"),
            handler: self.handler(step, &name, index, report),
            dependent_system: self
                .text(step, "dependent_system")
                .or_else(|| self.dependent_system.map(str::to_owned)),
            parents: self.graph.parents(index).iter().copied().map(number).collect(),
            dependents: self.graph.dependents(index).iter().copied().map(number).collect(),
            retryable,
            retry_limit: if retryable { retry_limit } else { 1 },
            skippable: self.flag(step, "skippable").unwrap_or(false),
            priority: priority
                .and_then(|value| i16::try_from(value).ok())
                .unwrap_or(DEFAULT_PRIORITY),
            timeout_seconds: self.timeout(step, index, report),
            retry: step
                .get("retry")
                .filter(|node| matches!(node.data, Data::Map(_)))
                .and_then(|node| {
                    let owner = format!("'retry' of {}", step_owner(step, index));
                    let path = format!("/step_templates/{index}/retry");
                    policy::read(
                        node,
                        Place {
                            owner: &owner,
                            path: &path,
                        },
                        report,
                    )
                }),
            config: step.get("handler_config").map(Node::to_json),
            name,
        }
    }

    fn handler(&self, step: &Node, name: &str, index: usize, report: &mut Report) -> String {
        let (one, other) = (step.get("handler"), step.get("handler_class"));
        if let (Some(one), Some(other)) = (one.and_then(Node::as_text), other)
            && other.as_text().is_some_and(|other| other != one)
        {
            let message = format!(
                "{} has both 'handler' and 'handler_class', and they differ; they are two words for one thing, keep one",
                step_owner(step, index)
            );
            let path = format!("/step_templates/{index}/handler_class");
            report
                .add(ProblemCode::Contradiction, other.at, path, message)
                .offending("handler_class");
        }
        let written = one.or(other).and_then(owned_text);
        written.unwrap_or_else(|| format!("{}.{}.{name}", self.namespace, self.name))
    }

    /// `timeout_seconds`, or else that of the `handler_config`, which is the handler's own affair only where the step
    /// has one of its own.
    fn timeout(&self, step: &Node, index: usize, report: &mut Report) -> Option<f64> {
        if let Some(node) = step.get("timeout_seconds") {
            return node.as_f64();
        }
        let node = step.get("handler_config")?.get("timeout_seconds")?;
        if let Err(complaint) = checks::check_filled(super::keys::Kind::Timeout, node) {
            let hint = match node.as_text().is_some_and(interpolate::has_variable) {
                true => {
                    "; handler_config is filled by the worker, too late for a timeout: set timeout_seconds of the step"
                }
                false => "",
            };
            let message = format!(
                "'timeout_seconds' in the handler_config of {} {}{hint}",
                step_owner(step, index),
                complaint.text
            );
            let path = child(
                &format!("/step_templates/{index}/handler_config"),
                "timeout_seconds",
            );
            report
                .add(complaint.code, node.at, path, message)
                .offending(node.describe());
        }
        node.as_f64()
    }
}

fn number(index: usize) -> i32 {
    i32::try_from(index + 1).unwrap_or(i32::MAX)
}
