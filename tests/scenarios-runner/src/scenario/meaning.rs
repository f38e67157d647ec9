//! What the JSON Schema cannot see: names that nothing has, expressions that do not compile.

use super::model::{Action, Expect, Scenario};
use super::reference::{Names, unknown};
use crate::script::Raise;
use regex::Regex;
use serde_json::Value;
use std::collections::BTreeSet;

/// Every problem of a scenario of the right shape, each as a sentence that begins with the place.
pub(super) fn problems(scenario: &Scenario) -> Vec<String> {
    let mut found = Vec::new();
    let mut names = names_of_templates(scenario);
    capabilities(scenario, &mut found);
    handlers(scenario, &names, &mut found);
    for (index, action) in scenario.actions.iter().enumerate() {
        let place = format!("actions[{index}]");
        one_action(action, &mut names, &mut |text| {
            found.push(format!("{place}.{text}"))
        });
    }
    expectations(&scenario.expect, &names, &mut |place, text| {
        found.push(format!("expect.{place}: {text}"))
    });
    found
}

impl Scenario {
    /// The names of steps, templates and tasks in this scenario.
    pub fn names(&self) -> Names {
        let mut names = names_of_templates(self);
        for action in &self.actions {
            one_action(action, &mut names, &mut |_| ());
        }
        names
    }
}

fn names_of_templates(scenario: &Scenario) -> Names {
    let mut names = Names::default();
    for template in scenario.all_templates() {
        let steps: BTreeSet<String> = step_names(template).collect();
        names.steps.extend(steps.iter().cloned());
        if let Some(name) = template.get("name").and_then(Value::as_str) {
            names
                .by_template
                .entry(name.to_owned())
                .or_default()
                .extend(steps);
        }
    }
    names
}

fn step_names(template: &Value) -> impl Iterator<Item = String> {
    let steps = template
        .get("step_templates")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    steps
        .filter_map(|step| step.get("name").and_then(Value::as_str))
        .map(str::to_owned)
}

/// The schema refuses an unknown capability too; here it is refused where a scenario is built by a program.
fn capabilities(scenario: &Scenario, found: &mut Vec<String>) {
    for (index, capability) in scenario.requires.iter().enumerate() {
        if !crate::runtimes::CAPABILITIES.contains(&capability.as_str()) {
            found.push(format!(
                "requires[{index}]: there is no capability '{capability}'"
            ));
        }
    }
}

fn handlers(scenario: &Scenario, names: &Names, found: &mut Vec<String>) {
    for (key, entries) in &scenario.handlers {
        let dotted = names
            .by_template
            .iter()
            .any(|(template, steps)| steps.iter().any(|step| *key == format!("{template}.{step}")));
        if !names.steps.contains(key) && !dotted {
            found.push(format!(
                "handlers.{key}: {}",
                unknown("step", key, names.steps.iter())
            ));
        }
        for (index, entry) in entries.iter().enumerate() {
            let mut say = |text: String| found.push(format!("handlers.{key}[{index}].{text}"));
            if let Some(step) = &entry.return_dependency
                && !names.steps.contains(step)
            {
                say(format!(
                    "return_dependency: {}",
                    unknown("step", step, names.steps.iter())
                ));
            }
            let plain = entry.raise == Some(Raise::Unexpected);
            if plain && (entry.retry_after.is_some() || entry.error_code.is_some() || entry.details.is_some())
            {
                say(
                    "raise: an unexpected error has a message only, no retry_after, error_code or details"
                        .into(),
                );
            }
        }
    }
}

