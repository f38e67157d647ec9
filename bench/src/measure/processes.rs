//! CPU time and memory of processes.

use crate::room::Looker;
use anyhow::{Context, Result};
use nix::sys::resource::{UsageWho, getrusage};
use procfs::process::{Process, all_processes};

/// CPU seconds of the engine: this process and its children that have ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EngineCpu(f64);

impl EngineCpu {
    pub(crate) fn now() -> Result<Self> {
        let mut seconds = 0.0;
        for who in [UsageWho::RUSAGE_SELF, UsageWho::RUSAGE_CHILDREN] {
            let usage = getrusage(who).context("the CPU time of this process cannot be read")?;
            for time in [usage.user_time(), usage.system_time()] {
                #[allow(clippy::cast_precision_loss)] // seconds
                let value = time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
                seconds += value;
            }
        }
        Ok(Self(seconds))
    }

    /// Seconds since then.
    pub(crate) fn since(self, start: Self) -> f64 {
        self.0 - start.0
    }
}

/// CPU seconds of a PostgreSQL server on this machine: the postmaster, its children, and those that ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PostgresCpu(f64);

impl PostgresCpu {
    /// None where the server runs elsewhere.
    pub(crate) fn now(postmaster: Option<i32>) -> Option<Self> {
        let postmaster = postmaster?;
        let own = Process::new(postmaster).ok()?.stat().ok()?;
        // Those that ended are in the times of the postmaster's waited-for children.
        let mut ticks = own.utime + own.stime + own.cutime.unsigned_abs() + own.cstime.unsigned_abs();
        for process in all_processes().ok()?.flatten() {
            if let Ok(stat) = process.stat()
                && stat.ppid == postmaster
            {
                ticks += stat.utime + stat.stime + stat.cutime.unsigned_abs() + stat.cstime.unsigned_abs();
            }
        }
        #[allow(clippy::cast_precision_loss)] // hundredths of seconds
        let seconds = ticks as f64 / procfs::ticks_per_second() as f64;
        Some(Self(seconds))
    }

    /// Seconds since then.
    pub(crate) fn since(self, start: Self) -> f64 {
        self.0 - start.0
    }
}

/// The process of the server behind a connection; none where it is not a process of this machine.
pub(crate) async fn postmaster_of(looker: &mut Looker) -> Result<Option<i32>> {
    let (backend, local): (i32, bool) = sqlx::query_as(
        "select pg_backend_pid(), inet_server_addr() is null or inet_server_addr() = inet_client_addr()",
    )
    .fetch_one(looker.once())
    .await?;
    // In a container of its own the server has numbers of its own; the name tells.
    let stat = if local {
        Process::new(backend).and_then(|process| process.stat()).ok()
    } else {
        None
    };
    Ok(stat
        .filter(|stat| stat.comm.starts_with("postgres"))
        .map(|stat| stat.ppid))
}

/// Lets the peak of resident memory of this process begin anew.
pub(crate) fn forget_peak() {
    // Refused where /proc is read-only; then the peak of the whole process is told, which is never too small.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// The peak of resident memory of this process, in megabytes.
pub(crate) fn peak_rss_mb() -> Option<f64> {
    let kilobytes = Process::myself().ok()?.status().ok()?.vmhwm?;
    #[allow(clippy::cast_precision_loss)] // megabytes
    Some(kilobytes as f64 / 1024.0)
}

/// The resident memory of a process, in megabytes.
pub(crate) fn rss_mb_of(process_id: i32) -> Result<f64> {
    let status = Process::new(process_id).and_then(|process| process.status());
    let kilobytes = status
        .with_context(|| format!("the worker process {process_id} has gone"))?
        .vmrss
        .unwrap_or(0);
    #[allow(clippy::cast_precision_loss)] // megabytes
    Ok(kilobytes as f64 / 1024.0)
}
