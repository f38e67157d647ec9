//! All settings, each with where its value came from.

use super::keys::{defaults, settings_of, unit_of};
use super::{file, variables};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Settings;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

const DEFAULT_SCHEMA: &str = "tasker";

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// A configuration file.
    File {
        /// Its path, as it was named.
        path: PathBuf,
        /// From 1.
        line: u32,
        /// From 1, in characters.
        column: u32,
    },
    /// An environment variable.
    Variable {
        /// Its name.
        name: String,
    },
    /// The caller: an argument, an option of the command line.
    Explicit,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Origin::Variable { name } => f.write_str(name),
            Origin::Explicit => f.write_str("explicit"),
        }
    }
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Setting {
    /// `block.key`.
    pub name: String,
    /// What counts.
    pub value: Value,
    /// What would count if nobody said anything.
    pub default: Value,
    /// Its unit, as the reference has it.
    pub unit: Option<&'static str>,
    /// Who said so.
    pub origin: Origin,
}

/// What the caller says, before everything else.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// The schema.
    pub schema: Option<String>,
    /// Settings: a map of blocks, as in a file.
    pub settings: Map<String, Value>,
}

/// Everything that can say something about the configuration.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// What the caller says.
    pub given: Given,
    /// Environment variables; others than those of settings are left alone.
    pub variables: Vec<(String, String)>,
    /// A file: its path, for messages, and its text.
    pub file: Option<(PathBuf, String)>,
}

/// The configuration of an engine: its schema and its settings.
#[derive(Debug, Clone)]
pub struct Configuration {
    settings: Settings,
    schema: (String, Origin),
    file: Option<PathBuf>,
    list: Vec<Setting>,
}

/// What has been read so far.
pub(super) struct Draft {
    pub(super) defaults: BTreeMap<String, Value>,
    pub(super) schema: Option<(String, Origin)>,
    pub(super) problems: Vec<String>,
    values: BTreeMap<String, (Value, Origin)>,
}

impl Draft {
    /// What is said later counts.
    pub(super) fn put(&mut self, name: String, value: Value, origin: Origin) {
        self.values.insert(name, (value, origin));
    }

    pub(super) fn blocks(&self) -> BTreeSet<String> {
        let block = |name: &String| name.split('.').next().unwrap_or_default().to_owned();
        self.defaults.keys().map(block).collect()
    }
}

impl Configuration {
    /// What this process was given: `given`, else its environment variables, else the file that `TASKER_CONFIG` names or
    /// `tasker.yaml` in its working directory, else the defaults.
    ///
    /// # Errors
    /// `ConfigInvalid` with everything that is wrong, each with its place; also where the named file cannot be read.
    pub fn load(given: Given) -> Result<Self> {
        let named = std::env::var("TASKER_CONFIG").ok();
        Self::read(&Sources {
            given,
            variables: std::env::vars_os()
                .filter_map(|(name, value)| {
                    Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
                })
                .collect(),
            file: file::find(named.as_deref().map(str::trim))?,
        })
    }

