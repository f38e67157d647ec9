//! Whatever may go wrong takes a `tasker_error **` last: NULL where nobody wants to know, else where a new object goes
//! when it did; it is left alone when nothing went wrong. Answers are written only when nothing went wrong.

use crate::boundary::{free, quietly};
use crate::convert::tasker_str;
use crate::json::tasker_json;
use tasker_core::Error;

/// What went wrong.
pub struct tasker_error {
    error: Error,
    kind: Ended,
    message: Ended,
    details: Option<Box<tasker_json>>,
}

/// A text with a NUL behind it, so that `%s` prints it.
struct Ended(String);

impl Ended {
    fn new(text: &str) -> Self {
        Self(format!("{text}\0"))
    }

    fn lent(&self) -> tasker_str {
        tasker_str::from(&self.0[..self.0.len() - 1])
    }
}

/// Gives an error to who asked for it.
pub(crate) fn tell(place: *mut *mut tasker_error, error: Error) {
    if place.is_null() {
        return;
    }
    let details = (!error.details.is_null()).then(|| Box::new(tasker_json::of(error.details.clone())));
    let told = Box::new(tasker_error {
        kind: Ended::new(error.kind.name()),
        message: Ended::new(&error.message),
        error,
        details,
    });
    // SAFETY: the caller says that it leads to a place for a pointer, or nowhere.
    unsafe { place.write(Box::into_raw(told)) };
}

/// Its number, the same in every language and never reused: 10xx is the caller, 20xx the state of things, 30xx the world,
/// 90xx the library. 0 for NULL. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_error_code(error: *const tasker_error) -> u32 {
    // SAFETY: an error, or NULL.
    quietly(0, || Some(unsafe { error.as_ref() }?.error.kind.code()))
}

/// Its name, such as `not_found`. Ended by a NUL besides, valid until the error is freed. No text for NULL. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_error_kind(error: *const tasker_error) -> tasker_str {
    // SAFETY: an error, or NULL.
    quietly(tasker_str::NONE, || Some(unsafe { error.as_ref() }?.kind.lent()))
}

/// What was wrong, where, what was expected and what to do, for people. Ended by a NUL besides, valid until the error is freed.
/// No text for NULL. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_error_message(error: *const tasker_error) -> tasker_str {
    // SAFETY: an error, or NULL.
    quietly(tasker_str::NONE, || {
        Some(unsafe { error.as_ref() }?.message.lent())
    })
}

/// Whether the very same call may succeed later. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_error_retryable(error: *const tasker_error) -> bool {
    // SAFETY: an error, or NULL.
    quietly(false, || Some(unsafe { error.as_ref() }?.error.retry))
}

/// More for programs, valid until the error is freed; NULL where there is nothing more. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_error_details(error: *const tasker_error) -> *const tasker_json {
    quietly(std::ptr::null(), || {
        // SAFETY: an error, or NULL.
        let details = unsafe { error.as_ref() }?.details.as_deref()?;
        Some(std::ptr::from_ref(details))
    })
}

/// Frees it. NULL is fine, twice is not. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_error_free(error: *mut tasker_error) {
    // SAFETY: as the caller says.
    unsafe { free(error) };
}
