//! The page of metrics that is committed is that of the code. `scripts/generate` writes it.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

#[test]
fn the_page_that_is_committed_is_that_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/metrics.md");
    let wanted = tasker_server::metrics_reference();
    if std::env::var_os("TASKER_WRITE").is_some() {
        std::fs::write(&path, wanted).unwrap();
        return;
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "docs/reference/metrics.md is out of date; write it anew with scripts/generate"
    );
}
