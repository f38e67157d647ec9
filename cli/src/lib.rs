//! The `tasker` command, as a library so that the Python wheel and the npm package can ship it too.
//!
//! The path of every call: [`run`] parses the arguments (`args`), picks the verb (`commands`, one file each), which
//! asks the engine through a [`Session`](session::Session), turns what it gets into text (`render`, pure functions
//! from model values to strings) or a live view (`live`), and hands that to the one [`Printer`](printer::Printer).
//! What goes wrong becomes a [`Failure`](failure::Failure) with an [`ExitStatus`](exit_status::ExitStatus).

mod args;
mod commands;
mod entry;
mod exit_status;
mod failure;
mod live;
mod printer;
pub mod reference;
mod render;
mod session;

pub use entry::{run, run_for_code};
