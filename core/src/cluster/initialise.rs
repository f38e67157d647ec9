//! Creating a cluster, so that a process killed at any moment of it leaves nothing broken.

use super::binaries::Binaries;
use super::launcher::Launcher;
use super::memory::{autovacuum_work_mem, shared_buffers};
use super::places::{Places, create_private};
use crate::error::{Error, ErrorKind, Result};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The owner of everything in a private cluster.
pub(super) const SUPERUSER: &str = "tasker";

/// The file with our settings, rewritten at every start and included by `postgresql.conf`.
const SETTINGS_FILE: &str = "tasker.conf";

/// Makes the directory of the cluster itself, and its parents.
///
/// # Errors
/// `database_unavailable` with the path and the system's reason.
pub(super) fn create_root(places: &Places, launcher: Launcher) -> Result<()> {
    if let Some(parent) = places.root.parent() {
        fs::create_dir_all(parent).map_err(|error| {
            Error::new(
                ErrorKind::DatabaseUnavailable,
                format!(
                    "The data directory {} cannot be made: {error}. Set TASKER_DATA_DIR to a directory that can be written.",
                    parent.display()
                ),
            )
        })?;
    }
    launcher.check_reach(&places.root)?;
    create_private(&places.root, launcher.owner())
}

/// Creates the cluster. The caller holds the lock.
///
/// `initdb` works in a directory of another name, which gets its own name when all is done: half a cluster is never
/// taken for a whole one, and the remains of an earlier try are removed.
///
/// # Errors
/// `database_unavailable` with what `initdb` said.
pub(super) fn create(
    places: &Places,
    binaries: &Binaries,
    launcher: Launcher,
    settings: &Settings,
) -> Result<()> {
    for entry in fs::read_dir(&places.root).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with("new-")
            && let Err(error) = fs::remove_dir_all(entry.path())
        {
            tracing::debug!(%error, path = %entry.path().display(), "cannot remove the remains of an earlier initdb");
        }
    }
    let unfinished = places.root.join(format!("new-{:016x}", rand::random::<u64>()));
    let result = fill(&unfinished, places, binaries, launcher, settings)
        .and_then(|()| fs::rename(&unfinished, &places.data).map_err(|error| failed(&places.root, &error)));
    if result.is_err()
        && let Err(error) = fs::remove_dir_all(&unfinished)
    {
        tracing::debug!(%error, path = %unfinished.display(), "cannot remove what initdb left");
    }
    result
}

fn fill(
    directory: &Path,
    places: &Places,
    binaries: &Binaries,
    launcher: Launcher,
    settings: &Settings,
) -> Result<()> {
    let mut output = initdb(directory, "C.UTF-8", places, binaries, launcher, settings)?;
    if !output.status.success() && said(&output).contains("locale") {
        // Older macOS and some small images have no C.UTF-8; C sorts the same way, by code point.
        output = initdb(directory, "C", places, binaries, launcher, settings)?;
    }
    if !output.status.success() {
        return Err(Error::new(
            ErrorKind::DatabaseUnavailable,
            format!(
                "The private PostgreSQL cluster could not be created in {}: {} said: {}",
                places.root.display(),
                binaries.tool("initdb").display(),
                said(&output)
            ),
        ));
    }
    let mut configuration = fs::OpenOptions::new()
        .append(true)
        .open(directory.join("postgresql.conf"))
        .map_err(|error| failed(directory, &error))?;
    writeln!(
        configuration,
        "\n# Written by Tasker at every start.\ninclude_if_exists = '{SETTINGS_FILE}'"
    )
    .map_err(|error| failed(directory, &error))?;
    fs::write(directory.join("pg_hba.conf"), HOST_BASED_AUTHENTICATION)
        .map_err(|error| failed(directory, &error))
}

/// Nobody but the owner can reach the socket, in a directory of mode 0700, and there is no other way in.
const HOST_BASED_AUTHENTICATION: &str = "# The socket lies in a directory that only its owner can enter.\n\
                                         local all all trust\nlocal replication all trust\n";

fn initdb(
    directory: &Path,
    locale: &str,
    places: &Places,
    binaries: &Binaries,
    launcher: Launcher,
    settings: &Settings,
) -> Result<Output> {
    let mut command = launcher.command(&binaries.tool("initdb"), &places.root);
    command.arg("-D").arg(directory);
    command
        .args(["-U", SUPERUSER, "-A", "trust", "-E", "UTF8"])
        .arg(format!("--locale={locale}"));
    if !settings.durable() {
        command.arg("--no-sync");
    }
    run(command)
}

