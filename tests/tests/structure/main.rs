//! The house rules that a compiler does not check. Each rule is a function from sources to complaints; one test holds the
//! tree to it, others show it a source that breaks it.
// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod architecture;
mod documents;
mod imports;
mod packages;
mod sizes;
mod source;
mod words;

use source::Source;

/// Fails with all complaints at once.
fn assert_none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// Whether one of the complaints about a made-up source says `what`.
fn complains(complaints: &[String], what: &str) -> bool {
    complaints.iter().any(|complaint| complaint.contains(what))
}

#[test]
fn the_tree_is_read() {
    let tree = Source::tree();
    for path in [
        "Cargo.toml",
        "core/src/lib.rs",
        "tests/tests/structure/main.rs",
        "scripts/test",
    ] {
        assert!(
            tree.iter().any(|source| source.path == path),
            "{path} was not read"
        );
    }
    assert!(!tree.iter().any(|source| source.path.starts_with(".git/")));
}
