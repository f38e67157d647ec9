//! JSON documents, and what is in them. A place in a document is named by a JSON Pointer (RFC 6901): `/steps/0/name`; the empty
//! text is the whole. Whole numbers are kept from -2^63 to 2^64-1.
//!
//! Reading is for any number of threads at once; a document is changed by one thread while nobody else uses it.

use crate::boundary::{free, guarded, quietly};
use crate::convert::{place, reference, tasker_str, text};
use crate::error::tasker_error;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::OnceLock;
use tasker_core::values::check_json;
use tasker_core::{Error, ErrorKind, Result};

const MADE: &str = "a document, such as tasker_json_new gives";

/// A JSON document. It is read when something is asked of it, and written when its text is.
#[derive(Default)]
pub struct tasker_json {
    value: OnceLock<Value>,
    text: OnceLock<String>,
    /// The first change that was refused: whoever is given the document hears of it.
    mistake: Option<Error>,
}

/// What a value is.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum tasker_json_type {
    /// There is nothing at that place.
    Missing,
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// A text.
    String,
    /// A list.
    Array,
    /// Members by name.
    Object,
}

impl tasker_json {
    /// A document of a value.
    pub(crate) fn of(value: Value) -> Self {
        Self {
            value: OnceLock::from(value),
            ..Self::default()
        }
    }

    /// A document of text that is known to be JSON.
    pub(crate) fn of_text(text: impl Into<String>) -> Self {
        Self {
            text: OnceLock::from(text.into()),
            ..Self::default()
        }
    }

    pub(crate) fn value(&self) -> Result<&Value> {
        if self.value.get().is_none() {
            let text = self.text.get().map_or("null", String::as_str);
            let value = read(text)
                .map_err(|error| Error::internal("a document cannot be read").with_source(error))?;
            // Another thread may have been quicker, with the same.
            let _ = self.value.set(value);
        }
        Ok(self.value.get().unwrap_or(&Value::Null))
    }

    /// Its text, whether or not a change to it was refused.
    pub(crate) fn text(&self) -> &str {
        self.text
            .get_or_init(|| self.value.get().unwrap_or(&Value::Null).to_string())
    }

    /// Its text, to be used.
    ///
    /// # Errors
    /// The first change to it that was refused.
    pub(crate) fn checked_text(&self) -> Result<&str> {
        match &self.mistake {
            None => Ok(self.text()),
            Some(mistake) => Err(again(mistake)),
        }
    }

    /// To change its value. Its text is written anew.
    pub(crate) fn value_mut(&mut self) -> Result<&mut Value> {
        self.value()?;
        self.text.take();
        self.value
            .get_mut()
            .ok_or_else(|| Error::internal("a document has no value"))
    }

    /// Keeps in mind that a change was refused.
    pub(crate) fn note(&mut self, mistake: Error) -> Error {
        let told = again(&mistake);
        self.mistake.get_or_insert(mistake);
        told
    }

    /// The first change that was refused.
    pub(crate) fn mistake(&self) -> Option<&Error> {
        self.mistake.as_ref()
    }

    fn find(&self, pointer: &str) -> Result<Option<&Value>> {
        if !pointer.is_empty() && !pointer.starts_with('/') {
            return Err(Error::invalid_argument(format!(
                "'{pointer}' is no JSON Pointer: it begins with '/', or is empty for the whole document"
            )));
        }
        Ok(self.value()?.pointer(pointer))
    }
}

/// Reads text that is known to be JSON. It may be nested 128 levels, and serde goes down 127: the outermost one is taken off first
/// where that is needed.
fn read(text: &str) -> serde_json::Result<Value> {
    match (serde_json::from_str(text), text.trim_start().as_bytes().first()) {
        (Err(_), Some(b'[')) => {
            let items: Vec<Box<RawValue>> = serde_json::from_str(text)?;
            items
                .iter()
                .map(|item| serde_json::from_str::<Value>(item.get()))
                .collect()
        }
        (Err(_), Some(b'{')) => {
            let members: HashMap<String, Box<RawValue>> = serde_json::from_str(text)?;
            let members = members
                .into_iter()
                .map(|(name, member)| serde_json::from_str(member.get()).map(|member: Value| (name, member)));
            let members: Map<String, Value> = members.collect::<serde_json::Result<_>>()?;
            Ok(Value::Object(members))
        }
        (read, _) => read,
    }
}