/// Runs a program to its end.
///
/// # Errors
/// `database_unavailable` when it cannot be run at all.
pub(super) fn run(mut command: Command) -> Result<Output> {
    command.output().map_err(|error| {
        Error::new(
            ErrorKind::DatabaseUnavailable,
            format!(
                "{} cannot be run: {error}.",
                command.get_program().to_string_lossy()
            ),
        )
    })
}

/// What a program said, errors first, as one line.
pub(super) fn said(output: &Output) -> String {
    let text = [&output.stderr, &output.stdout]
        .map(|bytes| String::from_utf8_lossy(bytes).trim().to_owned())
        .join("\n");
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" | ")
}

fn failed(path: &Path, error: &std::io::Error) -> Error {
    Error::new(
        ErrorKind::DatabaseUnavailable,
        format!(
            "The private PostgreSQL cluster could not be created in {}: {error}.",
            path.display()
        ),
    )
}

/// The settings of the server: ours, then the caller's, which win.
#[derive(Debug, Clone)]
pub(super) struct Settings(Vec<(String, String)>);

impl Settings {
    /// Ours and `extra` ones.
    ///
    /// # Errors
    /// `config_invalid` when the name of a setting is not a name.
    pub(super) fn with(extra: &[(String, String)]) -> Result<Self> {
        let ours = [
            ("listen_addresses", ""),
            ("port", "5432"),
            ("unix_socket_permissions", "0700"),
            ("cluster_name", "tasker"),
            ("max_connections", "100"),
            ("timezone", "UTC"),
            ("log_timezone", "UTC"),
            // One file, written by pg_ctl's redirection, without a line for every checkpoint.
            ("logging_collector", "off"),
            ("log_checkpoints", "off"),
            // Under load a checkpoint comes by time, not with every gigabyte: what is written after one is written whole.
            ("max_wal_size", "8GB"),
            // A queue's tables have dead rows again as soon as they have none; a look that finds nothing to do costs nothing.
            ("autovacuum_naptime", "15s"),
            // Statements here are short: compiling one costs more than running it.
            ("jit", "off"),
        ];
        let mut all: Vec<(String, String)> = ours
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let sizes = [
            ("shared_buffers", shared_buffers()),
            ("autovacuum_work_mem", autovacuum_work_mem()),
        ];
        all.extend(
            sizes
                .into_iter()
                .filter_map(|(name, size)| Some((name.to_owned(), size?))),
        );
        for (name, value) in extra {
            let is_name = !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
            if !is_name || value.contains('\n') {
                return Err(Error::new(
                    ErrorKind::ConfigInvalid,
                    format!(
                        "{name:?} = {value:?} is not a setting of PostgreSQL: expected a name and one line."
                    ),
                ));
            }
            all.push((name.clone(), value.clone()));
        }
        Ok(Self(all))
    }

    /// Whether what is committed survives a crash of the machine.
    fn durable(&self) -> bool {
        !self
            .0
            .iter()
            .any(|(name, value)| name == "fsync" && value == "off")
    }

    /// Writes them, and the socket directory, where `postgresql.conf` includes them from.
    ///
    /// # Errors
    /// `database_unavailable` when the file cannot be written.
    pub(super) fn write(&self, data: &Path, socket_dir: &Path, owner: u32) -> Result<()> {
        let mut text = String::from("# Written by Tasker at every start: changes here are lost.\n");
        // A list of directories: the inner quotes keep a comma in the path from splitting it.
        let list = format!("\"{}\"", socket_dir.display());
        for (name, value) in self
            .0
            .iter()
            .chain([&("unix_socket_directories".to_owned(), list)])
        {
            text.push_str(&format!(
                "{name} = '{}'\n",
                value.replace('\\', "\\\\").replace('\'', "''")
            ));
        }
        let path: PathBuf = data.join(SETTINGS_FILE);
        let written =
            fs::write(&path, text).and_then(|()| std::os::unix::fs::chown(&path, Some(owner), None));
        written.map_err(|error| {
            Error::new(
                ErrorKind::DatabaseUnavailable,
                format!(
                    "The settings of the private cluster cannot be written to {}: {error}.",
                    path.display()
                ),
            )
        })
    }
}
