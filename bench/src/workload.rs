//! The workloads: their names, sizes and templates.

use std::fmt::{self, Write};
use std::str::FromStr;

/// The one handler of every workload.
pub(crate) const HANDLER: &str = "bench.noop";
/// The name of the template of every workload.
pub(crate) const TASK_NAME: &str = "bench";

/// A kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Workload {
    /// Tasks of steps in sequence.
    Linear,
    /// A → B, C → D.
    Diamond,
    /// Root → many parallel steps → join.
    Fanout,
    /// Tasks of one step.
    Jobs,
    /// One task after the other on an idle engine.
    Latency,
    /// Claims of one handler beside what waits for others and what is finished, and the same on empty tables.
    Backlog,
    /// Layered tasks of ten steps, a hundred, and so on.
    #[serde(rename = "graph-size")]
    GraphSize,
    /// Creation only.
    Create,
    /// Many tasks in one process, whose memory is looked at.
    Memory,
    /// Lists by two filters, and single tasks shown, over HTTP, beside a history.
    Lists,
    /// Creation over HTTP, beside the engine alone.
    Http,
}

impl Workload {
    /// Every workload.
    pub const ALL: [Workload; 11] = [
        Workload::Linear,
        Workload::Diamond,
        Workload::Fanout,
        Workload::Jobs,
        Workload::Latency,
        Workload::Backlog,
        Workload::GraphSize,
        Workload::Create,
        Workload::Memory,
        Workload::Lists,
        Workload::Http,
    ];

    /// Its name on the command line and in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Workload::Linear => "linear",
            Workload::Diamond => "diamond",
            Workload::Fanout => "fanout",
            Workload::Jobs => "jobs",
            Workload::Latency => "latency",
            Workload::Backlog => "backlog",
            Workload::GraphSize => "graph-size",
            Workload::Create => "create",
            Workload::Memory => "memory",
            Workload::Lists => "lists",
            Workload::Http => "http",
        }
    }

    pub(crate) const fn default_tasks(self) -> u64 {
        match self {
            Workload::Linear | Workload::Diamond => 4_000,
            Workload::Fanout => 1,
            Workload::Jobs | Workload::Http => 20_000,
            Workload::Latency => 200,
            Workload::Backlog => 2_000,
            Workload::GraphSize => 1,
            Workload::Create | Workload::Memory | Workload::Lists => 100_000,
        }
    }

    /// Whether its tasks may have any number of steps.
    pub const fn has_any_length(self) -> bool {
        !matches!(self, Workload::Diamond | Workload::Jobs | Workload::Backlog)
    }

    /// Whether it runs as much as it can at once, so that hand-written SQL can be compared with it.
    pub(crate) const fn is_throughput(self) -> bool {
        matches!(
            self,
            Workload::Linear | Workload::Diamond | Workload::Fanout | Workload::Jobs
        )
    }

    /// Whether the number of its tasks may be chosen.
    pub const fn has_any_number(self) -> bool {
        !matches!(self, Workload::GraphSize)
    }

    pub(crate) fn steps_per_task(self, asked: Option<u32>) -> u32 {
        match self {
            Workload::Linear | Workload::Latency | Workload::Create | Workload::Memory => asked.unwrap_or(5),
            Workload::Lists => asked.unwrap_or(7),
            Workload::Diamond => 4,
            Workload::Jobs | Workload::Backlog => 1,
            Workload::Http => asked.unwrap_or(1),
            Workload::GraphSize => asked.unwrap_or(100_000),
            // Root and join come on top of the parallel ones.
            Workload::Fanout => asked.unwrap_or(2_000).saturating_add(2),
        }
    }

    /// The template, as a user would write it.
    pub(crate) fn template(self, steps: u32) -> String {
        let mut text = format!("name: {TASK_NAME}\nnamespace_name: bench\nversion: 1.0.0\nstep_templates:\n");
        let mut step = |name: &str, parents: &[String]| {
            let parents = parents.join(", ");
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "  - {{name: {name}, handler: {HANDLER}, depends_on_steps: [{parents}]}}"
            );
        };
        match self {
            Workload::Linear
            | Workload::Latency
            | Workload::Create
            | Workload::Jobs
            | Workload::Backlog
            | Workload::Memory
            | Workload::Lists
            | Workload::Http => {
                for number in 1..=steps {
                    let parents = if number == 1 {
                        vec![]
                    } else {
                        vec![format!("step_{}", number - 1)]
                    };
                    step(&format!("step_{number}"), &parents);
                }
            }
            Workload::Diamond => {
                step("a", &[]);
                step("b", &["a".to_owned()]);
                step("c", &["a".to_owned()]);
                step("d", &["b".to_owned(), "c".to_owned()]);
            }
            Workload::Fanout => {
                let parallel: Vec<String> = (1..=steps.saturating_sub(2))
                    .map(|number| format!("p_{number}"))
                    .collect();
                step("root", &[]);
                for name in &parallel {
                    step(name, &["root".to_owned()]);
                }
                step("join", &parallel);
            }
            Workload::GraphSize => {
                // As many layers as a layer has steps; each step waits for two of the layer before.
                let width = steps.isqrt().max(1);
                for number in 0..steps {
                    let parents = match number.checked_sub(width) {
                        None => vec![],
                        Some(above) if width == 1 => vec![format!("s_{above}")],
                        Some(above) => {
                            let beside = above - above % width + (above + 1) % width;
                            vec![format!("s_{above}"), format!("s_{beside}")]
                        }
                    };
                    step(&format!("s_{number}"), &parents);
                }
            }
        }
        text
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Workload {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(found) = Self::ALL.into_iter().find(|workload| workload.name() == text) {
            return Ok(found);
        }
        let known = Self::ALL.map(Self::name).join(", ");
        Err(format!("there is no such workload; there are {known}"))
    }
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use tasker_core::template::{ParseOptions, Template};

    #[test]
    fn every_workload_has_a_valid_template_of_the_size_that_it_says() {
        for workload in Workload::ALL {
            let steps = workload.steps_per_task(None);
            let template = Template::parse(&workload.template(steps), &ParseOptions::default()).unwrap();
            assert_eq!(template.steps.len(), steps as usize, "{workload}");
            assert!(template.steps.iter().all(|step| step.handler == HANDLER));
        }
    }

    #[test]
    fn a_workload_that_does_not_exist_is_told_with_those_that_do() {
        let error = "lineer".parse::<Workload>().unwrap_err();
        assert!(error.contains("no such workload") && error.contains("graph-size"));
    }

    #[test]
    fn a_layered_graph_has_about_as_many_layers_as_a_layer_has_steps() {
        for steps in [1, 2, 10, 100, 1_000] {
            let text = Workload::GraphSize.template(steps);
            let template = Template::parse(&text, &ParseOptions::default()).unwrap();
            assert_eq!(template.steps.len(), steps as usize);
            assert_eq!(
                template
                    .steps
                    .iter()
                    .filter(|step| !step.parents.is_empty())
                    .count(),
                (steps - steps.isqrt()) as usize
            );
        }
    }
}
