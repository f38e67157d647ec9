//! The schema of a database as SQL, without what differs between servers and runs.
//!
//! By the `pg_dump` of the directory `TASKER_PG_BIN`, else of the newest server installed, else of the path.

use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::Command;

/// What a dump holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DumpOf {
    /// The objects, without the rights on them: for people.
    Schema,
    /// The objects and the rights that all have on them.
    SchemaWithRights,
    /// The objects, the rights that all have, and the rows: another database can be made from it.
    Everything,
}

/// The schema `tasker` of the database at `url`.
///
/// # Errors
/// When pg_dump cannot be started, or refuses.
pub fn dump(url: &str, of: DumpOf) -> Result<String> {
    let options: &[&str] = match of {
        DumpOf::Schema => &["--schema-only", "--no-privileges"],
        DumpOf::SchemaWithRights => &["--schema-only"],
        DumpOf::Everything => &["--inserts"],
    };
    let output = Command::new(pg_dump())
        .args(["--no-owner", "--schema=tasker"])
        .args(options)
        .arg(url)
        .output()
        .context("pg_dump cannot be started: install the client programs of PostgreSQL, or name their directory in TASKER_PG_BIN")?;
    if !output.status.success() {
        bail!("pg_dump failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(normalised(&String::from_utf8(output.stdout)?))
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

/// Without settings of the session, versions, the key that newer dumps carry, and the rights of single roles.
fn normalised(dump: &str) -> String {
    let noise = [
        "SET ",
        "SELECT pg_catalog.set_config",
        "\\restrict",
        "\\unrestrict",
        "-- Dumped",
        "-- PostgreSQL database dump",
    ];
    let mut out = String::new();
    let mut blank = false;
    let mut inside_function = false;
    for line in dump.lines() {
        let comment = line == "--" || line.starts_with("-- Name: ") || line.starts_with("-- TOC ");
        let noisy = noise.iter().any(|start| line.starts_with(start)) || is_right_of_one(line);
        if !inside_function && (noisy || comment || line.starts_with("-- Data for Name: ")) {
            continue;
        }
        if line.matches("$$").count() % 2 == 1 {
            inside_function = !inside_function;
        }
        if line.is_empty() && !inside_function {
            blank = true;
            continue;
        }
        if std::mem::take(&mut blank) && !out.is_empty() {
            out.push('\n');
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn is_right_of_one(line: &str) -> bool {
    (line.starts_with("GRANT ") && !line.ends_with(" TO PUBLIC;"))
        || (line.starts_with("REVOKE ") && !line.ends_with(" FROM PUBLIC;"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_between_servers_is_left_out() {
        let dump = "--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\nSET x = 1;\n\n--\n-- Name: tasker\n--\n\n\
                    CREATE SCHEMA tasker;\n\n\nGRANT ALL ON SCHEMA tasker TO me;\nGRANT SELECT ON TABLE tasker.a TO PUBLIC;\n\
                    CREATE FUNCTION tasker.f() AS $$\nSET y = 2;\n\n--\n$$;\n";
        assert_eq!(
            normalised(dump),
            "CREATE SCHEMA tasker;\n\nGRANT SELECT ON TABLE tasker.a TO PUBLIC;\n\
             CREATE FUNCTION tasker.f() AS $$\nSET y = 2;\n\n--\n$$;\n"
        );
    }
}
