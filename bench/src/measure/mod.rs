//! What a run costs: figures of the server, CPU and memory of processes, statements that were sent, the machine.

mod machine;
mod processes;
mod server;
mod statements;
mod waits;

pub(crate) use machine::machine;
pub(crate) use processes::{EngineCpu, PostgresCpu, forget_peak, peak_rss_mb, postmaster_of, rss_mb_of};
pub(crate) use server::{Spent, Stand};
pub use statements::statement_counter;
pub(crate) use statements::statements_sent;
pub(crate) use waits::{step_waits, task_times};
