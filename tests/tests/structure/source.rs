//! The files of the tree, and their text without comments, strings and tests.

use std::fs;
use std::path::Path;

/// One text file.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// From the root of the tree, with slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Directories that hold what was built or installed.
const NOT_OURS: [&str; 7] = [
    ".git",
    "target",
    "node_modules",
    ".venv",
    "dist",
    "__pycache__",
    "vendor",
];

impl Source {
    /// A made-up file.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    /// Every text file of the tree.
    pub(crate) fn tree() -> Vec<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut sources = Vec::new();
        collect(root, root, &mut sources);
        sources.sort_by(|a, b| a.path.cmp(&b.path));
        sources
    }

    pub(crate) fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path)
            .extension()
            .is_some_and(|found| found == extension)
    }

    /// Whether the whole file is test code.
    pub(crate) fn is_test(&self) -> bool {
        self.path.contains("/tests/")
            || self.path.starts_with("tests/")
            || self.path.ends_with("_tests.rs")
            || self.path.ends_with("/tests.rs")
    }

    /// Rust code without comments, without the insides of strings, and without the test module at its end.
    pub(crate) fn code(&self) -> String {
        let text = strip(&self.text, false);
        let end = text.match_indices("#[cfg(test)]").map(|(at, _)| at).find(|at| {
            text[*at..]
                .lines()
                .skip(1)
                .find(|line| !line.trim_start().starts_with("#["))
                .is_some_and(|line| {
                    line.trim_start()
                        .trim_start_matches("pub(crate) ")
                        .starts_with("mod ")
                })
        });
        text[..end.unwrap_or(text.len())].to_owned()
    }

    /// Rust code with its strings, without comments.
    pub(crate) fn code_and_strings(&self) -> String {
        strip(&self.text, true)
    }
}

fn collect(root: &Path, directory: &Path, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() && !NOT_OURS.contains(&name.as_str()) {
            collect(root, &path, sources);
        } else if kind.is_file()
            && name != ".git"
            && let Ok(text) = fs::read_to_string(&path)
        {
            sources.push(Source::new(
                path.strip_prefix(root).unwrap().to_str().unwrap(),
                &text,
            ));
        }
    }
}

/// Rust source without comments and, unless `keep_strings`, with empty strings. Line breaks outside of them stay.
fn strip(text: &str, keep_strings: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |at| at + 2)
        } else if let Some(length) = string_length(rest, &out) {
            out.push_str(if keep_strings { &rest[..length] } else { "\"\"" });
            length
        } else {
            out.push(next);
            next.len_utf8()
        };
        rest = &rest[length..];
    }
    out
}

/// The length of the string or character literal that `rest` begins with.
fn string_length(rest: &str, before: &str) -> Option<usize> {
    let after_word = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    if rest.starts_with('r') && !after_word {
        let hashes = rest[1..].chars().take_while(|c| *c == '#').count();
        if rest[1 + hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let body = 2 + hashes;
            return Some(
                rest[body..]
                    .find(&end)
                    .map_or(rest.len(), |at| body + at + end.len()),
            );
        }
    }
    let quote = rest.chars().next().filter(|c| *c == '"' || *c == '\'')?;
    if quote == '\'' {
        // A character is '\…' or one character and a quote; anything else is a lifetime.
        let mut inside = rest[1..].chars();
        let first = inside.next()?;
        if first != '\\' && inside.next() != Some('\'') {
            return None;
        }
    }
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    Some(rest.len())
}

/// Every place in `code` where `word` stands as a word of its own.
pub(crate) fn has_word(code: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word)
        .any(|(at, _)| !code[..at].ends_with(part) && !code[at + word.len()..].starts_with(part))
}

#[test]
fn comments_strings_and_tests_are_not_code() {
    let source = Source::new(
        "a.rs",
        "let a = \"tokio \\\" tokio\"; // tokio\n/* tokio */ let b: &'static str = r#\"to\"kio\"#;\nlet c = ['\"', '\\''];\n\
         #[cfg(test)]\nfn only_for_tests() {}\n#[cfg(test)]\n#[path = \"x.rs\"]\nmod tests { use tokio; }\n",
    );
    let code = source.code();
    assert!(!code.contains("tokio"), "{code}");
    assert!(
        code.contains("&'static str = \"\"") && code.contains("only_for_tests"),
        "{code}"
    );
    assert!(source.code_and_strings().contains("to\"kio"));
}

#[test]
fn a_word_is_more_than_a_part_of_one() {
    assert!(
        has_word("use tokio::time;", "tokio")
            && !has_word("my_tokio", "tokio")
            && !has_word("tokios", "tokio")
    );
}
