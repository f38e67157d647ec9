//! `schema-dump` migrates a fresh database and prints its schema, without what differs between servers and runs.

use anyhow::Result;
use std::io::Write;
use tasker_tests::{DumpOf, TestDatabase, dump, migrate};

#[tokio::main]
async fn main() -> Result<()> {
    let database = TestDatabase::create().await?;
    migrate(&database.url()).await?;
    let mut out = std::io::stdout();
    out.write_all(
        b"-- The schema as a fresh install makes it. Written by scripts/generators/schema; do not edit.\n\n",
    )?;
    Ok(out.write_all(dump(&database.url(), DumpOf::Schema)?.as_bytes())?)
}
