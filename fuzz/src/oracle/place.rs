//! Whether a place lies in a text, and whether a message is one.

use super::{Verdict, ensure};

/// The lines of a text, as YAML 1.2 breaks them.
fn lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(end) = rest.find(['\n', '\r']) {
        lines.push(&rest[..end]);
        let length = if rest[end..].starts_with("\r\n") { 2 } else { 1 };
        rest = &rest[end + length..];
    }
    lines.push(rest);
    lines
}

/// A line from 1 and a column from 1, in characters, must be a place in `text` or right behind the end of one of its
/// lines.
///
/// # Errors
/// Where it is not.
pub fn is_inside(text: &str, line: u32, column: u32) -> Verdict {
    let lines = lines(text);
    let found = (line as usize).checked_sub(1).and_then(|index| lines.get(index));
    let Some(found) = found else {
        return Err(format!("line {line} of {} lines", lines.len()));
    };
    let characters = found.chars().count();
    ensure((1..=characters + 1).contains(&(column as usize)), || {
        format!("line {line} has {characters} characters, and the place is column {column}")
    })
}

/// A message must say something, in one line that a terminal can show.
///
/// # Errors
/// Where it is empty, or has control characters.
pub fn is_one_line(message: &str) -> Verdict {
    ensure(!message.trim().is_empty(), || "the message is empty".to_owned())?;
    ensure(!message.contains(char::is_control), || {
        format!("the message has control characters: {message:?}")
    })
}

/// A JSON Pointer as RFC 6901 writes it.
///
/// # Errors
/// Where it is none.
pub fn is_pointer(pointer: &str) -> Verdict {
    ensure(pointer.is_empty() || pointer.starts_with('/'), || {
        format!("the pointer {pointer:?} does not begin with a slash")
    })?;
    let escaped = pointer.split('~').skip(1);
    ensure(escaped.clone().all(|rest| rest.starts_with(['0', '1'])), || {
        format!("the pointer {pointer:?} has a bare ~")
    })
}
