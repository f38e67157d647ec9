//! The edge of the library: what goes wrong inside of a function becomes an error object, a panic too.

use crate::error::{tasker_error, tell};
use tasker_core::Result;
use tasker_core::bridge::caught;

/// Does what a function does. What goes wrong goes to `error`, where the caller wants to know, and `otherwise` is returned.
pub(crate) fn guarded<T>(error: *mut *mut tasker_error, otherwise: T, work: impl FnOnce() -> Result<T>) -> T {
    match caught(work) {
        Ok(value) => value,
        Err(refused) => {
            tell(error, refused);
            otherwise
        }
    }
}

/// Does what a function does that has nothing to say when it cannot.
pub(crate) fn quietly<T>(otherwise: T, work: impl FnOnce() -> Option<T>) -> T {
    guarded(std::ptr::null_mut(), None, || Ok(work())).unwrap_or(otherwise)
}

/// Frees what a pointer leads to, if it leads anywhere.
pub(crate) unsafe fn free<T>(owned: *mut T) {
    quietly((), || {
        if !owned.is_null() {
            // SAFETY: made by a Box, and freed once, as the caller says.
            drop(unsafe { Box::from_raw(owned) });
        }
        Some(())
    });
}
