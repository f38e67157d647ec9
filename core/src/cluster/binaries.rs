//! Finding the installed PostgreSQL: `initdb`, `postgres` and `pg_ctl` of one version, 15 or newer.

use crate::error::{Error, ErrorKind, Result};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The oldest major version that Tasker is written for and tested with.
pub(super) const OLDEST_MAJOR: u32 = 15;

const TOOLS: [&str; 3] = ["initdb", "postgres", "pg_ctl"];

/// Where packages put PostgreSQL; `*` stands for a version, and the highest comes first.
const USUAL_PLACES: [&str; 9] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/opt/homebrew/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/opt/local/lib/postgresql*/bin",
    "/usr/local/pgsql/bin",
    "/usr/local/bin",
];

/// The programs of one installed PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    /// The directory that holds them.
    pub(super) directory: PathBuf,
    /// For example `15.18`.
    pub(super) version: String,
    /// For example `15`.
    pub(super) major: u32,
}

impl Binaries {
    /// The path of one of the programs.
    pub(super) fn tool(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

/// Where to look, taken from the environment once so that tests can give their own.
#[derive(Debug, Clone, Default)]
pub(super) struct Search {
    /// A directory that somebody named (`TASKER_PG_BIN`): then nothing else is looked at.
    pub(super) named: Option<PathBuf>,
    /// The value of `PATH`.
    pub(super) path: Option<OsString>,
    /// Patterns of directories, see [`USUAL_PLACES`].
    pub(super) usual_places: Vec<String>,
}

impl Search {
    /// The search of this process; `named` wins over `TASKER_PG_BIN`.
    pub(super) fn of_this_process(named: Option<PathBuf>) -> Self {
        let variable = || {
            std::env::var_os("TASKER_PG_BIN")
                .filter(|v| !v.is_empty())
                .map(PathBuf::from)
        };
        Self {
            named: named.or_else(variable),
            path: std::env::var_os("PATH"),
            usual_places: USUAL_PLACES.iter().map(|place| (*place).to_owned()).collect(),
        }
    }

    /// Every usable installation, the preferred one first.
    ///
    /// # Errors
    /// `database_unavailable` (not retryable) when there is none: says where it looked, what it found instead, how
    /// to install PostgreSQL, and that a URL will do as well.
    pub(super) fn find(&self) -> Result<Vec<Binaries>> {
        let mut found: Vec<Binaries> = Vec::new();
        let mut refused: Vec<String> = Vec::new();
        for directory in self.candidates() {
            if found.iter().any(|binaries| binaries.directory == directory) {
                continue;
            }
            match examine(&directory) {
                Ok(binaries) if binaries.major >= OLDEST_MAJOR => found.push(binaries),
                Ok(old) => refused.push(format!(
                    "{} holds PostgreSQL {}, which is too old: Tasker is written for and tested with {OLDEST_MAJOR} \
                     and newer",
                    directory.display(),
                    old.version
                )),
                // Half an installation is worth a word only where somebody pointed at it.
                Err(reason) if self.named.is_some() => refused.push(reason),
                Err(_) => {}
            }
        }
        if found.is_empty() {
            Err(self.nothing_found(&refused))
        } else {
            Ok(found)
        }
    }

    fn candidates(&self) -> Vec<PathBuf> {
        if let Some(named) = &self.named {
            return vec![named.clone()];
        }
        let mut directories: Vec<PathBuf> = Vec::new();
        if let Some(path) = &self.path {
            directories.extend(std::env::split_paths(path).filter_map(|entry| real_home(&entry)));
            directories.extend(ask_pg_config(path));
        }
        for place in &self.usual_places {
            directories.extend(expand(place));
        }
        directories
    }

    fn nothing_found(&self, refused: &[String]) -> Error {
        let looked = match &self.named {
            Some(named) => format!("{} (from TASKER_PG_BIN or the options)", named.display()),
            None => format!("PATH, `pg_config --bindir`, {}", self.usual_places.join(", ")),
        };
        let refused = match refused {
            [] => String::new(),
            reasons => format!(" {}.", reasons.join(". ")),
        };
        let mut error = Error::new(
            ErrorKind::DatabaseUnavailable,
            format!(
                "No database is named, and no PostgreSQL {OLDEST_MAJOR} or newer is installed to start a private one \
                 (needed: {}). Looked in: {looked}.{refused} Install it with `{}`, or set TASKER_PG_BIN to the directory \
                 that holds these programs, or set DATABASE_URL to a PostgreSQL that runs elsewhere.",
                TOOLS.join(", "),
                install_command()
            ),
        );
        // Nothing that repeats the call by itself will install a package.
        error.retry = false;
        error
    }
}

/// The command that installs PostgreSQL on this platform.
fn install_command() -> &'static str {
    if cfg!(target_os = "macos") {
        "brew install postgresql@17"
    } else if Path::new("/etc/debian_version").exists() {
        "sudo apt-get install postgresql"
    } else if Path::new("/etc/fedora-release").exists() || Path::new("/etc/redhat-release").exists() {
        "sudo dnf install postgresql-server"
    } else if Path::new("/etc/alpine-release").exists() {
        "sudo apk add postgresql"
    } else if Path::new("/etc/arch-release").exists() {
        "sudo pacman -S postgresql"
    } else {
        "sudo apt-get install postgresql"
    }
}

/// The directory in which the three programs of a `PATH` entry really lie: entries are often links into a versioned
/// directory, and `postgres` finds its share files relative to itself.
fn real_home(entry: &Path) -> Option<PathBuf> {
    let mut homes = TOOLS
        .map(|tool| std::fs::canonicalize(entry.join(tool)).ok())
        .into_iter();
    let first = homes.next()??.parent()?.to_owned();
    let same = homes.all(|tool| tool.is_some_and(|path| path.parent() == Some(&first)));
    Some(if same { first } else { entry.to_owned() })
}

fn ask_pg_config(path: &OsString) -> Option<PathBuf> {
    let program = std::env::split_paths(path)
        .map(|entry| entry.join("pg_config"))
        .find(|p| p.is_file())?;
    let output = Command::new(program)
        .arg("--bindir")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let directory = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(directory.trim()))
}

