//! Starting and stopping the server of a cluster. Everything here blocks and is called with the lock held.

use super::binaries::Binaries;
use super::initialise::{self, Settings, run, said};
use super::launcher::Launcher;
use super::observe::{Observed, PidFile, observe, orphans, remove_leftovers};
use super::places::Places;
use crate::error::{Error, ErrorKind, Result};
use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How to stop the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopMode {
    /// Wait until every client has gone.
    Smart,
    /// Roll back what is open, disconnect everyone, write everything to disk.
    Fast,
    /// As if the power had failed: the next start recovers from the log.
    Immediate,
}

impl StopMode {
    const fn name(self) -> &'static str {
        match self {
            StopMode::Smart => "smart",
            StopMode::Fast => "fast",
            StopMode::Immediate => "immediate",
        }
    }
}

/// How often to look whether something has come or gone.
const PAUSE: Duration = Duration::from_millis(10);
/// How long a server that lives but does not answer is given before it is stopped and started anew.
const PATIENCE: Duration = Duration::from_secs(10);
/// Beyond this size the log is set aside at the next start; one old one is kept.
const LONGEST_LOG_BYTES: u64 = 10 * 1024 * 1024;

/// All that is needed to start and stop one cluster.
#[derive(Debug, Clone)]
pub(super) struct Control {
    pub(super) places: Places,
    pub(super) binaries: Binaries,
    pub(super) launcher: Launcher,
    pub(super) settings: Settings,
}

impl Control {
    /// Leaves the server running, whatever it finds: creates the cluster, starts it, or does nothing. Returns the
    /// directory of its socket.
    pub(super) fn start(&self, deadline: Instant) -> Result<PathBuf> {
        if !self.places.exists() {
            initialise::create(&self.places, &self.binaries, self.launcher, &self.settings)?;
        }
        match observe(&self.places.data) {
            Observed::Running(server) => return Ok(server.socket_dir),
            Observed::Unreachable(_) => {
                if let Some(server) = self.wait_for_answer(deadline) {
                    return Ok(server.socket_dir);
                }
            }
            Observed::Stale | Observed::Stopped => {}
        }
        let socket_dir = self.places.socket_directory(self.launcher.owner())?;
        self.clear_the_way(&socket_dir, deadline)?;
        match self.launch(&socket_dir, deadline) {
            Ok(()) => Ok(socket_dir),
            // Whoever held the lock before us was killed while its pg_ctl went on: that server won, and will do.
            Err(error) => match self.wait_for_answer(deadline) {
                Some(server) => Ok(server.socket_dir),
                None => Err(error),
            },
        }
    }

    /// Waits for a server that lives without answering. `None`: it has gone, or was stopped because it never answered.
    fn wait_for_answer(&self, deadline: Instant) -> Option<PidFile> {
        let deadline = deadline.min(Instant::now() + PATIENCE);
        loop {
            match observe(&self.places.data) {
                Observed::Running(server) => return Some(server),
                Observed::Stale | Observed::Stopped => return None,
                Observed::Unreachable(_) if Instant::now() < deadline => std::thread::sleep(PAUSE),
                Observed::Unreachable(server) => {
                    // The socket is gone (a cleaned temporary directory, the end of a login session) and with it every
                    // way in: no client loses anything that it could still use.
                    tracing::warn!(
                        pid = server.pid,
                        "the private PostgreSQL cluster does not answer: restarting it"
                    );
                    if let Err(error) = self.stop(StopMode::Fast, PATIENCE) {
                        tracing::warn!(%error, "the private PostgreSQL cluster does not stop");
                    }
                    return None;
                }
            }
        }
    }

    /// Waits until the backends of a killed server have ended, then removes what it left.
    fn clear_the_way(&self, socket_dir: &Path, deadline: Instant) -> Result<()> {
        if observe(&self.places.data) != Observed::Stale {
            return Ok(());
        }
        while orphans(&self.places.data) {
            if Instant::now() >= deadline {
                return Err(Error::new(
                    ErrorKind::DatabaseUnavailable,
                    format!(
                        "A PostgreSQL server in {} was killed, and processes of it still run. They usually end by \
                         themselves; end them (`pkill -f {}`), then try again.",
                        self.places.data.display(),
                        self.places.data.display()
                    ),
                ));
            }
            std::thread::sleep(PAUSE);
        }
        remove_leftovers(&self.places.data, socket_dir);
        Ok(())
    }

    fn launch(&self, socket_dir: &Path, deadline: Instant) -> Result<()> {
        self.settings
            .write(&self.places.data, socket_dir, self.launcher.owner())?;
        let log_before = self.rotate_log();
        let seconds = deadline
            .saturating_duration_since(Instant::now())
            .as_secs()
            .max(1);
        let mut command = self
            .launcher
            .daemon_command(&self.binaries.tool("pg_ctl"), &self.places.root);
        // pg_ctl detaches the server into a session of its own, so that Ctrl-C here does not reach it.
        command
            .arg("start")
            .arg("-D")
            .arg(&self.places.data)
            .arg("-l")
            .arg(&self.places.log);
        command.args(["-w", "-s", "-t"]).arg(seconds.to_string());
        let output = run(command)?;
        if output.status.success() {
            return Ok(());
        }
        let log = tail(&self.places.log, log_before);
        Err(Error::new(
            ErrorKind::DatabaseUnavailable,
            format!(
                "The private PostgreSQL cluster in {} did not start. pg_ctl said: {} Its log ({}) ends: {}",
                self.places.root.display(),
                said(&output),
                self.places.log.display(),
                if log.is_empty() { "(nothing)" } else { &log }
            ),
        ))
    }

    /// Stops the server and waits at most `patience` until it has. Nothing to do when it does not run.
    pub(super) fn stop(&self, mode: StopMode, patience: Duration) -> Result<()> {
        if matches!(observe(&self.places.data), Observed::Stopped | Observed::Stale) {
            return Ok(());
        }
        let mut command = self
            .launcher
            .command(&self.binaries.tool("pg_ctl"), &self.places.root);
        command
            .arg("stop")
            .arg("-D")
            .arg(&self.places.data)
            .args(["-w", "-s", "-m", mode.name()]);
        command.arg("-t").arg(patience.as_secs().max(1).to_string());
        let output = run(command)?;
        // It may have ended between our look and pg_ctl's.
        if output.status.success()
            || matches!(observe(&self.places.data), Observed::Stopped | Observed::Stale)
        {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::DatabaseUnavailable,
            format!(
                "The private PostgreSQL cluster in {} did not stop ({}) within {} s: {}. A smart stop waits for every \
                 client; a fast one does not.",
                self.places.root.display(),
                mode.name(),
                patience.as_secs(),
                said(&output)
            ),
        ))
    }

    /// Sets an overlong log aside. Returns the size of the current one.
    fn rotate_log(&self) -> u64 {
        let size = fs::metadata(&self.places.log).map_or(0, |found| found.len());
        if size > LONGEST_LOG_BYTES
            && fs::rename(&self.places.log, self.places.log.with_extension("log.1")).is_ok()
        {
            return 0;
        }
        size
    }
}

/// The last lines that were written to `log` after its byte `start`.
fn tail(log: &Path, start: u64) -> String {
    const LINES: usize = 12;
    let mut text = Vec::new();
    let read = fs::File::open(log).and_then(|mut file| {
        file.seek(SeekFrom::Start(start))?;
        file.take(64 * 1024).read_to_end(&mut text)
    });
    if read.is_err() {
        return String::new();
    }
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join(" | ")
}
