//! What must hold for any input, as functions: each takes bytes, and panics when something does not hold.
//!
//! One module a target, each with a `check`. libFuzzer calls them by way of `fuzz/targets/` (`make fuzz`); the tests of
//! this package call the same functions on stable Rust with the corpus, the [`seeds`] and a fixed number of
//! [`mutations`].
//!
//! A check compares with something slow and plain that was written apart from the code: [`oracle`].

// A panic is how a fuzz target says that it found something.
#![allow(clippy::unwrap_used, clippy::expect_used)]

pub mod backoff;
pub mod bridge;
pub mod context_schema;
pub mod graph;
mod input;
pub mod mutations;
pub mod oracle;
pub mod seeds;
pub mod template;
pub mod values;

/// A target: what it is called, and its check.
pub type Target = (&'static str, fn(&[u8]));

/// Every target, by the name of its program and of its corpus.
pub const TARGETS: [Target; 6] = [
    ("backoff", backoff::check),
    ("bridge", bridge::check),
    ("context_schema", context_schema::check),
    ("graph", graph::check),
    ("template", template::check),
    ("values", values::check),
];
