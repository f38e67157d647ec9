//! Worker processes: started, watched, stopped, and asked why they died.

use crate::runtimes::Runtime;
use crate::scenario::StopSignal;
use crate::script::{
    ENV_CONCURRENCY, ENV_DATABASE_URL, ENV_SCENARIO_DIR, ENV_WORKER_NAME, READY_DIRECTORY, unix_seconds,
};
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::process::{ChildStdin, Command};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// How long a worker may take to start.
const START_SECONDS: u64 = 60;
/// How long beyond its grace time a worker may take to stop.
const STOP_SECONDS: f64 = 30.0;

/// The worker processes of one run.
pub struct Workers {
    /// The languages; each start starts so many of each.
    runtimes: Vec<Runtime>,
    /// The directory of the run.
    directory: PathBuf,
    /// What every process finds in its environment, besides what it is called.
    environment: BTreeMap<String, String>,
    processes: Vec<WorkerProcess>,
}

struct WorkerProcess {
    name: String,
    pid: u32,
    log: PathBuf,
    exited: watch::Receiver<Option<Exit>>,
    /// What we have sent it.
    sent: Option<StopSignal>,
    /// The process kills itself when this is closed.
    _stdin: Option<ChildStdin>,
}

/// How and when a process ended.
#[derive(Debug, Clone, Copy)]
struct Exit {
    status: ExitStatus,
    at: f64,
}

impl Workers {
    /// No process yet.
    pub fn new(
        runtimes: &[Runtime],
        directory: PathBuf,
        database_url: &str,
        environment: BTreeMap<String, String>,
    ) -> Self {
        let mut environment = environment;
        environment.insert(ENV_DATABASE_URL.into(), database_url.to_owned());
        environment.insert(ENV_SCENARIO_DIR.into(), directory.display().to_string());
        Self {
            runtimes: runtimes.to_vec(),
            directory,
            environment,
            processes: Vec::new(),
        }
    }

    /// Starts `count` processes of each language and returns when all of them work.
    ///
    /// # Errors
    /// One of them did not start.
    pub async fn start(&mut self, count: usize, concurrency: Option<usize>) -> Result<()> {
        let before = self.processes.len();
        for runtime in self.runtimes.clone() {
            for _ in 0..count {
                let process = self.spawn(&runtime, concurrency)?;
                self.processes.push(process);
            }
        }
        let deadline = Instant::now() + Duration::from_secs(START_SECONDS);
        for process in self.processes.iter().skip(before) {
            process.wait_until_ready(&self.directory, deadline).await?;
        }
        Ok(())
    }

    fn spawn(&self, runtime: &Runtime, concurrency: Option<usize>) -> Result<WorkerProcess> {
        let number = self
            .processes
            .iter()
            .filter(|process| process.name.starts_with(runtime.name))
            .count()
            + 1;
        let name = format!("{}-{number}", runtime.name);
        let log = self.directory.join(format!("worker-{name}.log"));
        let file = std::fs::File::create(&log)?;
        let words = runtime.command()?;
        let (program, arguments) = words.split_first().context("the runtime names no program")?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(file.try_clone()?)
            .stderr(file);
        command
            .env_clear()
            .envs(&self.environment)
            .env(ENV_WORKER_NAME, &name);
        if let Some(concurrency) = concurrency {
            command.env(ENV_CONCURRENCY, concurrency.to_string());
        }
        // A Ctrl-C at the terminal is ours to handle, not theirs.
        command.process_group(0).kill_on_drop(true);
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let pid = child.id().context("the worker has no process id")?;
        let stdin = child.stdin.take();
        let (tell, exited) = watch::channel(None);
        tokio::spawn(async move {
            if let Ok(status) = child.wait().await {
                tell.send_replace(Some(Exit {
                    status,
                    at: unix_seconds(),
                }));
            }
        });
        Ok(WorkerProcess {
            name,
            pid,
            log,
            exited,
            sent: None,
            _stdin: stdin,
        })
    }

