//! The edge of the library: what goes wrong inside of a function becomes an error object, a panic too.

use crate::error::{tasker_error, tell};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tasker_core::{Error, ErrorKind, Result};

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

/// Does something. No panic leaves it.
pub(crate) fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let message = format!(
            "a defect of Tasker was caught at the boundary: {}",
            said(panic.as_ref())
        );
        // Its destructor may be as broken as what threw it.
        std::mem::forget(panic);
        Err(Error::new(ErrorKind::Panic, message))
    })
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
