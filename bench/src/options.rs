//! What to run, where, and how much of it.

use crate::Workload;
use crate::hands::Hands;
use crate::lists;

/// What to run, and how much of it.
#[derive(Debug, Clone)]
pub struct Options {
    /// The work.
    pub workload: Workload,
    /// How many tasks; the workload's own number when left out.
    pub tasks: Option<u64>,
    /// How many steps a task has, for the workloads of any length.
    pub steps: Option<u32>,
    /// `backlog`: how many ready steps of other handlers wait, and as many paused ones of the same handler.
    pub waiting: u64,
    /// `backlog`: how many finished steps there are.
    pub finished: u64,
    /// Who runs the handlers.
    pub hands: Hands,
    /// How many processes execute steps. One is this process; more are children of it.
    pub workers: u32,
    /// How many steps each of them executes at once.
    pub concurrency: u32,
    /// How many bytes of text the context of each task holds.
    pub payload_bytes: usize,
    /// Whether to run the yardsticks, too.
    pub reference: bool,
    /// Whether to run beside an engine that is at work in the same database.
    pub force: bool,
    /// The database; resolved like everywhere when left out.
    pub database_url: Option<String>,
    /// A way to the same database around a pooler; found out where left out and needed.
    pub direct_url: Option<String>,
    /// The schema whose workers must not be disturbed.
    pub guarded_schema: String,
}

/// Where to run: a database, and who must not be disturbed in it.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) database_url: Option<String>,
    pub(crate) direct_url: Option<String>,
    pub(crate) guarded_schema: String,
    pub(crate) force: bool,
}

impl Options {
    pub(crate) fn place(&self) -> Place {
        Place {
            database_url: self.database_url.clone(),
            direct_url: self.direct_url.clone(),
            guarded_schema: self.guarded_schema.clone(),
            force: self.force,
        }
    }

    /// The templates that a room needs from the beginning.
    pub(crate) fn templates(&self) -> Vec<String> {
        match self.workload {
            // Makes its own, one a size.
            Workload::GraphSize => Vec::new(),
            Workload::Lists => lists::templates(self.steps_per_task()),
            workload => vec![workload.template(self.steps_per_task())],
        }
    }

    /// How many tasks.
    pub fn tasks(&self) -> u64 {
        self.tasks.unwrap_or_else(|| self.workload.default_tasks())
    }

    /// How many steps each task has.
    pub fn steps_per_task(&self) -> u32 {
        self.workload.steps_per_task(self.steps)
    }
}
