//! Places in the text of a template, as YAML breaks it into lines: at `\n`, `\r\n` and `\r`.

use super::node::Position;

/// Walks the lines of a source once; the numbers that it is asked for only grow.
pub(super) struct Lines<'s> {
    rest: Option<&'s str>,
    number: u32,
    line: &'s str,
}

impl<'s> Lines<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Self {
            rest: Some(source),
            number: 0,
            line: "",
        }
    }

    /// The line of a number, from 1; `None` where there is none. A break at the very end opens one more, empty line.
    pub(super) fn nth(&mut self, number: u32) -> Option<&'s str> {
        while self.number < number {
            let rest = self.rest?;
            let end = rest.find(['\n', '\r']);
            self.line = &rest[..end.unwrap_or(rest.len())];
            self.rest = end.map(|end| {
                let line_break = if rest[end..].starts_with("\r\n") { 2 } else { 1 };
                &rest[end + line_break..]
            });
            self.number += 1;
        }
        (number > 0).then_some(self.line)
    }

    /// The line that was asked for last, or the last there is; none where that is empty and there is nothing behind it.
    pub(super) fn shown(&self) -> Option<&'s str> {
        (self.rest.is_some() || !self.line.is_empty()).then_some(self.line)
    }
}

/// The position behind the last character of `text`.
pub(super) fn end_of(text: &str) -> Position {
    let mut lines = Lines::new(text);
    let mut line = 1;
    while lines.nth(line + 1).is_some() {
        line += 1;
    }
    Position {
        line,
        column: behind(lines.line),
    }
}

/// The column behind the last character of a line.
pub(super) fn behind(line: &str) -> u32 {
    u32::try_from(line.chars().count())
        .unwrap_or(u32::MAX)
        .saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: u32, column: u32) -> Position {
        Position { line, column }
    }

    #[test]
    fn every_break_of_yaml_ends_a_line() {
        let mut lines = Lines::new("a\r\nb\rc\n\nd\n");
        let found: Vec<Option<&str>> = (1..8).map(|number| lines.nth(number)).collect();
        let expected = [
            Some("a"),
            Some("b"),
            Some("c"),
            Some(""),
            Some("d"),
            Some(""),
            None,
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_text_ends_behind_its_last_character() {
        for (text, line, column) in [
            ("", 1, 1),
            ("abc", 1, 4),
            ("a\nü", 2, 2),
            ("a\r\n", 2, 1),
            ("a\rb", 2, 2),
        ] {
            assert_eq!(end_of(text), at(line, column), "{text:?}");
        }
    }
}
