//! From paths on the command line to checked templates.

use crate::args::GlobalOptions;
use crate::failure::Failure;
use crate::session::Session;
use serde_json::json;
use std::io::Read;
use std::path::{Path, PathBuf};
use tasker_core::ErrorKind;
use tasker_core::template::{CompiledTemplate, ParseOptions, Template, TemplateErrors};

/// A registered template, as the command line names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference<'a> {
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
    pub(super) version: Option<&'a str>,
}

impl<'a> Reference<'a> {
    /// Reads `[NAMESPACE.]NAME[@VERSION]`; the namespace is `default` when left out.
    pub(super) fn parse(text: &'a str) -> Self {
        let (name, version) = text
            .split_once('@')
            .map_or((text, None), |(name, version)| (name, Some(version)));
        let (namespace, name) = name.split_once('.').unwrap_or(("default", name));
        Self {
            namespace,
            name,
            version,
        }
    }
}

/// A file if there is one of that name, else what is registered under it.
pub(super) async fn find(source: &str, global: &GlobalOptions) -> Result<CompiledTemplate, Failure> {
    if let Some(template) = from_file(source)? {
        return Ok(template);
    }
    let wanted = Reference::parse(source);
    let session = Session::new(global)?;
    Ok(session
        .client
        .template(wanted.namespace, wanted.name, wanted.version)
        .await?)
}

/// The template in the file of that name; none where the text does not look like the name of a file.
pub(super) fn from_file(source: &str) -> Result<Option<CompiledTemplate>, Failure> {
    let path = Path::new(source);
    if source == "-" || path.is_file() {
        let mut good = all_good(vec![check_file(path)?])?;
        return good
            .pop()
            .map(Some)
            .ok_or_else(|| Failure::failed("The file holds no template."));
    }
    let looks_like_file =
        path.extension().is_some_and(|end| end == "yaml" || end == "yml") || source.contains('/');
    if looks_like_file {
        return Err(Failure::not_found(format!("There is no file {source}.")));
    }
    Ok(None)
}

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