/// The directories that a pattern with at most one `*` (inside one component) stands for, highest version first.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else {
        return vec![PathBuf::from(pattern)];
    };
    let Some((parent, prefix)) = before.rsplit_once('/') else {
        return Vec::new();
    };
    let Ok(entries) = std::fs::read_dir(parent) else {
        return Vec::new();
    };
    let mut versions: Vec<(u32, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let major = leading_number(name.strip_prefix(prefix)?)?;
            Some((major, PathBuf::from(format!("{parent}/{name}{after}"))))
        })
        .collect();
    versions.sort_by(|a, b| b.cmp(a));
    versions.into_iter().map(|(_, directory)| directory).collect()
}

fn leading_number(text: &str) -> Option<u32> {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// What a directory holds, or what is missing there.
fn examine(directory: &Path) -> Result<Binaries, String> {
    let missing: Vec<&str> = TOOLS
        .into_iter()
        .filter(|tool| !directory.join(tool).is_file())
        .collect();
    if !missing.is_empty() {
        return Err(format!(
            "{} has no {}",
            directory.display(),
            missing.join(", no ")
        ));
    }
    let postgres = directory.join("postgres");
    let output = Command::new(&postgres)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{} does not run: {error}", postgres.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    // "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"; betas read "18beta1".
    let version = text.split_whitespace().nth(2).unwrap_or_default().to_owned();
    match leading_number(&version) {
        Some(major) if output.status.success() => Ok(Binaries {
            directory: directory.to_owned(),
            version,
            major,
        }),
        _ => Err(format!(
            "`{} --version` did not answer with a version",
            postgres.display()
        )),
    }
}

#[cfg(test)]
#[path = "binaries_tests.rs"]
mod tests;
