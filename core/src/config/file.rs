//! Settings from a file: `tasker.yaml`.

use super::configuration::{Draft, Origin};
use super::keys::{check, closest};
use crate::error::{Error, ErrorKind, Result};
use crate::template::{Located, read_map};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Which file, where none in the working directory is meant.
pub(super) const VARIABLE: &str = "TASKER_CONFIG";
const NAME: &str = "tasker.yaml";

/// The file that this process is to read, with its text: the one that `TASKER_CONFIG` names, which must be there, else
/// `tasker.yaml` in the working directory, if there is one. A variable that is set and empty means none.
pub(super) fn find(variable: Option<&str>) -> Result<Option<(PathBuf, String)>> {
    let path = match variable {
        Some("") => return Ok(None),
        Some(path) => PathBuf::from(path),
        None => PathBuf::from(NAME),
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some((path, text))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && variable.is_none() => Ok(None),
        Err(error) => {
            let named = if variable.is_some() {
                format!(", which {VARIABLE} names,")
            } else {
                String::new()
            };
            Err(Error::new(
                ErrorKind::ConfigInvalid,
                format!(
                    "the configuration {}{named} cannot be read: {error}",
                    path.display()
                ),
            ))
        }
    }
}

/// Takes what the file says into the draft.
pub(super) fn read(path: &Path, text: &str, draft: &mut Draft) {
    let name = path.display().to_string();
    let blocks = match read_map(text, &name) {
        Ok(blocks) => blocks,
        Err(errors) => {
            draft
                .problems
                .extend(errors.problems.iter().map(|problem| problem.headline()));
            return;
        }
    };
    for block in &blocks {
        let origin = origin(path, block);
        if block.key == "schema" {
            match &block.value {
                Value::String(schema) => draft.schema = Some((schema.clone(), origin)),
                other => draft
                    .problems
                    .push(format!("{origin}: schema takes text, not {other}")),
            }
            continue;
        }
        if !draft.blocks().contains(&block.key) {
            draft
                .problems
                .push(format!("{origin}: {}", unknown_block(&block.key, draft)));
            continue;
        }
        if block.value.is_null() {
            continue;
        }
        if !block.value.is_object() {
            let problem = format!(
                "{origin}: {} is a block of settings, not {}",
                block.key, block.value
            );
            draft.problems.push(problem);
            continue;
        }
        for member in &block.members {
            take(path, &block.key, member, draft);
        }
    }
}

fn take(path: &Path, block: &str, member: &Located, draft: &mut Draft) {
    let origin = origin(path, member);
    let name = format!("{block}.{}", member.key);
    let Some(default) = draft.defaults.get(&name) else {
        let prefix = format!("{block}.");
        let known = draft
            .defaults
            .keys()
            .filter_map(|name| name.strip_prefix(&prefix));
        let meant = closest(&member.key, known)
            .map(|meant| format!("; did you mean '{meant}'?"))
            .unwrap_or_default();
        draft
            .problems
            .push(format!("{origin}: {name} is no setting{meant}"));
        return;
    };
    match check(&name, &member.value, default) {
        Ok(()) => draft.put(name, member.value.clone(), origin),
        Err(problem) => draft.problems.push(format!("{origin}: {problem}")),
    }
}

fn origin(path: &Path, at: &Located) -> Origin {
    Origin::File {
        path: path.to_owned(),
        line: at.line,
        column: at.column,
    }
}

fn unknown_block(key: &str, draft: &Draft) -> String {
    if key == "database_url" {
        return "a configuration does not name the database, which would put its password into a file; set \
                TASKER_DATABASE_URL"
            .to_owned();
    }
    let blocks = draft.blocks();
    let candidates = blocks.iter().map(String::as_str).chain(std::iter::once("schema"));
    let meant = closest(key, candidates)
        .map(|meant| format!("; did you mean '{meant}'?"))
        .unwrap_or_default();
    format!(
        "'{key}' is no block of settings{meant} The blocks are {}, and there is 'schema'",
        blocks.into_iter().collect::<Vec<_>>().join(", ")
    )
}
