//! Where it runs.

use crate::report::{Machine, rounded};
use crate::room::Looker;
use anyhow::Result;
use procfs::{Current, Meminfo};

/// The machine, and the settings of the server that decide what a commit costs.
pub(crate) async fn machine(looker: &mut Looker) -> Result<Machine> {
    let (version, synchronous_commit, fsync): (String, String, String) = sqlx::query_as(
        "select split_part(current_setting('server_version'), ' ', 1), current_setting('synchronous_commit'), \
         current_setting('fsync')",
    )
    .fetch_one(looker.once())
    .await?;
    #[allow(clippy::cast_precision_loss)] // gigabytes
    let memory_gb = Meminfo::current()
        .ok()
        .map(|memory| rounded(memory.mem_total as f64 / f64::from(1 << 30)));
    Ok(Machine {
        cpus: std::thread::available_parallelism().map_or(1, usize::from),
        memory_gb,
        postgres: version,
        synchronous_commit,
        fsync,
    })
}
