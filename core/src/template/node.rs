//! A template as a tree whose every value knows where it stands in the file.

use serde_json::{Map, Number, Value};

/// A place in the source: line and column count from 1, columns in characters. Both are 0 where there is no text, as
/// for templates that are given as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Position {
    pub(super) line: u32,
    pub(super) column: u32,
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) at: Position,
    pub(super) data: Data,
}

/// What a value can be: JSON, with what the messages need besides.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Data {
    Null,
    Bool(bool),
    /// `text` is how the number was written: `1.0` and `1` differ for people who meant a version.
    Number {
        value: Number,
        text: Box<str>,
    },
    /// `filled` says that a `${…}` was replaced in it; such a text is read as the type that its key wants.
    Text {
        value: String,
        filled: bool,
    },
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// One key of a map, with the place of the key.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) at: Position,
    pub(super) value: Node,
}

impl Node {
    /// The tree of a JSON value, without places. The caller has checked how deep it is.
    pub(super) fn from_json(value: &Value) -> Self {
        let data = match value {
            Value::Null => Data::Null,
            Value::Bool(value) => Data::Bool(*value),
            Value::Number(value) => Data::Number {
                value: value.clone(),
                text: value.to_string().into_boxed_str(),
            },
            Value::String(value) => Data::Text {
                value: value.clone(),
                filled: false,
            },
            Value::Array(items) => Data::List(items.iter().map(Node::from_json).collect()),
            Value::Object(members) => Data::Map(
                members
                    .iter()
                    .map(|(key, value)| Entry {
                        key: key.clone(),
                        at: Position::default(),
                        value: Node::from_json(value),
                    })
                    .collect(),
            ),
        };
        Self {
            at: Position::default(),
            data,
        }
    }

    /// The JSON of the tree.
    pub(super) fn to_json(&self) -> Value {
        match &self.data {
            Data::Null => Value::Null,
            Data::Bool(value) => Value::Bool(*value),
            Data::Number { value, .. } => Value::Number(value.clone()),
            Data::Text { value, .. } => Value::String(value.clone()),
            Data::List(items) => Value::Array(items.iter().map(Node::to_json).collect()),
            Data::Map(entries) => {
                let members = entries
                    .iter()
                    .map(|entry| (entry.key.clone(), entry.value.to_json()));
                Value::Object(members.collect::<Map<String, Value>>())
            }
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entries()
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| &entry.value)
    }

    /// The entries of a map; none for anything else.
    pub(super) fn entries(&self) -> &[Entry] {
        if let Data::Map(entries) = &self.data {
            entries
        } else {
            &[]
        }
    }

    /// The items of a list; none for anything else.
    pub(super) fn items(&self) -> &[Node] {
        if let Data::List(items) = &self.data {
            items
        } else {
            &[]
        }
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        if let Data::Text { value, .. } = &self.data {
            Some(value)
        } else {
            None
        }
    }

    pub(super) fn as_bool(&self) -> Option<bool> {
        if let Data::Bool(value) = &self.data {
            Some(*value)
        } else {
            None
        }
    }

    pub(super) fn as_f64(&self) -> Option<f64> {
        if let Data::Number { value, .. } = &self.data {
            value.as_f64()
        } else {
            None
        }
    }

    /// The number where it is whole; `3.0` is.
    pub(super) fn as_whole(&self) -> Option<i64> {
        let Data::Number { value, .. } = &self.data else {
            return None;
        };
        // Floats of this size are exact, so that the cast loses nothing.
        let from_float = || {
            value
                .as_f64()
                .filter(|float| float.fract() == 0.0 && float.abs() < 9e15)
        };
        value.as_i64().or_else(|| from_float().map(|float| float as i64))
    }

    /// What stands here, for a message: `text 'yes'`, `a number (1.0)`, `a list`, `nothing (null)`.
    pub(super) fn describe(&self) -> String {
        match &self.data {
            Data::Null => "nothing (null)".to_owned(),
            Data::Bool(value) => format!("{value}"),
            Data::Number { text, .. } => format!("a number ({text})"),
            Data::Text { value, .. } => format!("text '{}'", excerpt(value)),
            Data::List(_) => "a list".to_owned(),
            Data::Map(_) => "a map".to_owned(),
        }
    }

    /// The node that an RFC 6901 pointer leads to, or the last one on the way.
    pub(super) fn nearest(&self, pointer: &str) -> &Node {
        let mut node = self;
        for segment in pointer.split('/').skip(1) {
            let segment = segment.replace("~1", "/").replace("~0", "~");
            let next = match &node.data {
                Data::List(items) => segment.parse::<usize>().ok().and_then(|index| items.get(index)),
                _ => node.get(&segment),
            };
            let Some(next) = next else { break };
            node = next;
        }
        node
    }
}

/// The beginning of a text that somebody else wrote, fit for one line of a message.
pub(super) fn excerpt(text: &str) -> String {
    const SHOWN: usize = 60;
    let tame = |character: char| if character.is_control() { ' ' } else { character };
    let mut shown: String = text.chars().take(SHOWN).map(tame).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

/// A message with a space for each control character: libraries put what they read into their messages as it is, and
/// messages go to terminals and logs.
pub(super) fn one_line(message: String) -> String {
    if message.contains(char::is_control) {
        message.replace(char::is_control, " ")
    } else {
        message
    }
}

/// One segment of an RFC 6901 pointer.
pub(super) fn escape_segment(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}
