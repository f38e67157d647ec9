//! What is linked with `old_versions.c` asks for no newer glibc than 2.28, and works; and whoever asks for one is found.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![cfg(all(
    target_os = "linux",
    target_env = "gnu",
    target_pointer_width = "64",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

/// Compiles and links into a directory; what it is called there.
fn compiled(directory: &TempDir, name: &str, arguments: &[String]) -> PathBuf {
    let path = directory.path().join(name);
    let output = Command::new("cc")
        .args(["-std=c11", "-O2", "-fPIC", "-Wall", "-Wextra", "-Werror"])
        .args(arguments)
        .arg("-o")
        .arg(&path)
        .output()
        .unwrap();
    assert!(output.status.success(), "{name}: {}", told(&output));
    path
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn calls() -> String {
    format!("{}/tests/calls.c", env!("CARGO_MANIFEST_DIR"))
}

/// How a library of ours is linked.
fn linked(directory: &TempDir) -> Vec<String> {
    let object = compiled(
        directory,
        "old_versions.o",
        &[words("-c"), vec![tasker_glibc::SOURCE.to_owned()]].concat(),
    );
    [vec![calls()], tasker_glibc::arguments(&object)].concat()
}

fn check(library: &Path) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/check-glibc");
    Command::new(script).arg(library).output().unwrap()
}

#[test]
fn a_library_that_calls_every_function_asks_for_no_newer_glibc() {
    let directory = tempfile::tempdir().unwrap();
    let arguments = [words("-shared"), linked(&directory)].concat();
    let checked = check(&compiled(&directory, "libcalls.so", &arguments));
    assert!(checked.status.success(), "{}", told(&checked));
}

#[test]
fn every_function_does_what_it_should() {
    let directory = tempfile::tempdir().unwrap();
    let program = compiled(&directory, "calls", &linked(&directory));
    let output = Command::new(program).output().unwrap();
    assert!(output.status.success(), "{}: {}", output.status, told(&output));
}

#[test]
fn a_library_that_asks_for_a_newer_glibc_is_refused_with_what_it_asks_for() {
    let directory = tempfile::tempdir().unwrap();
    let written = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let later = written("later.c", "int later(void);\nint later(void) { return 0; }\n");
    let versions = written("versions", "GLIBC_9.1 { later; };\n");
    let arguments = [
        words("-shared -Wl,-soname,liblater.so"),
        vec![later, format!("-Wl,--version-script={versions}")],
    ];
    let later = compiled(&directory, "liblater.so", &arguments.concat());
    let asking = written(
        "asking.c",
        "int later(void);\nint ask(void);\nint ask(void) { return later(); }\n",
    );
    let arguments = [words("-shared"), vec![asking, later.display().to_string()]].concat();
    let checked = check(&compiled(&directory, "libasking.so", &arguments));
    assert!(!checked.status.success());
    assert!(told(&checked).contains("later@GLIBC_9.1"), "{}", told(&checked));
}

#[test]
fn what_asks_for_no_glibc_at_all_is_no_library_of_ours() {
    let checked = check(Path::new(tasker_glibc::SOURCE));
    assert!(!checked.status.success());
    assert!(told(&checked).contains("no shared library"), "{}", told(&checked));
}
