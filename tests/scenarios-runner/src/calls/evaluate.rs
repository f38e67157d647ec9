//! What a scenario expects of executions, held against those that there were.

use super::record::Execution;
use crate::matching;
use crate::scenario::{Gap, StepReference};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Executions, and which tasks the scenario's names stand for.
#[derive(Debug)]
pub struct Evaluation<'a> {
    /// All executions of the run.
    pub executions: &'a [Execution],
    /// Name in the scenario → ids of its tasks.
    pub tasks: &'a BTreeMap<String, Vec<String>>,
    /// Now: the end of what still runs.
    pub now: f64,
}

/// Executions that one name stands for; for the name of several tasks, one such list a task.
type Group<'a> = Vec<&'a Execution>;

impl Evaluation<'_> {
    /// `calls`: the number of executions of `step`.
    pub fn calls(&self, step: &StepReference, expected: &Value) -> Option<String> {
        self.groups(step).iter().find_map(|group| {
            let count = Value::from(group.len());
            matching::difference(&format!("calls.{}", name(step)), expected, &count)
        })
    }

    /// `not_called`: no execution of `step` was started.
    pub fn not_called(&self, step: &StepReference) -> Option<String> {
        let found = self.groups(step).into_iter().flatten().next()?;
        Some(format!(
            "not_called: {} was called: {}",
            name(step),
            found.describe()
        ))
    }

    /// `order`: every end of `left` is before every start of `right`. Of several tasks made by one action, each for itself.
    pub fn order(&self, left: &StepReference, right: &StepReference) -> Option<String> {
        let rule = format!("order: {} < {}", name(left), name(right));
        self.pairs(left, right).into_iter().find_map(|(lefts, rights)| {
            for (step, group) in [(left, &lefts), (right, &rights)] {
                if group.is_empty() {
                    return Some(format!("{rule}: {} was never called", name(step)));
                }
            }
            let first = rights.iter().min_by(|a, b| a.start.total_cmp(&b.start))?;
            lefts.iter().find_map(|execution| match execution.end {
                None => Some(format!("{rule}: {} has not ended", execution.describe())),
                Some(end) if end <= first.start => None,
                Some(end) => Some(format!(
                    "{rule}: {} ended {:.3} s after {} started",
                    execution.describe(),
                    end - first.start,
                    first.describe()
                )),
            })
        })
    }

    /// `overlap`: an execution of `left` and one of `right` ran at the same time.
    pub fn overlap(&self, left: &StepReference, right: &StepReference) -> Option<String> {
        self.pairs(left, right).into_iter().find_map(|(lefts, rights)| {
            if self.overlapping(&lefts, &rights).is_some() {
                return None;
            }
            let (left, right) = (name(left), name(right));
            let ran = format!(
                "{left} ran {}, {right} ran {}",
                self.spans(&lefts),
                self.spans(&rights)
            );
            Some(format!(
                "overlap: no execution of {left} overlapped one of {right}: {ran}"
            ))
        })
    }

    /// `no_overlap`: no execution of `left` and one of `right` ran at the same time.
    pub fn no_overlap(&self, left: &StepReference, right: &StepReference) -> Option<String> {
        self.pairs(left, right).into_iter().find_map(|(lefts, rights)| {
            let (a, b) = self.overlapping(&lefts, &rights)?;
            Some(format!(
                "no_overlap: {} and {} ran at the same time",
                a.describe(),
                b.describe()
            ))
        })
    }

    /// `gaps`: from the end of execution `attempt` of `step` to the start of the next.
    pub fn gap(&self, step: &StepReference, attempt: usize, expected: &Gap) -> Option<String> {
        let place = format!("gaps.{}.after_attempt_{attempt}", name(step));
        self.groups(step).iter().find_map(|group| {
            let nth = |number: usize| group.iter().find(|execution| execution.number == number);
            let (Some(before), Some(after)) = (nth(attempt), nth(attempt + 1)) else {
                return Some(format!("{place}: there were {} executions only", group.len()));
            };
            let Some(end) = before.end else {
                return Some(format!("{place}: {} has not ended", before.describe()));
            };
            let gap = after.start - end;
            let below = expected.min_seconds.is_some_and(|min| gap < min);
            let above = expected.max_seconds.is_some_and(|max| gap > max);
            let bounds = match (expected.min_seconds, expected.max_seconds) {
                (Some(min), Some(max)) => format!("from {min} to {max} s"),
                (Some(min), None) => format!("at least {min} s"),
                (None, Some(max)) => format!("at most {max} s"),
                (None, None) => String::new(),
            };
            (below || above).then(|| format!("{place}: expected {bounds}, got {gap:.3} s"))
        })
    }

    /// The executions of `step`: one list for all tasks together, or one for each task of its name.
    fn groups(&self, step: &StepReference) -> Vec<Group<'_>> {
        let Some(alias) = &step.alias else {
            return vec![self.of(|execution| execution.step == step.step)];
        };
        let ids: BTreeSet<&String> = self.tasks.get(alias).into_iter().flatten().collect();
        let number = step.step.parse::<i32>().ok();
        ids.into_iter()
            .map(|id| {
                self.of(|execution| {
                    let this = execution.step == step.step || Some(execution.step_no) == number;
                    this && execution.task_id == *id
                })
            })
            .collect()
    }

    fn of(&self, wanted: impl Fn(&Execution) -> bool) -> Group<'_> {
        self.executions
            .iter()
            .filter(|execution| wanted(execution))
            .collect()
    }

    /// What to hold against what: task by task where both names are of the same tasks, else everything against everything.
    fn pairs(&self, left: &StepReference, right: &StepReference) -> Vec<(Group<'_>, Group<'_>)> {
        let (lefts, rights) = (self.groups(left), self.groups(right));
        if left.alias.is_some() && left.alias == right.alias {
            return lefts.into_iter().zip(rights).collect();
        }
        vec![(
            lefts.into_iter().flatten().collect(),
            rights.into_iter().flatten().collect(),
        )]
    }

    fn overlapping<'e>(
        &self,
        lefts: &[&'e Execution],
        rights: &[&'e Execution],
    ) -> Option<(&'e Execution, &'e Execution)> {
        let end = |execution: &Execution| execution.end.unwrap_or(self.now);
        let together = |a: &Execution, b: &Execution| a.start < end(b) && b.start < end(a);
        let pairs = lefts.iter().flat_map(|a| rights.iter().map(move |b| (*a, *b)));
        pairs
            .into_iter()
            .find(|(a, b)| !std::ptr::eq(*a, *b) && together(a, b))
    }

    /// `from 0.000 to 1.204 s`, counted from the first execution of the run.
    fn spans(&self, group: &[&Execution]) -> String {
        let zero = self
            .executions
            .iter()
            .map(|execution| execution.start)
            .fold(f64::INFINITY, f64::min);
        let spans = group.iter().map(|execution| match execution.end {
            Some(end) => format!("from {:.3} to {:.3} s", execution.start - zero, end - zero),
            None => format!("from {:.3} s on", execution.start - zero),
        });
        let spans: Vec<String> = spans.collect();
        if spans.is_empty() {
            "never".to_owned()
        } else {
            spans.join(" and ")
        }
    }
}

