//! The languages that can run a scenario: a row for each, with what its worker program is and what it can do.
//!
//! A new language is a new row and a program that keeps to PROTOCOL.md.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Every capability that a scenario may require.
pub const CAPABILITIES: &[&str] = &[
    "timeouts",
    "quarantine",
    "pause",
    "identity",
    "http",
    "graphql",
    "events",
    "bypass",
    "database_restart",
    "multi_worker",
];

/// A language with a scripted worker.
#[derive(Debug, Clone, Copy)]
pub struct Runtime {
    /// Its name on the command line and in the report.
    pub name: &'static str,
    /// What scenarios may require of it.
    pub capabilities: &'static [&'static str],
    /// The program of its scripted worker and the arguments before ours.
    command: fn() -> Result<Vec<PathBuf>>,
}

/// Every runtime that exists.
pub const RUNTIMES: &[Runtime] = &[
    Runtime {
        name: "rust",
        capabilities: OF_THE_ENGINE,
        command: rust_command,
    },
    Runtime {
        name: "python",
        capabilities: OF_THE_ENGINE,
        command: python_command,
    },
    Runtime {
        name: "node",
        capabilities: OF_THE_ENGINE,
        command: node_command,
    },
    Runtime {
        name: "c",
        capabilities: OF_THE_ENGINE,
        command: c_command,
    },
    Runtime {
        name: "ruby",
        capabilities: OF_THE_ENGINE,
        command: ruby_command,
    },
];

/// What every runtime can do, because the engine does it.
const OF_THE_ENGINE: &[&str] = &[
    "timeouts",
    "quarantine",
    "pause",
    "identity",
    "http",
    "graphql",
    "bypass",
    "database_restart",
    "multi_worker",
];

impl Runtime {
    /// The command line of the scripted worker.
    ///
    /// # Errors
    /// The program is not there.
    pub fn command(&self) -> Result<Vec<PathBuf>> {
        (self.command)()
    }
}

/// The interpreter of the environment that `scripts/python --install` makes in the target directory.
fn python_command() -> Result<Vec<PathBuf>> {
    let interpreter = installed("python/bin/python", "scripts/python --install")?;
    let program =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../bindings-python/tests/scripted_worker.py");
    Ok(vec![interpreter, program])
}

/// The package that `scripts/node --install` built, in the Node of `PATH`.
fn node_command() -> Result<Vec<PathBuf>> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let interpreter = std::env::split_paths(&path)
        .map(|folder| folder.join("node"))
        .find(|program| program.is_file())
        .context("there is no node in PATH")?;
    let package = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../bindings-node");
    if !package.join("dist/tasker_node.node").is_file() {
        bail!("bindings-node/dist has not been built; run scripts/node --install");
    }
    Ok(vec![interpreter, package.join("tests/scripted_worker.mjs")])
}

/// The program that `scripts/c --install` built against the library that it installed in the target directory.
fn c_command() -> Result<Vec<PathBuf>> {
    Ok(vec![installed("c/bin/scripted-worker", "scripts/c --install")?])
}

/// The Ruby that `scripts/ruby --install` found or made, with the gem in it.
fn ruby_command() -> Result<Vec<PathBuf>> {
    let interpreter = installed("ruby/bin/ruby", "scripts/ruby --install")?;
    let program =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../bindings-ruby/spec/scripted_worker.rb");
    Ok(vec![interpreter, program])
}

/// What a script has put into the target directory.
fn installed(path: &str, script: &str) -> Result<PathBuf> {
    let own = std::env::current_exe().context("cannot tell where this program is")?;
    // A test's own program lies one folder deeper.
    let folders = own.ancestors().skip(2).take(2);
    let mut candidates = folders.map(|folder| folder.join(path));
    candidates.find(|program| program.is_file()).with_context(|| {
        format!(
            "there is no {path} in the target directory of {}; run {script}",
            own.display()
        )
    })
}

/// The program that was built together with this one.
fn rust_command() -> Result<Vec<PathBuf>> {
    let own = std::env::current_exe().context("cannot tell where this program is")?;
    // A test's own program lies one folder deeper.
    let folders = own.ancestors().skip(1).take(2);
    let candidates =
        folders.map(|folder| folder.join(format!("scripted-worker{}", std::env::consts::EXE_SUFFIX)));
    match candidates.clone().find(|program| program.is_file()) {
        Some(program) => Ok(vec![program]),
        None => bail!(
            "the program scripted-worker is not beside {}; build it with 'cargo build --release -p tasker-scenarios'",
            own.display()
        ),
    }
}

/// One lane of a run: the runtimes whose workers run a scenario together, and its name in the report.
#[derive(Debug, Clone)]
pub struct Lane {
    /// `rust`, …, or `mixed`.
    pub name: &'static str,
    /// One runtime, or for `mixed` all of them.
    pub runtimes: Vec<Runtime>,
}

