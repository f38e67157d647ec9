//! The native half of the gem: JSON goes through here, and nothing is decided here.
//!
//! Everything that waits does so without the GVL, and an interrupt of Ruby's ends the wait.
#![cfg(feature = "ruby")]
#![allow(missing_docs)] // magnus makes one public function, and Ruby does not read documentation

mod command;
mod engine;
mod error;
mod gvl;
mod http;
mod session;
mod wait;
mod worker;

use magnus::{Error, RArray, Ruby, function, method, prelude::*};

/// What the engine logged since the last call, as the text of a JSON list; empty where that is nothing.
fn take_logs() -> String {
    tasker_core::bridge::take_logs()
}

/// Draws a graph of steps: JSON in, the text of the picture out.
fn draw(ruby: &Ruby, picture: String) -> Result<String, Error> {
    wait::without_gvl(ruby, || tasker_core::bridge::draw(&picture))
}

/// Says where a task stands in its graph: JSON in, JSON out.
fn analyze(ruby: &Ruby, analysis: String) -> Result<String, Error> {
    wait::without_gvl(ruby, || tasker_core::bridge::analyze(&analysis))
}

/// Says what a graph of steps looks like: JSON in, JSON out.
fn shape(ruby: &Ruby, graph: String) -> Result<String, Error> {
    wait::without_gvl(ruby, || tasker_core::bridge::shape(&graph))
}

/// Defines `Tasker::Native`. Use the gem; this may change with every release.
#[magnus::init(name = "tasker_native")]
fn init(ruby: &Ruby) -> Result<(), Error> {
    let native = ruby.define_module("Tasker")?.define_module("Native")?;
    native.const_set("VERSION", env!("CARGO_PKG_VERSION"))?;
    let verbs: RArray = ruby.ary_from_iter(tasker_core::bridge::verbs::VERBS.iter().copied());
    verbs.freeze();
    native.const_set("VERBS", verbs)?;
    native.const_set("PERMISSIONS", http::permissions(ruby)?)?;
    native.define_singleton_method("take_logs", function!(take_logs, 0))?;
    native.define_singleton_method("draw", function!(draw, 1))?;
    native.define_singleton_method("open_paths", function!(http::open_paths, 0))?;
    native.define_singleton_method("analyze", function!(analyze, 1))?;
    native.define_singleton_method("shape", function!(shape, 1))?;
    native.define_singleton_method("run_command", function!(command::run_command, 1))?;

    let engine = native.define_class("Engine", ruby.class_object())?;
    engine.define_singleton_method("new", function!(engine::Engine::new, 1))?;
    engine.define_method("call", method!(engine::Engine::call, 2))?;
    engine.define_method("start_worker", method!(engine::Engine::start_worker, 1))?;
    engine.define_method("session", method!(engine::Engine::session, 0))?;
    engine.define_method("close", method!(engine::Engine::close, 0))?;

    let session = native.define_class("Session", ruby.class_object())?;
    session.undef_default_alloc_func();
    session.define_singleton_method("for_tests", function!(session::Session::for_tests, 1))?;
    session.define_method("begin", method!(session::Session::begin, 1))?;
    session.define_method("tell", method!(session::Session::tell, 1))?;
    session.define_method(
        "results_statement",
        method!(session::Session::results_statement, 1),
    )?;
    session.define_method("read_results", method!(session::Session::read_results, 1))?;

    let worker = native.define_class("Worker", ruby.class_object())?;
    worker.undef_default_alloc_func();
    worker.define_method("poll", method!(worker::Worker::poll, 2))?;
    worker.define_method("complete", method!(worker::Worker::complete, 1))?;
    worker.define_method("fetch_context", method!(worker::Worker::fetch_context, 1))?;
    worker.define_method("fetch_results", method!(worker::Worker::fetch_results, 1))?;
    worker.define_method("status", method!(worker::Worker::status, 0))?;
    worker.define_method("stop_claiming", method!(worker::Worker::stop_claiming, 0))?;
    worker.define_method("shutdown", method!(worker::Worker::shutdown, 0))?;

    let mount = native.define_class("Mount", ruby.class_object())?;
    mount.undef_default_alloc_func();
    mount.define_singleton_method("new", function!(http::Mount::new, 1))?;
    mount.define_method("begin", method!(http::Mount::begin, 2))?;

    let exchange = native.define_class("Exchange", ruby.class_object())?;
    exchange.undef_default_alloc_func();
    exchange.define_singleton_method("failed", function!(http::Exchange::failed, 1))?;
    exchange.define_singleton_method("malformed", function!(http::Exchange::malformed, 1))?;
    exchange.define_method("next", method!(http::Exchange::next, 0))?;
    exchange.define_method("write", method!(http::Exchange::write, 1))?;
    exchange.define_method("finish", method!(http::Exchange::finish, 0))?;
    exchange.define_method("decide", method!(http::Exchange::decide, 2))?;
    exchange.define_method("cannot_decide", method!(http::Exchange::cannot_decide, 2))?;
    exchange.define_method("cancel", method!(http::Exchange::cancel, 0))?;
    Ok(())
}
