//! The verbs, one file each: their arguments with the help, and what they do.

pub(crate) mod bench;
pub(crate) mod bench_worker;
pub(crate) mod bulk;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod drawing;
pub(crate) mod handler;
pub(crate) mod key;
pub(crate) mod listing;
pub(crate) mod man;
pub(crate) mod migrate;
pub(crate) mod namespace;
pub(crate) mod pg;
pub(crate) mod prune;
pub(crate) mod serve;
pub(crate) mod span;
pub(crate) mod step;
pub(crate) mod task;
pub(crate) mod template;
pub(crate) mod why;
pub(crate) mod worker;

use crate::args::{Cli, Command};
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::live::or_interrupted;
use crate::printer::Printer;

/// Runs the verb that was asked for.
pub(crate) async fn dispatch(cli: Cli, printer: &Printer) -> Result<ExitStatus, Failure> {
    let global = &cli.global;
    match cli.command {
        // These two end in their own way when interrupted: a schema is dropped, steps are handed back.
        Command::Bench(arguments) => bench::run(arguments, global, printer).await,
        Command::BenchWorker(arguments) => bench_worker::run(arguments, global).await,
        Command::Demo(arguments) => demo::run(arguments, global, printer).await,
        Command::Migrate(arguments) => or_interrupted(migrate::run(arguments, global, printer)).await,
        Command::Template(command) => or_interrupted(template::run(command, global, printer)).await,
        Command::Task(command) => or_interrupted(task::run(command, global, printer)).await,
        Command::Step(command) => or_interrupted(step::run(command, global, printer)).await,
        Command::Worker(command) => or_interrupted(worker::run(command, global, printer)).await,
        Command::Namespace(command) => or_interrupted(namespace::run(command, global, printer)).await,
        Command::Handler(command) => or_interrupted(handler::run(command, global, printer)).await,
        Command::Bulk(command) => or_interrupted(bulk::run(command, global, printer)).await,
        Command::Why(arguments) => or_interrupted(why::run(&arguments, global, printer)).await,
        Command::Doctor(arguments) => or_interrupted(doctor::run(&arguments, global, printer)).await,
        Command::Serve(arguments) => serve::run(arguments, global, printer).await,
        Command::Key(command) => or_interrupted(key::run(command, global, printer)).await,
        Command::Prune(arguments) => or_interrupted(prune::run(arguments, global, printer)).await,
        Command::Config(command) => config::run(command, global, printer),
        Command::Completions(arguments) => completions::run(&arguments, printer),
        Command::Man(arguments) => man::run(&arguments, printer),
        Command::Pg(command) => or_interrupted(pg::run(command, printer)).await,
    }
}