    /// The configuration that these sources make.
    ///
    /// # Errors
    /// `ConfigInvalid` with everything that is wrong, each with its place.
    pub fn read(sources: &Sources) -> Result<Self> {
        let mut draft = Draft {
            defaults: defaults(),
            schema: None,
            problems: Vec::new(),
            values: BTreeMap::new(),
        };
        if let Some((path, text)) = &sources.file {
            file::read(path, text, &mut draft);
        }
        variables::read(&sources.variables, &mut draft);
        take_given(&sources.given, &mut draft);
        if !draft.problems.is_empty() {
            return Err(refusal(draft.problems));
        }
        let values = draft
            .values
            .iter()
            .map(|(name, (value, _))| (name.as_str(), value));
        let settings = settings_of(values)
            .map_err(|error| Error::internal("checked settings do not fit together").with_source(error))?;
        settings.validate().map_err(|error| placed(error, &draft))?;
        Ok(Self {
            schema: draft
                .schema
                .clone()
                .unwrap_or_else(|| (DEFAULT_SCHEMA.to_owned(), Origin::Default)),
            file: sources.file.as_ref().map(|(path, _)| path.clone()),
            list: list(&draft, &settings),
            settings,
        })
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The schema that Tasker lives in, and who said so.
    pub fn schema(&self) -> (&str, &Origin) {
        (&self.schema.0, &self.schema.1)
    }

    /// The file that was read.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Every setting, in order of their names. Passwords in URLs are in it as they were given.
    pub fn list(&self) -> &[Setting] {
        &self.list
    }
}

fn take_given(given: &Given, draft: &mut Draft) {
    if let Some(schema) = &given.schema {
        draft.schema = Some((schema.clone(), Origin::Explicit));
    }
    for (block, keys) in &given.settings {
        let Value::Object(keys) = keys else {
            draft
                .problems
                .push(format!("{block} is a block of settings, not {keys}"));
            continue;
        };
        for (key, value) in keys {
            let name = format!("{block}.{key}");
            let Some(default) = draft.defaults.get(&name) else {
                let meant = super::keys::closest(&name, draft.defaults.keys().map(String::as_str))
                    .map(|meant| format!("; did you mean '{meant}'?"))
                    .unwrap_or_default();
                draft.problems.push(format!("{name} is no setting{meant}"));
                continue;
            };
            match super::keys::check(&name, value, default) {
                Ok(()) => draft.put(name, value.clone(), Origin::Explicit),
                Err(problem) => draft.problems.push(problem),
            }
        }
    }
}

/// Every setting with what counts: the values are those of the settings, so that what is listed is what is used.
fn list(draft: &Draft, settings: &Settings) -> Vec<Setting> {
    let used = serde_json::to_value(settings).unwrap_or_default();
    draft
        .defaults
        .iter()
        .map(|(name, default)| Setting {
            value: used
                .pointer(&format!("/{}", name.replace('.', "/")))
                .cloned()
                .unwrap_or_default(),
            default: default.clone(),
            unit: unit_of(name),
            origin: draft
                .values
                .get(name)
                .map_or(Origin::Default, |(_, origin)| origin.clone()),
            name: name.clone(),
        })
        .collect()
}

/// The problems of the values with the places that they came from.
fn placed(error: Error, draft: &Draft) -> Error {
    let Some(problems) = error.details.as_array() else {
        return error;
    };
    let with_place = |problem: &str| {
        let name = problem.split([' ', '[', ':']).next().unwrap_or_default();
        match draft.values.get(name) {
            Some((_, origin)) => format!("{origin}: {problem}"),
            None => problem.to_owned(),
        }
    };
    refusal(
        problems
            .iter()
            .filter_map(Value::as_str)
            .map(with_place)
            .collect(),
    )
}

fn refusal(problems: Vec<String>) -> Error {
    Error::new(ErrorKind::ConfigInvalid, problems.join("\n")).with_details(problems.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)] // A test stops at what must not happen.
    use super::*;
    use serde_json::json;

    fn sources(file: &str, variables: &[(&str, &str)]) -> Sources {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Sources {
            file: (!file.is_empty()).then(|| ("tasker.yaml".into(), file.to_owned())),
            variables: variables.iter().map(pair).collect(),
            given: Given::default(),
        }
    }

    fn problems(file: &str, variables: &[(&str, &str)]) -> String {
        let error = Configuration::read(&sources(file, variables)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::ConfigInvalid);
        error.message
    }