impl Lane {
    /// The first of `needs` that this lane does not have.
    pub fn lacks<'a>(&self, needs: &[&'a str]) -> Option<&'a str> {
        needs.iter().copied().find(|need| {
            !self
                .runtimes
                .iter()
                .all(|runtime| runtime.capabilities.contains(need))
        })
    }
}

/// The lanes of `--runtime NAME`.
///
/// # Errors
/// No such runtime exists; the message lists those that do.
pub fn lanes(name: &str) -> Result<Vec<Lane>> {
    let single = |runtime: &Runtime| Lane {
        name: runtime.name,
        runtimes: vec![*runtime],
    };
    match name {
        "all" => Ok(RUNTIMES.iter().map(single).collect()),
        "mixed" if RUNTIMES.len() >= 2 => Ok(vec![Lane {
            name: "mixed",
            runtimes: RUNTIMES.to_vec(),
        }]),
        "mixed" => bail!("'mixed' needs at least two runtimes; there is {} only", known()),
        _ => match RUNTIMES.iter().find(|runtime| runtime.name == name) {
            Some(runtime) => Ok(vec![single(runtime)]),
            None => bail!("there is no runtime '{name}'; there is: {} (and 'all')", known()),
        },
    }
}

fn known() -> String {
    RUNTIMES
        .iter()
        .map(|runtime| runtime.name)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Which runtime runs which handler, and the templates with their handlers filled in.
///
/// Alone, a runtime has every name that the templates use. Together, the steps of a task go to the runtimes in turn: a
/// handler that a template names belongs to one runtime, and `scripted` becomes `scripted_rust`, `scripted_python`, ….
#[derive(Debug, Clone, Default)]
pub struct Assignment {
    /// Runtime → the handlers that its workers register.
    pub handler_names: BTreeMap<String, Vec<String>>,
    /// A handler's name in the scenario → its names in the templates as registered.
    renamed: BTreeMap<String, Vec<String>>,
    runtimes: Vec<String>,
    owners: BTreeMap<String, usize>,
}

impl Assignment {
    /// Shares out the handlers of `templates` between `runtimes`.
    pub fn new<'a>(runtimes: &[Runtime], templates: impl Iterator<Item = &'a Value>) -> Self {
        let runtimes: Vec<String> = runtimes.iter().map(|runtime| runtime.name.to_owned()).collect();
        Self::of_names(runtimes, templates)
    }

    fn of_names<'a>(runtimes: Vec<String>, templates: impl Iterator<Item = &'a Value>) -> Self {
        let mut assignment = Self {
            runtimes,
            ..Self::default()
        };
        for (index, runtime) in assignment.runtimes.clone().into_iter().enumerate() {
            let scripted = assignment.scripted(index);
            assignment.handler_names.insert(runtime, vec![scripted.clone()]);
            assignment
                .renamed
                .entry(crate::script::SCRIPTED_HANDLER.to_owned())
                .or_default()
                .push(scripted);
        }
        for template in templates {
            assignment.take(template);
        }
        assignment
    }

    /// The template as it is registered: every step has a handler, and so has the task.
    pub fn fill(&self, template: &Value) -> Value {
        let mut template = template.clone();
        let classes = overridden_by_class(&template);
        let Some(map) = template.as_object_mut() else {
            return template;
        };
        map.entry("task_handler_class")
            .or_insert_with(|| crate::script::SCRIPTED_HANDLER.into());
        let steps = map
            .get_mut("step_templates")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten();
        for (index, step) in steps.enumerate() {
            let Some(step) = step.as_object_mut() else {
                continue;
            };
            let scripted = self.scripted(index % self.runtimes.len().max(1));
            match named_handler(step) {
                None => {
                    let name = step.get("name").and_then(Value::as_str).unwrap_or_default();
                    let key = if classes.contains(name) {
                        "handler_class"
                    } else {
                        "handler"
                    };
                    step.insert(key.into(), scripted.into());
                }
                Some((key, name)) if name == crate::script::SCRIPTED_HANDLER => {
                    step.insert(key.into(), scripted.into());
                }
                Some(_) => {}
            }
        }
        template
    }

    /// The names under which a handler of the scenario is registered.
    pub fn names_of(&self, handler: &str) -> Vec<String> {
        self.renamed
            .get(handler)
            .cloned()
            .unwrap_or_else(|| vec![handler.to_owned()])
    }

    fn scripted(&self, runtime: usize) -> String {
        match self.runtimes.get(runtime) {
            Some(name) if self.runtimes.len() > 1 => format!("{}_{name}", crate::script::SCRIPTED_HANDLER),
            _ => crate::script::SCRIPTED_HANDLER.to_owned(),
        }
    }

    /// Gives every handler that `template` names, in its steps and in the sections of environments, to a runtime.
    fn take(&mut self, template: &Value) {
        let own = std::iter::once(template);
        let environments = template
            .get("environments")
            .and_then(Value::as_object)
            .into_iter()
            .flatten();
        for part in own.chain(environments.map(|(_, part)| part)) {
            let steps = part
                .get("step_templates")
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            for (index, step) in steps.enumerate() {
                let Some((_, name)) = step.as_object().and_then(named_handler) else {
                    continue;
                };
                if name == crate::script::SCRIPTED_HANDLER || self.owners.contains_key(name) {
                    continue;
                }
                let owner = index % self.runtimes.len().max(1);
                self.owners.insert(name.to_owned(), owner);
                if let Some(names) = self
                    .runtimes
                    .get(owner)
                    .and_then(|runtime| self.handler_names.get_mut(runtime))
                {
                    names.push(name.to_owned());
                }
            }
        }
    }
}

