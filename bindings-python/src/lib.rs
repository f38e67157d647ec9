//! The native half of the Python package: JSON goes through here, and nothing is decided here.
//!
//! Everything that waits does so without the GIL, in slices after which Ctrl-C is looked for.

mod command;
mod engine;
mod error;
mod http;
mod session;
mod tell;
mod wait;
mod worker;

use pyo3::prelude::*;

/// What the engine logged since the last call, as the text of a JSON list; empty where that is nothing.
#[pyfunction]
fn take_logs() -> String {
    tasker_core::bridge::take_logs()
}

/// The native half of `tasker`. Use the package; this may change with every release.
// A free-threaded interpreter turns its GIL on for it: nobody has tried it without.
#[pymodule(gil_used = true)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    tell::register(module)?;
    module.add("VERSION", env!("CARGO_PKG_VERSION"))?;
    module.add("VERBS", tasker_core::bridge::verbs::VERBS.to_vec())?;
    module.add_function(wrap_pyfunction!(take_logs, module)?)?;
    module.add_function(wrap_pyfunction!(command::run_command, module)?)?;
    module.add_function(wrap_pyfunction!(http::open_paths, module)?)?;
    module.add_class::<engine::Engine>()?;
    module.add_class::<http::Exchange>()?;
    module.add_class::<http::Mount>()?;
    module.add_class::<session::Session>()?;
    module.add_class::<worker::Worker>()
}
