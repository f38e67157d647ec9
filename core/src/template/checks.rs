//! Whether a value is what its key wants.

use super::interpolate::has_variable;
use super::keys::Kind;
use super::names;
use super::node::{Data, Node};
use super::problem::ProblemCode;
use crate::retry::Strategy;

/// No time in a template is longer, in seconds (31 years); what is longer would break the arithmetic of the database.
pub(super) const MAX_SECONDS: f64 = 1e9;
/// No factor is larger.
pub(super) const MAX_FACTOR: f64 = 1e6;
/// `smallint` in the database.
pub(super) const MAX_RETRY_LIMIT: i64 = 32_767;
/// No schedule has more waits.
pub(super) const MAX_WAITS: usize = 1_000;

/// What is wrong with a value: the sort, a text that goes on after "'key' …", and what was probably meant.
pub(super) struct Complaint {
    pub(super) code: ProblemCode,
    pub(super) text: String,
    pub(super) suggestion: Option<String>,
}

impl From<(ProblemCode, String)> for Complaint {
    fn from((code, text): (ProblemCode, String)) -> Self {
        Self {
            code,
            text,
            suggestion: None,
        }
    }
}

fn complain<T>(code: ProblemCode, text: impl Into<String>) -> Result<T, Complaint> {
    Err((code, text.into()).into())
}

/// Checks one value that has no parts of its own to check. A text with `${…}` in it is let pass: it is checked again
/// when it is filled.
pub(super) fn check(kind: Kind, node: &Node) -> Result<(), Complaint> {
    if node.as_text().is_some_and(has_variable) && !is_collection(kind) {
        return Ok(());
    }
    check_filled(kind, node)
}

/// Checks one value in which no `${…}` is left to fill.
pub(super) fn check_filled(kind: Kind, node: &Node) -> Result<(), Complaint> {
    match kind {
        Kind::Text => text(node, "text").map(drop),
        Kind::Name => Ok(names::check(text(node, "text")?, names::MAX_NAME)?),
        Kind::StepName => Ok(names::check_step(text(
            node,
            "text that is not made of digits only",
        )?)?),
        Kind::Path => Ok(names::check_path(text(node, "text")?)?),
        Kind::Handler => Ok(names::check(text(node, "text")?, names::MAX_HANDLER)?),
        Kind::Version => version(node),
        Kind::Boolean => boolean(node),
        Kind::RetryLimit => retry_limit(node),
        Kind::Priority => match whole(node, "a whole number from 0 (first) to 9 (last)")? {
            0..=9 => Ok(()),
            other => complain(
                ProblemCode::InvalidValue,
                format!("goes from 0 (first) to 9 (last), and is {other}"),
            ),
        },
        Kind::Timeout => seconds(node, "a number of seconds above 0", |value| value > 0.0),
        Kind::Wait => seconds(node, "a number of seconds, 0 or more", |value| value >= 0.0),
        Kind::Factor => number(node, "a factor of 1 or more", |value| {
            (1.0..=MAX_FACTOR).contains(&value)
        }),
        Kind::Fraction => number(node, "a fraction from 0 to 1", |value| {
            (0.0..=1.0).contains(&value)
        }),
        Kind::Strategy => strategy(node),
        Kind::Texts | Kind::Paths | Kind::List | Kind::Waits | Kind::Events | Kind::Steps => list(kind, node),
        Kind::Map | Kind::Retry | Kind::Environments => match &node.data {
            Data::Map(_) => Ok(()),
            _ => complain(
                ProblemCode::WrongType,
                format!("must be a map, not {}", node.describe()),
            ),
        },
        Kind::Schema => match &node.data {
            Data::Map(_) | Data::Bool(_) => Ok(()),
            _ => complain(
                ProblemCode::WrongType,
                format!("must be a JSON Schema (a map), not {}", node.describe()),
            ),
        },
    }
}

fn is_collection(kind: Kind) -> bool {
    use Kind::{Environments, Events, List, Map, Paths, Retry, Schema, Steps, Texts, Waits};
    matches!(
        kind,
        Environments | Events | List | Map | Paths | Retry | Schema | Steps | Texts | Waits
    )
}

fn text<'n>(node: &'n Node, expected: &str) -> Result<&'n str, Complaint> {
    let hint = match &node.data {
        Data::Text { value, .. } => return Ok(value),
        Data::Number { text, .. } => format!("; in quotes, '{text}', it would be text"),
        Data::Bool(value) => format!("; in quotes, '{value}', it would be text"),
        Data::Null => "; give it a value, or leave the key out".to_owned(),
        Data::List(_) | Data::Map(_) => String::new(),
    };
    complain(
        ProblemCode::WrongType,
        format!("must be {expected}, not {}{hint}", node.describe()),
    )
}

