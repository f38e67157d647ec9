//! Whether a bulk verb is meant: nothing is done to everything, or to many, by mistake.

use crate::failure::Failure;
use crate::live::ask;
use crate::printer::Printer;
use crate::render::{self, What};
use clap::Args;
use std::io::IsTerminal;

/// How, and whether it is meant.
#[derive(Debug, Args)]
pub(super) struct Consent {
    /// All there are: instead of a filter.
    #[arg(long)]
    all: bool,
    /// Only count, and show the first few.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Do not ask; needed where there is no terminal to ask on.
    #[arg(long, short = 'y')]
    yes: bool,
    /// How many a transaction takes.
    #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) batch: u32,
}

impl Consent {
    /// Either a filter or `--all`, and not both.
    pub(super) fn narrowed(&self, everything: bool, what: &str) -> Result<(), Failure> {
        match (everything, self.all) {
            (false, false) | (true, true) => Ok(()),
            (false, true) => {
                Err(Failure::usage("--all does not go with a filter.").next("leave one of them out"))
            }
            (true, false) => Err(Failure::usage(format!(
                "No filter is given, and this would be every {what}."
            ))
            .next("give a filter such as --namespace or --status, or --all")),
        }
    }

    /// Before anything is looked at: whether there would be somebody to ask.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let may_ask = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        if self.dry_run || self.yes || may_ask {
            return Ok(());
        }
        Err(
            Failure::usage("There is no terminal to ask on whether this is meant.")
                .next("look with --dry-run, then give --yes"),
        )
    }

    /// Asks; yes has to be said.
    pub(super) async fn ask(&self, what: What, count: i64, printer: &Printer) -> Result<(), Failure> {
        if count == 0 || self.yes {
            return Ok(());
        }
        let question = render::bulk_question(what, count, &printer.err);
        let answer = ask(&format!("{question} [y/N]")).await?;
        if matches!(answer.to_lowercase().as_str(), "y" | "yes") {
            return Ok(());
        }
        Err(Failure::failed("Nothing was changed.").next("answer yes, or give --yes"))
    }
}
