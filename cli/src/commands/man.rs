//! `tasker man`.

use crate::args::Cli;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Write the manual: one page, or all pages into a folder.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker man | man -l -                                   the page of the command
  tasker man task create | man -l -                       the page of a verb
  tasker man --output ~/.local/share/man/man1             all pages; then: man tasker-task-create")]
pub(crate) struct Arguments {
    /// The verb; the command itself when left out.
    #[arg(value_name = "VERB")]
    verb: Vec<String>,
    /// Write the pages of all verbs into this folder.
    #[arg(long, value_name = "FOLDER", conflicts_with = "verb")]
    output: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, printer: &Printer) -> Result<ExitStatus, Failure> {
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    let Some(folder) = &arguments.output else {
        let page = page(&named(root, &arguments.verb)?, "tasker")?;
        printer.raw(&String::from_utf8_lossy(&page.1));
        return Ok(ExitStatus::Ok);
    };
    std::fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
    let mut files = Vec::new();
    for (name, text) in pages(&root)? {
        let path = folder.join(format!("{name}.1"));
        std::fs::write(&path, text).map_err(|error| unwritable(&path, &error))?;
        files.push(path);
    }
    printer.answer(&json!({"files": files}), |look| {
        format!("{} {} pages in {}", look.good("✔"), files.len(), folder.display())
    });
    Ok(ExitStatus::Ok)
}

/// The verb of these words below the root.
fn named(root: Command, words: &[String]) -> Result<Command, Failure> {
    let mut command = root;
    for (depth, word) in words.iter().enumerate() {
        command = command
            .find_subcommand(word)
            .filter(|verb| !verb.is_hide_set())
            .cloned()
            .ok_or_else(|| {
                Failure::usage(format!(
                    "There is no verb 'tasker {}'.",
                    words[..=depth].join(" ")
                ))
                .next("see `tasker --help`")
            })?;
    }
    Ok(command)
}

/// The pages of a command and of everything below it: name and text.
fn pages(root: &Command) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let mut pages = Vec::new();
    let mut waiting = vec![root.clone()];
    while let Some(command) = waiting.pop() {
        pages.push(page(&command, "tasker")?);
        waiting.extend(
            command
                .get_subcommands()
                .filter(|verb| !verb.is_hide_set())
                .cloned(),
        );
    }
    pages.sort();
    Ok(pages)
}

/// One page: its name, such as `tasker-task-create`, and its text.
fn page(command: &Command, root: &str) -> Result<(String, Vec<u8>), Failure> {
    let name = command.get_bin_name().unwrap_or(root).replace(' ', "-");
    let man = Man::new(command.clone())
        .title(name.to_uppercase())
        .section("1")
        .source(format!("Tasker {}", env!("CARGO_PKG_VERSION")))
        .manual("Tasker");
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if command.get_subcommands().any(|verb| !verb.is_hide_set()) {
        man.render_subcommands_section(&mut text)?;
    }
    let after = command
        .get_after_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    text.extend_from_slice(examples(&after).as_bytes());
    Ok((name, text))
}

/// What stands below the options in the help, line for line as it is: commands must not be filled into paragraphs.
fn examples(after: &str) -> String {
    let (shown, rest) = match after.strip_prefix("Examples:\n") {
        Some(shown) => shown.split_once("\n\n").unwrap_or((shown, "")),
        None => ("", after),
    };
    let mut text = String::new();
    for (title, lines) in [("EXAMPLES", shown), ("NOTES", rest)] {
        if !lines.trim().is_empty() {
            let lines: Vec<String> = lines.lines().map(|line| escaped(line.trim_end())).collect();
            text.push_str(&format!(".SH {title}\n.nf\n{}\n.fi\n", lines.join("\n")));
        }
    }
    text
}

/// A line that roff takes for text, with its hyphens kept as they are typed.
fn escaped(line: &str) -> String {
    let text = line
        .replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('\'', "\\(aq");
    if text.starts_with(['.', '\'']) {
        format!("\\&{text}")
    } else {
        text
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("{} cannot be written: {error}.", path.display()))
}
