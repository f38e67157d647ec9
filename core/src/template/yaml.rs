//! YAML text → [`Node`]s. The parser is a library's; what a template may be made of is decided here.

use super::node::{Data, Entry, Node, Position, excerpt};
use super::place::Lines;
use super::problem::ProblemCode;
use super::report::Report;
use super::scalar::{self, NotANumber};
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// No template is larger, in bytes. One of 100,000 steps has about 10 MB.
pub(super) const MAX_BYTES: usize = 32 << 20;
/// No template is nested deeper.
pub(super) const MAX_DEPTH: usize = 64;
/// The values that anchors may keep and aliases may bring back, in all: enough for any file written by hand, and far
/// too few for a "billion laughs".
const MAX_COPIED_NODES: usize = 1_000_000;

/// The tree of `source`, which the caller has checked for size and U+0000; `None` when the text cannot be read.
pub(super) fn read(source: &str, report: &mut Report) -> Option<Node> {
    let mut reader = Reader::new(report);
    for next in Parser::<StrInput<'_>>::new_from_str(source) {
        match next {
            Ok((event, span)) => {
                reader.take(event, span)?;
            }
            Err(error) => {
                reader.syntax_error(&error, source);
                return None;
            }
        }
    }
    let root = reader.root.filter(|root| root.data != Data::Null);
    if root.is_none() && report.is_clean() {
        report.add(
            ProblemCode::Empty,
            Position { line: 1, column: 1 },
            "",
            "the template is empty; it needs at least 'name' and 'step_templates'",
        );
    }
    root
}

/// A collection that is not closed yet.
struct Frame {
    at: Position,
    anchor: usize,
    /// How many nodes had been built when it was opened.
    nodes_before: usize,
    kind: Open,
}

enum Open {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        key: Option<(String, Position)>,
        merged: Vec<Node>,
    },
}

struct Reader<'r> {
    report: &'r mut Report,
    frames: Vec<Frame>,
    root: Option<Node>,
    anchors: HashMap<usize, (Node, usize)>,
    documents: usize,
    nodes: usize,
    copied: usize,
}

impl<'r> Reader<'r> {
    fn new(report: &'r mut Report) -> Self {
        Self {
            report,
            frames: Vec::new(),
            root: None,
            anchors: HashMap::new(),
            documents: 0,
            nodes: 0,
            copied: 0,
        }
    }

