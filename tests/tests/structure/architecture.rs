//! ARCHITECTURE.md and the other documents name files and what is in them; here is the proof that they are.
//!
//! In `` `path` → `name`, `name` `` each name must be defined in that file. Everywhere outside of fences, a word in backticks
//! that is a path must exist.

use crate::source::{Source, has_word};
use crate::{assert_none, complains};

const FILE: &str = "ARCHITECTURE.md";

/// The complaints about the architecture: those of any document, and that it names nothing at all.
fn check(text: &str, tree: &[Source]) -> Vec<String> {
    let (mut complaints, pairs) = check_names(FILE, text, tree);
    if pairs == 0 {
        complaints.push(format!(
            "{FILE} names no file with what is in it (`path` → `name`)"
        ));
    }
    complaints
}

/// The complaints about the names in a document, and how many names with a file it has.
fn check_names(page: &str, text: &str, tree: &[Source]) -> (Vec<String>, usize) {
    let mut complaints = Vec::new();
    let mut pairs = 0;
    for (at, line) in outside_of_fences(text) {
        let mut complain = |what: String| complaints.push(format!("{page}:{}: {what}", at + 1));
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
    (complaints, pairs)
}

/// The lines that are not in a fenced block, with their numbers from 0.
fn outside_of_fences(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut inside = false;
    text.lines().enumerate().filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        !inside && !fence
    })
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
            .any(|line| is_definition(line) && has_word(line, name));
    }
    let (code, with_tests) = (file.code(), file.code_and_strings());
    ["fn", "struct", "enum", "trait", "const", "type", "static", "mod"]
        .iter()
        .map(|keyword| format!("{keyword} {name}"))
        .any(|definition| has_word(&code, &definition) || has_word(&with_tests, &definition))
}

/// Whether a line of SQL creates something that has a name.
fn is_definition(line: &str) -> bool {
    let line = line.to_lowercase();
    [
        "create function ",
        "create table ",
        "create view ",
        "create type ",
    ]
    .iter()
    .any(|words| line.trim_start().starts_with(words))
}

#[test]
fn everything_that_the_documents_name_exists() {
    let tree = Source::tree();
    // The pages of a package (examples, the runner) name files as seen from where they lie.
    let of_the_house = |path: &str| path.starts_with("docs/") || !path.contains('/');
    let pages = tree
        .iter()
        .filter(|source| source.has_extension("md") && of_the_house(&source.path));
    assert_none(
        pages
            .flat_map(|page| check_names(&page.path, &page.text, &tree).0)
            .collect(),
    );
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
    assert!(
        check_names("a.md", "no names at all\n```sh\n`gone/away.rs`\n```\n", &tree)
            .0
            .is_empty()
    );
    let table = [Source::new(
        "migrations/sql/c.sql",
        "create table tasker.tasks (\n  plan_id int\n",
    )];
    assert!(
        check_names("a.md", "`migrations/sql/c.sql` → `tasks`", &table)
            .0
            .is_empty()
    );
    assert!(complains(
        &check("`migrations/sql/c.sql` → `plan_id`", &table),
        "defines no `plan_id`"
    ));
}
