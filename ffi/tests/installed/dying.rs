//! Handlers that pay and complete in one transaction, killed at every point.

use crate::support::{Linked, Program, database, succeed, told};
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

/// Where a process dies whose handlers are called.
const CALLED: [&str; 5] = ["before", "begun", "written", "completed", "committed"];
/// Where one dies that polls by itself: also when the handler has returned, and when that was reported.
const POLLED: [&str; 7] = [
    "before",
    "begun",
    "written",
    "completed",
    "committed",
    "returned",
    "reported",
];

/// One process dies at the point, and another one finds what it left: the step is complete, and was paid once.
fn takes_effect_once(program: &Program, way: &str, point: &str) {
    let database = database();
    succeed(program.command(&database).arg("prepare"));
    let dying = program
        .command(&database)
        .arg(way)
        .env("POINT", point)
        .output()
        .unwrap();
    assert_eq!(
        dying.status.signal(),
        Some(libc::SIGKILL),
        "{way}, {point}: {}",
        told(&dying)
    );
    let mut other = program.command(&database);
    let mut other = other
        .arg(way)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut works = String::new();
    let mut said = BufReader::new(other.stdout.take().unwrap());
    said.read_line(&mut works).unwrap();
    assert_eq!(works, "works\n", "{way}, {point}");
    let verified = program.command(&database).arg("verify").output().unwrap();
    let id = i32::try_from(other.id()).unwrap();
    // SAFETY: of a child that has not been waited for.
    #[allow(unsafe_code)]
    unsafe {
        libc::kill(id, libc::SIGTERM)
    };
    let other = other.wait_with_output().unwrap();
    assert!(verified.status.success(), "{way}, {point}: {}", told(&verified));
    assert!(other.status.success(), "{way}, {point}: {}", told(&other));
}

fn takes_effect_once_at_every_point(way: &str, points: &[&str]) {
    let program = &Program::of("tests/programs/dying.c", Linked::Shared, &[]);
    std::thread::scope(|scope| {
        for point in points {
            scope.spawn(move || takes_effect_once(program, way, point));
        }
    });
}

#[test]
fn a_handler_that_is_called_and_dies_anywhere_takes_effect_once() {
    takes_effect_once_at_every_point("run", &CALLED);
}

#[test]
fn a_program_that_polls_and_dies_anywhere_takes_effect_once() {
    takes_effect_once_at_every_point("poll", &POLLED);
}
