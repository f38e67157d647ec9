//! Tests of the search for PostgreSQL, on made-up installations.
// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;
use std::os::unix::fs::PermissionsExt;

/// A directory with the three programs, all of which answer with `version`.
fn installation(directory: &Path, version: &str) {
    std::fs::create_dir_all(directory).unwrap();
    for tool in TOOLS {
        let file = directory.join(tool);
        std::fs::write(
            &file,
            format!("#!/bin/sh\necho '{tool} (PostgreSQL) {version} (made up)'\n"),
        )
        .unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

fn search(root: &Path) -> Search {
    Search {
        named: None,
        path: Some(root.join("path").into_os_string()),
        usual_places: vec![format!("{}/lib/*/bin", root.display())],
    }
}

#[test]
fn with_nothing_installed_the_message_says_where_it_looked_and_what_to_do() {
    let root = tempfile::tempdir().unwrap();
    let error = search(root.path()).find().unwrap_err();
    assert_eq!(error.kind, ErrorKind::DatabaseUnavailable);
    assert!(!error.retry);
    for part in [
        "initdb, postgres, pg_ctl",
        "PATH",
        "pg_config",
        "/lib/*/bin",
        "install",
        "TASKER_PG_BIN",
        "DATABASE_URL",
    ] {
        assert!(
            error.message.contains(part),
            "`{part}` is missing in: {}",
            error.message
        );
    }
}

#[test]
fn the_highest_installed_version_is_preferred_by_number_and_not_by_text() {
    let root = tempfile::tempdir().unwrap();
    for version in ["9.6", "15", "100", "16"] {
        installation(
            &root.path().join(format!("lib/{version}/bin")),
            &format!("{version}.1"),
        );
    }
    let majors: Vec<u32> = search(root.path())
        .find()
        .unwrap()
        .iter()
        .map(|found| found.major)
        .collect();
    assert_eq!(majors, [100, 16, 15]);
}

#[test]
fn a_version_that_is_too_old_is_refused_with_the_reason() {
    let root = tempfile::tempdir().unwrap();
    installation(&root.path().join("lib/14/bin"), "14.9");
    let error = search(root.path()).find().unwrap_err();
    assert!(
        error.message.contains("14.9") && error.message.contains("too old"),
        "{}",
        error.message
    );
}

#[test]
fn the_path_comes_before_the_usual_places_and_its_links_are_followed() {
    let root = tempfile::tempdir().unwrap();
    let real = root.path().join("elsewhere/bin");
    installation(&real, "15.3");
    installation(&root.path().join("lib/17/bin"), "17.1");
    std::fs::create_dir(root.path().join("path")).unwrap();
    for tool in TOOLS {
        std::os::unix::fs::symlink(real.join(tool), root.path().join("path").join(tool)).unwrap();
    }
    let first = search(root.path()).find().unwrap().remove(0);
    assert_eq!(first.directory, std::fs::canonicalize(&real).unwrap());
    assert_eq!(first.version, "15.3");
}

#[test]
fn pg_config_is_asked_for_the_directory() {
    let root = tempfile::tempdir().unwrap();
    let real = root.path().join("elsewhere/bin");
    installation(&real, "16beta1");
    let program = root.path().join("path/pg_config");
    std::fs::create_dir(root.path().join("path")).unwrap();
    std::fs::write(&program, format!("#!/bin/sh\necho {}\n", real.display())).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let first = search(root.path()).find().unwrap().remove(0);
    assert_eq!((first.directory, first.major), (real, 16));
}

#[test]
fn a_named_directory_is_the_only_one_looked_at_and_what_it_lacks_is_named() {
    let root = tempfile::tempdir().unwrap();
    installation(&root.path().join("lib/17/bin"), "17.1");
    let named = root.path().join("mine");
    installation(&named, "17.1");
    std::fs::remove_file(named.join("pg_ctl")).unwrap();
    let error = Search {
        named: Some(named),
        ..search(root.path())
    }
    .find()
    .unwrap_err();
    assert!(error.message.contains("mine has no pg_ctl"), "{}", error.message);
}
