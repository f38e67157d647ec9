//! The native half of the npm package: JSON goes through here, and nothing is decided here.
//!
//! Nothing waits on the thread of JavaScript. Whatever takes time is given a number, is done on the threads of the engine,
//! and its answer goes with that number to the one function that the environment gave for it ([`answers`]).
//!
//! There is no state of JavaScript here but what an environment's own objects hold: it may be loaded in as many threads as
//! wanted, all over the one runtime of the process, and a thread may be ended at any time.

// What `#[napi]` exports has to be `pub`, and nothing in Rust sees it.
#![allow(unreachable_pub)]

mod answers;
mod engine;
mod error;
mod http;
mod session;
mod worker;

use error::thrown;
use napi_derive::napi;

/// The version of the native half; the package refuses one that is not its own.
#[napi]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// Every verb of an engine, sorted.
#[napi]
pub fn verbs() -> Vec<&'static str> {
    tasker_core::bridge::verbs::VERBS.to_vec()
}

/// The paths of the HTTP interface that take nothing of whoever asks.
#[napi]
pub fn open_paths() -> Vec<String> {
    tasker_server::mount::open_paths()
}

/// What the engine logged since the last call, as the text of a JSON list; empty where that is nothing.
#[napi]
pub fn take_logs() -> napi::Result<String> {
    thrown(|| Ok(tasker_core::bridge::take_logs()))
}

/// Runs the `tasker` command as the binary of that name does, and returns its exit status. It waits: for a process that does
/// nothing else. `arguments` begin with the name of the program.
#[napi]
pub fn run_command(arguments: Vec<String>) -> napi::Result<u32> {
    thrown(|| Ok(tasker_cli::run_for_code(arguments).into()))
}
