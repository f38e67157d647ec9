//! A failure for people.

use super::Look;
use crate::failure::Failure;

/// `error: …`, then causes and advice, each on lines of its own.
pub(crate) fn failure(failure: &Failure, look: &Look) -> String {
    let mut text = format!("{} {}", look.bad("error:"), failure.message.trim_end());
    for cause in &failure.causes {
        text.push_str(&format!("\n  {} {cause}", look.dim("cause:")));
    }
    if let Some(next) = &failure.next {
        text.push_str(&format!("\n  {} {next}", look.dim("next:")));
    }
    text
}
