//! The `tasker` command inside the gem.

use crate::wait::without_gvl;
use magnus::{Error, Ruby};

/// Runs the `tasker` command as the binary of that name does; `arguments` begin with the name of the program. It returns the exit
/// status.
pub(crate) fn run_command(ruby: &Ruby, arguments: Vec<String>) -> Result<u8, Error> {
    without_gvl(ruby, || Ok(tasker_cli::run_for_code(arguments)))
}