    /// `None` ends the reading: what would follow makes no sense any more.
    fn take(&mut self, event: Event<'_>, span: Span) -> Option<()> {
        let at = position(span);
        match event {
            Event::DocumentStart(_) => self.open_document(at),
            Event::Scalar(word, style, anchor, tag) => {
                let data = self.scalar(&word, style, tag.as_deref(), at);
                self.nodes += 1;
                self.place(Node { at, data }, style == ScalarStyle::Plain, anchor, 1)
            }
            Event::SequenceStart(anchor, tag) => self.open(at, anchor, tag, Open::List(Vec::new())),
            Event::MappingStart(anchor, tag) => {
                let kind = Open::Map {
                    entries: Vec::new(),
                    key: None,
                    merged: Vec::new(),
                };
                self.open(at, anchor, tag, kind)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(anchor) => self.alias(anchor, at),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Some(()),
        }
    }

    fn open_document(&mut self, at: Position) -> Option<()> {
        self.documents += 1;
        if self.documents == 1 {
            return Some(());
        }
        self.report.add(
            ProblemCode::Syntax,
            at,
            "",
            "a second YAML document begins here; a file holds one template, so give it a file of its own",
        );
        None
    }

    fn scalar(&mut self, word: &str, style: ScalarStyle, tag: Option<&Tag>, at: Position) -> Data {
        let as_text = || Data::Text {
            value: word.to_owned(),
            filled: false,
        };
        if word.contains('\0') {
            self.report.add(
                ProblemCode::InvalidValue,
                at,
                "",
                "the text has the character U+0000, which the database cannot store; remove it",
            );
            return as_text();
        }
        match tag {
            Some(tag) if tag.is_yaml_core_schema() => {
                scalar::tagged(word, &tag.suffix).unwrap_or_else(|| {
                    let (word, suffix) = (excerpt(word), &tag.suffix);
                    self.report.add(
                        ProblemCode::Syntax,
                        at,
                        "",
                        format!("'{word}' does not fit its tag !!{suffix}"),
                    );
                    as_text()
                })
            }
            // `!` alone says: text.
            Some(tag) if tag.suffix.is_empty() => as_text(),
            Some(tag) => {
                self.unknown_tag(tag, at);
                as_text()
            }
            None if style == ScalarStyle::Plain => {
                scalar::plain(word).unwrap_or_else(|NotANumber(message)| {
                    self.report
                        .add(ProblemCode::InvalidValue, at, "", message)
                        .offending(word);
                    as_text()
                })
            }
            None => as_text(),
        }
    }

    fn unknown_tag(&mut self, tag: &Tag, at: Position) {
        let tag = excerpt(&tag.to_string());
        self.report.add(
            ProblemCode::Syntax,
            at,
            "",
            format!("templates are plain data and know no tag {tag}; remove it"),
        );
    }

    fn open(&mut self, at: Position, anchor: usize, tag: Option<Cow<'_, Tag>>, kind: Open) -> Option<()> {
        if let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema()) {
            self.unknown_tag(&tag, at);
        }
        if self.frames.len() >= MAX_DEPTH {
            let message = format!("the template is nested deeper than {MAX_DEPTH} levels here");
            self.report.add(ProblemCode::TooLarge, at, "", message);
            return None;
        }
        self.frames.push(Frame {
            at,
            anchor,
            nodes_before: self.nodes,
            kind,
        });
        self.nodes += 1;
        Some(())
    }

    fn close(&mut self) -> Option<()> {
        let frame = self.frames.pop()?;
        let data = match frame.kind {
            Open::List(items) => Data::List(items),
            Open::Map { entries, merged, .. } => Data::Map(self.finish_map(entries, merged)),
        };
        let size = self.nodes - frame.nodes_before;
        self.place(Node { at: frame.at, data }, false, frame.anchor, size)
    }

    /// Puts a finished value where it belongs: into the list, behind the key, as the key, or as the root.
    fn place(&mut self, node: Node, plain: bool, anchor: usize, size: usize) -> Option<()> {
        if anchor > 0 {
            self.count_copies(size, node.at)?;
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(node);
            return Some(());
        };
        match &mut frame.kind {
            Open::List(items) => items.push(node),
            Open::Map { entries, key, merged } => match key.take() {
                Some((name, at)) if name == MERGE => merged.push(Node { at, ..node }),
                Some((name, at)) => entries.push(Entry {
                    key: name,
                    at,
                    value: node,
                }),
                None => *key = Some((key_of(&node, plain, self.report), node.at)),
            },
        }
        Some(())
    }

    /// Refuses keys that stand twice, and brings in what `<<` merges.
    fn finish_map(&mut self, mut entries: Vec<Entry>, merged: Vec<Node>) -> Vec<Entry> {
        if has_twins(&entries) {
            let mut first: HashMap<String, Position> = HashMap::new();
            entries.retain(|entry| {
                let Some(earlier) = first.get(&entry.key) else {
                    first.insert(entry.key.clone(), entry.at);
                    return true;
                };
                let key = excerpt(&entry.key);
                let message = format!(
                    "the key '{key}' stands twice in this map; the first is in line {}",
                    earlier.line
                );
                self.report
                    .add(ProblemCode::DuplicateKey, entry.at, "", message)
                    .offending(&entry.key);
                false
            });
        }
        for node in merged {
            let sources = if let Data::List(items) = node.data {
                items
            } else {
                vec![node]
            };
            for source in sources {
                let Data::Map(more) = source.data else {
                    let message = "'<<' merges a map, or a list of maps, and this is none";
                    self.report.add(ProblemCode::WrongType, source.at, "", message);
                    continue;
                };
                let known: HashSet<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
                let new: Vec<Entry> = more
                    .into_iter()
                    .filter(|entry| !known.contains(entry.key.as_str()))
                    .collect();
                entries.extend(new);
            }
        }
        entries
    }

