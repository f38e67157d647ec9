//! The `tasker` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    tasker_cli::run(std::env::args_os())
}
