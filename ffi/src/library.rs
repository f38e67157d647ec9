//! The library itself: its versions, and the engine's log, which goes nowhere unless it is asked for.

use crate::boundary::guarded;
use crate::convert::{tasker_str, text};
use crate::error::tasker_error;
use crate::json::tasker_json;
use std::ffi::{CStr, c_char};
use tasker_core::bridge::{keep_logs, take_logs};
use tasker_core::{Error, Result};

/// The version of the ABI that this header is of: what it has stays as it is; a library of the same number may have more.
pub const TASKER_ABI_VERSION: u32 = 1;

const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => c"",
};

/// The version of the ABI of the library that runs: compare it with `TASKER_ABI_VERSION`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn tasker_abi_version() -> u32 {
    TASKER_ABI_VERSION
}

/// The version of the library that runs, such as `2.0.0`, ended by a NUL, valid for ever. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn tasker_version() -> *const c_char {
    VERSION.as_ptr()
}

/// Keeps what the engine logs from now on, for `tasker_logs_take`: the last thousand records. `level` is `error`, `warn`, `info`,
/// `debug` or `trace`. Once it was called, it does nothing. False with `invalid_argument`. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_logs_keep(level: tasker_str, error: *mut *mut tasker_error) -> bool {
    guarded(error, false, || {
        // SAFETY: as the caller says.
        keep_logs(unsafe { text(level, "level") }?)?;
        Ok(true)
    })
}

/// What was logged since the last call: an array of `{at, level, target, message, fields}`. NULL where nothing was; that is no
/// error. Free it with `tasker_json_free`. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_logs_take(error: *mut *mut tasker_error) -> *mut tasker_json {
    guarded(error, std::ptr::null_mut(), || taken(take_logs()))
}

fn taken(records: String) -> Result<*mut tasker_json, Error> {
    if records.is_empty() {
        return Ok(std::ptr::null_mut());
    }
    Ok(Box::into_raw(Box::new(tasker_json::of_text(records))))
}
