//! The `tasker` command inside the package.

use pyo3::prelude::*;

/// Runs the `tasker` command as the binary of that name does; `arguments` begin with the name of the program. It returns the
/// exit status.
#[pyfunction]
pub(crate) fn run_command(py: Python<'_>, arguments: Vec<String>) -> u8 {
    // The command waits for signals of its own; Python's handlers are not asked meanwhile.
    py.detach(|| tasker_cli::run_for_code(arguments))
}
