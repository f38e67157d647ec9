//! Whether the server of a cluster runs, read from what it leaves in its data directory and from `/proc`.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// The name of the socket inside its directory; the port is only a part of that name.
const SOCKET: &str = ".s.PGSQL.5432";

/// What the server says about itself in `postmaster.pid`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PidFile {
    pub(super) pid: u32,
    /// As the server calls it; another path may lead there.
    pub(super) data: PathBuf,
    /// Empty while it starts.
    pub(super) socket_dir: PathBuf,
}

/// The server of a cluster, as found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Observed {
    /// It runs and its socket answers.
    Running(PidFile),
    /// Its process lives, but the socket does not answer: starting, stopping, or the socket was removed.
    Unreachable(PidFile),
    /// It was killed, or the machine went down: the file is left, its process is gone or is somebody else.
    Stale,
    /// It does not run.
    Stopped,
}

/// Looks at the cluster in `data`.
pub(super) fn observe(data: &Path) -> Observed {
    let path = data.join("postmaster.pid");
    let Ok(text) = fs::read_to_string(&path) else {
        return Observed::Stopped;
    };
    let Some(file) = parse(&text) else {
        return Observed::Stale;
    };
    // Someone may have copied the data of a running server, and this file with it: then another server answers.
    let copied = fs::metadata(&file.data).is_ok_and(|theirs| !same_file(&theirs, data));
    if !copied && !file.socket_dir.as_os_str().is_empty() && answers(&file.socket_dir) {
        return Observed::Running(file);
    }
    if is_postgres_of(file.pid, data) {
        Observed::Unreachable(file)
    } else {
        Observed::Stale
    }
}

/// Whether something accepts connections on the socket in `directory`.
pub(super) fn answers(directory: &Path) -> bool {
    UnixStream::connect(directory.join(SOCKET)).is_ok()
}

/// Removes what a dead server left, its pid file and its socket, where PostgreSQL would be misled by it. It cleans up
/// itself where the process is gone, but not where the number was given to another process (after a reboot, in every
/// restarted container) or where nobody collects the dead one. Call it only when [`observe`] says [`Observed::Stale`]
/// and [`orphans`] says no.
pub(super) fn remove_leftovers(data: &Path, socket_dir: &Path) {
    let pid_file = data.join("postmaster.pid");
    let left = fs::read_to_string(&pid_file).ok().and_then(|text| parse(&text));
    let Some(pid) = left.and_then(|file| rustix::process::Pid::from_raw(i32::try_from(file.pid).ok()?))
    else {
        return;
    };
    if rustix::process::test_kill_process(pid).is_err() {
        return;
    }
    for file in [
        pid_file,
        socket_dir.join(SOCKET),
        socket_dir.join(format!("{SOCKET}.lock")),
    ] {
        if fs::remove_file(&file).is_ok() {
            tracing::debug!(file = %file.display(), "removed what a dead PostgreSQL server left");
        }
    }
}

/// Whether backends of a killed server still work in `data`: they end by themselves, and until then a second server
/// would destroy the data. Knows only where there is a `/proc`; elsewhere PostgreSQL's own check has to do.
pub(super) fn orphans(data: &Path) -> bool {
    let Ok(processes) = fs::read_dir("/proc") else {
        return false;
    };
    processes
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .any(|pid: u32| works_in(pid, data) == Some(true) && is_alive_postgres(pid))
}

/// The lines of `postmaster.pid`: pid, data directory, start time, port, socket directory, …
fn parse(text: &str) -> Option<PidFile> {
    let mut lines = text.lines();
    // Negative for a single-user backend.
    let pid: u32 = lines.next()?.trim().parse().ok()?;
    let data = PathBuf::from(lines.next().unwrap_or_default());
    let socket_dir = PathBuf::from(lines.nth(2).unwrap_or_default().trim());
    Some(PidFile {
        pid,
        data,
        socket_dir,
    })
}

/// Whether `pid` is a living PostgreSQL that works in `data`. In doubt, yes: the doubt costs a wait, the opposite the data.
fn is_postgres_of(pid: u32, data: &Path) -> bool {
    is_alive_postgres(pid) && works_in(pid, data).unwrap_or(true)
}

/// PostgreSQL changes into its data directory.
fn works_in(pid: u32, data: &Path) -> Option<bool> {
    let theirs = fs::metadata(format!("/proc/{pid}/cwd")).ok()?;
    Some(same_file(&theirs, data))
}

/// Compared by inode: paths differ between mount namespaces and through links.
fn same_file(found: &fs::Metadata, path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|other| (other.dev(), other.ino()) == (found.dev(), found.ino()))
}

fn is_alive_postgres(pid: u32) -> bool {
    if Path::new("/proc/self/stat").exists() {
        // "27 (postgres) S …": the name stands in brackets, the state behind it. Z and X are dead.
        return fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
            let (head, state) = stat.rsplit_once(')').unwrap_or_default();
            head.contains("(postgres") && !matches!(state.trim_start().chars().next(), Some('Z' | 'X') | None)
        });
    }
    let mut ps = std::process::Command::new("ps");
    ps.args(["-o", "stat=", "-o", "comm=", "-p", &pid.to_string()])
        .stdin(std::process::Stdio::null());
    ps.output().is_ok_and(|output| {
        let line = String::from_utf8_lossy(&output.stdout);
        line.contains("postgres") && !line.trim_start().starts_with('Z')
    })
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn a_pid_file_is_read_also_while_it_is_being_written() {
        let full = "27\n/d/data\n1700000000\n5432\n/d/socket\n\n  1 2\nready   \n";
        let file = parse(full).unwrap();
        assert_eq!(
            (file.pid, file.data.to_str(), file.socket_dir.to_str()),
            (27, Some("/d/data"), Some("/d/socket"))
        );
        let half = parse("27\n/d/data\n").unwrap();
        assert_eq!((half.pid, half.socket_dir), (27, PathBuf::new()));
        assert_eq!(parse("-27\n"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn a_number_that_now_belongs_to_another_process_is_stale() {
        let data = tempfile::tempdir().unwrap();
        let me = std::process::id();
        fs::write(
            data.path().join("postmaster.pid"),
            format!("{me}\n{}\n1\n5432\n/nowhere\n", data.path().display()),
        )
        .unwrap();
        assert_eq!(observe(data.path()), Observed::Stale);
    }

    #[test]
    fn without_a_pid_file_nothing_runs() {
        assert_eq!(observe(tempfile::tempdir().unwrap().path()), Observed::Stopped);
    }
}
