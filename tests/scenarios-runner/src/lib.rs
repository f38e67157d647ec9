//! Scenarios: one behaviour suite for every language. `scenarios.md` of the contract is what this crate keeps to.
//!
//! A command reads aloud in [`suite`]: load the files ([`scenario`]), give each scenario a database ([`server`]), run
//! it ([`run`]): start the workers of a runtime ([`runtimes`], [`workers`]), do the actions, hold the expectations, prove
//! that nothing is left. [`script`] is what runner and workers share and [`play`] the handler of the worker in Rust;
//! [`calls`] reads what the workers did, [`matching`] compares.

pub mod calls;
pub mod engine;
pub mod matching;
pub mod options;
pub mod parity;
pub mod play;
pub mod run;
pub mod runtimes;
pub mod scenario;
pub mod script;
pub mod server;
pub mod suite;
pub mod workers;
