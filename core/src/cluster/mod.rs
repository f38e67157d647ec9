//! The private PostgreSQL cluster: what Tasker runs on when nobody names a database.
//!
//! [`resolve_database`] decides whether it is needed. [`Cluster::open`] then finds the installed PostgreSQL
//! (`binaries`), settles where its files lie (`places`) and as which user it runs (`launcher`), creates it
//! (`initialise`) and starts it (`control`) unless it runs already (`observe`). Processes that open it at once take
//! turns on a file lock (`lock`). The server outlives the process that started it; nothing stops it but
//! [`Cluster::stop`] and the end of the machine.
//!
//! It is a plain PostgreSQL: same engine, same SQL, `fsync` on, a unix socket that only its owner can reach.

mod binaries;
mod choice;
mod control;
mod initialise;
mod launcher;
mod lock;
mod memory;
mod observe;
mod places;
mod server;

pub use choice::{DatabaseChoice, DatabaseLocation, DatabaseSource, declared_production, resolve_database};
pub use control::StopMode;
pub use server::{Cluster, ClusterOptions, ClusterStatus};
