//! Whether a template has the right keys with the right types, before anything is merged or filled.

use super::checks;
use super::keys::{self, EVENT_KEYS, FIXED_KEYS, Key, Kind, RETRY_KEYS, STEP_KEYS, TASK_KEYS};
use super::node::{Data, Entry, Node, escape_segment, excerpt};
use super::problem::ProblemCode;
use super::report::Report;
use std::collections::HashSet;

/// Where a map stands: what messages call it, and its JSON Pointer.
#[derive(Clone, Copy)]
pub(super) struct Place<'p> {
    pub(super) owner: &'p str,
    pub(super) path: &'p str,
}

/// Whether a map must be complete, or is merged over one that is.
#[derive(Clone, Copy, PartialEq)]
enum Extent {
    Whole,
    Part,
}

/// What messages call the step at `index`.
pub(super) fn step_owner(step: &Node, index: usize) -> String {
    match step.get("name").and_then(Node::as_text) {
        Some(name) if !name.is_empty() => format!("step '{}'", excerpt(name)),
        _ => format!("step {}", index + 1),
    }
}

/// Checks the whole template, all environments included.
pub(super) fn check(root: &Node, report: &mut Report) {
    if !matches!(root.data, Data::Map(_)) {
        let message = format!(
            "a template must be a map with at least 'name' and 'step_templates', not {}",
            root.describe()
        );
        report.add(ProblemCode::WrongType, root.at, "", message);
        return;
    }
    check_map(
        root,
        TASK_KEYS,
        Place {
            owner: "the template",
            path: "",
        },
        Extent::Whole,
        report,
    );
    if let Some(environments) = root.get("environments") {
        let names = root.get("step_templates").map_or(&[][..], Node::items);
        let names: HashSet<&str> = names
            .iter()
            .filter_map(|step| step.get("name")?.as_text())
            .collect();
        for environment in environments.entries() {
            check_environment(environment, &names, report);
        }
    }
}

fn check_map(node: &Node, keys: &'static [Key], place: Place<'_>, extent: Extent, report: &mut Report) {
    for entry in node.entries() {
        match keys::find(&entry.key, keys) {
            Some(key) => check_entry(entry, key, place, report),
            None => unknown_key(entry, keys, place, report),
        }
    }
    for key in keys
        .iter()
        .filter(|key| key.required && extent == Extent::Whole && node.get(key.name).is_none())
    {
        let message = format!("{} has no '{}'; it is required", place.owner, key.name);
        report
            .add(ProblemCode::MissingKey, node.at, place.path, message)
            .offending(key.name);
    }
}

fn unknown_key(entry: &Entry, keys: &'static [Key], place: Place<'_>, report: &mut Report) {
    // A key that was not text was reported where it was read.
    if entry.key.is_empty() && report.has_problem_at(entry.at) {
        return;
    }
    let suggestion = keys::synonym(&entry.key, keys)
        .or_else(|| report.closest(&entry.key, keys.iter().map(|key| key.name)))
        .filter(|known| *known != entry.key);
    let elsewhere = if suggestion.is_some() {
        ""
    } else {
        belongs_elsewhere(&entry.key, keys)
    };
    let message = format!(
        "unknown key '{}' in {}{elsewhere}",
        excerpt(&entry.key),
        place.owner
    );
    let path = child(place.path, &entry.key);
    report
        .add(ProblemCode::UnknownKey, entry.at, path, message)
        .offending(&entry.key)
        .suggest(suggestion);
}