/// Checks the names that an action uses and takes in the one that it makes. `say` begins with the verb.
fn one_action(action: &Action, names: &mut Names, say: &mut dyn FnMut(String)) {
    match action {
        Action::CreateTask(create) | Action::CreateTasks(create) => {
            let verb = if create.count.is_some() {
                "create_tasks"
            } else {
                "create_task"
            };
            if create.error.is_some() && create.duplicate.is_some() {
                say(format!("{verb}: 'error' and 'duplicate' exclude each other"));
            }
            let template = create
                .request
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or_default();
            if let Some(alias) = &create.alias
                && create.error.is_none()
                && names.aliases.insert(alias.clone(), template.to_owned()).is_some()
            {
                say(format!(
                    "{verb}.as: the name '{alias}' is taken by an earlier action"
                ));
            }
        }
        Action::Wait(wait) => task_and_step("wait", Some(&wait.task), wait.step.as_deref(), names, say),
        Action::Cancel(verb) => task_and_step("cancel", Some(&verb.task), verb.step.as_deref(), names, say),
        Action::Retry(verb) => task_and_step("retry", Some(&verb.task), verb.step.as_deref(), names, say),
        Action::Resolve(verb) => {
            if verb.step.is_none() && verb.results.is_some() {
                say("resolve: 'results' are those of a step; name the step".to_owned());
            }
            task_and_step("resolve", Some(&verb.task), verb.step.as_deref(), names, say);
        }
        Action::Pause(verb) => task_and_step("pause", verb.task.as_deref(), verb.step.as_deref(), names, say),
        Action::Resume(verb) => {
            task_and_step("resume", verb.task.as_deref(), verb.step.as_deref(), names, say)
        }
        Action::UpdateStep(verb) => {
            task_and_step("update_step", Some(&verb.task), Some(&verb.step), names, say)
        }
        Action::Sql(sql) => expressions(
            &Value::from(sql.rows.clone().unwrap_or_default()),
            "sql.rows",
            &mut |at, text| {
                say(format!("{at}: {text}"));
            },
        ),
        Action::Http(request) => {
            for (place, expected) in [("http.status", &request.status), ("http.json", &request.json)] {
                if let Some(expected) = expected {
                    expressions(expected, place, &mut |at, text| say(format!("{at}: {text}")));
                }
            }
        }
        Action::RegisterTemplate(_)
        | Action::WaitMs(_)
        | Action::StartWorkers(_)
        | Action::StopWorkers(_)
        | Action::RestartDatabase(_) => {}
    }
}

fn task_and_step(
    verb: &str,
    task: Option<&str>,
    step: Option<&str>,
    names: &Names,
    say: &mut dyn FnMut(String),
) {
    let Some(task) = task else { return };
    if let Err(problem) = names.alias(task) {
        say(format!("{verb}.task: {problem}"));
    } else if let Some(Err(problem)) = step.map(|step| names.step_of(task, step)) {
        say(format!("{verb}.step: {problem}"));
    }
}

fn expectations(expect: &Expect, names: &Names, say: &mut dyn FnMut(&str, String)) {
    let mut check = |place: &str, result: Result<(), String>| {
        if let Err(problem) = result {
            say(place, problem);
        }
    };
    for (place, map) in [
        ("tasks", &expect.tasks),
        ("task_context", &expect.task_context),
        ("context_row", &expect.context_row),
    ] {
        map.keys().for_each(|alias| check(place, names.alias(alias)));
    }
    for (place, map) in [("steps", &expect.steps), ("readiness", &expect.readiness)] {
        map.keys()
            .for_each(|key| check(place, names.of_task(key).map(drop)));
    }
    expect
        .gaps
        .keys()
        .for_each(|key| check("gaps", names.of_task(key).map(drop)));
    for key in expect.transitions.keys() {
        check(
            "transitions",
            if key.contains('.') {
                names.of_task(key).map(drop)
            } else {
                names.alias(key)
            },
        );
    }
    let references = expect.calls.keys().map(|key| ("calls", key));
    for (place, key) in references.chain(expect.not_called.iter().map(|key| ("not_called", key))) {
        check(place, names.reference(key).map(drop));
    }
    for (place, pairs) in [("overlap", &expect.overlap), ("no_overlap", &expect.no_overlap)] {
        pairs
            .iter()
            .flatten()
            .for_each(|key| check(place, names.reference(key).map(drop)));
    }
    for rule in &expect.order {
        for key in rule.split(" < ") {
            check("order", names.reference(key).map(drop));
        }
    }
    for (place, map) in [
        ("tasks", &expect.tasks),
        ("steps", &expect.steps),
        ("task_context", &expect.task_context),
        ("readiness", &expect.readiness),
        ("context_row", &expect.context_row),
    ] {
        map.values().for_each(|value| expressions(value, place, say));
    }
    for sql in &expect.sql {
        expressions(
            &Value::from(sql.rows.clone().unwrap_or_default()),
            "sql.rows",
            say,
        );
    }
}

/// Refuses `{matches: REGEX}` whose expression does not compile, at any depth.
fn expressions(value: &Value, place: &str, say: &mut dyn FnMut(&str, String)) {
    match value {
        Value::Object(map) => {
            if let (1, Some(Value::String(text))) = (map.len(), map.get("matches"))
                && let Err(error) = Regex::new(text)
            {
                let reason = error.to_string().lines().last().unwrap_or_default().to_owned();
                say(place, format!("'{text}' is not a regular expression: {reason}"));
            }
            map.values().for_each(|value| expressions(value, place, say));
        }
        Value::Array(items) => items.iter().for_each(|value| expressions(value, place, say)),
        _ => {}
    }
}
