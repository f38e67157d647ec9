//! Where the files of the private cluster lie.

use crate::error::{Error, ErrorKind, Result};
use sha2::{Digest, Sha256};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Longest socket directory: the socket's own name comes on top, and all of it must stay under 108 bytes (104 on macOS).
const LONGEST_SOCKET_DIRECTORY: usize = 85;

/// The paths of one cluster.
#[derive(Debug, Clone)]
pub(super) struct Places {
    /// Everything of this cluster, 0700: `<data dir>/pg<major>`.
    pub(super) root: PathBuf,
    /// What PostgreSQL calls the data directory.
    pub(super) data: PathBuf,
    /// What the server writes, standard error included.
    pub(super) log: PathBuf,
    /// The lock by which processes take turns.
    pub(super) lock: PathBuf,
}

impl Places {
    /// The paths of the cluster of `major` below `data_dir`.
    ///
    /// # Errors
    /// `config_invalid` when the path holds characters that `pg_ctl`, which passes it through a shell, would garble.
    pub(super) fn below(data_dir: &Path, major: u32) -> Result<Self> {
        let data_dir = std::path::absolute(data_dir).map_err(|error| {
            Error::new(
                ErrorKind::ConfigInvalid,
                format!("The data directory {data_dir:?} is no path: {error}."),
            )
        })?;
        let shown = data_dir.to_str().unwrap_or("\\");
        if shown.contains(['"', '$', '`', '\\', '\n']) {
            return Err(Error::new(
                ErrorKind::ConfigInvalid,
                format!(
                    "The data directory {data_dir:?} holds a character that pg_ctl cannot pass on (a double quote, $, `, a \
                     backslash, a line break, or bytes that are not UTF-8). Set TASKER_DATA_DIR to a plainer path."
                ),
            ));
        }
        let root = data_dir.join(format!("pg{major}"));
        Ok(Self {
            data: root.join("data"),
            log: root.join("server.log"),
            lock: root.join("lock"),
            root,
        })
    }

    /// Whether the cluster was created. Creation ends with a rename, so the file is there with all others or not at all.
    pub(super) fn exists(&self) -> bool {
        self.data.join("PG_VERSION").is_file()
    }

    /// The directory for the socket: beside the data, or a short private one where that path would be too long.
    pub(super) fn socket_directory(&self, owner: u32) -> Result<PathBuf> {
        let beside = self.root.join("socket");
        if beside.as_os_str().len() <= LONGEST_SOCKET_DIRECTORY {
            create_private(&beside, owner)?;
            return Ok(beside);
        }
        let bases = [
            std::env::var_os("XDG_RUNTIME_DIR"),
            std::env::var_os("TMPDIR"),
            Some("/tmp".into()),
        ];
        short_directory(&self.root, bases.into_iter().flatten().map(PathBuf::from), owner)
    }
}

/// The data directory of this user: `TASKER_DATA_DIR`, else `$XDG_DATA_HOME/tasker`, else `~/.local/share/tasker`.
///
/// # Errors
/// `config_invalid` when none of the variables is set.
pub(super) fn default_data_dir(env: &dyn Fn(&str) -> Option<String>) -> Result<PathBuf> {
    let variable = |name: &str| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("TASKER_DATA_DIR")
        // The XDG specification: a relative path there is invalid and to be ignored.
        .or_else(|| variable("XDG_DATA_HOME").filter(|p| p.is_absolute()).map(|p| p.join("tasker")))
        .or_else(|| variable("HOME").map(|home| home.join(".local/share/tasker")))
        .ok_or_else(|| {
            Error::new(
                ErrorKind::ConfigInvalid,
                "There is no place for the private PostgreSQL cluster: neither TASKER_DATA_DIR nor XDG_DATA_HOME nor \
                 HOME is set. Set TASKER_DATA_DIR to a directory, or DATABASE_URL to a database.",
            )
        })
}

fn short_directory(root: &Path, bases: impl Iterator<Item = PathBuf>, owner: u32) -> Result<PathBuf> {
    let digest = Sha256::digest(root.as_os_str().as_bytes());
    let name: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let mut problems = Vec::new();
    for base in bases {
        let directory = base.join(format!("tasker-{name}"));
        if directory.as_os_str().len() > LONGEST_SOCKET_DIRECTORY {
            problems.push(format!("{} is too long a path for a socket", directory.display()));
            continue;
        }
        match create_private(&directory, owner) {
            Ok(()) => return Ok(directory),
            Err(error) => problems.push(error.message),
        }
    }
    Err(Error::new(
        ErrorKind::DatabaseUnavailable,
        format!(
            "There is no place for the socket of the private PostgreSQL cluster in {}: {}. Set TASKER_DATA_DIR to a shorter \
             path.",
            root.display(),
            problems.join("; ")
        ),
    ))
}