    /// Stops every process and returns when all are gone.
    ///
    /// # Errors
    /// One did not end in time, or did not end as one that was asked to stop.
    pub async fn stop(&mut self, signal: StopSignal, grace_seconds: f64) -> Result<()> {
        for process in &mut self.processes {
            process.send(signal)?;
        }
        let deadline = Instant::now() + Duration::from_secs_f64(grace_seconds + STOP_SECONDS);
        for process in &mut self.processes {
            if tokio::time::timeout_at(deadline, process.gone()).await.is_err() {
                process.send(StopSignal::Kill)?;
                bail!(
                    "worker {} did not stop within {:.0} s of a TERM (see {})",
                    process.name,
                    grace_seconds + STOP_SECONDS,
                    process.log.display()
                );
            }
        }
        match self
            .processes
            .iter()
            .filter(|process| process.sent == Some(signal))
            .find_map(WorkerProcess::complaint)
        {
            Some(complaint) => bail!(complaint),
            None => Ok(()),
        }
    }

    /// Ends every process at once, whatever it does. Never fails: it is the last thing done.
    pub async fn kill_all(&mut self) {
        for process in &mut self.processes {
            process.send(StopSignal::Kill).ok();
        }
        let deadline = Instant::now() + Duration::from_secs(10);
        for process in &mut self.processes {
            tokio::time::timeout_at(deadline, process.gone()).await.ok();
        }
    }

    /// Process id → when it ended, for those that have.
    pub fn deaths(&self) -> BTreeMap<u32, f64> {
        self.processes
            .iter()
            .filter_map(|process| process.exit().map(|exit| (process.pid, exit.at)))
            .collect()
    }

    /// Whether a process was killed, by us or by its script: what it held is then still claimed.
    pub fn any_killed(&self) -> bool {
        let killed = |exit: Exit| exit.status.signal() == Some(Signal::KILL.as_raw());
        self.processes
            .iter()
            .any(|process| process.exit().is_some_and(killed))
    }

    /// The first process that ended although nobody told it to; those in `scripted` had `exit_process` in their script.
    pub fn unexpected_death(&self, scripted: &dyn Fn(u32) -> bool) -> Option<String> {
        self.processes.iter().find_map(|process| {
            let exit = process.exit()?;
            let killed = exit.status.signal() == Some(Signal::KILL.as_raw());
            if process.sent.is_some() || (killed && scripted(process.pid)) {
                return None;
            }
            Some(format!(
                "worker {} died by itself: {} (see {})",
                process.name,
                exit.status,
                process.log.display()
            ))
        })
    }
}

impl WorkerProcess {
    fn exit(&self) -> Option<Exit> {
        *self.exited.borrow()
    }

    async fn gone(&mut self) {
        self.exited.wait_for(Option::is_some).await.ok();
    }

    /// Sends a signal to a process that still runs.
    fn send(&mut self, signal: StopSignal) -> Result<()> {
        if self.exit().is_some() {
            return Ok(());
        }
        let raw = match signal {
            StopSignal::Term => Signal::TERM,
            StopSignal::Kill => Signal::KILL,
        };
        self.sent = Some(signal);
        let pid = i32::try_from(self.pid)
            .ok()
            .and_then(Pid::from_raw)
            .context("not a process id")?;
        match kill_process(pid, raw) {
            // It went while we looked.
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(error).with_context(|| format!("cannot signal worker {}", self.name)),
        }
    }

    /// What is wrong with how it ended after it was asked to stop.
    fn complaint(&self) -> Option<String> {
        let exit = self.exit()?;
        if self.sent != Some(StopSignal::Term) || exit.status.success() {
            return None;
        }
        Some(format!(
            "worker {} was asked to stop and ended with {}, not with exit status 0 (see {})",
            self.name,
            exit.status,
            self.log.display()
        ))
    }

    async fn wait_until_ready(&self, directory: &std::path::Path, deadline: Instant) -> Result<()> {
        let ready = directory
            .join(READY_DIRECTORY)
            .join(format!("{}.ready", self.name));
        while !ready.exists() {
            if let Some(exit) = self.exit() {
                bail!(
                    "worker {} ended before it had started: {} (see {})",
                    self.name,
                    exit.status,
                    self.log.display()
                );
            }
            if Instant::now() > deadline {
                bail!(
                    "worker {} has not started within {START_SECONDS} s (see {})",
                    self.name,
                    self.log.display()
                );
            }
            sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }
}
