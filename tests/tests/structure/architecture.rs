//! ARCHITECTURE.md names files and what is in them; here is the proof that they are.
//!
//! In `` `path` → `name`, `name` `` each name must be defined in that file. Everywhere, a word in backticks that is a path
//! must exist.

use crate::source::{Source, has_word};
use crate::{assert_none, complains};

const FILE: &str = "ARCHITECTURE.md";

fn check(text: &str, tree: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut pairs = 0;
    for (at, line) in text.lines().enumerate() {
        let mut complain = |what: String| complaints.push(format!("{FILE}:{}: {what}", at + 1));
        let (mut file, mut listing): (Option<&Source>, bool) = (None, false);
        for (gap, word) in in_backticks(line) {
            if is_path(word) {
                let directory = format!("{}/", word.trim_end_matches('/'));
                file = tree.iter().find(|source| source.path == word);
                if file.is_none() && !tree.iter().any(|source| source.path.starts_with(&directory)) {
                    complain(format!("there is no `{word}`"));
                }
                continue;
            }
            listing = gap.trim() == "→" || (listing && gap.trim() == ",");
            if let Some(file) = file.filter(|_| listing) {
                pairs += 1;
                if !defines(file, word) {
                    complain(format!("`{}` defines no `{word}`", file.path));
                }
            }
        }
    }
    if pairs == 0 {
        complaints.push(format!(
            "{FILE} names no file with what is in it (`path` → `name`)"
        ));
    }
    complaints
}

/// Each word in backticks, with the text between it and the one before.
fn in_backticks(line: &str) -> Vec<(&str, &str)> {
    let parts: Vec<&str> = line.split('`').collect();
    parts.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
}

fn is_path(word: &str) -> bool {
    let file = [".rs", ".sql", ".toml", ".md", ".yaml", ".json"]
        .iter()
        .any(|ending| word.ends_with(ending));
    let path_only = word.chars().all(|c| c.is_alphanumeric() || "/._-".contains(c));
    path_only && (file || word.contains('/')) && !word.starts_with('/')
}

/// Whether `file` defines `word`, a name, `Type::name` or `name()`.
fn defines(file: &Source, word: &str) -> bool {
    let name = word.trim_end_matches("()").rsplit("::").next().unwrap_or(word);
    if file.has_extension("sql") {
        return file
            .text
            .lines()
            .any(|line| line.to_uppercase().contains("FUNCTION ") && has_word(line, name));
    }
    let code = file.code();
    ["fn", "struct", "enum", "trait", "const", "type", "static", "mod"]
        .iter()
        .any(|keyword| has_word(&code, &format!("{keyword} {name}")))
}

#[test]
fn everything_that_the_architecture_names_exists() {
    let tree = Source::tree();
    let page = tree
        .iter()
        .find(|source| source.path == FILE)
        .expect("there is no ARCHITECTURE.md");
    assert_none(check(&page.text, &tree));
}

#[test]
fn what_does_not_exist_is_found() {
    let tree = [
        Source::new(
            "core/src/a.rs",
            "pub fn open() {}\n// fn closed() {}\npub struct Door;",
        ),
        Source::new("migrations/sql/b.sql", "CREATE FUNCTION tasker.claim_steps(\n"),
    ];
    let good = "`core/src/a.rs` → `Door::open`, `Door`; `migrations/sql/b.sql` → `claim_steps()`; see `core/src/` and `other`.";
    assert!(check(good, &tree).is_empty(), "{:?}", check(good, &tree));
    assert!(complains(
        &check("`core/src/a.rs` → `closed`", &tree),
        "defines no `closed`"
    ));
    assert!(complains(
        &check("`migrations/sql/b.sql` → `claim`", &tree),
        "defines no `claim`"
    ));
    assert!(complains(
        &check("`core/src/c.rs` → `open`", &tree),
        "there is no `core/src/c.rs`"
    ));
    assert!(complains(
        &check("the room `core/src/gone/`", &tree),
        "there is no `core/src/gone/`"
    ));
    assert!(complains(&check("no names at all", &tree), "names no file"));
}