/// Makes `directory` with mode 0700, owned by `owner`, or makes sure that it is just that. In a place where others may
/// write, a directory that somebody else made is not to be trusted: they could put their own server behind it.
pub(super) fn create_private(directory: &Path, owner: u32) -> Result<()> {
    let failed = |what: String| Error::new(ErrorKind::DatabaseUnavailable, what);
    match std::fs::DirBuilder::new().mode(0o700).create(directory) {
        Ok(()) => {
            let me = rustix::process::geteuid().as_raw();
            if me != owner {
                std::os::unix::fs::chown(directory, Some(owner), Some(owner)).map_err(|error| {
                    failed(format!(
                        "{} cannot be given to user {owner}: {error}",
                        directory.display()
                    ))
                })?;
            }
            return Ok(());
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed(format!("{} cannot be made: {error}", directory.display()))),
    }
    let found = std::fs::symlink_metadata(directory)
        .map_err(|error| failed(format!("{} cannot be looked at: {error}", directory.display())))?;
    if !found.is_dir() {
        return Err(failed(format!("{} is not a directory", directory.display())));
    }
    if found.uid() != owner {
        return Err(failed(format!(
            "{} belongs to user {} and not to user {owner}",
            directory.display(),
            found.uid()
        )));
    }
    if found.mode() & 0o077 != 0 {
        return Err(failed(format!(
            "{} is open to others (mode {:o}, wanted 700)",
            directory.display(),
            found.mode() & 0o777
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn me() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    fn data_dir(variables: &[(&str, &str)]) -> Result<PathBuf> {
        default_data_dir(&|name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, v)| (*v).to_owned())
        })
    }

    #[test]
    fn the_data_directory_is_the_named_one_then_that_of_xdg_then_that_of_home() {
        let all = [("TASKER_DATA_DIR", "/d"), ("XDG_DATA_HOME", "/x"), ("HOME", "/h")];
        assert_eq!(data_dir(&all).unwrap(), Path::new("/d"));
        assert_eq!(data_dir(&all[1..]).unwrap(), Path::new("/x/tasker"));
        assert_eq!(data_dir(&all[2..]).unwrap(), Path::new("/h/.local/share/tasker"));
        assert_eq!(
            data_dir(&[("XDG_DATA_HOME", "rel"), ("HOME", "/h")]).unwrap(),
            Path::new("/h/.local/share/tasker")
        );
        assert_eq!(
            data_dir(&[("HOME", "")]).unwrap_err().kind,
            ErrorKind::ConfigInvalid
        );
    }

    #[test]
    fn a_path_that_pg_ctl_would_garble_is_refused() {
        for bad in ["/a\"b", "/a$b", "/a`b", "/a\\b"] {
            assert_eq!(
                Places::below(Path::new(bad), 15).unwrap_err().kind,
                ErrorKind::ConfigInvalid
            );
        }
        assert_eq!(
            Places::below(Path::new("/a b'c"), 15).unwrap().root,
            Path::new("/a b'c/pg15")
        );
    }

    #[test]
    fn a_short_path_keeps_its_socket_beside_the_data() {
        let directory = tempfile::tempdir().unwrap();
        let places = Places::below(directory.path(), 15).unwrap();
        std::fs::create_dir(&places.root).unwrap();
        assert_eq!(places.socket_directory(me()).unwrap(), places.root.join("socket"));
    }

    #[test]
    fn a_long_path_gets_the_same_short_private_socket_directory_every_time() {
        let base = tempfile::tempdir().unwrap();
        let root = Path::new("/long").join("x".repeat(100));
        let bases = || [PathBuf::from("/y".repeat(60)), base.path().to_owned()].into_iter();
        let first = short_directory(&root, bases(), me()).unwrap();
        assert!(first.starts_with(base.path()));
        assert_eq!(std::fs::metadata(&first).unwrap().mode() & 0o777, 0o700);
        assert_eq!(short_directory(&root, bases(), me()).unwrap(), first);
    }

    #[test]
    fn a_socket_directory_that_others_made_or_can_enter_is_not_trusted() {
        let base = tempfile::tempdir().unwrap();
        let directory = base.path().join("socket");
        create_private(&directory, me()).unwrap();
        let stranger = create_private(&directory, me() + 1).unwrap_err();
        assert!(
            stranger.message.contains("belongs to user"),
            "{}",
            stranger.message
        );
        std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o777)).unwrap();
        let open = create_private(&directory, me()).unwrap_err();
        assert!(open.message.contains("open to others"), "{}", open.message);
        let link = base.path().join("link");
        std::os::unix::fs::symlink(base.path(), &link).unwrap();
        assert!(
            create_private(&link, me())
                .unwrap_err()
                .message
                .contains("not a directory")
        );
    }
}
