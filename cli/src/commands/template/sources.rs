//! From paths on the command line to checked templates.

use crate::failure::Failure;
use std::path::{Path, PathBuf};
use tasker_core::template::{self, CompiledTemplate};
use tasker_core::{Error, ErrorKind};

/// One file, and what came of it.
pub(super) struct Checked {
    pub(super) origin: String,
    pub(super) outcome: Result<CompiledTemplate, Error>,
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
            return Err(Failure::usage(format!("The folder {} holds no .yaml or .yml file.", path.display())));
        }
    }
    files.iter().map(|file| check_file(file)).collect()
}

fn collect(path: &Path, named: bool, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    if !path.is_dir() {
        let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if named || is_yaml {
            files.push(path.to_owned());
        }
        return Ok(());
    }
    let mut entries =
        std::fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(|error| unreadable(path, &error))?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    entries.iter().try_for_each(|entry| collect(&entry.path(), false, files))
}

/// Reads and checks one file; `-` is standard input.
pub(super) fn check_file(path: &Path) -> Result<Checked, Failure> {
    let (origin, text) = if path == Path::new("-") {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut std::io::stdin().lock(), &mut text).map_err(|error| unreadable(path, &error))?;
        ("<stdin>".to_owned(), text)
    } else {
        (path.display().to_string(), std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?)
    };
    Ok(Checked { outcome: template::load(&text, &origin), origin })
}

/// The templates, if every file is good; else all problems of all files.
pub(super) fn all_good(checked: Vec<Checked>) -> Result<Vec<CompiledTemplate>, Failure> {
    let mut good = Vec::new();
    let mut messages = Vec::new();
    let mut details = Vec::new();
    let mut kind = ErrorKind::InvalidTemplate;
    for one in checked {
        match one.outcome {
            Ok(template) => good.push(template),
            Err(error) => {
                kind = error.kind;
                messages.push(error.message);
                details.push(serde_json::json!({"file": one.origin, "kind": error.kind, "problems": error.details}));
            }
        }
    }
    if messages.is_empty() {
        return Ok(good);
    }
    Err(Failure::invalid(kind, messages.join("\n"))
        .details(details.into())
        .next("correct the files and run the command again; nothing was changed"))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::usage(format!("{} cannot be read: {error}.", path.display()))
        .next("give the path of a YAML file, of a folder of them, or - for standard input")
}