fn belongs_elsewhere(word: &str, keys: &'static [Key]) -> &'static str {
    let here = |table: &'static [Key]| std::ptr::eq(table.as_ptr(), keys.as_ptr());
    if !here(STEP_KEYS) && keys::find(word, STEP_KEYS).is_some() {
        "; it belongs to a step of step_templates"
    } else if !here(TASK_KEYS) && keys::find(word, TASK_KEYS).is_some() {
        "; it belongs to the template, not here"
    } else if !here(RETRY_KEYS) && keys::find(word, RETRY_KEYS).is_some() {
        "; it belongs to the 'retry' of a step"
    } else {
        ""
    }
}

fn check_entry(entry: &Entry, key: &Key, place: Place<'_>, report: &mut Report) {
    let value = &entry.value;
    if let Err(complaint) = checks::check(key.kind, value) {
        complain(entry, complaint, place, report);
        return;
    }
    let path = || child(place.path, key.name);
    match key.kind {
        Kind::Steps => check_steps(value, report),
        Kind::Texts => check_items(value, Kind::Text, key.name, place, report),
        Kind::Paths => check_items(value, Kind::Path, key.name, place, report),
        Kind::Waits => check_items(value, Kind::Wait, key.name, place, report),
        Kind::Retry => {
            let owner = format!("'retry' of {}", place.owner);
            check_map(
                value,
                RETRY_KEYS,
                Place {
                    owner: &owner,
                    path: &path(),
                },
                Extent::Part,
                report,
            );
        }
        Kind::Events => {
            for (index, event) in value.items().iter().enumerate() {
                let owner = format!("custom event {} of {}", index + 1, place.owner);
                let path = format!("{}/{index}", path());
                if matches!(event.data, Data::Map(_)) {
                    check_map(
                        event,
                        EVENT_KEYS,
                        Place {
                            owner: &owner,
                            path: &path,
                        },
                        Extent::Whole,
                        report,
                    );
                } else {
                    let message = format!("{owner} must be a map with a name, not {}", event.describe());
                    report.add(ProblemCode::WrongType, event.at, path, message);
                }
            }
        }
        _ => {}
    }
}

pub(super) fn complain(entry: &Entry, complaint: checks::Complaint, place: Place<'_>, report: &mut Report) {
    // What could not even be read was reported there; one mistake, one problem.
    if report.has_problem_at(entry.value.at) {
        return;
    }
    let message = format!("'{}' of {} {}", entry.key, place.owner, complaint.text);
    let path = child(place.path, &entry.key);
    let offending = entry
        .value
        .as_text()
        .map_or_else(|| entry.value.describe(), str::to_owned);
    report
        .add(complaint.code, entry.value.at, path, message)
        .offending(offending)
        .suggest(complaint.suggestion);
}

fn check_items(list: &Node, kind: Kind, key: &str, place: Place<'_>, report: &mut Report) {
    for (index, item) in list.items().iter().enumerate() {
        if let Err(complaint) = checks::check(kind, item) {
            let message = format!(
                "item {} of '{key}' of {} {}",
                index + 1,
                place.owner,
                complaint.text
            );
            let path = format!("{}/{index}", child(place.path, key));
            report
                .add(complaint.code, item.at, path, message)
                .offending(item.describe());
        }
    }
}

fn check_steps(list: &Node, report: &mut Report) {
    if list.items().is_empty() {
        let message = "'step_templates' is empty; a template needs at least one step";
        report.add(ProblemCode::NoSteps, list.at, "/step_templates", message);
    }
    for (index, step) in list.items().iter().enumerate() {
        let path = format!("/step_templates/{index}");
        if !check_is_map(step, &path, report) {
            continue;
        }
        let owner = step_owner(step, index);
        check_map(
            step,
            STEP_KEYS,
            Place {
                owner: &owner,
                path: &path,
            },
            Extent::Whole,
            report,
        );
    }
}

fn check_is_map(step: &Node, path: &str, report: &mut Report) -> bool {
    if matches!(step.data, Data::Map(_)) {
        return true;
    }
    let suggestion = step.as_text().map(|name| format!("name: {}", excerpt(name)));
    let message = format!(
        "a step must be a map with at least a 'name', not {}",
        step.describe()
    );
    report
        .add(ProblemCode::WrongType, step.at, path, message)
        .suggest(suggestion);
    false
}

fn check_environment(environment: &Entry, base: &HashSet<&str>, report: &mut Report) {
    let name = excerpt(&environment.key);
    let path = child("/environments", &environment.key);
    let owner = format!("environment '{name}'");
    if !matches!(environment.value.data, Data::Map(_)) {
        let message = format!(
            "{owner} must be a map, such as {{step_templates: […]}}, not {}",
            environment.value.describe()
        );
        report.add(ProblemCode::WrongType, environment.value.at, path, message);
        return;
    }
    for entry in environment.value.entries() {
        let place = Place {
            owner: &owner,
            path: &path,
        };
        if FIXED_KEYS.contains(&entry.key.as_str()) {
            let message = format!(
                "{owner} cannot change '{}': the template is known by it",
                entry.key
            );
            report
                .add(
                    ProblemCode::Contradiction,
                    entry.at,
                    child(&path, &entry.key),
                    message,
                )
                .offending(&entry.key);
        } else if entry.key == "step_templates" {
            check_overrides(&entry.value, &owner, &child(&path, &entry.key), base, report);
        } else {
            match keys::find(&entry.key, TASK_KEYS) {
                Some(key) => check_entry(entry, key, place, report),
                None => unknown_key(entry, TASK_KEYS, place, report),
            }
        }
    }
}

fn check_overrides(list: &Node, environment: &str, path: &str, base: &HashSet<&str>, report: &mut Report) {
    if !matches!(list.data, Data::List(_)) {
        let message = format!(
            "'step_templates' of {environment} must be a list, not {}",
            list.describe()
        );
        report.add(ProblemCode::WrongType, list.at, path, message);
    }
    let mut seen = HashSet::new();
    for (index, step) in list.items().iter().enumerate() {
        let path = format!("{path}/{index}");
        if !check_is_map(step, &path, report) {
            continue;
        }
        let owner = format!("{} in {environment}", step_owner(step, index));
        check_map(
            step,
            STEP_KEYS,
            Place {
                owner: &owner,
                path: &path,
            },
            Extent::Part,
            report,
        );
        let Some(node) = step.get("name") else {
            let message = format!("{owner} has no 'name'; steps are merged by name");
            report
                .add(ProblemCode::MissingKey, step.at, path, message)
                .offending("name");
            continue;
        };
        let Some(name) = node.as_text() else { continue };
        let path = child(&path, "name");
        if !base.contains(name) {
            let suggestion = report.closest(name, base.iter().copied()).map(str::to_owned);
            let message = format!(
                "{environment} overrides the step '{}', which does not exist",
                excerpt(name)
            );
            report
                .add(ProblemCode::UnknownStep, node.at, path, message)
                .offending(name)
                .suggest(suggestion);
        } else if !seen.insert(name) {
            let message = format!("{environment} overrides the step '{}' twice", excerpt(name));
            report
                .add(ProblemCode::DuplicateStep, node.at, path, message)
                .offending(name);
        }
    }
}

pub(super) fn child(path: &str, key: &str) -> String {
    format!("{path}/{}", escape_segment(key))
}
