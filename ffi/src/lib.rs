//! libtasker: the engine for C. JSON goes through here, and nothing is decided here.
//!
//! What C sees, in the order of the header (`include/tasker.h`, which `scripts/generate` writes from these files): texts
//! ([`convert`]), [`error`]s, documents ([`json`], [`json_set`]), the [`client`] with its [`verbs`], [`workflow`]s in code,
//! the [`step`] that a handler sees and what came of it ([`outcome`]), the [`worker`], [`transaction`]s of the program's own, the
//! interface over [`http`] with its [`exchange`]s, and the [`library`] itself. `include/tasker_test.h` has workflows under test: [`testing`], its faults ([`testing_faults`]), its operators
//! ([`testing_operators`]) and its reports ([`testing_reports`]). `include/tasker_libpq.h` is written by hand: it lends connections.
//!
//! Behind it: no panic leaves a function ([`boundary`]), the engine's threads live as long as somebody holds a handle
//! ([`runtime`], [`signals`]), and who waits for them leaves no trace in the host's ([`waiting`]). Handlers are called ([`run`]) on
//! threads that share what one of them polls ([`crew`]), attempts that run are told when they are cancelled ([`attempts`]), and a
//! descriptor tells that there is work ([`readiness`]). What is done on a lent connection is a [`conversation`], for a test on its
//! [`stage`].

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
mod conversation;
mod convert;
mod crew;
mod error;
mod exchange;
mod http;
mod json;
mod json_set;
mod library;
mod outcome;
mod readiness;
mod run;
mod runtime;
mod signals;
mod stage;
mod step;
mod testing;
mod testing_faults;
mod testing_operators;
mod testing_reports;
mod transaction;
mod verbs;
mod waiting;
mod worker;
mod workflow;
