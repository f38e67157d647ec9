//! Answers to Python functions, from the threads of the engine.
//!
//! A thread that is inside of Python when the interpreter ends takes the process down. So an interpreter that ends waits for
//! those that are, and lets in no more.

use crate::error::exception;
use pyo3::exceptions::PyImportError;
use pyo3::ffi;
use pyo3::prelude::*;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use tasker_core::Result;
use tasker_core::bridge::Once;

/// The threads that are inside of the interpreter of this process. A child that was forked has other threads than its parent.
static INSIDE: Once<Arc<Inside>> = Once::new();

#[derive(Default)]
struct Inside {
    state: Mutex<State>,
    left: Condvar,
}

#[derive(Default)]
struct State {
    threads: usize,
    ended: bool,
}

/// A thread that is inside, until this is dropped.
struct Visit(Arc<Inside>);

impl Inside {
    fn of_process() -> Result<Arc<Self>> {
        INSIDE.get_or_make(|| Ok(Arc::default()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(self: Arc<Self>) -> Option<Visit> {
        let mut state = self.state();
        if state.ended {
            return None;
        }
        state.threads += 1;
        drop(state);
        Some(Visit(self))
    }

    fn end(&self) {
        let mut state = self.state();
        state.ended = true;
        let left = self.left.wait_while(state, |state| state.threads > 0);
        drop(left.unwrap_or_else(PoisonError::into_inner));
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.0.state().threads -= 1;
        self.0.left.notify_all();
    }
}

/// Gives an answer to a Python function `done(error, answer)`, from a thread of the engine. An interpreter that is going away
/// gets none.
pub(crate) fn tell<T>(
    done: &Py<PyAny>,
    answer: Result<T>,
    shown: impl for<'py> FnOnce(Python<'py>, T) -> PyResult<Bound<'py, PyAny>>,
) {
    let Some(_visit) = Inside::of_process().ok().and_then(Inside::enter) else {
        return;
    };
    Python::try_attach(|py| {
        let told = match answer {
            Ok(answer) => shown(py, answer).and_then(|answer| done.call1(py, (py.None(), answer))),
            Err(error) => done.call1(py, (exception(py, &error), py.None())),
        };
        if let Err(error) = told {
            error.write_unraisable(py, None);
        }
    });
}

/// Lets no thread of the engine in any more, and waits for those that are inside.
#[pyfunction]
fn tell_no_more(py: Python<'_>) {
    py.detach(|| {
        if let Ok(inside) = Inside::of_process() {
            inside.end();
        }
    });
}

/// Has the interpreter that imports the module say when it ends. Only the first one of a process may: threads of the engine find
/// no other.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    if interpreter() != 0 {
        return Err(PyImportError::new_err(
            "tasker cannot be imported in subinterpreters: run one application a process (mod_wsgi: WSGIApplicationGroup %{GLOBAL})",
        ));
    }
    let function = wrap_pyfunction!(tell_no_more, module)?;
    module
        .py()
        .import("atexit")?
        .call_method1("register", (function,))?;
    Ok(())
}

/// The number of the interpreter that this thread is in.
#[allow(unsafe_code)] // PyO3 has no safe interface for it.
fn interpreter() -> i64 {
    // SAFETY: whoever calls is inside of an interpreter, which is there until it returns.
    unsafe { ffi::PyInterpreterState_GetID(ffi::PyInterpreterState_Get()) }
}
