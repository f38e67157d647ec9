//! Which of our packages may depend on which.

use crate::source::Source;
use crate::{assert_none, complains};

/// Each package and the packages of ours that it may ship with. Development dependencies are free.
const PACKAGES: [(&str, &[&str]); 14] = [
    ("migrations", &[]),
    ("glibc", &[]),
    ("core", &["tasker-migrations"]),
    ("server", &["tasker-core"]),
    ("bench", &["tasker-core", "tasker-migrations", "tasker-server"]),
    ("examples/order", &["tasker-core"]),
    ("fuzz", &["tasker-core"]),
    (
        "cli",
        &[
            "tasker-core",
            "tasker-migrations",
            "tasker-server",
            "tasker-bench",
            "tasker-example-order",
        ],
    ),
    ("ffi", &["tasker-core", "tasker-server", "tasker-glibc"]),
    (
        "bindings-python",
        &["tasker-core", "tasker-server", "tasker-cli", "tasker-glibc"],
    ),
    (
        "bindings-node",
        &["tasker-core", "tasker-server", "tasker-cli", "tasker-glibc"],
    ),
    (
        "bindings-ruby",
        &["tasker-core", "tasker-server", "tasker-cli", "tasker-glibc"],
    ),
    (
        "tests/scenarios-runner",
        &["tasker-core", "tasker-server", "tasker-tests"],
    ),
    (
        "tests",
        &[
            "tasker-core",
            "tasker-migrations",
            "tasker-server",
            "tasker-cli",
            "tasker-bench",
            "tasker-example-order",
        ],
    ),
];

fn check(source: &Source) -> Vec<String> {
    let Some(directory) = source.path.strip_suffix("/Cargo.toml") else {
        return Vec::new();
    };
    let package = PACKAGES
        .iter()
        .find(|(name, _)| directory == *name || directory.starts_with(&format!("{name}/")));
    let Some((_, allowed)) = package else {
        return vec![format!(
            "{}: not in PACKAGES of tests/tests/structure/packages.rs",
            source.path
        )];
    };
    let mut section = "";
    let mut complaints = Vec::new();
    for line in source.text.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line;
            continue;
        }
        let ships = section == "[dependencies]" || section == "[build-dependencies]";
        let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
        if ships && name.starts_with("tasker-") && !allowed.contains(&name) {
            complaints.push(format!(
                "{}: `{directory}` may not depend on `{name}`",
                source.path
            ));
        }
    }
    complaints
}

#[test]
fn every_package_depends_only_on_what_it_may() {
    assert_none(Source::tree().iter().flat_map(check).collect());
}

#[test]
fn a_dependency_against_the_direction_is_found() {
    let manifest = |path: &str, section: &str, line: &str| {
        check(&Source::new(
            path,
            &format!("[package]\nname = \"x\"\n\n[{section}]\n{line}\n"),
        ))
    };
    for line in [
        "tasker-cli.workspace = true",
        "tasker-cli = { path = \"../cli\" }",
        "tasker-cli = \"2\"",
    ] {
        assert!(complains(
            &manifest("core/Cargo.toml", "dependencies", line),
            "may not depend on `tasker-cli`"
        ));
    }
    assert!(
        manifest(
            "core/Cargo.toml",
            "dev-dependencies",
            "tasker-tests.workspace = true"
        )
        .is_empty()
    );
    assert!(manifest("cli/Cargo.toml", "dependencies", "tasker-core.workspace = true").is_empty());
    assert!(complains(
        &manifest("new/Cargo.toml", "dependencies", ""),
        "not in PACKAGES"
    ));
}
