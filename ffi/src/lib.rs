//! libtasker: the engine for C. JSON goes through here, and nothing is decided here.
//!
//! What C sees, in the order of the header (`include/tasker.h`, which `scripts/generate` writes from these files): texts
//! ([`convert`]), [`error`]s, documents ([`json`], [`json_set`]), the [`client`] with its [`verbs`], [`workflow`]s in code,
//! the [`step`] that a handler sees and what came of it ([`outcome`]), the [`worker`], and the [`library`] itself.
//!
//! Behind it: no panic leaves a function ([`boundary`]), the engine's threads live as long as somebody holds a handle
//! ([`runtime`], [`signals`]), and who waits for them leaves no trace in the host's ([`waiting`]). Handlers are called ([`run`]) on
//! threads that share what one of them polls ([`crew`]), attempts that run are told when they are cancelled ([`attempts`]), and a
//! descriptor tells that there is work ([`readiness`]).

// A C ABI is made of pointers and of the names of C; every function says what it trusts its caller with.
#![allow(
    unsafe_code,
    non_camel_case_types,
    unreachable_pub,
    clippy::missing_safety_doc
)]

mod attempts;
mod boundary;
mod client;
mod convert;
mod crew;
mod error;
mod json;
mod json_set;
mod library;
mod outcome;
mod readiness;
mod run;
mod runtime;
mod signals;
mod step;
mod verbs;
mod waiting;
mod worker;
mod workflow;
