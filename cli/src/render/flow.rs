//! The steps of a task as a flow from top to bottom: one line a step, steps of the same level bracketed.
//!
//! Any graph can be drawn so, because a step's level (the longest way from a root) always lies below those of its
//! parents. Where a step does not simply wait for the whole level above it, its parents are named.

use super::look::rail;
use super::time::{duration, until};
use super::{Look, glyph};
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::collections::HashMap;
use tasker_core::graph::Graph;
use tasker_core::model::{State, Step, StepNo};

/// What to draw, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flow {
    /// The time to measure from.
    pub(crate) now: DateTime<Utc>,
    /// The most lines to use; wide levels are then summed up.
    pub(crate) lines: Option<usize>,
}

/// The lines of the picture, cut to the width of the terminal.
pub(crate) fn flow(steps: &[Step], options: Flow, look: &Look) -> Vec<String> {
    let levels = levels(steps);
    let names = Names(
        steps
            .iter()
            .map(|step| (step.workflow_step_id, step.name.as_str()))
            .collect(),
    );
    let most = options.lines.unwrap_or(usize::MAX).max(1);
    let mut rows = Vec::new();
    let all: usize = levels.iter().map(Vec::len).sum();
    for (index, level) in levels.iter().enumerate() {
        let above = index.checked_sub(1).and_then(|above| levels.get(above));
        // A level that is summed up still shows the steps that need somebody's eye.
        if all > most && level.len() > 3 {
            rows.push(Row::summary(level, look));
            rows.extend(
                level
                    .iter()
                    .filter(|step| step.status == State::Error)
                    .take(3)
                    .map(|step| Row::of(step, "└─", note_of(step, above, &names), options, look)),
            );
        } else {
            rows.extend(level.iter().enumerate().map(|(place, step)| {
                Row::of(
                    step,
                    rail(place, level.len()),
                    note_of(step, above, &names),
                    options,
                    look,
                )
            }));
        }
    }
    let rows = fit(rows, most, look);
    align(&rows, look)
}

/// Steps by level, each level in the order of the template.
fn levels(steps: &[Step]) -> Vec<Vec<&Step>> {
    let index: HashMap<StepNo, usize> = steps
        .iter()
        .enumerate()
        .map(|(index, step)| (step.workflow_step_id, index))
        .collect();
    let parents = |step: &Step| {
        step.parents_ids
            .iter()
            .filter_map(|parent| index.get(parent).copied())
            .collect()
    };
    // A stored task has no cycle; if the database says otherwise, all steps on one level is still a picture.
    let level_of = Graph::from_parents(steps.iter().map(parents).collect())
        .shape()
        .map_or_else(|_| vec![0; steps.len()], |shape| shape.levels);
    let depth = level_of.iter().max().map_or(0, |deepest| deepest + 1);
    let mut levels = vec![Vec::new(); depth];
    for (step, level) in steps.iter().zip(level_of) {
        if let Some(level) = levels.get_mut(level) {
            level.push(step);
        }
    }
    levels
}

/// One line before alignment: the plain text gives the width, the painted one is shown.
struct Row {
    cells: [(String, String); 4],
    settled: bool,
}

impl Row {
    fn of(step: &Step, connector: &str, note: String, options: Flow, look: &Look) -> Self {
        let waiting = step.next_retry_at.is_some();
        let mark = glyph(step.status, waiting);
        let name = (
            format!("{connector}{mark} {}", step.name),
            format!(
                "{}{} {}",
                look.dim(connector),
                look.state(step.status, waiting, mark),
                step.name
            ),
        );
        let attempts = if step.attempts == 0 {
            String::new()
        } else {
            format!("{}/{}", step.attempts, step.retry_limit)
        };
        let painted_attempts = if step.attempts > 1 {
            look.warn(&attempts)
        } else {
            look.dim(&attempts)
        };
        let time = time_of(step, options.now);
        let painted_time = look.state(step.status, waiting, &time);
        let painted_note = if step.status == State::Error && !waiting {
            look.bad(&note)
        } else {
            look.dim(&note)
        };
        Self {
            cells: [
                name,
                (attempts, painted_attempts),
                (time, painted_time),
                (note, painted_note),
            ],
            settled: step.processed,
        }
    }

    fn summary(level: &[&Step], look: &Look) -> Self {
        let mut counts: Vec<(State, usize)> = Vec::new();
        for step in level {
            match counts.iter_mut().find(|(state, _)| *state == step.status) {
                Some((_, count)) => *count += 1,
                None => counts.push((step.status, 1)),
            }
        }
        counts.sort();
        let words: Vec<String> = counts
            .iter()
            .map(|(state, count)| format!("{count} {state}"))
            .collect();
        let plain = format!("≡ {} steps: {}", level.len(), words.join(", "));
        Self {
            cells: [
                (String::new(), String::new()),
                Default::default(),
                Default::default(),
                (plain.clone(), look.bold(&plain)),
            ],
            settled: level.iter().all(|step| step.processed),
        }
    }

