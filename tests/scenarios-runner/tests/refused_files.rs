//! Files that the runner must refuse, each with the reason that stands in its first line. No database is needed.

// A panic is how a test fails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use tasker_scenarios::scenario::load_paths;

fn tests_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

#[test]
fn every_invalid_file_is_refused_with_its_own_message() {
    let directory = tests_directory().join("runner-selftest/invalid");
    let loaded = load_paths(&[directory]).unwrap();
    let accepted: Vec<_> = loaded.scenarios.iter().map(|scenario| &scenario.path).collect();
    assert!(accepted.is_empty(), "these were accepted: {accepted:?}");
    assert!(
        loaded.refused.len() > 40,
        "only {} files were found",
        loaded.refused.len()
    );
    let mut wrong = Vec::new();
    for refused in &loaded.refused {
        let source = std::fs::read_to_string(&refused.path).unwrap();
        let expected = source
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("# refused: "))
            .expect("a first line");
        if !refused.problems.contains(expected) {
            wrong.push(format!(
                "{}\n  expected {expected}\n  got      {}",
                refused.path.display(),
                refused.problems
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_scenario_of_ours_is_valid_and_has_a_name_of_its_own() {
    let paths = [
        "scenarios",
        "runner-selftest/valid-pass",
        "runner-selftest/valid-fail",
    ];
    let loaded = load_paths(&paths.map(|path| tests_directory().join(path))).unwrap();
    assert!(loaded.refused.is_empty(), "{:#?}", loaded.refused);
    assert!(
        loaded.scenarios.len() > 42,
        "only {} files were found",
        loaded.scenarios.len()
    );
    for scenario in &loaded.scenarios {
        let stem = scenario.path.file_stem().unwrap().to_string_lossy();
        assert_eq!(
            stem, scenario.name,
            "the file and the scenario in it have one name"
        );
    }
}

#[test]
fn a_name_that_stands_twice_is_refused_with_the_file_that_has_it() {
    let one = tests_directory().join("scenarios/dag/one_step.yaml");
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.yaml");
    std::fs::copy(&one, &copy).unwrap();
    let loaded = load_paths(&[one.clone(), copy.clone()]).unwrap();
    assert_eq!(loaded.scenarios.len(), 1);
    assert_eq!(loaded.refused[0].path, copy);
    assert_eq!(
        loaded.refused[0].problems,
        format!("name: 'one_step' is the name of {} already", one.display())
    );
}

#[test]
fn a_file_that_two_paths_hold_is_run_once() {
    let folder = tests_directory().join("scenarios/dag");
    let once = load_paths(std::slice::from_ref(&folder)).unwrap().scenarios.len();
    let twice = load_paths(&[folder.clone(), folder.join("one_step.yaml")]).unwrap();
    assert_eq!((twice.scenarios.len(), twice.refused.len()), (once, 0));
}

#[test]
fn a_path_without_a_scenario_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let empty = load_paths(&[folder.path().to_owned()]).unwrap_err().to_string();
    assert!(empty.contains("holds no scenario"), "{empty}");
    let missing = load_paths(&[folder.path().join("missing")])
        .unwrap_err()
        .to_string();
    assert!(missing.contains("there is no file or folder"), "{missing}");
}
