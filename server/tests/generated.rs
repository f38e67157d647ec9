//! What is committed of the reference is what the code says. `scripts/generate` writes it.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

/// Holds a file of docs/reference/ to a text, or writes it.
fn committed(name: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs/reference")
        .join(name);
    if std::env::var_os("TASKER_WRITE").is_some() {
        std::fs::write(&path, wanted).unwrap();
        return;
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "docs/reference/{name} is out of date; write it anew with scripts/generate"
    );
}

#[test]
fn the_description_of_the_routes() {
    let document = serde_json::to_string_pretty(&tasker_server::document()).unwrap();
    committed("openapi.json", &(document + "\n"));
}

#[test]
fn the_schema_of_graphql() {
    committed("schema.graphql", &tasker_server::graphql_schema());
}

#[test]
fn the_page_of_metrics() {
    committed("metrics.md", &tasker_server::metrics_reference());
}