/// The same error once more.
fn again(error: &Error) -> Error {
    Error::new(error.kind, error.message.clone()).with_details(error.details.clone())
}

/// What kind of value it is, for messages.
pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Reads a document: UTF-8, nothing in it that another language or PostgreSQL cannot carry. NULL with `invalid_argument`,
/// `invalid_utf8` or `null_pointer`. Free it with `tasker_json_free`. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_json_parse(
    json: tasker_str,
    error: *mut *mut tasker_error,
) -> *mut tasker_json {
    guarded(error, std::ptr::null_mut(), || {
        // SAFETY: as the caller says.
        let text = unsafe { text(json, "json") }?;
        let checked = check_json(text.as_bytes(), usize::MAX)
            .map_err(|problem| Error::invalid_argument(format!("this is not JSON: {problem}")))?;
        Ok(Box::into_raw(Box::new(tasker_json::of_text(checked))))
    })
}

/// A copy of a document. NULL with `null_pointer`, or with the first change to it that was refused. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_json_copy(
    json: *const tasker_json,
    error: *mut *mut tasker_error,
) -> *mut tasker_json {
    guarded(error, std::ptr::null_mut(), || {
        // SAFETY: as the caller says.
        let json = unsafe { reference(json, "json", MADE) }?;
        Ok(Box::into_raw(Box::new(tasker_json::of_text(
            json.checked_text()?,
        ))))
    })
}

/// Frees a document that is yours. NULL is fine, twice is not. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_json_free(json: *mut tasker_json) {
    // SAFETY: as the caller says.
    unsafe { free(json) };
}

/// The document as JSON text, valid until it is changed or freed. No text for NULL. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_json_text(json: *const tasker_json) -> tasker_str {
    // SAFETY: a document, or NULL.
    quietly(tasker_str::NONE, || Some(unsafe { json.as_ref() }?.text().into()))
}

/// Whether two documents say the same, whatever the order of members and the way that numbers are written. False if one is
/// NULL. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_json_equal(json: *const tasker_json, other: *const tasker_json) -> bool {
    quietly(false, || {
        // SAFETY: documents, or NULL.
        let (json, other) = unsafe { (json.as_ref()?, other.as_ref()?) };
        Some(json.value().ok()? == other.value().ok()?)
    })
}

/// What stands at a place; `TASKER_JSON_TYPE_MISSING` where nothing does, or where an argument is none. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_json_get_type(
    json: *const tasker_json,
    pointer: tasker_str,
) -> tasker_json_type {
    quietly(tasker_json_type::Missing, || {
        // SAFETY: as the caller says.
        let (json, pointer) = unsafe { (json.as_ref()?, text(pointer, "pointer").ok()?) };
        Some(match json.find(pointer).ok()?? {
            Value::Null => tasker_json_type::Null,
            Value::Bool(_) => tasker_json_type::Bool,
            Value::Number(_) => tasker_json_type::Number,
            Value::String(_) => tasker_json_type::String,
            Value::Array(_) => tasker_json_type::Array,
            Value::Object(_) => tasker_json_type::Object,
        })
    })
}

/// Reads what stands at a place and writes it to `out`.
unsafe fn get<T>(
    json: *const tasker_json,
    pointer: tasker_str,
    out: *mut T,
    error: *mut *mut tasker_error,
    read: impl FnOnce(&'static Value) -> Option<T>,
    wanted: &str,
) -> bool {
    guarded(error, false, || {
        // SAFETY: as the caller says; what is read is borrowed for as long as the caller keeps the document as it is.
        let json: &'static tasker_json = unsafe { reference(json, "json", MADE) }?;
        // SAFETY: as the caller says.
        let pointer = unsafe { text(pointer, "pointer") }?;
        let out = place(out, "value")?;
        let found = json.find(pointer)?.ok_or_else(|| missing(pointer))?;
        let value = read(found).ok_or_else(|| other(pointer, found, wanted))?;
        // SAFETY: a place for it, as the caller says.
        unsafe { out.write(value) };
        Ok(true)
    })
}

fn missing(pointer: &str) -> Error {
    Error::new(
        ErrorKind::NotFound,
        format!("there is nothing at '{pointer}' of this document"),
    )
}

fn other(pointer: &str, found: &Value, wanted: &str) -> Error {
    let is = match found {
        Value::Number(number) => format!("the number {number}"),
        found => kind_of(found).to_owned(),
    };
    Error::invalid_argument(format!("at '{pointer}' is {is}, and {wanted} was asked for"))
}

/// The string at a place, valid until the document is changed or freed. False with `not_found`, or `invalid_argument` where it
/// is something else. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_json_get_string(
    json: *const tasker_json,
    pointer: tasker_str,
    value: *mut tasker_str,
    error: *mut *mut tasker_error,
) -> bool {
    let read = |found: &'static Value| found.as_str().map(Into::into);
    // SAFETY: as the caller says.
    unsafe { get(json, pointer, value, error, read, "a string") }
}