    fn alias(&mut self, anchor: usize, at: Position) -> Option<()> {
        let Some(size) = self.anchors.get(&anchor).map(|(_, size)| *size) else {
            self.report.add(
                ProblemCode::Syntax,
                at,
                "",
                "this alias stands inside of what it repeats",
            );
            return None;
        };
        self.count_copies(size, at)?;
        self.nodes += size;
        let node = self.anchors.get(&anchor)?.0.clone();
        // The copy could be nested deeper than the place allows.
        if self.frames.len() + depth_of(&node) > MAX_DEPTH {
            let message = format!("with this alias the template is nested deeper than {MAX_DEPTH} levels");
            self.report.add(ProblemCode::TooLarge, at, "", message);
            return None;
        }
        self.place(Node { at, data: node.data }, false, 0, size)
    }

    fn count_copies(&mut self, size: usize, at: Position) -> Option<()> {
        self.copied += size;
        if self.copied <= MAX_COPIED_NODES {
            return Some(());
        }
        let message =
            format!("anchors and aliases repeat more than {MAX_COPIED_NODES} values; write them out");
        self.report.add(ProblemCode::TooLarge, at, "", message);
        None
    }

    fn syntax_error(&mut self, error: &ScanError, source: &str) {
        let mark = error.marker();
        let at = Position {
            line: to_u32(mark.line()),
            column: to_u32(mark.col() + 1),
        };
        let line = Lines::new(source).nth(at.line).unwrap_or("");
        let indented_with_tab = line
            .chars()
            .take_while(|character| character.is_whitespace())
            .any(|c| c == '\t');
        let hint = if indented_with_tab {
            "; indent with spaces, YAML allows no tabs"
        } else {
            ""
        };
        if error.info().contains("recursion limit") {
            let message = format!("the template is nested deeper than {MAX_DEPTH} levels here");
            self.report.add(ProblemCode::TooLarge, at, "", message);
            return;
        }
        let message = format!("this is not YAML: {}{hint}", error.info());
        self.report.add(ProblemCode::Syntax, at, "", message);
    }
}

/// Stands for an unquoted `<<` while its map is open: no text of a file can be equal to it.
const MERGE: &str = "\0merge";

fn key_of(node: &Node, plain: bool, report: &mut Report) -> String {
    match &node.data {
        Data::Text { value, .. } if value == "<<" && plain => MERGE.to_owned(),
        Data::Text { value, .. } => value.clone(),
        other => {
            let (shown, hint) = match other {
                Data::Number { text, .. } => (format!("the number {}", excerpt(text)), "; quote it"),
                Data::Bool(value) => (format!("{value}"), "; quote it"),
                Data::Null => ("empty".to_owned(), ""),
                _ => (node.describe(), ""),
            };
            let message = format!("a key must be text, and this one is {shown}{hint}");
            report.add(ProblemCode::KeyNotText, node.at, "", message);
            String::new()
        }
    }
}

fn has_twins(entries: &[Entry]) -> bool {
    const SMALL: usize = 16;
    if entries.len() <= SMALL {
        return entries
            .iter()
            .enumerate()
            .any(|(index, entry)| entries[..index].iter().any(|earlier| earlier.key == entry.key));
    }
    let mut seen = HashSet::with_capacity(entries.len());
    !entries.iter().all(|entry| seen.insert(entry.key.as_str()))
}

fn depth_of(node: &Node) -> usize {
    match &node.data {
        Data::List(items) => 1 + items.iter().map(depth_of).max().unwrap_or(0),
        Data::Map(entries) => {
            1 + entries
                .iter()
                .map(|entry| depth_of(&entry.value))
                .max()
                .unwrap_or(0)
        }
        _ => 0,
    }
}

fn position(span: Span) -> Position {
    Position {
        line: to_u32(span.start.line()),
        column: to_u32(span.start.col() + 1),
    }
}

fn to_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
