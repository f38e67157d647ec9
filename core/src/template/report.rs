//! Gathers the problems of one template, so that all of them are told at once.

use super::node::{Position, one_line};
use super::place::{Lines, behind, end_of};
use super::problem::{Excerpt, Problem, ProblemCode, TemplateErrors};
use super::{ParseOptions, Warning};
use std::cell::LazyCell;

/// More than this many problems are counted, not listed.
const LISTED: usize = 100;
/// Comparisons that looking for suggestions may cost in all: templates can have 100,000 steps, and as many mistakes.
const COMPARISONS: usize = 1_000_000;

/// The problems found so far.
pub(super) struct Report {
    file: String,
    problems: Vec<Problem>,
    omitted: usize,
    warnings: Vec<Warning>,
    comparisons_left: usize,
}

impl Report {
    pub(super) fn new(options: &ParseOptions<'_>) -> Self {
        let file = options.file.clone().unwrap_or_else(|| "template".to_owned());
        Self {
            file,
            problems: Vec::new(),
            omitted: 0,
            warnings: Vec::new(),
            comparisons_left: COMPARISONS,
        }
    }

    /// Adds a problem, and gives it back for what else is known about it.
    pub(super) fn add(
        &mut self,
        code: ProblemCode,
        at: Position,
        path: impl Into<String>,
        message: impl Into<String>,
    ) -> Added<'_> {
        if self.problems.len() >= LISTED {
            self.omitted += 1;
            return Added(None);
        }
        self.problems.push(Problem {
            code,
            message: one_line(message.into()),
            file: self.file.clone(),
            line: at.line,
            column: at.column,
            path: path.into(),
            offending: None,
            suggestion: None,
            excerpt: None,
        });
        Added(self.problems.last_mut())
    }

    pub(super) fn warn(&mut self, at: Position, message: &str) {
        let place = if at.line == 0 {
            String::new()
        } else {
            format!(":{}:{}", at.line, at.column)
        };
        self.warnings.push(Warning {
            message: format!("{}{place}: {message}", self.file),
        });
    }

    /// Whether something was said about this very place already.
    /// A template that came as JSON has no places (line 0): nothing there is at the same one.
    pub(super) fn has_problem_at(&self, at: Position) -> bool {
        at.line > 0
            && self
                .problems
                .iter()
                .any(|problem| (problem.line, problem.column) == (at.line, at.column))
    }

    pub(super) fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    pub(super) fn take_warnings(&mut self) -> Vec<Warning> {
        std::mem::take(&mut self.warnings)
    }

    /// The candidate that `text` was probably meant to be; of equally near ones the first by the alphabet.
    pub(super) fn closest<'c>(
        &mut self,
        text: &str,
        candidates: impl Iterator<Item = &'c str>,
    ) -> Option<&'c str> {
        const LONGEST_COMPARED: usize = 200;
        if self.problems.len() >= LISTED || text.len() > LONGEST_COMPARED {
            return None;
        }
        let allowed = ((text.chars().count() + 1) / 3).min(4);
        let mut best: Option<(usize, &'c str)> = None;
        for candidate in candidates {
            if candidate.len().abs_diff(text.len()) > 4 * allowed || candidate.len() > LONGEST_COMPARED {
                continue;
            }
            self.comparisons_left = self.comparisons_left.checked_sub(1)?;
            let distance = strsim::damerau_levenshtein(text, candidate);
            if distance <= allowed && best.is_none_or(|best| (distance, candidate) < best) {
                best = Some((distance, candidate));
            }
        }
        best.map(|(_, candidate)| candidate)
    }

    /// The problems in the order of the source, each with its line of `source`. The parser sees a line break behind the
    /// last line and tells places behind it: those become the end of the text.
    pub(super) fn into_errors(mut self, source: &str) -> TemplateErrors {
        self.problems
            .sort_by_key(|problem| (problem.line, problem.column));
        let mut lines = Lines::new(source);
        let end = LazyCell::new(|| end_of(source));
        for problem in self.problems.iter_mut().filter(|problem| problem.line > 0) {
            match lines.nth(problem.line) {
                Some(line) => problem.column = problem.column.clamp(1, behind(line)),
                None => (problem.line, problem.column) = (end.line, end.column),
            }
            problem.excerpt = lines.shown().map(|line| excerpt(line, problem.column));
        }
        TemplateErrors {
            problems: self.problems,
            omitted: self.omitted,
        }
    }
}

/// A problem that was just added; nothing where it was only counted.
pub(super) struct Added<'r>(Option<&'r mut Problem>);

impl Added<'_> {
    pub(super) fn offending(self, text: impl Into<String>) -> Self {
        if let Some(problem) = self.0 {
            problem.offending = Some(super::node::excerpt(&text.into()));
            return Added(Some(problem));
        }
        self
    }

    pub(super) fn suggest(self, suggestion: Option<impl Into<String>>) -> Self {
        if let Some(problem) = self.0 {
            problem.suggestion = suggestion.map(|text| one_line(text.into()));
            return Added(Some(problem));
        }
        self
    }
}

/// The part of a line round a column; tabs and the like become one space each, so that the caret fits.
fn excerpt(line: &str, column: u32) -> Excerpt {
    const WIDTH: usize = 100;
    const BEFORE: usize = 60;
    let column = (column.max(1) - 1) as usize;
    let start = column.saturating_sub(BEFORE);
    let tame = |character: char| if character.is_control() { ' ' } else { character };
    let text: String = line.chars().skip(start).take(WIDTH).map(tame).collect();
    Excerpt {
        text: text.trim_end().to_owned(),
        caret: column - start,
    }
}
