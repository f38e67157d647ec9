//! Letting go of Ruby's global lock: the one place where Ruby is called by its C interface.
#![allow(unsafe_code)] // Ruby has no safe interface for it.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Does `work` without the GVL. `unblock` is called from another thread when Ruby wants the calling thread back: an exception
/// was raised in it, it was killed, a signal came, or the process ends.
///
/// Returns none where such an interrupt was pending before the work began: then nothing was done. Nothing of Ruby may be touched
/// in either of them.
pub(crate) fn release<F: FnOnce() -> T, T>(work: F, unblock: &dyn Fn()) -> Option<T> {
    let mut call = Call {
        work: Some(work),
        result: None,
    };
    let unblock: *const &dyn Fn() = &raw const unblock;
    // SAFETY: `run` and `wake` get back the pointers to what they were made for, which outlive this call: Ruby calls neither after it
    // has returned. Unlike its namesake without a 2, this function never raises, so no frame of Rust is jumped over.
    unsafe {
        rb_sys::rb_thread_call_without_gvl2(
            Some(run::<F, T>),
            (&raw mut call).cast(),
            Some(wake),
            unblock.cast_mut().cast(),
        );
    }
    match call.result? {
        Ok(result) => Some(result),
        Err(panic) => resume_unwind(panic),
    }
}

struct Call<F, T> {
    work: Option<F>,
    result: Option<std::thread::Result<T>>,
}

extern "C" fn run<F: FnOnce() -> T, T>(call: *mut c_void) -> *mut c_void {
    // SAFETY: the pointer is that of `release`, whose thread waits for us.
    let call = unsafe { &mut *call.cast::<Call<F, T>>() };
    call.result = call.work.take().map(|work| catch_unwind(AssertUnwindSafe(work)));
    std::ptr::null_mut()
}

extern "C" fn wake(unblock: *mut c_void) {
    // SAFETY: the pointer is that of `release`, which has not returned.
    let unblock = unsafe { &*unblock.cast::<&dyn Fn()>() };
    let _ = catch_unwind(AssertUnwindSafe(unblock));
}
