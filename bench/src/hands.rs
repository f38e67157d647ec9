//! Who runs the handlers of a run.

use crate::room::Room;
use crate::workload::HANDLER;
use anyhow::{Context, Result};
use tokio::process::Command;

/// Who runs the handlers of a run.
#[derive(Debug, Clone, Default)]
pub enum Hands {
    /// Rust, in the process that measures; in children of it where there are several workers.
    #[default]
    Here,
    /// Rust, in children.
    Apart,
    /// Another language, in children.
    Foreign(Language),
}

/// A language, and the program that works in it.
#[derive(Debug, Clone)]
pub struct Language {
    /// As `--runtime` has it.
    pub name: &'static str,
    /// The command line of the worker, for a shell.
    pub command: String,
    /// What its handlers are, where the language makes a difference: `sync` or `async`.
    pub handler_kind: &'static str,
}

impl Hands {
    /// What the report calls them.
    pub(crate) fn runtime(&self) -> &'static str {
        match self {
            Self::Here | Self::Apart => "rust",
            Self::Foreign(language) => language.name,
        }
    }

    /// The program of a child, and its arguments.
    pub(crate) fn command(&self, room: &Room, concurrency: u32) -> Result<Command> {
        let mut command = match self {
            Self::Here | Self::Apart => {
                let program =
                    std::env::current_exe().context("the program that runs cannot be found again")?;
                let mut command = Command::new(program);
                command.arg("bench-worker");
                command
            }
            Self::Foreign(language) => {
                let mut command = Command::new("sh");
                command.args(["-c", &format!("exec {} \"$@\"", language.command), "sh"]);
                command.args(["--handler", HANDLER, "--handler-kind", language.handler_kind]);
                command
            }
        };
        command.args([
            "--schema",
            &room.schema,
            "--concurrency",
            &concurrency.to_string(),
        ]);
        Ok(command)
    }
}
