//! Compiling and running programs against what was installed.

use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tasker_core::{Client, ClientOptions};
use tasker_tests::TestDatabase;
use tempfile::TempDir;

/// What nobody may need to switch off.
pub(crate) const STRICT: [&str; 5] = ["-O1", "-g", "-Wall", "-Wextra", "-Werror"];

/// Where `scripts/c` installs.
pub(crate) fn prefix() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let prefix = own.ancestors().nth(3).unwrap().join("c");
    assert!(
        prefix.join("lib/libtasker.so").exists(),
        "nothing is installed in {}: run scripts/c",
        prefix.display()
    );
    prefix
}

/// A file of `ffi`.
pub(crate) fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// What pkg-config says of the library.
pub(crate) fn pkg_config(arguments: &[&str]) -> Vec<String> {
    pkg_config_of("tasker", arguments)
}

/// What pkg-config says of a library.
pub(crate) fn pkg_config_of(library: &str, arguments: &[&str]) -> Vec<String> {
    let mut command = Command::new("pkg-config");
    command
        .args(arguments)
        .arg(library)
        .env("PKG_CONFIG_PATH", prefix().join("lib/pkgconfig"));
    let output = succeed(&mut command);
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace().map(str::to_owned).collect()
}

/// Runs a command that must succeed.
pub(crate) fn succeed(command: &mut Command) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}",
        output.status,
        told(&output)
    );
    output
}

/// What a command wrote.
pub(crate) fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

/// A program that was compiled, in a directory of its own.
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    _directory: TempDir,
}

/// Which library a program is linked with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Linked {
    Shared,
    Static,
}

impl Program {
    /// Compiles a file of `ffi`: C11, or C++17 where its name says so; with libpq where it uses it.
    pub(crate) fn of(file: &str, linked: Linked, flags: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("program");
        let is_cpp = file.ends_with(".cpp");
        let mut command = Command::new(if is_cpp { "c++" } else { "cc" });
        command
            .arg(if is_cpp { "-std=c++17" } else { "-std=c11" })
            .args(STRICT)
            .arg("-pedantic")
            .args(flags)
            .arg("-o")
            .arg(&path)
            .arg(source(file))
            .args(pkg_config(&["--cflags"]));
        match linked {
            Linked::Shared => {
                command.args(pkg_config(&["--libs"]));
                command.arg(format!("-Wl,-rpath,{}", prefix().join("lib").display()));
            }
            Linked::Static => {
                let private = pkg_config(&["--libs", "--static"]);
                command.arg(prefix().join("lib/libtasker.a"));
                command.args(
                    private
                        .iter()
                        .filter(|flag| *flag != "-ltasker" && !flag.starts_with("-L")),
                );
            }
        }
        if uses_libpq(file) {
            command.args(pkg_config_of("libpq", &["--cflags", "--libs"]));
        }
        succeed(command.args(["-pthread", "-lm"]));
        Self {
            path,
            _directory: directory,
        }
    }

    /// To run it on a database. One that hangs is ended, so that the others are heard of.
    pub(crate) fn command(&self, database: &TestDatabase) -> Command {
        let mut command = Command::new("timeout");
        command.args(["--signal=ABRT", "300"]).arg(&self.path);
        command
            .env("TASKER_DATABASE_URL", database.url())
            .env("CONVERSATION", conversation());
        command
    }
}

/// The conversation that every form of the interface over HTTP answers alike.
pub(crate) fn conversation() -> PathBuf {
    source("../tests/vectors/http.json")
}

/// Whether a program has connections of libpq, or includes a header of the tests that has.
fn uses_libpq(file: &str) -> bool {
    let text = std::fs::read_to_string(source(file)).unwrap();
    ["tasker_libpq.h", "\"database.h\"", "\"kit.h\""]
        .iter()
        .any(|header| text.contains(header))
}

/// A migrated database of the test's own.
pub(crate) fn database() -> TestDatabase {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let key = migrations_digest();
    let prepared = TestDatabase::prepared(&key, |url| async move {
        let client = Client::new(ClientOptions {
            database_url: Some(url),
            ..ClientOptions::default()
        })?;
        client.migrate().await?;
        client.close().await;
        Ok(())
    });
    runtime.block_on(prepared).unwrap()
}

fn migrations_digest() -> String {
    let mut hash = Sha256::new();
    for migration in tasker_migrations::MIGRATIONS {
        hash.update(migration.sql);
    }
    let digest = hash.finalize();
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
