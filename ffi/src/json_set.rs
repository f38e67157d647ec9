//! Documents that a program makes. A value is put at a place, and objects on the way there that are missing are made:
//! `/customer/name`. An array is made with `tasker_json_set_array`, and grows at its end: `/items/-`.
//!
//! The first change that is refused stays in the document: whoever is given it later refuses it for that reason. So a program
//! may pass NULL for the errors of its changes, and look at the one that comes of using the document.

use crate::boundary::{guarded, quietly};
use crate::convert::{mutable, reference, tasker_str, text};
use crate::error::tasker_error;
use crate::json::{kind_of, tasker_json};
use serde_json::{Map, Number, Value};
use tasker_core::{Error, Result};

const MADE: &str = "a document, such as tasker_json_new gives";
/// What JSON may be nested in PostgreSQL and in every language.
const DEEPEST: usize = 128;

/// A new document: an object without members. Free it with `tasker_json_free`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn tasker_json_new() -> *mut tasker_json {
    quietly(std::ptr::null_mut(), || {
        Some(Box::into_raw(Box::new(tasker_json::of(
            Value::Object(Map::new()),
        ))))
    })
}

/// Puts a value at a place.
unsafe fn set(
    json: *mut tasker_json,
    pointer: tasker_str,
    error: *mut *mut tasker_error,
    value: impl FnOnce() -> Result<Value>,
) -> bool {
    guarded(error, false, || {
        // SAFETY: as the caller says.
        let json = unsafe { mutable(json, "json", MADE) }?;
        // SAFETY: as the caller says.
        let put = unsafe { text(pointer, "pointer") }.and_then(|pointer| {
            let value = value()?;
            put(json.value_mut()?, pointer, value)
        });
        put.map(|()| true).map_err(|mistake| json.note(mistake))
    })
}

fn put(root: &mut Value, pointer: &str, value: Value) -> Result<()> {
    let steps = pointer.matches('/').count();
    if steps + depth_of(&value) > DEEPEST {
        return Err(Error::invalid_argument(format!(
            "at '{}' the document would be nested over {DEEPEST} levels",
            shown(pointer)
        )));
    }
    *place_of(root, pointer)? = value;
    Ok(())
}

/// The place that a pointer names, made where it is missing.
fn place_of<'v>(root: &'v mut Value, pointer: &str) -> Result<&'v mut Value> {
    let Some(rest) = pointer.strip_prefix('/') else {
        if pointer.is_empty() {
            return Ok(root);
        }
        return Err(Error::invalid_argument(format!(
            "'{}' is no JSON Pointer: it begins with '/', or is empty for the whole document",
            shown(pointer)
        )));
    };
    let mut here = root;
    let mut missing = false;
    for step in rest.split('/') {
        let step = step.replace("~1", "/").replace("~0", "~");
        if std::mem::take(&mut missing) {
            *here = Value::Object(Map::new());
        }
        here = match here {
            Value::Object(members) => {
                missing = !members.contains_key(&step);
                members.entry(step).or_insert(Value::Null)
            }
            Value::Array(items) => {
                let size = items.len();
                let index = if step == "-" {
                    Some(size)
                } else {
                    step.parse().ok()
                };
                let index = index.filter(|index| *index <= size).ok_or_else(|| {
                    Error::invalid_argument(format!(
                        "at '{}' '{step}' is no place in an array of {size}: give 0 to {size}, or '-' for a new item at its end",
                        shown(pointer)
                    ))
                })?;
                missing = index == size;
                if missing {
                    items.push(Value::Null);
                }
                &mut items[index]
            }
            other => {
                return Err(Error::invalid_argument(format!(
                    "at '{}' '{step}' would lie in {}: only objects and arrays hold other values",
                    shown(pointer),
                    kind_of(other)
                )));
            }
        };
    }
    Ok(here)
}

fn depth_of(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth_of).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth_of).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

fn shown(pointer: &str) -> &str {
    &pointer[..pointer.floor_char_boundary(200)]
}

/// Puts a string at a place. False with `invalid_utf8`, `null_pointer`, or `invalid_argument` where there can be no such place.
/// One thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_json_set_string(
    json: *mut tasker_json,
    pointer: tasker_str,
    value: tasker_str,
    error: *mut *mut tasker_error,
) -> bool {
    // SAFETY: as the caller says.
    unsafe {
        set(json, pointer, error, || {
            Ok(Value::String(text(value, "value")?.to_owned()))
        })
    }
}

/// Puts a whole number at a place. False as `tasker_json_set_string`. One thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_json_set_int64(
    json: *mut tasker_json,
    pointer: tasker_str,
    value: i64,
    error: *mut *mut tasker_error,
) -> bool {
    // SAFETY: as the caller says.
    unsafe { set(json, pointer, error, || Ok(value.into())) }
}

/// Puts a whole number at a place. False as `tasker_json_set_string`. One thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_json_set_uint64(
    json: *mut tasker_json,
    pointer: tasker_str,
    value: u64,
    error: *mut *mut tasker_error,
) -> bool {
    // SAFETY: as the caller says.
    unsafe { set(json, pointer, error, || Ok(value.into())) }
}

/// Puts a number at a place. False as `tasker_json_set_string`, and with `invalid_argument` for infinities and what is no
/// number. One thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_json_set_double(
    json: *mut tasker_json,
    pointer: tasker_str,
    value: f64,
    error: *mut *mut tasker_error,
) -> bool {
    let number = || {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| Error::invalid_argument(format!("JSON has no number {value}")))
    };
    // SAFETY: as the caller says.
    unsafe { set(json, pointer, error, number) }
}

/// Puts `true` or `false` at a place. False as `tasker_json_set_string`. One thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_json_set_bool(
    json: *mut tasker_json,
    pointer: tasker_str,
    value: bool,
    error: *mut *mut tasker_error,
) -> bool {
    // SAFETY: as the caller says.
    unsafe { set(json, pointer, error, || Ok(value.into())) }
}

/// Puts `null` at a place. False as `tasker_json_set_string`. One thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_json_set_null(
    json: *mut tasker_json,
    pointer: tasker_str,
    error: *mut *mut tasker_error,
) -> bool {
    // SAFETY: as the caller says.
    unsafe { set(json, pointer, error, || Ok(Value::Null)) }
}

/// Puts an object without members at a place. False as `tasker_json_set_string`. One thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_json_set_object(
    json: *mut tasker_json,
    pointer: tasker_str,
    error: *mut *mut tasker_error,
) -> bool {
    // SAFETY: as the caller says.
    unsafe { set(json, pointer, error, || Ok(Value::Object(Map::new()))) }
}

/// Puts an array without items at a place. False as `tasker_json_set_string`. One thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_json_set_array(
    json: *mut tasker_json,
    pointer: tasker_str,
    error: *mut *mut tasker_error,
) -> bool {
    // SAFETY: as the caller says.
    unsafe { set(json, pointer, error, || Ok(Value::Array(Vec::new()))) }
}

/// Puts a copy of another document at a place. False as `tasker_json_set_string`, and with the first change to the other one
/// that was refused. One thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_json_set(
    json: *mut tasker_json,
    pointer: tasker_str,
    value: *const tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    // Copied first: it may be the very same document.
    let copied = tasker_core::bridge::caught(|| {
        // SAFETY: as the caller says.
        let value = unsafe { reference(value, "value", MADE) }?;
        value.checked_text()?;
        Ok(value.value()?.clone())
    });
    // SAFETY: as the caller says.
    unsafe { set(json, pointer, error, || copied) }
}
