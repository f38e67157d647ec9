//! The test driver of every language: workflows run on a connection and in a transaction that the host has, by the real
//! SQL, with a clock that the test moves.
//!
//! Nothing here speaks to a database or calls a handler. A [`TestSession`] is asked for its next [`Action`]: a statement
//! to execute, an attempt to run, a variant to judge, or the answer. The host does it and tells what came of it. So the
//! same driver works over psycopg, pg, ActiveRecord, libpq or sqlx, on whatever thread the test runs.
//!
//! How it is made: what a [`Command`] does is a plain `async fn` in `create`, `run`, `operate` or `explore`, and the
//! `port` beside it turns every `await` of it into an action.

mod create;
mod explore;
mod fault;
mod message;
mod operate;
mod record;
mod report;
mod run;
mod session;
mod state;

pub use explore::{CrashMoment, CrashPoint, CrashReport, Variant, VariantReport};
pub use fault::{Fault, FaultKind, Moment};
pub use message::{Action, Answer, Command, Operation, TestOptions, Until};
pub use report::{Execution, ExecutionOutcome, Recorded, TestReport};
pub use session::TestSession;
