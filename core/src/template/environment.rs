//! What is different in one environment, merged over the template.

use super::node::{Data, Entry, Node};
use std::collections::HashMap;

/// Keys of a step that say the same: an override of one takes the place of the other.
const ALIASES: &[(&str, &str)] = &[("handler", "handler_class"), ("handler_class", "handler")];

/// `root` as it is in `environment`: maps are merged, scalars and lists replaced, steps merged by name. Without a
/// section for it, nothing changes. The section itself stays; nobody reads it after this.
pub(super) fn merge(mut root: Node, environment: Option<&str>) -> Node {
    let section = environment
        .and_then(|name| root.get("environments")?.get(name))
        .cloned();
    let (Some(section), Data::Map(entries)) = (section, &mut root.data) else {
        return root;
    };
    let Data::Map(changes) = section.data else {
        return root;
    };
    for change in changes {
        if change.key != "step_templates" {
            merge_entry(entries, change);
        } else if let Some(steps) = entries.iter_mut().find(|entry| entry.key == "step_templates")
            && let (Data::List(steps), Data::List(overrides)) = (&mut steps.value.data, change.value.data)
        {
            merge_steps(steps, overrides);
        }
    }
    root
}

fn merge_steps(steps: &mut [Node], overrides: Vec<Node>) {
    let name_of = |step: &Node| step.get("name").and_then(Node::as_text).map(str::to_owned);
    let place_of: HashMap<String, usize> = steps
        .iter()
        .enumerate()
        .rev()
        .filter_map(|(index, step)| Some((name_of(step)?, index)))
        .collect();
    for change in overrides {
        let place = name_of(&change).and_then(|name| place_of.get(&name).copied());
        let Some(Data::Map(step)) = place.map(|place| &mut steps[place].data) else {
            continue;
        };
        let Data::Map(changes) = change.data else { continue };
        for change in changes.into_iter().filter(|change| change.key != "name") {
            for (_, other) in ALIASES.iter().filter(|(alias, _)| *alias == change.key) {
                step.retain(|entry| entry.key != *other);
            }
            merge_entry(step, change);
        }
    }
}

fn merge_entry(entries: &mut Vec<Entry>, change: Entry) {
    let Some(entry) = entries.iter_mut().find(|entry| entry.key == change.key) else {
        entries.push(change);
        return;
    };
    match (&mut entry.value.data, change.value.data) {
        (Data::Map(members), Data::Map(changes)) => {
            changes
                .into_iter()
                .for_each(|change| merge_entry(members, change));
        }
        (data, new) => {
            *data = new;
            entry.value.at = change.value.at;
            entry.at = change.at;
        }
    }
}
