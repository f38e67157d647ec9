//! After filling: a text that came out of `${…}` becomes what its key wants, and is checked as such.

use super::checks;
use super::keys::{self, Key, Kind, RETRY_KEYS, STEP_KEYS, TASK_KEYS};
use super::node::{Data, Entry, Node};
use super::report::Report;
use super::scalar;
use super::shape::{Place, child, complain, step_owner};

/// Settles every filled text of the template, its steps and their retry policies.
pub(super) fn settle(root: &mut Node, report: &mut Report) {
    settle_map(
        root,
        TASK_KEYS,
        Place {
            owner: "the template",
            path: "",
        },
        report,
    );
    let Data::Map(entries) = &mut root.data else {
        return;
    };
    let Some(steps) = entries.iter_mut().find(|entry| entry.key == "step_templates") else {
        return;
    };
    let Data::List(steps) = &mut steps.value.data else {
        return;
    };
    for (index, step) in steps.iter_mut().enumerate().filter(|(_, step)| has_filled(step)) {
        let (owner, path) = (step_owner(step, index), format!("/step_templates/{index}"));
        settle_map(
            step,
            STEP_KEYS,
            Place {
                owner: &owner,
                path: &path,
            },
            report,
        );
    }
}

fn has_filled(node: &Node) -> bool {
    match &node.data {
        Data::Text { filled, .. } => *filled,
        Data::List(items) => items.iter().any(has_filled),
        Data::Map(entries) => entries.iter().any(|entry| has_filled(&entry.value)),
        _ => false,
    }
}

fn settle_map(node: &mut Node, keys: &'static [Key], place: Place<'_>, report: &mut Report) {
    let Data::Map(entries) = &mut node.data else {
        return;
    };
    for entry in entries {
        let Some(key) = keys::find(&entry.key, keys) else {
            continue;
        };
        match key.kind {
            Kind::Retry => {
                let (owner, path) = (
                    format!("'retry' of {}", place.owner),
                    child(place.path, &entry.key),
                );
                settle_map(
                    &mut entry.value,
                    RETRY_KEYS,
                    Place {
                        owner: &owner,
                        path: &path,
                    },
                    report,
                );
            }
            Kind::Waits => {
                let Data::List(items) = &mut entry.value.data else {
                    continue;
                };
                for item in items {
                    settle_item(item, &entry.key, place, report);
                }
            }
            kind => settle_entry(entry, kind, place, report),
        }
    }
}

fn settle_item(item: &mut Node, key: &str, place: Place<'_>, report: &mut Report) {
    let mut entry = Entry {
        key: key.to_owned(),
        at: item.at,
        value: item.clone(),
    };
    settle_entry(&mut entry, Kind::Wait, place, report);
    *item = entry.value;
}

fn settle_entry(entry: &mut Entry, kind: Kind, place: Place<'_>, report: &mut Report) {
    let Data::Text { value, filled: true } = &entry.value.data else {
        return;
    };
    if wants_other_than_text(kind)
        && let Ok(data @ (Data::Number { .. } | Data::Bool(_))) = scalar::plain(value)
    {
        entry.value.data = data;
    }
    if let Err(complaint) = checks::check_filled(kind, &entry.value) {
        complain(entry, complaint, place, report);
    }
}

const fn wants_other_than_text(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Boolean
            | Kind::RetryLimit
            | Kind::Priority
            | Kind::Timeout
            | Kind::Wait
            | Kind::Factor
            | Kind::Fraction
    )
}
