//! Reads the marks that workers leave of what they ran.

use crate::script::Mark;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::path::Path;

/// One execution of a step's handler. Times are seconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub struct Execution {
    /// The task.
    pub task_id: String,
    /// The step's number.
    pub step_no: i32,
    /// Which execution of this step of this task: 1, 2, ….
    pub number: usize,
    /// The name of the template, empty where the worker died before it could say.
    pub template: String,
    /// The name of the step, empty where the worker died before it could say.
    pub step: String,
    /// The process, 0 where it died before it could say.
    pub pid: u32,
    /// When the handler was called.
    pub start: f64,
    /// When it ended: returned, failed, was cancelled, or its process died. None while it runs.
    pub end: Option<f64>,
}

impl Execution {
    /// `charge of task 0192…, execution 2`.
    pub fn describe(&self) -> String {
        format!(
            "{} of task {}, execution {}",
            self.step, self.task_id, self.number
        )
    }
}

/// Every execution marked in `directory`, by start. `deaths` says when processes ended that are gone.
///
/// # Errors
/// The directory or a file in it cannot be read.
pub fn read(directory: &Path, deaths: &BTreeMap<u32, f64>) -> Result<Vec<Execution>> {
    let mut executions = Vec::new();
    let entries =
        std::fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))?;
    for entry in entries {
        let path = entry?.path();
        let Some((task_id, step_no, number)) =
            path.file_name().and_then(|name| name.to_str()).and_then(started)
        else {
            continue;
        };
        let start = mark(&path)?;
        let written = modified(&path)?;
        let end_path = path.with_extension("end");
        let pid = start.as_ref().map_or(0, |mark| mark.pid);
        let end = match end_path.exists() {
            true => Some(mark(&end_path)?.map_or(written, |mark| mark.at)),
            false if pid == 0 => Some(written),
            false => deaths.get(&pid).copied(),
        };
        executions.push(Execution {
            task_id,
            step_no,
            number,
            pid,
            start: start.as_ref().map_or(written, |mark| mark.at),
            template: start
                .as_ref()
                .map_or_else(String::new, |mark| mark.template.clone()),
            step: start.map_or_else(String::new, |mark| mark.step),
            end,
        });
    }
    name_the_unnamed(&mut executions);
    executions.sort_by(|left, right| left.start.total_cmp(&right.start));
    Ok(executions)
}

/// `TASK.STEP_NO.EXECUTION.start`.
fn started(name: &str) -> Option<(String, i32, usize)> {
    let mut parts = name.strip_suffix(".start")?.split('.');
    let found = (
        parts.next()?.to_owned(),
        parts.next()?.parse().ok()?,
        parts.next()?.parse().ok()?,
    );
    parts.next().is_none().then_some(found)
}

/// What stands in a mark; none where its process died between making the file and writing it.
fn mark(path: &Path) -> Result<Option<Mark>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(serde_json::from_str(&text).ok())
}

fn modified(path: &Path) -> Result<f64> {
    let since = std::fs::metadata(path)?
        .modified()?
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    Ok(since.as_secs_f64())
}

/// A mark that was cut off is named like another execution of the same step of the same task, where there is one.
fn name_the_unnamed(executions: &mut [Execution]) {
    let named: BTreeMap<(String, i32), (String, String)> = executions
        .iter()
        .filter(|execution| !execution.step.is_empty())
        .map(|execution| {
            let key = (execution.task_id.clone(), execution.step_no);
            (key, (execution.template.clone(), execution.step.clone()))
        })
        .collect();
    for execution in executions
        .iter_mut()
        .filter(|execution| execution.step.is_empty())
    {
        if let Some((template, step)) = named.get(&(execution.task_id.clone(), execution.step_no)) {
            execution.template.clone_from(template);
            execution.step.clone_from(step);
        }
    }
}

#[cfg(test)]
mod tests {
    // A panic is how a test fails.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn write(directory: &Path, name: &str, text: &str) {
        std::fs::write(directory.join(name), text).unwrap();
    }

    #[test]
    fn marks_become_executions_in_the_order_of_their_start() {
        let directory = tempfile::tempdir().unwrap();
        let at = directory.path();
        write(
            at,
            "a.1.2.start",
            r#"{"template":"t","step":"s","at":20.5,"pid":7}"#,
        );
        write(
            at,
            "a.1.1.start",
            r#"{"template":"t","step":"s","at":10.5,"pid":6}"#,
        );
        write(
            at,
            "a.1.1.end",
            r#"{"template":"t","step":"s","at":11.5,"pid":6}"#,
        );
        write(at, "other", "");
        let found = read(at, &BTreeMap::new()).unwrap();
        let short: Vec<_> = found.iter().map(|e| (e.number, e.start, e.end, e.pid)).collect();
        assert_eq!(short, [(1, 10.5, Some(11.5), 6), (2, 20.5, None, 7)]);
    }

    #[test]
    fn an_execution_without_an_end_ended_when_its_process_died() {
        let directory = tempfile::tempdir().unwrap();
        write(
            directory.path(),
            "a.1.1.start",
            r#"{"template":"t","step":"s","at":10.5,"pid":6}"#,
        );
        assert_eq!(
            read(directory.path(), &[(6, 12.0)].into()).unwrap()[0].end,
            Some(12.0)
        );
    }

    #[test]
    fn a_mark_that_was_cut_off_still_counts_and_is_named_by_its_siblings() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), "a.1.1.start", "");
        write(
            directory.path(),
            "a.1.2.start",
            r#"{"template":"t","step":"s","at":1e12,"pid":6}"#,
        );
        let found = read(directory.path(), &BTreeMap::new()).unwrap();
        assert_eq!((found[0].step.as_str(), found[0].end.is_some()), ("s", true));
    }
}
