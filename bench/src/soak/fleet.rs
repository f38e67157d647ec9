//! The workers of a soak, each a process of its own.

use super::plan::SoakOptions;
use crate::hands::Hands;
use crate::room::Room;
use crate::workers::ChildWorker;
use anyhow::{Context, Result};
use procfs::process::Process;
use std::time::{Duration, Instant};
use tasker_core::model::Settings;

/// Worker processes that run, and what those did that were killed.
pub(super) struct Fleet {
    children: Vec<ChildWorker>,
    concurrency: u32,
    settings: Settings,
    /// Calls of handlers in processes that were killed, as far as they had told of them.
    buried: u64,
    /// And the CPU that they used, in seconds.
    buried_cpu_s: f64,
    told: Vec<u64>,
    kill_every: Option<Duration>,
    killed: Instant,
    pub(super) kills: u64,
}

/// What the processes use at a moment, together.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Use {
    pub(super) rss_mb: f64,
    pub(super) peak_rss_mb: f64,
    pub(super) cpu_s: f64,
}

impl Fleet {
    /// Starts them. They claim from now on.
    pub(super) async fn start(room: &Room, options: &SoakOptions, settings: Settings) -> Result<Self> {
        let mut fleet = Self {
            children: Vec::new(),
            concurrency: options.concurrency,
            settings,
            buried: 0,
            buried_cpu_s: 0.0,
            told: Vec::new(),
            kill_every: options.kill_every_seconds.map(Duration::from_secs_f64),
            killed: Instant::now(),
            kills: 0,
        };
        for _ in 0..options.workers {
            fleet.add(room).await?;
        }
        Ok(fleet)
    }

    async fn add(&mut self, room: &Room) -> Result<()> {
        let mut child = ChildWorker::spawn(room, &Hands::Apart, self.concurrency, Some(&self.settings))?;
        child.expect("ready").await?;
        child.say("go").await?;
        self.children.push(child);
        self.told.push(0);
        Ok(())
    }

    /// How often handlers were called in all processes.
    pub(super) async fn executions(&mut self) -> Result<u64> {
        for (child, told) in self.children.iter_mut().zip(&mut self.told) {
            *told = child.usage().await?.calls;
        }
        Ok(self.buried + self.told.iter().sum::<u64>())
    }

    /// Kills one, as the kernel does when memory is short, and starts another, if it is time to.
    pub(super) async fn kill_one_if_due(&mut self, room: &Room) -> Result<()> {
        if self.kill_every.is_none_or(|every| self.killed.elapsed() < every) {
            return Ok(());
        }
        self.executions().await?;
        // The one that has lived the longest.
        self.buried += self.told.remove(0);
        let oldest = self.children.remove(0);
        self.buried_cpu_s += use_of(&oldest)?.cpu_s;
        oldest.kill().await?;
        self.killed = Instant::now();
        self.kills += 1;
        self.add(room).await
    }

    /// Memory of all that live, and CPU of all that ever did.
    pub(super) fn usage(&self) -> Result<Use> {
        let mut sum = Use {
            cpu_s: self.buried_cpu_s,
            ..Use::default()
        };
        for child in &self.children {
            let own = use_of(child)?;
            sum.rss_mb += own.rss_mb;
            sum.peak_rss_mb += own.peak_rss_mb;
            sum.cpu_s += own.cpu_s;
        }
        Ok(sum)
    }

    /// Stops all.
    pub(super) async fn stop(self) -> Result<()> {
        for child in self.children {
            child.stop().await?;
        }
        Ok(())
    }
}

fn use_of(child: &ChildWorker) -> Result<Use> {
    let process = Process::new(child.process_id()?).context("a worker process has gone")?;
    let (status, stat) = (process.status()?, process.stat()?);
    #[allow(clippy::cast_precision_loss)] // megabytes, seconds
    Ok(Use {
        rss_mb: status.vmrss.unwrap_or(0) as f64 / 1024.0,
        peak_rss_mb: status.vmhwm.unwrap_or(0) as f64 / 1024.0,
        cpu_s: (stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64,
    })
}
