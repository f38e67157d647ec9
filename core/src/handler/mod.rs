//! Handlers in Rust: functions by name, typed access to what they need, a worker that runs them.
//!
//! ```no_run
//! use serde_json::json;
//! use tasker_core::{Client, ClientOptions, handler::{HandlerError, Registry, Step, Worker, WorkerOptions}};
//!
//! # async fn run() -> tasker_core::Result<()> {
//! let client = Client::new(ClientOptions::default())?;
//! let mut registry = Registry::new();
//! registry.handler("charge", |step: Step| async move {
//!     let cart = step.results("validate_cart").await?;
//!     Ok::<_, HandlerError>(json!({"charged": cart["total"]}))
//! });
//! let worker = Worker::start(&client, registry, WorkerOptions::default()).await?;
//! worker.run_until(async { tokio::signal::ctrl_c().await.unwrap_or(()) }).await
//! # }
//! ```

mod error;
mod host;
mod registry;
mod run;
mod step;
mod worker;

pub use error::HandlerError;
pub(crate) use host::Host;
pub use registry::{Handler, Registry};
pub(crate) use run::run_attempt;
pub use step::Step;
pub use worker::{Worker, WorkerOptions};
