//! Scenarios: one behaviour suite for every language. `scenarios.md` of the contract is what this crate keeps to.
//!
//! A run reads aloud in `suite`: load the files ([`scenario`]), give each scenario a database (`server`), start the
//! workers of a runtime ([`runtimes`]), do the actions and hold the expectations (`run`), prove that nothing is left.
//! [`script`] is what runner and workers share, [`calls`] reads what the workers did, [`matching`] compares.

pub mod calls;
pub mod matching;
pub mod runtimes;
pub mod scenario;
pub mod script;