    fn origin_of<'c>(configuration: &'c Configuration, name: &str) -> &'c Origin {
        &configuration
            .list()
            .iter()
            .find(|setting| setting.name == name)
            .unwrap()
            .origin
    }

    #[test]
    fn nothing_said_is_the_defaults() {
        for file in ["", "# nothing\n", "execution:\n"] {
            let configuration =
                Configuration::read(&sources(file, &[("TASKER_LOG", "debug"), ("PATH", "/x__y")])).unwrap();
            assert_eq!(configuration.settings(), &Settings::default());
            assert!(
                configuration
                    .list()
                    .iter()
                    .all(|setting| setting.origin == Origin::Default)
            );
            assert_eq!(configuration.schema(), ("tasker", &Origin::Default));
        }
    }

    #[test]
    fn the_caller_wins_over_variables_and_variables_over_the_file() {
        let file = "schema: jobs\nexecution: {lease_seconds: 10, max_worker_losses: 4}\nbackoff:\n  jitter_enabled: false\n";
        let mut sources = sources(
            file,
            &[
                ("TASKER_EXECUTION__LEASE_SECONDS", "20"),
                ("TASKER_EXECUTION__MAX_WORKER_LOSSES", "5"),
            ],
        );
        sources.given.settings = json!({"execution": {"max_worker_losses": 6}})
            .as_object()
            .unwrap()
            .clone();
        let configuration = Configuration::read(&sources).unwrap();
        let execution = &configuration.settings().execution;
        assert_eq!((execution.lease_seconds, execution.max_worker_losses), (20.0, 6));
        assert!(!configuration.settings().backoff.jitter_enabled);
        assert_eq!(configuration.schema().0, "jobs");
        assert_eq!(
            origin_of(&configuration, "execution.max_worker_losses"),
            &Origin::Explicit
        );
        assert_eq!(
            origin_of(&configuration, "execution.lease_seconds").to_string(),
            "TASKER_EXECUTION__LEASE_SECONDS"
        );
        assert_eq!(
            origin_of(&configuration, "backoff.jitter_enabled").to_string(),
            "tasker.yaml:4:3"
        );
        assert_eq!(
            origin_of(&configuration, "backoff.backoff_multiplier"),
            &Origin::Default
        );
    }

    #[test]
    fn variables_hold_lists_words_and_json() {
        let configuration = Configuration::read(&sources(
            "",
            &[
                ("TASKER_BACKOFF__DEFAULT_BACKOFF_SECONDS", "1, 2.5"),
                ("TASKER_DATABASE__POOLER", "transaction"),
                (
                    "TASKER_RETENTION__RULES",
                    r#"[{"namespace": "shop", "older_than_seconds": 60}]"#,
                ),
                ("TASKER_RETENTION__ARCHIVE_DIRECTORY", "2026"),
                ("TASKER_EXECUTION__EXIT_WHEN_STUCK", "true"),
                ("TASKER_EXECUTION__HEARTBEAT_SECONDS", " "),
                ("TASKER_SCHEMA", "jobs"),
            ],
        ))
        .unwrap();
        let settings = configuration.settings();
        assert_eq!(settings.backoff.default_backoff_seconds, [1.0, 2.5]);
        assert_eq!(settings.retention.rules.len(), 1);
        assert_eq!(
            configuration
                .list()
                .iter()
                .find(|s| s.name == "retention.archive_directory")
                .unwrap()
                .value,
            "2026"
        );
        assert!(settings.execution.exit_when_stuck && settings.execution.heartbeat_seconds.is_none());
        assert_eq!(configuration.schema().0, "jobs");
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once_with_its_place() {
        let told = problems(
            "execution:\n  lease_second: 3\n  max_worker_losses: many\nexecutoin: {}\n",
            &[
                ("TASKER_EXECUTION__LEASE_SECOND", "1"),
                ("TASKER_DATABASE__POOLER", "pgbouncer"),
            ],
        );
        for expected in [
            "tasker.yaml:2:3: execution.lease_second is no setting; did you mean 'lease_seconds'?",
            "tasker.yaml:3:3: execution.max_worker_losses takes a whole number (processes), not \"many\"",
            "tasker.yaml:4:1: 'executoin' is no block of settings; did you mean 'execution'?",
            "TASKER_EXECUTION__LEASE_SECOND names no setting; did you mean TASKER_EXECUTION__LEASE_SECONDS?",
            "TASKER_DATABASE__POOLER: database.pooler takes one of `auto`, `none`, `transaction`, not \"pgbouncer\"",
        ] {
            assert!(told.contains(expected), "{expected}\n--- in\n{told}");
        }
        assert_eq!(told.lines().count(), 5, "{told}");
    }

    #[test]
    fn a_value_out_of_range_is_told_with_its_place() {
        let told = problems(
            "execution:\n  lease_seconds: -1\n",
            &[("TASKER_BACKOFF__JITTER_MAX_PERCENTAGE", "3")],
        );
        assert!(
            told.contains("tasker.yaml:2:3: execution.lease_seconds must be a number above 0"),
            "{told}"
        );
        assert!(
            told.contains(
                "TASKER_BACKOFF__JITTER_MAX_PERCENTAGE: backoff.jitter_max_percentage is a fraction"
            ),
            "{told}"
        );
    }

    #[test]
    fn a_file_that_is_no_map_or_no_yaml_is_refused() {
        assert!(problems("- 1\n", &[]).contains("tasker.yaml:1:1: a configuration is a map of keys"));
        assert!(problems("a: [1\n", &[]).contains("tasker.yaml:"));
        assert!(problems("execution: 3\n", &[]).contains("execution is a block of settings, not 3"));
    }

    #[test]
    fn a_database_in_the_file_is_refused_with_the_way_to_name_it() {
        let told = problems("database_url: postgres://anna:secret@db/shop\n", &[]);
        assert!(
            told.contains("TASKER_DATABASE_URL") && !told.contains("secret"),
            "{told}"
        );
    }
}
