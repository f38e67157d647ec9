//! `release-fixture` writes the schema and the statements of today's code into `tests/versions/`, as what a release leaves
//! behind. Called by `scripts/release-fixture`, which also notes the version.

// It is a program: it prints.
#![allow(clippy::print_stdout)]

fn main() -> anyhow::Result<()> {
    println!("wrote {}", tasker_tests::record()?.display());
    Ok(())
}
