//! What the tests of Tasker stand on.
//!
//! [`TestDatabase`]: a database for one test, in one server that all test processes of a run share.
//! [`Logins`]: database users of one test.
//! [`PrivateServer`]: a server for one test, to be killed and restarted.
//! [`Pooler`]: a PgBouncer in front of a server.
//! [`SmallDisk`]: a disk to be filled.
//! [`Release`]: what a release left behind, to hold later code against.
//! [`assert_consistent`]: what must hold in a database of Tasker, whatever happened in it.

mod consistency;
mod database;
mod dump;
mod logins;
mod pooler;
mod private_server;
mod released;
mod shared_server;
mod small_disk;

pub use consistency::{assert_consistent, inconsistencies};
pub use database::TestDatabase;
pub use dump::{DumpOf, dump};
pub use logins::Logins;
pub use pooler::{Pooler, PoolerCounts};
pub use private_server::PrivateServer;
pub use released::{Release, Script, StatementTypes, Variables, check_statements, describe, migrate, record};
pub use rustix::process::Signal;
pub use shared_server::{SharedServer, shared_data_dir};
pub use small_disk::SmallDisk;

use anyhow::{Context, Result};
use std::future::Future;

/// Runs `work` to its end on a thread and a runtime of its own: for `Drop`, which is not async and may run while the
/// test's runtime goes down or its thread panics.
fn finish<T: Send>(work: impl Future<Output = Result<T>> + Send) -> Result<T> {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .context("cannot start a runtime to clean up")?
                .block_on(work)
        });
        thread
            .join()
            .unwrap_or_else(|_| Err(anyhow::anyhow!("cleaning up panicked")))
    })
}
