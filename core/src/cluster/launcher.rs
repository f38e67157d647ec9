//! As which user the programs of PostgreSQL run. They refuse to run as root, and Tasker often does in containers.

use super::places::Places;
use crate::error::{Error, ErrorKind, Result};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// The user `nobody`, which nearly every system has; `initdb` wants a user with a name.
const NOBODY: u32 = 65534;

/// How to run a program of PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Launcher {
    /// As the user that we are.
    Direct,
    /// We are root: in a user namespace in which root is called `nobody`. The files stay root's, no account and no
    /// change of owner is needed, and a directory below `/root` can be reached.
    UserNamespace,
    /// We are root and user namespaces are forbidden: as `nobody`, to whom the cluster's directory is given.
    Nobody,
}

impl Launcher {
    /// The way that fits this process and the cluster at `places`: an existing cluster is run by the one who owns it.
    pub(super) fn choose(places: &Places) -> Self {
        if !rustix::process::geteuid().is_root() {
            return Launcher::Direct;
        }
        match std::fs::metadata(&places.data) {
            Ok(found) if found.uid() == NOBODY => Launcher::Nobody,
            Ok(_) => Launcher::UserNamespace,
            Err(_) if user_namespaces_work() => Launcher::UserNamespace,
            Err(_) => Launcher::Nobody,
        }
    }

    /// The user id, as seen from here, that the cluster's files belong to.
    pub(super) fn owner(self) -> u32 {
        match self {
            Launcher::Direct | Launcher::UserNamespace => rustix::process::geteuid().as_raw(),
            Launcher::Nobody => NOBODY,
        }
    }

    /// Makes sure that the chosen user can reach `root`.
    ///
    /// # Errors
    /// `config_invalid` when a directory on the way is closed to `nobody`; says which and what to set.
    pub(super) fn check_reach(self, root: &Path) -> Result<()> {
        if self != Launcher::Nobody {
            return Ok(());
        }
        let closed = root.ancestors().skip(1).find(|directory| {
            std::fs::metadata(directory).is_ok_and(|found| found.mode() & 0o001 == 0 && found.uid() != NOBODY)
        });
        match closed {
            None => Ok(()),
            Some(directory) => Err(Error::new(
                ErrorKind::ConfigInvalid,
                format!(
                    "PostgreSQL refuses to run as root, user namespaces are forbidden here, and the user `nobody` cannot \
                     pass {}, so the private cluster cannot lie in {}. Set TASKER_DATA_DIR to a directory whose \
                     parents everyone may pass, such as /var/lib/tasker, or run Tasker as an ordinary user.",
                    directory.display(),
                    root.display()
                ),
            )),
        }
    }

    /// A command that runs `program`: standard input empty, no `PG…` variables, messages in English.
    pub(super) fn command(self, program: &Path, directory: &Path) -> Command {
        let mut command = match self {
            Launcher::Direct => Command::new(program),
            Launcher::UserNamespace => {
                let mut unshare = in_user_namespace();
                unshare.arg(program);
                unshare
            }
            Launcher::Nobody => {
                let mut command = Command::new(program);
                command.uid(NOBODY).gid(NOBODY);
                command
            }
        };
        prepare(&mut command, directory);
        command
    }

    /// The same for a program that leaves a daemon behind: it inherits none of our open files. A shell's `exec 9>lock`,
    /// make's job server or the pipe of whoever waits for our end would otherwise stay open as long as the server runs.
    pub(super) fn daemon_command(self, program: &Path, directory: &Path) -> Command {
        let mut command = self.command(program, directory);
        let highest = highest_open_file();
        // SAFETY: between fork and exec only this loop of system calls runs: it allocates nothing, takes no lock, and
        // marks numbers that may not be open, which then fails and changes nothing. Nothing is closed before exec.
        #[allow(unsafe_code)]
        // There is no safe way to keep a child from inheriting files that others opened.
        unsafe {
            command.pre_exec(move || {
                for number in 3..=highest {
                    let file = std::os::fd::BorrowedFd::borrow_raw(number);
                    rustix::io::fcntl_setfd(file, rustix::io::FdFlags::CLOEXEC).ok();
                }
                Ok(())
            });
        }
        command
    }
}

/// The highest number of a file that is open in this process.
fn highest_open_file() -> i32 {
    let numbers = std::fs::read_dir("/dev/fd").into_iter().flatten().flatten();
    numbers
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .max()
        .unwrap_or(255)
}

fn prepare(command: &mut Command, directory: &Path) {
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"PG") {
            command.env_remove(name);
        }
    }
    command
        .env("LC_ALL", "C")
        .current_dir(directory)
        .stdin(Stdio::null());
}

fn in_user_namespace() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-user=65534", "--map-group=65534", "--"]);
    command
}

fn user_namespaces_work() -> bool {
    in_user_namespace()
        .arg("true")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