/// The whole number at a place, from -2^63 to 2^63-1. False with `not_found`, or `invalid_argument` where it is something else.
/// Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_json_get_int64(
    json: *const tasker_json,
    pointer: tasker_str,
    value: *mut i64,
    error: *mut *mut tasker_error,
) -> bool {
    let wanted = "a whole number from -2^63 to 2^63-1";
    // SAFETY: as the caller says.
    unsafe { get(json, pointer, value, error, Value::as_i64, wanted) }
}

/// The whole number at a place, from 0 to 2^64-1. False with `not_found`, or `invalid_argument` where it is something else. Any
/// thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_json_get_uint64(
    json: *const tasker_json,
    pointer: tasker_str,
    value: *mut u64,
    error: *mut *mut tasker_error,
) -> bool {
    let wanted = "a whole number from 0 to 2^64-1";
    // SAFETY: as the caller says.
    unsafe { get(json, pointer, value, error, Value::as_u64, wanted) }
}

/// The number at a place, as near as a double comes. False with `not_found`, or `invalid_argument` where it is something else.
/// Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_json_get_double(
    json: *const tasker_json,
    pointer: tasker_str,
    value: *mut f64,
    error: *mut *mut tasker_error,
) -> bool {
    // SAFETY: as the caller says.
    unsafe { get(json, pointer, value, error, Value::as_f64, "a number") }
}

/// Whether `true` or `false` stands at a place. False with `not_found`, or `invalid_argument` where it is something else. Any
/// thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_json_get_bool(
    json: *const tasker_json,
    pointer: tasker_str,
    value: *mut bool,
    error: *mut *mut tasker_error,
) -> bool {
    // SAFETY: as the caller says.
    unsafe { get(json, pointer, value, error, Value::as_bool, "a boolean") }
}

/// How many items the array at a place has, or how many members the object. False with `not_found`, or `invalid_argument` where
/// it is something else. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_json_get_size(
    json: *const tasker_json,
    pointer: tasker_str,
    size: *mut usize,
    error: *mut *mut tasker_error,
) -> bool {
    let read = |found: &'static Value| match found {
        Value::Array(items) => Some(items.len()),
        Value::Object(members) => Some(members.len()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    };
    // SAFETY: as the caller says.
    unsafe { get(json, pointer, size, error, read, "an array or an object") }
}

/// The name of a member of the object at a place, by its number from 0, in the order of the names; valid until the document is
/// changed or freed. False with `not_found`, also where there are not so many, or `invalid_argument`. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_json_get_key(
    json: *const tasker_json,
    pointer: tasker_str,
    index: usize,
    key: *mut tasker_str,
    error: *mut *mut tasker_error,
) -> bool {
    let mut found: Option<tasker_str> = None;
    let read = |value: &'static Value| {
        found = value
            .as_object()?
            .keys()
            .nth(index)
            .map(|key| key.as_str().into());
        Some(tasker_str::NONE)
    };
    let mut unused = tasker_str::NONE;
    // SAFETY: as the caller says.
    let is_object = unsafe { get(json, pointer, &raw mut unused, error, read, "an object") };
    is_object
        && guarded(error, false, || {
            let key = place(key, "key")?;
            let found = found.ok_or_else(|| {
                let message = format!("the object has no member number {index}, counted from 0");
                Error::new(ErrorKind::NotFound, message)
            })?;
            // SAFETY: a place for it, as the caller says.
            unsafe { key.write(found) };
            Ok(true)
        })
}

/// What stands at a place, as a document of its own. NULL with `not_found`. Free it with `tasker_json_free`. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_json_get(
    json: *const tasker_json,
    pointer: tasker_str,
    error: *mut *mut tasker_error,
) -> *mut tasker_json {
    let mut part = std::ptr::null_mut();
    let read = |found: &'static Value| Some(Box::into_raw(Box::new(tasker_json::of(found.clone()))));
    // SAFETY: as the caller says.
    unsafe { get(json, pointer, &raw mut part, error, read, "anything") };
    part
}
