//! The edge of a library that other languages load: no panic leaves it.

use crate::error::{Error, ErrorKind, Result};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Does something of the engine on the caller's thread. A panic in it is an error like others.
///
/// # Errors
/// What `work` ends with; `Panic` with what it says.
pub fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(defect(panic)))
}

/// The error that a panic becomes.
pub(super) fn defect(panic: Box<dyn Any + Send>) -> Error {
    let text = panic_text(panic.as_ref()).unwrap_or("no message");
    let message = format!("a defect of Tasker was caught at the boundary: {text}");
    // Its destructor may be as broken as what threw it.
    std::mem::forget(panic);
    Error::new(ErrorKind::Panic, message)
}

/// What a panic says; none where that is no text.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> Option<&str> {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_panic_is_an_error_with_its_words_and_anything_else_is_left_alone() {
        assert_eq!(caught(|| Ok(7)).unwrap(), 7);
        let refused = caught::<()>(|| Err(Error::invalid_argument("no"))).unwrap_err();
        assert_eq!(refused.kind, ErrorKind::InvalidArgument);
        let (plain, made) = (
            caught::<()>(|| panic!("plain")),
            caught::<()>(|| panic!("made of {}", 2)),
        );
        for (error, words) in [(plain, "plain"), (made, "made of 2")] {
            let error = error.unwrap_err();
            assert_eq!(error.kind, ErrorKind::Panic);
            assert!(error.message.ends_with(words), "{error}");
        }
        let odd = caught::<()>(|| std::panic::panic_any(7)).unwrap_err();
        assert!(odd.message.ends_with("no message"), "{odd}");
    }
}
