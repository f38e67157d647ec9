//! Tests of workflows: by the real SQL, on a connection and in a transaction of the test's own, on the thread of the test,
//! with a clock that the test moves. No worker, no waiting, and after a rollback nothing is left.
//!
//! ```no_run
//! use serde_json::json;
//! use sqlx::Connection;
//! use tasker_core::{handler::{HandlerError, Registry, Step}, model::{State, TaskRequest}, testing::Workflow};
//! # use tasker_core::template::{ParseOptions, Template};
//!
//! # async fn test(mut connection: sqlx::PgConnection, yaml: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let mut registry = Registry::new();
//! registry.handler("shop.checkout.charge", |_: Step| async { Ok::<_, HandlerError>(json!({"charged": 7})) });
//!
//! let mut transaction = connection.begin().await?;
//! let mut workflow = Workflow::on(&mut transaction).await?;
//! workflow.handlers(&registry)?;
//! workflow.register(&Template::parse(yaml, &ParseOptions::default())?).await?;
//! workflow.fault("charge").on_attempt(1).retryable("gateway down")?;
//!
//! let report = workflow.run(&TaskRequest::new("checkout").in_namespace("shop")).await?;
//! assert_eq!(report.status(), State::Complete);
//! assert_eq!(report.executions_of("charge"), 1);
//! # Ok(())
//! # }
//! ```
//!
//! [`Workflow::crash_everywhere`] asks whether a workflow is right wherever its process dies.
//!
//! The driver itself is [`bridge::testing`](crate::bridge::testing), the same for every language; here it gets a
//! connection of sqlx and handlers in Rust.

mod crashes;
mod faults;
mod lent;
mod workflow;

pub use crate::bridge::testing::{
    CrashMoment, CrashPoint, CrashReport, Execution, ExecutionOutcome, Fault, FaultKind, Moment, Operation,
    Recorded, TestOptions, TestReport, Until, Variant, VariantReport,
};
pub use crashes::CrashEverywhere;
pub use faults::FaultBuilder;
pub use lent::LentConnection;
pub use workflow::Workflow;
