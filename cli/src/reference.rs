//! The reference pages that are made from the command itself: `docs/reference/cli.md` and `exit-codes.md`.

use crate::args::Cli;
use crate::exit_status::ExitStatus;
use clap::{Command, CommandFactory};
use std::fmt::Write;

const MADE: &str = "<!-- Made from the command itself by scripts/generators/cli-reference; `make generate` writes it anew. -->";

/// Every verb with its help.
pub fn cli_page() -> String {
    let mut text = format!("# The `tasker` command\n\n{MADE}\n\n");
    let mut root = Cli::command().term_width(100);
    root.build();
    text.push_str("The global options, listed here once, go with every verb.\n\n");
    describe(&mut root, &mut text, 2);
    text.trim_end().to_owned() + "\n"
}

/// The exit codes, with the error kinds that lead to each.
pub fn exit_codes_page() -> String {
    let mut text = format!(
        "# Exit codes\n\n{MADE}\n\nNumbers are never reused. With `--json` the same failure is a JSON object on standard \
         error: `{{\"error\": {{\"kind\", \"message\", \"causes\", \"details\", \"next\", \"exit_code\"}}}}`.\n\n\
         | code | meaning | error kinds |\n|---|---|---|\n"
    );
    for status in ExitStatus::ALL {
        let kinds: Vec<String> = status.error_kinds().map(|kind| format!("`{kind}`")).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} |",
            status.code(),
            status.meaning(),
            kinds.join(", ")
        );
    }
    text
}

fn describe(command: &mut Command, text: &mut String, depth: usize) {
    let name = command
        .get_bin_name()
        .unwrap_or_else(|| command.get_name())
        .to_owned();
    let about = command
        .get_long_about()
        .or_else(|| command.get_about())
        .map(ToString::to_string)
        .unwrap_or_default();
    let usage = "{usage-heading} {usage}\n\n{all-args}{after-help}";
    let help = command.clone().help_template(usage).render_help().to_string();
    let help = if depth == 2 {
        help
    } else {
        without_global_options(&help)
    };
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "{} `{name}`\n\n{}\n\n```text\n{}\n```\n\n",
        "#".repeat(depth.min(4)),
        about.trim_end(),
        help.trim()
    );
    for verb in command.get_subcommands_mut().filter(|verb| !verb.is_hide_set()) {
        describe(verb, text, depth + 1);
    }
}

/// They are the same for every verb, and stand once at the top.
fn without_global_options(help: &str) -> String {
    let mut inside = false;
    let mut kept = Vec::new();
    for line in help.lines().map(str::trim_end) {
        inside = line == "Global options:" || inside && (line.is_empty() || line.starts_with(' '));
        if !inside {
            kept.push(line);
        }
    }
    kept.join("\n")
}
