//! `tasker completions`.

use crate::args::Cli;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Write the completions for a shell, so that Tab finishes verbs and options.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  source <(tasker completions bash)                                          for this session
  tasker completions bash > ~/.local/share/bash-completion/completions/tasker
  tasker completions zsh > \"${fpath[1]}/_tasker\"
  tasker completions fish > ~/.config/fish/completions/tasker.fish
  tasker completions powershell >> $PROFILE")]
pub(crate) struct Arguments {
    /// The shell.
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments, printer: &Printer) -> Result<ExitStatus, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "tasker", &mut text);
    printer.raw(&String::from_utf8_lossy(&text));
    Ok(ExitStatus::Ok)
}
