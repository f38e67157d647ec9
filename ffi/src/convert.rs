//! A text is a pointer and a length: UTF-8, not ended by a NUL. What a function gives out belongs to the object it was
//! asked of, and is valid until that is freed; what it is given it copies where it keeps it.

use std::borrow::Cow;
use std::ffi::c_char;
use tasker_core::{Error, ErrorKind, Result};

/// A text that somebody else owns. `{NULL, 0}` is no text at all: left out, where it may be.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tasker_str {
    /// UTF-8, not ended by a NUL.
    pub data: *const c_char,
    /// How many bytes.
    pub length: usize,
}

impl tasker_str {
    /// No text.
    pub(crate) const NONE: Self = Self {
        data: std::ptr::null(),
        length: 0,
    };
}

impl From<&str> for tasker_str {
    fn from(text: &str) -> Self {
        Self {
            data: text.as_ptr().cast(),
            length: text.len(),
        }
    }
}

/// The bytes of a text; none where it was left out. `name` is what messages call it.
pub(crate) unsafe fn bytes<'a>(given: tasker_str, name: &str) -> Result<Option<&'a [u8]>> {
    if given.data.is_null() {
        return match given.length {
            0 => Ok(None),
            length => Err(null(name, &format!("a text of {length} bytes"))),
        };
    }
    if isize::try_from(given.length).is_err() {
        return Err(Error::invalid_argument(format!(
            "{name}: a text of {} bytes does not fit into memory: is its length set?",
            given.length
        )));
    }
    // SAFETY: the caller says that so many bytes are there.
    Ok(Some(unsafe {
        std::slice::from_raw_parts(given.data.cast(), given.length)
    }))
}

/// A text that may be left out.
pub(crate) unsafe fn optional_text<'a>(given: tasker_str, name: &str) -> Result<Option<&'a str>> {
    // SAFETY: as the caller says.
    let Some(bytes) = (unsafe { bytes(given, name) })? else {
        return Ok(None);
    };
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let place = error.valid_up_to();
        Error::new(
            ErrorKind::InvalidUtf8,
            format!("{name} is not UTF-8: see its byte {place}"),
        )
        .with_source(error)
    })?;
    Ok(Some(text))
}

/// A text that must be there.
pub(crate) unsafe fn text<'a>(given: tasker_str, name: &str) -> Result<&'a str> {
    // SAFETY: as the caller says.
    unsafe { optional_text(given, name) }?.ok_or_else(|| null(name, "a text"))
}

/// A text for people, whatever is in it.
pub(crate) unsafe fn words<'a>(given: tasker_str) -> Option<Cow<'a, str>> {
    // SAFETY: as the caller says.
    let bytes = unsafe { bytes(given, "a text") }.ok().flatten()?;
    Some(String::from_utf8_lossy(bytes))
}

/// What a pointer leads to. `name` is what messages call it, `made` where one comes from.
pub(crate) unsafe fn reference<'a, T>(given: *const T, name: &str, made: &str) -> Result<&'a T> {
    // SAFETY: the caller says that it leads to one, or nowhere.
    unsafe { given.as_ref() }.ok_or_else(|| null(name, made))
}

/// The same, to change it.
pub(crate) unsafe fn mutable<'a, T>(given: *mut T, name: &str, made: &str) -> Result<&'a mut T> {
    // SAFETY: the caller says that it leads to one that nobody else uses now, or nowhere.
    unsafe { given.as_mut() }.ok_or_else(|| null(name, made))
}

/// Refuses a place for an answer that is not there.
pub(crate) fn place<T>(out: *mut T, name: &str) -> Result<*mut T> {
    if out.is_null() {
        return Err(null(name, "where the answer goes"));
    }
    Ok(out)
}

fn null(name: &str, expected: &str) -> Error {
    Error::new(
        ErrorKind::NullPointer,
        format!("{name} is NULL; expected is {expected}"),
    )
}

/// Options that begin with their own size: they may grow, and older headers go on to work.
///
/// # Safety
/// `repr(C)`; all zeroes is a value of it; it begins with `size: usize`, and there is no padding in it.
pub(crate) unsafe trait Options: Copy {
    /// Its name in C.
    const NAME: &'static str;
}

/// Reads options: those of an older header, which are shorter, are filled up with zeroes, and those of a newer one may not say
/// anything that is not known here. NULL is all zeroes.
pub(crate) unsafe fn options<T: Options>(given: *const T) -> Result<T> {
    // SAFETY: all zeroes is a value, as the trait says.
    let mut read: T = unsafe { std::mem::zeroed() };
    if given.is_null() {
        return Ok(read);
    }
    let known = size_of::<T>();
    // SAFETY: whatever its version, it begins with its size.
    let size = unsafe { given.cast::<usize>().read() };
    if size < size_of::<usize>() || size % align_of::<T>() != 0 {
        let name = T::NAME;
        return Err(Error::invalid_argument(format!(
            "{name}.size is {size}: set it to sizeof({name}), and everything else that is not used to zero"
        )));
    }
    if size > known {
        // SAFETY: the caller says that so many bytes are there.
        let rest = unsafe { std::slice::from_raw_parts(given.cast::<u8>().add(known), size - known) };
        if rest.iter().any(|byte| *byte != 0) {
            return Err(Error::invalid_argument(format!(
                "{} has {size} bytes, and says something in those that this version of libtasker ({}) does not know: it reads \
                 {known}. Use the library that the header belongs to, or a newer one",
                T::NAME,
                env!("CARGO_PKG_VERSION"),
            )));
        }
    }
    // SAFETY: both are at least that long.
    unsafe {
        std::ptr::copy_nonoverlapping(
            given.cast::<u8>(),
            std::ptr::from_mut(&mut read).cast::<u8>(),
            size.min(known),
        );
    }
    Ok(read)
}

/// Writes an answer that begins with its size to where the caller has one, whose size was looked at by [`options`]: as much of it as
/// the caller's header knows.
pub(crate) unsafe fn answered<T: Options>(out: *mut T, answer: T) {
    let out = out.cast::<u8>();
    let first = size_of::<usize>();
    // SAFETY: whatever its version, it begins with its size, and is that long, as the caller says.
    unsafe {
        let size = out.cast::<usize>().read().min(size_of::<T>());
        std::ptr::copy_nonoverlapping(
            std::ptr::from_ref(&answer).cast::<u8>().add(first),
            out.add(first),
            size.saturating_sub(first),
        );
    }
}

/// Refuses flags that there are not.
pub(crate) fn flags(given: u64, known: u64, name: &str) -> Result<u64> {
    match given & !known {
        0 => Ok(given),
        unknown => Err(Error::invalid_argument(format!(
            "{name} has no flag {unknown:#x}: see tasker.h"
        ))),
    }
}

/// How long to wait: so many milliseconds, and without an end where it is negative, as `poll` has it.
pub(crate) fn timeout(timeout_ms: i64) -> Option<std::time::Duration> {
    u64::try_from(timeout_ms)
        .ok()
        .map(std::time::Duration::from_millis)
}
