//! The one place that writes to standard output and standard error.

use crate::args::{ColorChoice, GlobalOptions};
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::render::{self, Look};
use serde::Serialize;
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Where the output of a command goes, and how it looks there.
#[derive(Debug)]
pub(crate) struct Printer {
    /// Whether programs read the output.
    pub(crate) json: bool,
    /// Standard output.
    pub(crate) out: Look,
    /// Standard error.
    pub(crate) err: Look,
    /// Whether standard output is a terminal that a view can be redrawn on.
    pub(crate) live: bool,
    /// Whether standard error is one.
    pub(crate) live_err: bool,
    /// Whether nobody reads standard output any more.
    left: AtomicBool,
}

impl Printer {
    pub(crate) fn new(global: &GlobalOptions) -> Self {
        let (out, err) = (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
        // https://no-color.org: any value that is not empty. TERM=dumb can neither colour nor move its cursor.
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        let color = |terminal: bool| match global.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && !no_color && !dumb,
        };
        let width = |terminal: bool| match crossterm::terminal::size() {
            Ok((columns, _)) if terminal && columns > 0 => Some(usize::from(columns)),
            _ => None,
        };
        Self {
            json: global.json,
            out: Look {
                color: color(out),
                width: width(out),
            },
            err: Look {
                color: color(err),
                width: width(err),
            },
            live: out && !dumb && !global.json,
            live_err: err && !dumb,
            left: AtomicBool::new(false),
        }
    }

    /// Text for people, on standard output; adds the line end.
    pub(crate) fn text(&self, text: &str) {
        if !self.json {
            self.put(text);
        }
    }

    /// One JSON document on standard output: indented on a terminal, one line elsewhere.
    pub(crate) fn document(&self, value: &impl Serialize) {
        let text = if std::io::stdout().is_terminal() {
            serde_json::to_string_pretty(value)
        } else {
            serde_json::to_string(value)
        };
        match text {
            Ok(text) => self.put(&text),
            Err(defect) => self.failure(&Failure::failed(format!(
                "The answer cannot be written as JSON: {defect}"
            ))),
        }
    }

    /// Whether whoever read standard output went away: then there is nobody to go on for.
    pub(crate) fn reader_left(&self) -> bool {
        self.left.load(Ordering::Relaxed)
    }

    fn put(&self, text: &str) {
        if !write(&mut std::io::stdout().lock(), text) {
            self.left.store(true, Ordering::Relaxed);
        }
    }

    /// Output as it is, whatever the mode: a graph that goes into a file.
    pub(crate) fn raw(&self, text: &str) {
        self.put(text.trim_end_matches('\n'));
    }

    /// The answer of a verb: the document for programs, the text for people.
    pub(crate) fn answer(&self, value: &impl Serialize, text: impl FnOnce(&Look) -> String) {
        if self.json {
            self.document(value)
        } else {
            self.text(&text(&self.out))
        }
    }

    /// Something to know beside the answer, on standard error.
    pub(crate) fn note(&self, text: &str) {
        if !self.json {
            write(&mut std::io::stderr().lock(), text);
        }
    }

    /// Progress of something long, on standard error in every mode.
    pub(crate) fn progress(&self, text: &str) {
        write(&mut std::io::stderr().lock(), text);
    }

    /// What went wrong, on standard error.
    pub(crate) fn failure(&self, failure: &Failure) {
        let text = if self.json {
            failure.to_json().to_string()
        } else {
            let text = render::failure(failure, &self.err);
            // The terminal has written ^C where the cursor stood.
            let lead = if failure.status == ExitStatus::Interrupted && self.live_err {
                "\n"
            } else {
                ""
            };
            format!("{lead}{text}")
        };
        write(&mut std::io::stderr().lock(), &text);
    }
}

/// A reader that went away (`tasker task list | head`) is no error of ours. Returns whether it is still there.
fn write(to: &mut impl Write, text: &str) -> bool {
    writeln!(to, "{text}").and_then(|()| to.flush()).is_ok()
}
