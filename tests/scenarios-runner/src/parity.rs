//! The page that tells what each language can do: from the rows of the runtimes, which the scenario runner goes by.

use crate::runtimes::{CAPABILITIES, RUNTIMES};
use std::fmt::Write;

/// What a capability means, in the order of [`CAPABILITIES`].
const MEANINGS: [&str; CAPABILITIES.len()] = [
    "attempts have deadlines",
    "a step that takes its workers down is quarantined",
    "tasks, named tasks, namespaces and handlers can be paused",
    "idempotency keys, identical requests",
    "REST",
    "GraphQL",
    "the feed of events",
    "requests may leave steps out",
    "goes on after the database was restarted",
    "several workers share the work",
];

/// What a package brings along besides the engine, and by what: in the order of [`RUNTIMES`]. The tests of each package hold it to that.
const BROUGHT: [(&str, [&str; RUNTIMES.len()]); 2] = [
    (
        "creates tasks and completes steps in a transaction of the application's",
        [
            "sqlx",
            "psycopg 3, psycopg2, asyncpg, SQLAlchemy 2, Django",
            "pg, Knex, Drizzle, Prisma",
            "libpq (`tasker_libpq.h`); any other driver by two functions",
            "ActiveRecord, pg",
        ],
    ),
    (
        "runs workflows under test, in the test's own transaction",
        [
            "`tasker_core::testing`",
            "`tasker.testing`, a plugin for pytest",
            "*tasker-engine/testing*, for node:test, Vitest and Jest",
            "`tasker_test.h`",
            "`Tasker::SpecHelpers`, for RSpec and Minitest",
        ],
    ),
];

/// Where a language was tried, and where it is expected to run. Tested means: by `make test`, on every change.
struct Platforms {
    runtime: &'static str,
    tested: &'static str,
    expected: &'static str,
}

const PLATFORMS: &[Platforms] = &[
    Platforms {
        runtime: "rust",
        tested: "Linux x86-64 (glibc), PostgreSQL 15",
        expected: "Linux on other processors, macOS; PostgreSQL 16 to 18",
    },
    Platforms {
        runtime: "python",
        tested: "CPython 3.11, Linux x86-64 (glibc)",
        expected: "CPython 3.10 to 3.14 by the same wheel (abi3), Linux on other processors, macOS. Free-threaded CPython: the \
                   source package without abi3, not tried",
    },
    Platforms {
        runtime: "node",
        tested: "Node 20, Linux x86-64 (glibc)",
        expected: "Node 22 and later (Node-API 8), Linux on other processors, macOS",
    },
    Platforms {
        runtime: "c",
        tested: "gcc 12, C11 and C++17, Linux x86-64 (glibc)",
        expected: "clang, Linux on other processors, macOS",
    },
    Platforms {
        runtime: "ruby",
        tested: "Ruby 3.3, Rails 7.2, Linux x86-64 (glibc)",
        expected: "Ruby 3.2 and later, Rails 7.1 and later, Linux on other processors, macOS",
    },
];

/// The page, as docs/reference/parity.md has it.
pub fn page() -> String {
    let mut page = String::from(
        "# What each language can do\n\n\
         Written by `scripts/generate` from `tests/scenarios-runner/src/parity.rs` and `tests/scenarios-runner/src/runtimes.rs`. \
         The engine is one library, so most of this holds in every language or in none. A scenario names the capabilities that \
         it needs; a language without them skips it, and every skip is counted.\n\n",
    );
    let names: Vec<&str> = RUNTIMES.iter().map(|runtime| runtime.name).collect();
    let _ = writeln!(page, "| capability | meaning | {} |", names.join(" | "));
    let _ = writeln!(page, "|---|---|{}", "---|".repeat(names.len()));
    for (capability, meaning) in CAPABILITIES.iter().zip(MEANINGS) {
        let cells: Vec<&str> = RUNTIMES
            .iter()
            .map(|runtime| {
                if runtime.capabilities.contains(capability) {
                    "yes"
                } else {
                    "–"
                }
            })
            .collect();
        let _ = writeln!(page, "| `{capability}` | {meaning} | {} |", cells.join(" | "));
    }
    page.push_str("\n## What a language lacks that another one has\n\n");
    let lacking = lacking();
    if lacking.is_empty() {
        page.push_str("Nothing.\n");
    }
    for (runtime, capability) in lacking {
        let _ = writeln!(page, "- {runtime}: `{capability}`");
    }
    let _ = write!(
        page,
        "\n## By what\n\n| | {} |\n|---|{}\n",
        names.join(" | "),
        "---|".repeat(names.len())
    );
    for (what, cells) in BROUGHT {
        let _ = writeln!(page, "| {what} | {} |", cells.join(" | "));
    }
    page.push_str("\n## Platforms\n\n| language | tested | expected |\n|---|---|---|\n");
    for name in names {
        let row = PLATFORMS.iter().find(|platforms| platforms.runtime == name);
        let (tested, expected) = row.map_or(("–", "–"), |row| (row.tested, row.expected));
        let _ = writeln!(page, "| {name} | {tested} | {expected} |");
    }
    page
}

/// What some language has, and another one has not.
fn lacking() -> Vec<(&'static str, &'static str)> {
    let somewhere = |capability: &&str| {
        RUNTIMES
            .iter()
            .any(|runtime| runtime.capabilities.contains(capability))
    };
    CAPABILITIES
        .iter()
        .filter(|capability| somewhere(capability))
        .flat_map(|capability| {
            RUNTIMES
                .iter()
                .filter(move |runtime| !runtime.capabilities.contains(capability))
                .map(move |runtime| (runtime.name, *capability))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    // A panic is how a test fails.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn every_language_has_its_platforms() {
        for runtime in RUNTIMES {
            assert!(
                PLATFORMS
                    .iter()
                    .any(|platforms| platforms.runtime == runtime.name),
                "{} has no row in PLATFORMS",
                runtime.name
            );
        }
    }
}