fn version(node: &Node) -> Result<(), Complaint> {
    let (code, text, written) = match &node.data {
        Data::Text { value, .. } => match names::check_version(value) {
            Ok(()) => return Ok(()),
            Err((code, complaint)) => (
                code,
                format!("is '{}', which {complaint}", super::node::excerpt(value)),
                value.as_str(),
            ),
        },
        Data::Number { text, .. } => {
            let complaint =
                format!("is the number {text} and not text; a version is MAJOR.MINOR.PATCH, in quotes");
            (ProblemCode::InvalidVersion, complaint, &**text)
        }
        _ => (
            ProblemCode::WrongType,
            format!("must be text such as '1.0.0', not {}", node.describe()),
            "",
        ),
    };
    Err(Complaint {
        code,
        text,
        suggestion: names::likely_version(written),
    })
}

fn boolean(node: &Node) -> Result<(), Complaint> {
    let suggestion = match &node.data {
        Data::Bool(_) => return Ok(()),
        Data::Text { value, .. } => match value.to_ascii_lowercase().as_str() {
            "yes" | "on" | "y" | "true" => Some("true".to_owned()),
            "no" | "off" | "n" | "false" => Some("false".to_owned()),
            _ => None,
        },
        _ => None,
    };
    let text = format!("must be true or false, not {}", node.describe());
    Err(Complaint {
        code: ProblemCode::WrongType,
        text,
        suggestion,
    })
}

fn retry_limit(node: &Node) -> Result<(), Complaint> {
    match whole(node, "a whole number of executions")? {
        0 => complain(
            ProblemCode::InvalidValue,
            "is 0, and a step that may never run makes no sense: it counts executions, not retries; \
             write 1 for a step that is not tried again",
        ),
        limit if limit < 0 => complain(
            ProblemCode::InvalidValue,
            format!("is {limit}; it counts executions, so the least is 1 (no retry)"),
        ),
        limit if limit > MAX_RETRY_LIMIT => complain(
            ProblemCode::InvalidValue,
            format!("is {limit}; the most is {MAX_RETRY_LIMIT}"),
        ),
        _ => Ok(()),
    }
}

fn whole(node: &Node, expected: &str) -> Result<i64, Complaint> {
    match node.as_whole() {
        Some(value) => Ok(value),
        None => wrong_number(node, expected),
    }
}

fn seconds(node: &Node, expected: &str, allowed: impl Fn(f64) -> bool) -> Result<(), Complaint> {
    match node.as_f64() {
        Some(value) if value > MAX_SECONDS => complain(
            ProblemCode::InvalidValue,
            format!("is {value}; the most is {MAX_SECONDS} seconds (31 years)"),
        ),
        _ => number(node, expected, allowed),
    }
}

fn number(node: &Node, expected: &str, allowed: impl Fn(f64) -> bool) -> Result<(), Complaint> {
    match node.as_f64() {
        Some(value) if allowed(value) => Ok(()),
        Some(_) => complain(
            ProblemCode::InvalidValue,
            format!("must be {expected}, not {}", node.describe()),
        ),
        None => wrong_number(node, expected),
    }
}

fn wrong_number<T>(node: &Node, expected: &str) -> Result<T, Complaint> {
    let hint = match &node.data {
        Data::Text { value, filled: false } if value.parse::<f64>().is_ok() => "; remove the quotes",
        Data::Null => "; give it a value, or leave the key out",
        _ => "",
    };
    complain(
        ProblemCode::WrongType,
        format!("must be {expected}, not {}{hint}", node.describe()),
    )
}

fn strategy(node: &Node) -> Result<(), Complaint> {
    let written = text(node, "the name of a strategy")?;
    if Strategy::ALL.iter().any(|strategy| strategy.as_str() == written) {
        return Ok(());
    }
    let names = Strategy::ALL.map(Strategy::as_str);
    let near = |name: &&&str| strsim::damerau_levenshtein(written, name) <= 3;
    Err(Complaint {
        code: ProblemCode::InvalidValue,
        text: format!(
            "is '{}'; the strategies are {}",
            super::node::excerpt(written),
            names.join(", ")
        ),
        suggestion: names.iter().find(near).map(|name| (*name).to_owned()),
    })
}

fn list(kind: Kind, node: &Node) -> Result<(), Complaint> {
    match (&node.data, kind) {
        (Data::List(items), Kind::Waits) if items.is_empty() => complain(
            ProblemCode::InvalidValue,
            "is empty; give it at least one wait in seconds",
        ),
        (Data::List(items), Kind::Waits) if items.len() > MAX_WAITS => complain(
            ProblemCode::InvalidValue,
            format!("has {} waits; the most is {MAX_WAITS}", items.len()),
        ),
        (Data::List(_), _) => Ok(()),
        (Data::Text { value, .. }, Kind::Texts | Kind::Paths) => Err(Complaint {
            code: ProblemCode::WrongType,
            text: format!("must be a list, not {}", node.describe()),
            suggestion: Some(format!("[{}]", super::node::excerpt(value))),
        }),
        (Data::Map(_), Kind::Steps) => complain(
            ProblemCode::WrongType,
            "must be a list of steps, not a map; write '- name: …' for each step",
        ),
        _ => complain(
            ProblemCode::WrongType,
            format!("must be a list, not {}", node.describe()),
        ),
    }
}
