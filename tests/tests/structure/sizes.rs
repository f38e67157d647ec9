//! How long a file may be.

use crate::source::Source;
use crate::{assert_none, complains};

const LONGEST: usize = 600;
const LONGEST_TEST: usize = 800;

fn check(source: &Source) -> Vec<String> {
    // The dump of the schema is written by a program and read in parts.
    let counted = source.has_extension("rs") || source.has_extension("sql");
    if !counted || source.path.ends_with("schema.sql") {
        return Vec::new();
    }
    let limit = if source.is_test() { LONGEST_TEST } else { LONGEST };
    let lines = source.text.lines().count();
    if lines <= limit {
        return Vec::new();
    }
    vec![format!(
        "{}: {lines} lines, at most {limit}: split it",
        source.path
    )]
}

#[test]
fn no_source_file_is_too_long() {
    assert_none(Source::tree().iter().flat_map(check).collect());
}

#[test]
fn a_file_that_is_too_long_is_found() {
    let file = |path: &str, lines: usize| check(&Source::new(path, &"x\n".repeat(lines)));
    assert!(file("core/src/a.rs", 600).is_empty() && complains(&file("core/src/a.rs", 601), "split it"));
    assert!(
        file("tests/tests/a.rs", 800).is_empty() && complains(&file("tests/tests/a.rs", 801), "split it")
    );
    assert!(complains(&file("migrations/sql/a.sql", 601), "split it"));
    assert!(file("migrations/schema.sql", 5000).is_empty() && file("README.md", 5000).is_empty());
}
