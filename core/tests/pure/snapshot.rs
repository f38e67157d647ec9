//! Committed texts that tests compare with; `UPDATE_SNAPSHOTS=1` writes them anew.

use std::fs;
use std::path::{Path, PathBuf};

/// A path below the root of the repository.
pub(crate) fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// What is wrong with the committed text at `path`, if anything.
pub(crate) fn difference(path: &Path, actual: &str) -> Option<String> {
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(path, actual).unwrap();
        return None;
    }
    let committed = fs::read_to_string(path).unwrap_or_default();
    let name = path.file_name().unwrap().to_string_lossy();
    (committed != actual).then(|| {
        format!("{name} differs; if the new text is right, run with UPDATE_SNAPSHOTS=1\n--- committed\n{committed}\n+++ now\n{actual}")
    })
}

/// Fails with every difference there is.
pub(crate) fn assert_none(differences: &[String]) {
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
}
