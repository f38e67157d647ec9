//! `soak`: half of what the machine can do, for an hour, beside a snapshot that somebody holds open.
//!
//! `drive` is the run: a `fleet` of worker processes, of which it is measured what they can do (`maximum`); then a `feeder`
//! that creates the `mix` of tasks evenly whatever happens, and a look at everything every minute (`sample`, `claims`,
//! `backlog`, `capacity`). `judge` decides from the samples and from what is there at the end (`ending`); `plan` says when
//! what happens and `report` what comes out.

mod backlog;
mod capacity;
mod claims;
mod drive;
mod ending;
mod feeder;
mod fleet;
mod judge;
#[cfg(test)]
mod judge_tests;
mod maximum;
mod mix;
mod pin;
mod plan;
mod report;
mod sample;
mod seldom;

pub use drive::soak;
pub(crate) use mix::soak_handlers;
pub use plan::SoakOptions;
pub use report::SoakReport;
