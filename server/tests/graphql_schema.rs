//! The schema that is committed is the one that is served. `scripts/generate` writes it.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

#[test]
fn the_schema_that_is_committed_is_that_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/schema.graphql");
    let wanted = tasker_server::graphql_schema();
    if std::env::var_os("TASKER_WRITE").is_some() {
        std::fs::write(&path, wanted).unwrap();
        return;
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "docs/reference/schema.graphql is out of date; write it anew with scripts/generate"
    );
}
