//! From paths on the command line to checked templates.

use crate::failure::Failure;
use serde_json::json;
use std::io::Read;
use std::path::{Path, PathBuf};
use tasker_core::ErrorKind;
use tasker_core::template::{CompiledTemplate, ParseOptions, Template, TemplateErrors};

/// One file, and what came of it.
pub(super) struct Checked {
    pub(super) origin: String,
    pub(super) outcome: Result<CompiledTemplate, TemplateErrors>,
}

/// Checks all files; folders stand for the `.yaml` and `.yml` files below them, in order of their names.
///
/// # Errors
/// When a path cannot be read, or a folder holds no template. Templates with problems are no error here.
pub(super) fn check(paths: &[PathBuf]) -> Result<Vec<Checked>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        let before = files.len();
        collect(path, true, &mut files)?;
        if files.len() == before {
            return Err(Failure::usage(format!(
                "The folder {} holds no .yaml or .yml file.",
                path.display()
            )));
        }
    }
    files.iter().map(|file| check_file(file)).collect()
}

fn collect(path: &Path, named: bool, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    if !path.is_dir() {
        let is_yaml = path
            .extension()
            .is_some_and(|extension| extension == "yaml" || extension == "yml");
        if named || is_yaml {
            files.push(path.to_owned());
        }
        return Ok(());
    }
    let mut entries = std::fs::read_dir(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(path, &error))?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    entries
        .iter()
        .try_for_each(|entry| collect(&entry.path(), false, files))
}

/// Reads and checks one file; `-` is standard input. `${…}` is filled from the environment of this process, and the
/// section of `TASKER_ENV` is merged in, as a worker here would do.
pub(super) fn check_file(path: &Path) -> Result<Checked, Failure> {
    let (origin, bytes) = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .map_err(|error| unreadable(path, &error))?;
        ("<stdin>".to_owned(), bytes)
    } else {
        (
            path.display().to_string(),
            std::fs::read(path).map_err(|error| unreadable(path, &error))?,
        )
    };
    let variables = |name: &str| std::env::var(name).ok();
    let options = ParseOptions {
        file: Some(origin.clone()),
        environment: variables("TASKER_ENV").filter(|name| !name.is_empty()),
        variables: &variables,
    };
    Ok(Checked {
        outcome: Template::parse_bytes(&bytes, &options),
        origin,
    })
}

/// The templates, if every file is good; else all problems of all files.
pub(super) fn all_good(checked: Vec<Checked>) -> Result<Vec<CompiledTemplate>, Failure> {
    let mut good = Vec::new();
    let mut bad = Vec::new();
    for one in checked {
        match one.outcome {
            Ok(template) => good.push(template),
            Err(errors) => bad.push((one.origin, errors)),
        }
    }
    if bad.is_empty() {
        Ok(good)
    } else {
        Err(refusal(&bad))
    }
}

/// All problems of all files in one failure.
fn refusal(bad: &[(String, TemplateErrors)]) -> Failure {
    let count: usize = bad
        .iter()
        .map(|(_, errors)| errors.problems.len() + errors.omitted)
        .sum();
    let place = match bad {
        [(origin, _)] => origin.clone(),
        files => format!("{} files", files.len()),
    };
    let kind = if bad.iter().all(|(_, errors)| errors.is_cycle()) {
        ErrorKind::CycleDetected
    } else {
        ErrorKind::InvalidTemplate
    };
    let problems: Vec<String> = bad.iter().map(|(_, errors)| errors.to_string()).collect();
    let details: Vec<_> = bad
        .iter()
        .map(|(origin, errors)| json!({"file": origin, "problems": errors.problems}))
        .collect();
    let plural = if count == 1 { "problem" } else { "problems" };
    Failure::invalid(
        kind,
        format!("{count} {plural} in {place}\n{}", problems.join("\n")),
    )
    .details(json!({"files": details}))
    .next("correct what is named; nothing was changed")
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::usage(format!("{} cannot be read: {error}.", path.display()))
        .next("give the path of a YAML file, of a folder of them, or - for standard input")
}
