//! The example, out of the clone, as a user has it.

use crate::support::{database, pkg_config, pkg_config_of, prefix, source, succeed, told};
use std::path::Path;
use std::process::{Command, Stdio};
use tasker_tests::TestDatabase;
use tempfile::TempDir;

/// The files of the example, elsewhere.
fn copied() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(source("../examples/c")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), directory.path().join(entry.file_name())).unwrap();
    }
    directory
}

fn by_make(directory: &Path, flags: &str) {
    let libraries = prefix().join("lib");
    succeed(
        Command::new("make")
            .args(["--silent", "--directory"])
            .arg(directory)
            .env("CFLAGS", format!("-g -Werror {flags}"))
            .env("LDFLAGS", format!("-Wl,-rpath,{} {flags}", libraries.display()))
            .env("PKG_CONFIG_PATH", libraries.join("pkgconfig")),
    );
}

/// A program of the example, after the words of a command before its own.
fn program(programs: &Path, files: &Path, before: &[&str], name: &str, database: &TestDatabase) -> Command {
    let words: Vec<_> = before
        .iter()
        .map(Into::into)
        .chain([programs.join(name)])
        .collect();
    let mut command = Command::new(&words[0]);
    command
        .args(&words[1..])
        .current_dir(files)
        .env("TASKER_DATABASE_URL", database.url())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs a program to its end: it ends well, and says this.
fn says(command: &mut Command, wanted: &str) {
    let output = succeed(command);
    assert_eq!(String::from_utf8_lossy(&output.stdout), wanted);
}

/// Runs client and worker: the order is complete, and both end well. Then the example of transactions, and its test.
fn works(programs: &Path, files: &Path, before: &[&str], database: &TestDatabase) {
    let command = |name: &str| program(programs, files, before, name, database);
    let worker = command("worker").spawn().unwrap();
    let client = command("client").output().unwrap();
    let id = i32::try_from(worker.id()).unwrap();
    // SAFETY: of a child that has not been waited for.
    #[allow(unsafe_code)]
    unsafe {
        libc::kill(id, libc::SIGTERM)
    };
    let worker = worker.wait_with_output().unwrap();
    assert!(client.status.success(), "{}: {}", client.status, told(&client));
    assert_eq!(String::from_utf8_lossy(&client.stdout), "complete, charged 42\n");
    assert!(worker.status.success(), "{}: {}", worker.status, told(&worker));

    says(&mut command("pay"), "complete, paid 42\n");
    let right = "right at each of 6 points at which its process can die\n";
    says(&mut command("test_payments"), right);
}

#[test]
fn it_is_built_by_pkg_config_and_works() {
    let directory = copied();
    by_make(directory.path(), "");
    works(directory.path(), directory.path(), &[], &database());
}

#[test]
fn it_is_built_by_cmake_with_both_libraries_and_works() {
    let directory = copied();
    let build = directory.path().join("build");
    let mut configure = Command::new("cmake");
    configure
        .arg("-S")
        .arg(directory.path())
        .arg("-B")
        .arg(&build)
        .arg(format!("-DCMAKE_PREFIX_PATH={}", prefix().display()));
    succeed(&mut configure);
    succeed(Command::new("cmake").arg("--build").arg(&build));
    works(&build, directory.path(), &[], &database());
}

#[test]
fn valgrind_finds_nothing_in_it() {
    let directory = copied();
    by_make(directory.path(), "");
    let valgrind = [
        "valgrind",
        "--quiet",
        "--error-exitcode=9",
        "--leak-check=full",
        "--show-leak-kinds=all",
    ];
    works(directory.path(), directory.path(), &valgrind, &database());
}

#[test]
fn the_sanitizers_find_nothing_in_it() {
    let directory = copied();
    by_make(directory.path(), "-fsanitize=address,undefined");
    works(directory.path(), directory.path(), &[], &database());
}

#[test]
fn no_header_needs_another_one_before_it() {
    let directory = tempfile::tempdir().unwrap();
    for header in ["tasker.h", "tasker_test.h", "tasker_libpq.h"] {
        let mut flags = pkg_config(&["--cflags"]);
        if header == "tasker_libpq.h" {
            flags.extend(pkg_config_of("libpq", &["--cflags"]));
        }
        for (compiler, standard, name) in [("cc", "-std=c11", "a.c"), ("c++", "-std=c++17", "a.cpp")] {
            let file = directory.path().join(name);
            std::fs::write(&file, format!("#include <{header}>\n#include <{header}>\n")).unwrap();
            succeed(
                Command::new(compiler)
                    .args([
                        standard,
                        "-Wall",
                        "-Wextra",
                        "-Werror",
                        "-pedantic",
                        "-fsyntax-only",
                    ])
                    .args(&flags)
                    .arg(&file),
            );
        }
    }
}