/// Steps whose handler some environment overrides under the key `handler_class`: filling in the other key would win over it.
fn overridden_by_class(template: &Value) -> BTreeSet<String> {
    let environments = template
        .get("environments")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    let steps = environments
        .filter_map(|(_, part)| part.get("step_templates").and_then(Value::as_array))
        .flatten();
    let overriding = steps.filter(|step| step.get("handler_class").is_some());
    overriding
        .filter_map(|step| step.get("name").and_then(Value::as_str))
        .map(str::to_owned)
        .collect()
}

fn named_handler(step: &serde_json::Map<String, Value>) -> Option<(&'static str, &str)> {
    ["handler", "handler_class"]
        .into_iter()
        .find_map(|key| step.get(key).and_then(Value::as_str).map(|name| (key, name)))
}

#[cfg(test)]
mod tests {
    // A panic is how a test fails.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use serde_json::json;

    fn assign(runtimes: &[&str], template: &Value) -> Assignment {
        Assignment::of_names(
            runtimes.iter().map(|name| (*name).to_owned()).collect(),
            std::iter::once(template),
        )
    }

    fn handlers(template: &Value) -> Vec<&str> {
        let steps = template["step_templates"].as_array().unwrap();
        steps
            .iter()
            .map(|step| {
                step["handler"]
                    .as_str()
                    .or(step["handler_class"].as_str())
                    .unwrap()
            })
            .collect()
    }

    #[test]
    fn alone_a_runtime_has_every_name_and_what_is_left_out_is_scripted() {
        let template = json!({"step_templates": [{"name": "a"}, {"name": "b", "handler_class": "B"}],
            "environments": {"test": {"step_templates": [{"name": "a", "handler": "A"}]}}});
        let assignment = assign(&["rust"], &template);
        assert_eq!(assignment.handler_names["rust"], ["scripted", "B", "A"]);
        assert_eq!(handlers(&assignment.fill(&template)), ["scripted", "B"]);
        assert_eq!(assignment.fill(&template)["task_handler_class"], "scripted");
        assert_eq!(assignment.names_of("scripted"), ["scripted"]);
    }

    #[test]
    fn what_is_filled_in_does_not_win_over_what_an_environment_says() {
        let template = json!({"step_templates": [{"name": "a"}, {"name": "b"}],
            "environments": {"test": {"step_templates": [{"name": "a", "handler_class": "A"}]}}});
        let filled = assign(&["rust"], &template).fill(&template);
        assert_eq!(
            filled["step_templates"][0],
            json!({"name": "a", "handler_class": "scripted"})
        );
        assert_eq!(
            filled["step_templates"][1],
            json!({"name": "b", "handler": "scripted"})
        );
    }

    #[test]
    fn together_the_runtimes_take_turns_step_by_step() {
        let template =
            json!({"step_templates": [{"name": "a"}, {"name": "b", "handler": "B"}, {"name": "c"}]});
        let assignment = assign(&["rust", "ruby"], &template);
        assert_eq!(
            handlers(&assignment.fill(&template)),
            ["scripted_rust", "B", "scripted_rust"]
        );
        assert_eq!(assignment.handler_names["ruby"], ["scripted_ruby", "B"]);
        assert_eq!(assignment.handler_names["rust"], ["scripted_rust"]);
        assert_eq!(
            assignment.names_of("scripted"),
            ["scripted_rust", "scripted_ruby"]
        );
        assert_eq!(assignment.names_of("B"), ["B"]);
    }

    #[test]
    fn an_unknown_runtime_is_refused_with_those_that_exist() {
        assert!(lanes("cobol").unwrap_err().to_string().contains("there is: rust"));
        assert_eq!(lanes("all").unwrap().len(), RUNTIMES.len());
    }

    #[test]
    fn a_lane_lacks_what_one_of_its_runtimes_lacks() {
        let lane = &lanes("rust").unwrap()[0];
        assert_eq!(lane.lacks(&["pause", "events"]), Some("events"));
        assert_eq!(lane.lacks(&["pause"]), None);
    }

    #[test]
    fn every_capability_of_a_runtime_is_one_that_scenarios_may_require() {
        for runtime in RUNTIMES {
            assert!(
                runtime
                    .capabilities
                    .iter()
                    .all(|name| CAPABILITIES.contains(name)),
                "{}",
                runtime.name
            );
        }
    }
}
