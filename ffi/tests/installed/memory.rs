//! Programs under valgrind, and with the sanitizers of the compiler.

use crate::support::{Linked, Program, conversation, database, succeed, told};
use std::process::Command;

/// Runs cases under valgrind: no error, and nothing is lost. What a library made once for the whole process stays: tokio for
/// signals, and that of JSON Schema its own schemas, in which valgrind is not sure of some pointers.
fn is_clean(program: &str, cases: &[&str]) {
    let program = Program::of(program, Linked::Shared, &[]);
    for case in cases {
        let database = database();
        let mut command = Command::new("valgrind");
        command
            .args(["--quiet", "--error-exitcode=9", "--leak-check=full"])
            .args(["--errors-for-leak-kinds=definite", "--fair-sched=yes"])
            .arg(&program.path)
            .arg(case)
            .env("TASKER_DATABASE_URL", database.url())
            .env("CONVERSATION", conversation());
        let output = command
            .output()
            .expect("valgrind is there: run scripts/setup --tests");
        assert!(
            output.status.success(),
            "{case}: {}\n{}",
            output.status,
            told(&output)
        );
    }
}

#[test]
fn valgrind_finds_nothing_in_documents_and_refusals() {
    is_clean(
        "tests/programs/documents.c",
        &["reading", "refusing", "making", "mistaking"],
    );
    is_clean(
        "tests/programs/arguments.c",
        &["nulls", "texts", "options", "lending"],
    );
}

#[test]
fn valgrind_finds_nothing_in_clients() {
    is_clean("tests/programs/client.c", &["errors", "workflow"]);
}

#[test]
fn valgrind_finds_nothing_in_workers_whose_handlers_are_called() {
    is_clean("tests/programs/worker.c", &["failing"]);
}

#[test]
fn valgrind_finds_nothing_in_workers_that_are_polled() {
    is_clean("tests/programs/polling.c", &["outcomes"]);
}

#[test]
fn valgrind_finds_nothing_in_transactions() {
    is_clean(
        "tests/programs/transactions.c",
        &["creating", "many", "refusing", "states"],
    );
    is_clean("tests/programs/completions.c", &["rolling_back"]);
}

#[test]
fn valgrind_finds_nothing_in_requests_over_http() {
    is_clean("tests/programs/recorded.c", &["conversing"]);
    is_clean(
        "tests/programs/http.c",
        &["deciding", "giving_up", "writing", "descriptors", "refusing"],
    );
}

/// Faults that strike every attempt are left to the sanitizers: compiled, the test of an `Option` looks at the number before it is clear
/// that there is one, and valgrind takes that for a mistake.
#[test]
fn valgrind_finds_nothing_in_tests_of_workflows() {
    is_clean("tests/programs/kit.c", &["running", "clock", "crashing"]);
    is_clean("tests/programs/kit_edges.c", &["completing", "refusing"]);
}

#[test]
fn the_sanitizers_find_nothing() {
    let flags = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
    for (file, cases) in [
        (
            "tests/programs/arguments.c",
            ["nulls", "texts", "options", "lending"].as_slice(),
        ),
        (
            "tests/programs/documents.c",
            &["reading", "making", "mistaking", "nesting"],
        ),
        ("tests/programs/client.c", &["verbs", "workflow"]),
        (
            "tests/programs/worker.c",
            &["crossing", "failing", "large_context"],
        ),
        ("tests/programs/polling.c", &["outcomes", "descriptor"]),
        (
            "tests/programs/transactions.c",
            &["creating", "many", "refusing", "states"],
        ),
        ("tests/programs/completions.c", &["ignoring", "polling"]),
        (
            "tests/programs/kit.c",
            &["running", "faults", "operating", "crashing"],
        ),
        ("tests/programs/kit_edges.c", &["completing", "refusing"]),
        ("tests/programs/recorded.c", &["conversing"]),
        (
            "tests/programs/http.c",
            &["deciding", "giving_up", "writing", "descriptors", "refusing"],
        ),
    ] {
        let program = Program::of(file, Linked::Shared, &flags);
        for case in cases {
            let database = database();
            succeed(program.command(&database).arg(case));
        }
    }
}
