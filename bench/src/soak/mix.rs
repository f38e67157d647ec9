//! The tasks of a soak: what an application has, evenly mixed.

use crate::room::request_for;
use crate::workload::HANDLER;
use serde_json::json;
use tasker_core::handler::{HandlerError, Registry, Step};
use tasker_core::model::TaskRequest;

/// Fails once, and does its work when it is tried again.
const FLAKY: &str = "bench.flaky";
/// Fails for good.
const DOOMED: &str = "bench.doomed";
/// Asks to be tried again much later; its task is cancelled in the meantime.
const LATER: &str = "bench.later";

/// A kind of task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Five steps in sequence.
    Chain,
    /// A → B, C → D.
    Diamond,
    /// Three steps, the second of which fails once.
    Flaky,
    /// The first of two steps fails for good.
    Doomed,
    /// The first of two steps waits for a retry when the task is cancelled.
    Cancelled,
}

impl Kind {
    pub(super) const ALL: [Kind; 5] = [
        Kind::Chain,
        Kind::Diamond,
        Kind::Flaky,
        Kind::Doomed,
        Kind::Cancelled,
    ];

    /// The kind of the task with this number: of a hundred in a row so many of each, evenly spread.
    pub(super) fn of(number: u64) -> Self {
        // 37 and 100 have no common divisor: every place is met once in a hundred.
        match number * 37 % 100 {
            0..45 => Kind::Chain,
            45..87 => Kind::Diamond,
            87..97 => Kind::Flaky,
            97..99 => Kind::Cancelled,
            _ => Kind::Doomed,
        }
    }

    /// How often a handler is called for such a task.
    pub(super) const fn executions(self) -> u64 {
        match self {
            Kind::Chain => 5,
            Kind::Diamond | Kind::Flaky => 4,
            Kind::Doomed | Kind::Cancelled => 1,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Kind::Chain => "chain",
            Kind::Diamond => "diamond",
            Kind::Flaky => "flaky",
            Kind::Doomed => "doomed",
            Kind::Cancelled => "cancelled",
        }
    }

    /// The template, as a user would write it.
    pub(super) fn template(self) -> String {
        let steps: &[(&str, &str, &str)] = match self {
            Kind::Chain => &[
                ("a", HANDLER, ""),
                ("b", HANDLER, "a"),
                ("c", HANDLER, "b"),
                ("d", HANDLER, "c"),
                ("e", HANDLER, "d"),
            ],
            Kind::Diamond => &[
                ("a", HANDLER, ""),
                ("b", HANDLER, "a"),
                ("c", HANDLER, "a"),
                ("d", HANDLER, "b, c"),
            ],
            Kind::Flaky => &[("a", HANDLER, ""), ("b", FLAKY, "a"), ("c", HANDLER, "b")],
            Kind::Doomed => &[("a", DOOMED, ""), ("b", HANDLER, "a")],
            Kind::Cancelled => &[("a", LATER, ""), ("b", HANDLER, "a")],
        };
        let steps: Vec<String> = steps
            .iter()
            .map(|(name, handler, parents)| {
                format!(
                    "  - {{name: {name}, handler: {handler}, depends_on_steps: [{parents}], \
                     retry: {{strategy: constant, base_seconds: 0.2}}}}"
                )
            })
            .collect();
        format!(
            "name: {}\nnamespace_name: bench\nversion: 1.0.0\nstep_templates:\n{}\n",
            self.name(),
            steps.join("\n")
        )
    }

    /// A request for the task with this number.
    pub(super) fn request(self, number: u64) -> TaskRequest {
        request_for(self.name(), number, 0)
    }
}

/// How often a handler is called for a task, on average.
#[allow(clippy::cast_precision_loss)] // a handful
pub(super) fn executions_per_task() -> f64 {
    (0..100).map(|number| Kind::of(number).executions()).sum::<u64>() as f64 / 100.0
}

/// The handlers of a worker of a soak, beside the one of every workload.
pub(crate) fn soak_handlers(registry: &mut Registry, called: impl Fn() + Clone + Send + Sync + 'static) {
    let counted = called.clone();
    registry.handler(FLAKY, move |step: Step| {
        counted();
        async move {
            if step.attempt() == 1 {
                return Err(HandlerError::retryable("the first attempt fails"));
            }
            Ok(json!({"ok": true}))
        }
    });
    let counted = called.clone();
    registry.handler(DOOMED, move |_: Step| {
        counted();
        async { Err::<(), _>(HandlerError::permanent("it can never work")) }
    });
    registry.handler(LATER, move |_: Step| {
        called();
        async { Err::<(), _>(HandlerError::retryable("not now").retry_after(3600.0)) }
    });
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use tasker_core::template::{ParseOptions, Template};

    #[test]
    fn every_template_is_valid_and_may_be_tried_again() {
        for kind in Kind::ALL {
            let template = Template::parse(&kind.template(), &ParseOptions::default()).unwrap();
            assert_eq!(template.name, kind.name());
        }
    }

    #[test]
    fn of_a_hundred_tasks_most_are_chains_and_diamonds_and_each_kind_is_there() {
        let count = |kind| (300..400).filter(|number| Kind::of(*number) == kind).count();
        assert_eq!(Kind::ALL.map(count), [45, 42, 10, 1, 2]);
        assert!((executions_per_task() - 4.36).abs() < 1e-9);
        // Evenly: no ten in a row are of one kind.
        let kinds: Vec<Kind> = (0..100).map(Kind::of).collect();
        assert!(
            kinds
                .windows(10)
                .all(|some| some.iter().any(|kind| *kind != some[0]))
        );
    }
}