    fn plain(text: String, look: &Look) -> Self {
        let painted = look.dim(&text);
        Self {
            cells: [
                Default::default(),
                Default::default(),
                Default::default(),
                (text, painted),
            ],
            settled: false,
        }
    }

    /// A row without a name is one text from the left edge.
    fn is_text(&self) -> bool {
        self.cells[0].0.is_empty()
    }
}

fn time_of(step: &Step, now: DateTime<Utc>) -> String {
    match (
        step.status,
        step.last_attempted_at,
        step.processed_at,
        step.next_retry_at,
    ) {
        (State::InProgress, Some(since), ..) => format!("{} …", duration(now - since)),
        (State::Complete, Some(since), Some(end), _) => duration(end - since),
        (State::Error, _, _, Some(at)) => format!("retry {}", until(at, now)),
        (State::Error, ..) => "failed".to_owned(),
        (State::Cancelled, ..) => "cancelled".to_owned(),
        (State::ResolvedManually, ..) => "resolved".to_owned(),
        (State::Pending, ..) if step.paused => "paused".to_owned(),
        _ => String::new(),
    }
}

/// The names of the steps by their number.
struct Names<'a>(HashMap<StepNo, &'a str>);

impl Names<'_> {
    /// A few of them, separated by commas.
    fn list(&self, steps: &[StepNo]) -> String {
        let shown: Vec<&str> = steps
            .iter()
            .take(4)
            .filter_map(|number| self.0.get(number).copied())
            .collect();
        let more = if steps.len() > 4 {
            format!(" and {} more", steps.len() - 4)
        } else {
            String::new()
        };
        format!("{}{more}", shown.join(", "))
    }
}

/// The last failure while it matters, else what the step waits for where the picture does not show it.
fn note_of(step: &Step, above: Option<&Vec<&Step>>, names: &Names<'_>) -> String {
    if !step.processed
        && let Some(failure) = last_failure(&step.results)
    {
        return failure;
    }
    if step.status != State::Pending || step.parents_ids.is_empty() {
        return String::new();
    }
    let above: Vec<StepNo> = above
        .into_iter()
        .flatten()
        .map(|step| step.workflow_step_id)
        .collect();
    if step.parents_ids == above {
        return String::new();
    }
    format!("after {}", names.list(&step.parents_ids))
}

/// `code: message` of a failure that is kept in the results of a step; one line.
pub(super) fn last_failure(results: &Value) -> Option<String> {
    // A failure has a verdict and an attempt; a handler's own results rarely have both beside `error`.
    results.get("retryable")?.as_bool()?;
    results.get("attempt")?.as_i64()?;
    let message = results
        .get("error")?
        .as_str()?
        .lines()
        .next()
        .unwrap_or_default()
        .trim();
    let label = results
        .get("error_code")
        .and_then(Value::as_str)
        .filter(|code| !code.is_empty());
    Some(match label {
        Some(label) => format!("{label}: {message}"),
        None => message.to_owned(),
    })
}

/// Leaves out what has ended, from the top, until the rest fits; then the bottom.
fn fit(mut rows: Vec<Row>, most: usize, look: &Look) -> Vec<Row> {
    if rows.len() <= most {
        return rows;
    }
    let surplus = rows.len() - most + 1;
    let settled = rows.iter().take_while(|row| row.settled).count().min(surplus);
    if settled > 0 {
        rows.drain(..settled);
        rows.insert(0, Row::plain(format!("⋮ {settled} lines above have ended"), look));
    }
    if rows.len() > most {
        let left = rows.len() - most + 1;
        rows.truncate(most - 1);
        rows.push(Row::plain(format!("⋮ {left} more lines"), look));
    }
    rows
}

fn width_of(text: &str) -> usize {
    // Glyphs, rails and names are one column each; what is wider only shifts its own line.
    text.chars().count()
}

fn align(rows: &[Row], look: &Look) -> Vec<String> {
    let width = |column: usize| {
        rows.iter()
            .filter(|row| !row.is_text())
            .map(|row| width_of(&row.cells[column].0))
            .max()
            .unwrap_or(0)
    };
    let widths = [width(0), width(1), width(2)];
    rows.iter().map(|row| line(row, &widths, look)).collect()
}

fn line(row: &Row, widths: &[usize; 3], look: &Look) -> String {
    let mut text = String::new();
    let mut used = 0;
    if !row.is_text() {
        for (column, width) in widths.iter().enumerate().filter(|(_, width)| **width > 0) {
            let (plain, painted) = &row.cells[column];
            let gap = " ".repeat(width - width_of(plain) + 2);
            text.push_str(painted);
            text.push_str(&gap);
            used += width + 2;
        }
    }
    let (plain, painted) = &row.cells[3];
    match look.width {
        Some(most) if used + width_of(plain) > most => {
            let room = most.saturating_sub(used + 1);
            let cut: String = plain.chars().take(room).collect();
            if room > 0 {
                text.push_str(&look.dim(&format!("{cut}…")));
            }
        }
        _ => text.push_str(painted),
    }
    text.trim_end().to_owned()
}
