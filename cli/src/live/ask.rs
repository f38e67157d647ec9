//! A question to a person.

use crate::failure::Failure;
use std::io::{BufRead, Write};

/// Asks on standard error and waits for a line on standard input; the end of the input is an empty answer.
///
/// The line is read on a thread of its own: on this one an interrupt could not end the waiting.
pub(crate) async fn ask(question: &str) -> Result<String, Failure> {
    write!(std::io::stderr(), "{question} ")?;
    std::io::stderr().flush()?;
    let line = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map(|_| line)
    });
    let line = line
        .await
        .map_err(|_| Failure::failed("The answer could not be read."))??;
    if !line.ends_with('\n') {
        // Ctrl-D leaves the cursor behind the question.
        writeln!(std::io::stderr())?;
    }
    Ok(line.trim().to_owned())
}