fn name(step: &StepReference) -> String {
    match &step.alias {
        Some(alias) => format!("{alias}.{}", step.step),
        None => step.step.clone(),
    }
}

#[cfg(test)]
mod tests {
    // A panic is how a test fails.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use serde_json::json;

    fn ran(task: &str, step: &str, number: usize, start: f64, end: Option<f64>) -> Execution {
        let (task_id, step, template) = (task.to_owned(), step.to_owned(), "x".to_owned());
        Execution {
            task_id,
            step_no: 1,
            number,
            template,
            step,
            pid: 1,
            start,
            end,
        }
    }

    fn step(text: &str) -> StepReference {
        match text.split_once('.') {
            Some((alias, step)) => StepReference {
                alias: Some(alias.into()),
                step: step.into(),
            },
            None => StepReference {
                alias: None,
                step: text.into(),
            },
        }
    }

    /// Task `t` is A; the name `many` stands for A and B.
    fn with(executions: &[Execution], check: impl Fn(Evaluation<'_>) -> Option<String>) -> Option<String> {
        let id = |name: &str| name.to_owned();
        let tasks = [(id("t"), vec![id("A")]), (id("many"), vec![id("A"), id("B")])].into();
        check(Evaluation {
            executions,
            tasks: &tasks,
            now: 100.0,
        })
    }

    #[test]
    fn calls_of_a_bare_step_count_all_tasks_and_those_of_a_name_each_task() {
        let two = [
            ran("A", "s", 1, 1.0, None),
            ran("B", "s", 1, 2.0, None),
            ran("B", "s", 2, 3.0, None),
        ];
        assert_eq!(with(&two, |e| e.calls(&step("s"), &json!(3))), None);
        assert_eq!(with(&two, |e| e.calls(&step("t.s"), &json!(1))), None);
        assert_eq!(with(&two, |e| e.calls(&step("s"), &json!({"min": 2}))), None);
        let text = with(&two, |e| e.calls(&step("many.s"), &json!(1))).unwrap();
        assert_eq!(text, "calls.many.s: expected 1, got 2");
        assert!(with(&two, |e| e.calls(&step("other"), &json!(0))).is_none());
    }

    #[test]
    fn not_called_tells_the_call_that_there_was() {
        let one = [ran("A", "s", 1, 1.0, None)];
        assert_eq!(with(&one, |e| e.not_called(&step("other"))), None);
        let text = with(&one, |e| e.not_called(&step("t.s"))).unwrap();
        assert_eq!(text, "not_called: t.s was called: s of task A, execution 1");
    }

    #[test]
    fn order_holds_every_end_of_the_left_against_every_start_of_the_right() {
        let good = [ran("A", "a", 1, 1.0, Some(2.0)), ran("A", "b", 1, 2.0, None)];
        assert_eq!(with(&good, |e| e.order(&step("a"), &step("b"))), None);
        let late = [
            ran("A", "a", 1, 1.0, Some(2.0)),
            ran("A", "a", 2, 3.0, Some(4.0)),
            ran("A", "b", 1, 3.5, None),
        ];
        let text = with(&late, |e| e.order(&step("a"), &step("b"))).unwrap();
        assert!(
            text.contains("a of task A, execution 2 ended 0.500 s after b of task A"),
            "{text}"
        );
        let open = [ran("A", "a", 1, 1.0, None), ran("A", "b", 1, 3.5, None)];
        assert!(
            with(&open, |e| e.order(&step("a"), &step("b")))
                .unwrap()
                .contains("has not ended")
        );
    }

    #[test]
    fn order_between_steps_that_were_never_called_is_not_silently_true() {
        let only = [ran("A", "a", 1, 1.0, Some(2.0))];
        assert!(
            with(&only, |e| e.order(&step("a"), &step("b")))
                .unwrap()
                .contains("b was never called")
        );
        assert!(
            with(&only, |e| e.order(&step("b"), &step("a")))
                .unwrap()
                .contains("b was never called")
        );
    }

    #[test]
    fn order_of_several_tasks_of_one_name_is_task_by_task_and_of_bare_names_all_together() {
        let side_by_side = [
            ran("A", "a", 1, 1.0, Some(2.0)),
            ran("A", "b", 1, 2.5, Some(3.0)),
            ran("B", "a", 1, 4.0, Some(5.0)),
            ran("B", "b", 1, 5.5, Some(6.0)),
        ];
        assert_eq!(
            with(&side_by_side, |e| e.order(&step("many.a"), &step("many.b"))),
            None
        );
        assert!(with(&side_by_side, |e| e.order(&step("a"), &step("b"))).is_some());
        assert!(with(&side_by_side, |e| e.order(&step("t.a"), &step("many.b"))).is_none());
        assert!(with(&side_by_side, |e| e.order(&step("many.a"), &step("t.b"))).is_some());
    }

    #[test]
    fn overlap_needs_two_executions_that_share_an_instant() {
        let apart = [ran("A", "a", 1, 1.0, Some(2.0)), ran("A", "b", 1, 2.0, Some(3.0))];
        let text = with(&apart, |e| e.overlap(&step("a"), &step("b"))).unwrap();
        assert!(
            text.contains("a ran from 0.000 to 1.000 s, b ran from 1.000 to 2.000 s"),
            "{text}"
        );
        assert_eq!(with(&apart, |e| e.no_overlap(&step("a"), &step("b"))), None);
        let together = [ran("A", "a", 1, 1.0, None), ran("A", "b", 1, 2.0, Some(3.0))];
        assert_eq!(with(&together, |e| e.overlap(&step("a"), &step("b"))), None);
        let text = with(&together, |e| e.no_overlap(&step("a"), &step("b"))).unwrap();
        assert!(text.contains("ran at the same time"), "{text}");
        assert!(
            with(&apart, |e| e.overlap(&step("a"), &step("c")))
                .unwrap()
                .contains("c ran never")
        );
    }

    #[test]
    fn an_execution_does_not_overlap_itself_but_two_of_one_step_may() {
        let one = [ran("A", "a", 1, 1.0, Some(2.0))];
        assert!(with(&one, |e| e.overlap(&step("a"), &step("a"))).is_some());
        assert_eq!(with(&one, |e| e.no_overlap(&step("a"), &step("a"))), None);
        let two = [ran("A", "a", 1, 1.0, Some(2.0)), ran("B", "a", 1, 1.5, Some(2.5))];
        assert_eq!(with(&two, |e| e.overlap(&step("a"), &step("a"))), None);
        assert!(with(&two, |e| e.no_overlap(&step("a"), &step("a"))).is_some());
    }

    #[test]
    fn gaps_are_from_the_end_of_an_execution_to_the_start_of_the_next() {
        let twice = [ran("A", "a", 1, 1.0, Some(2.0)), ran("A", "a", 2, 3.5, None)];
        let gap = |min, max| Gap {
            min_seconds: min,
            max_seconds: max,
        };
        assert_eq!(
            with(&twice, |e| e.gap(&step("t.a"), 1, &gap(Some(1.4), Some(1.6)))),
            None
        );
        let text = with(&twice, |e| e.gap(&step("t.a"), 1, &gap(Some(2.0), None))).unwrap();
        assert_eq!(
            text,
            "gaps.t.a.after_attempt_1: expected at least 2 s, got 1.500 s"
        );
        let text = with(&twice, |e| e.gap(&step("t.a"), 1, &gap(Some(0.0), Some(1.0)))).unwrap();
        assert_eq!(
            text,
            "gaps.t.a.after_attempt_1: expected from 0 to 1 s, got 1.500 s"
        );
        let text = with(&twice, |e| e.gap(&step("t.a"), 2, &gap(None, Some(1.0)))).unwrap();
        assert_eq!(text, "gaps.t.a.after_attempt_2: there were 2 executions only");
    }
}
