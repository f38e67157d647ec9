//! From paths to scenarios: folders are searched, files read, names held against each other.

use super::model::{Scenario, parse};
use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A file that is not a scenario, and why; the reasons one a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The file.
    pub path: PathBuf,
    /// Every problem, one a line.
    pub problems: String,
}

/// What the paths held.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Scenarios to run, in the order of their files.
    pub scenarios: Vec<Scenario>,
    /// Files that were refused.
    pub refused: Vec<Refused>,
}

/// Reads every scenario of `paths`; a file is taken as it is, a folder is searched for `*.yaml` and `*.yml` at any depth.
///
/// # Errors
/// A path that is not there, or that holds no scenario file.
pub fn load_paths(paths: &[PathBuf]) -> Result<Loaded> {
    let mut files = Vec::new();
    let mut seen = BTreeSet::new();
    for path in paths {
        let found = files_of(path)?;
        if found.is_empty() {
            bail!(
                "{} holds no scenario; a scenario is a file that ends with .yaml or .yml",
                path.display()
            );
        }
        for file in found {
            let same = file
                .canonicalize()
                .with_context(|| format!("cannot read {}", file.display()))?;
            if seen.insert(same) {
                files.push(file);
            }
        }
    }
    let mut loaded = Loaded::default();
    for file in files {
        let source = std::fs::read_to_string(&file).context("the file cannot be read");
        match source.and_then(|source| parse(&source, &file)) {
            Ok(scenario) => loaded.scenarios.push(scenario),
            Err(error) => loaded.refused.push(Refused {
                path: file,
                problems: format!("{error:#}"),
            }),
        }
    }
    refuse_names_that_stand_twice(&mut loaded);
    Ok(loaded)
}

fn files_of(path: &Path) -> Result<Vec<PathBuf>> {
    let kind =
        std::fs::metadata(path).with_context(|| format!("there is no file or folder {}", path.display()))?;
    if !kind.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    let entries =
        std::fs::read_dir(path).with_context(|| format!("cannot read the folder {}", path.display()))?;
    let mut entries: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    entries.sort();
    for entry in entries {
        let yaml = entry
            .extension()
            .is_some_and(|extension| extension == "yaml" || extension == "yml");
        if entry.is_dir() {
            files.extend(files_of(&entry)?);
        } else if yaml {
            files.push(entry);
        }
    }
    Ok(files)
}

fn refuse_names_that_stand_twice(loaded: &mut Loaded) {
    let mut owners: BTreeMap<String, PathBuf> = BTreeMap::new();
    let mut kept = Vec::new();
    for scenario in std::mem::take(&mut loaded.scenarios) {
        if let Some(owner) = owners.get(&scenario.name) {
            let problems = format!(
                "name: '{}' is the name of {} already",
                scenario.name,
                owner.display()
            );
            loaded.refused.push(Refused {
                path: scenario.path,
                problems,
            });
        } else {
            owners.insert(scenario.name.clone(), scenario.path.clone());
            kept.push(scenario);
        }
    }
    loaded.scenarios = kept;
}
