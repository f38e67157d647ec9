//! Slow and plain ways of saying what the code must do. Each says what is wrong instead of panicking, so that tests can
//! show it something wrong.

pub mod json;
pub mod picture;
pub mod place;
pub mod reach;

/// What an oracle says: nothing, or what is wrong.
pub type Verdict = Result<(), String>;

/// `Err` with `message` unless `holds`.
pub(crate) fn ensure(holds: bool, message: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(message()) }
}
