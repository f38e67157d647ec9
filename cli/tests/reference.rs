//! The reference pages say what the command says. `scripts/generate` writes them.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

fn check(name: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs/reference")
        .join(name);
    if std::env::var_os("TASKER_WRITE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
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
fn the_page_of_the_command_says_what_its_help_says() {
    check("cli.md", &tasker_cli::reference::cli_page());
}

#[test]
fn the_page_of_exit_codes_lists_every_error_kind_once() {
    let page = tasker_cli::reference::exit_codes_page();
    for kind in tasker_core::ErrorKind::ALL {
        assert_eq!(page.matches(&format!("`{kind}`")).count(), 1, "{kind}");
    }
    check("exit-codes.md", &page);
}

#[test]
fn the_help_of_the_command_lists_every_exit_code() {
    let help = tasker_cli::reference::cli_page();
    let page = tasker_cli::reference::exit_codes_page();
    for row in page
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| code"))
    {
        let mut cells = row.split('|').map(str::trim).skip(1);
        let (code, meaning) = (cells.next().unwrap(), cells.next().unwrap());
        assert!(
            help.contains(&format!("  {code:<4} {meaning}")),
            "code {code} ({meaning}) is missing"
        );
    }
}
