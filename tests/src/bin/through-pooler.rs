//! `through-pooler [--servers N] PROGRAM ARGUMENTS…` runs a program with `TASKER_DATABASE_URL` leading to an empty database
//! through a PgBouncer in transaction mode, with at most N server processes (8). The database and the pooler go with it.

use anyhow::{Context, Result};
use std::process::{Command, ExitCode};
use tasker_tests::{Pooler, TestDatabase};

const SERVERS: u32 = 8;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut servers = SERVERS;
    if arguments.first().is_some_and(|first| first == "--servers") {
        servers = arguments
            .get(1)
            .and_then(|count| count.parse().ok())
            .context("--servers takes a number")?;
        arguments.drain(..2);
    }
    let (program, rest) = arguments
        .split_first()
        .context("usage: through-pooler [--servers N] PROGRAM ARGUMENTS…")?;
    let database = TestDatabase::create().await?;
    let pooler = Pooler::start(&database.url(), servers, "").await?;
    let status = Command::new(program)
        .args(rest)
        .env("TASKER_DATABASE_URL", pooler.url(database.name()))
        .status()
        .with_context(|| format!("{program} cannot be started"))?;
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from))
}
