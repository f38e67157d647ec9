//! docs/reference/parity.md is what the rows of the runtimes say. `TASKER_WRITE=1` writes it.
// A panic is how a test fails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use tasker_scenarios::parity;

#[test]
fn the_page_says_what_the_runtimes_say() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/parity.md");
    let page = parity::page();
    if std::env::var_os("TASKER_WRITE").is_some_and(|value| value == "1") {
        std::fs::write(&file, page).expect("the page can be written");
        return;
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(
        found, page,
        "docs/reference/parity.md is stale: run scripts/generate"
    );
}
