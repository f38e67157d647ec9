//! `schema-dump` migrates a fresh database and prints its schema, without what differs between servers and runs.
//!
//! It calls the `pg_dump` of the directory `TASKER_PG_BIN`, else of the newest server installed, else of the path.

use anyhow::{Context, Result, bail};
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use tasker_core::store::{SchemaName, Store, StoreOptions};
use tasker_tests::TestDatabase;

#[tokio::main]
async fn main() -> Result<()> {
    let database = TestDatabase::create().await?;
    let store = Store::new(StoreOptions {
        database_url: database.url(),
        schema: SchemaName::new("tasker")?,
        max_connections: 1,
        settings: tasker_core::model::DatabaseSettings::default(),
        application_name: "schema-dump".to_owned(),
    })?;
    store.migrate().await?;
    store.close().await;
    let output = Command::new(pg_dump())
        .args(["--schema-only", "--no-owner", "--no-privileges", "--schema=tasker"])
        .arg(database.url())
        .output()
        .context("pg_dump cannot be started: install the client programs of PostgreSQL, or name their directory in TASKER_PG_BIN")?;
    if !output.status.success() {
        bail!("pg_dump failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(std::io::stdout().write_all(normalised(&String::from_utf8(output.stdout)?).as_bytes())?)
}

fn pg_dump() -> PathBuf {
    if let Some(named) = std::env::var_os("TASKER_PG_BIN") {
        return PathBuf::from(named).join("pg_dump");
    }
    let newest = std::fs::read_dir("/usr/lib/postgresql")
        .ok()
        .and_then(|versions| {
            let programs = versions
                .flatten()
                .map(|version| version.path().join("bin/pg_dump"));
            programs.filter(|program| program.exists()).max()
        });
    newest.unwrap_or_else(|| "pg_dump".into())
}

/// Without settings of the session, versions, and the key that newer dumps carry: what is left is the schema.
fn normalised(dump: &str) -> String {
    let mut out = String::from(
        "-- The schema as a fresh install makes it. Written by scripts/generators/schema; do not edit.\n",
    );
    let noise = [
        "SET ",
        "SELECT pg_catalog.set_config",
        "\\restrict",
        "\\unrestrict",
        "-- Dumped",
        "-- PostgreSQL database dump",
    ];
    let mut blank = false;
    let mut inside_function = false;
    for line in dump.lines() {
        let comment = line == "--" || line.starts_with("-- Name: ") || line.starts_with("-- TOC ");
        if !inside_function && (noise.iter().any(|start| line.starts_with(start)) || comment) {
            continue;
        }
        if line.matches("$$").count() % 2 == 1 {
            inside_function = !inside_function;
        }
        if line.is_empty() && !inside_function {
            blank = true;
            continue;
        }
        if std::mem::take(&mut blank) {
            out.push('\n');
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
