//! Documents tell the truth: links lead somewhere, snippets stand in files that tests run, and what the code has is told.

use crate::source::{Source, has_word};
use crate::{assert_none, complains};

/// Where Markdown lies that is ours to keep true.
fn pages(tree: &[Source]) -> impl Iterator<Item = &Source> {
    tree.iter().filter(|source| source.has_extension("md"))
}

fn find<'t>(tree: &'t [Source], path: &str) -> Option<&'t Source> {
    tree.iter().find(|source| source.path == path)
}

/// Links to files of the tree, and to headings in them.
fn check_links(page: &Source, tree: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for (at, line) in page.text.lines().enumerate() {
        for target in links(line) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let path = if file.is_empty() {
                page.path.clone()
            } else {
                resolve(&page.path, file)
            };
            let directory = format!("{}/", path.trim_end_matches('/'));
            let found = find(tree, &path);
            if found.is_none() && !tree.iter().any(|source| source.path.starts_with(&directory)) {
                complaints.push(format!(
                    "{}:{}: the link to `{target}` leads nowhere",
                    page.path,
                    at + 1
                ));
            } else if !heading.is_empty() && !found.is_some_and(|found| has_heading(found, heading)) {
                complaints.push(format!(
                    "{}:{}: `{path}` has no heading `#{heading}`",
                    page.path,
                    at + 1
                ));
            }
        }
    }
    complaints
}

/// The targets of `[text](target)` in a line.
fn links(line: &str) -> Vec<&str> {
    let after = line.split("](").skip(1);
    after
        .filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
        .collect()
}

/// `file` as seen from the page `from`.
fn resolve(from: &str, file: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in file.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." | "" => {}
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// Whether a page has the heading that is called `slug` in links.
fn has_heading(page: &Source, slug: &str) -> bool {
    page.text
        .lines()
        .filter(|line| line.starts_with('#'))
        .any(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = title
                .chars()
                .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.collect::<String>().replace(' ', "-") == slug
        })
}

/// Snippets: `<!-- from path -->` before a fence says where the lines stand, indentation aside. Rust always says it.
fn check_snippets(page: &Source, tree: &[Source]) -> Vec<String> {
    let lines: Vec<&str> = page.text.lines().collect();
    let mut complaints = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let Some(language) = lines[at].strip_prefix("```") else {
            at += 1;
            continue;
        };
        let length = lines[at + 1..]
            .iter()
            .take_while(|line| !line.starts_with("```"))
            .count();
        let snippet = &lines[at + 1..at + 1 + length];
        let source = at
            .checked_sub(1)
            .and_then(|before| lines[before].strip_prefix("<!-- from "));
        let mut complain = |what: String| complaints.push(format!("{}:{}: {what}", page.path, at + 1));
        match source.and_then(|source| source.strip_suffix(" -->")) {
            Some(path) => match find(tree, path) {
                None => complain(format!("there is no `{path}`")),
                Some(file) if !stands_in(snippet, &file.text) => {
                    complain(format!("`{path}` has other lines than this snippet"))
                }
                Some(_) => {}
            },
            None if language == "rust" => {
                complain(
                    "Rust comes from a file that tests run: say which by `<!-- from path -->`".to_owned(),
                );
            }
            None => {}
        }
        at += length + 2;
    }
    complaints
}

fn stands_in(snippet: &[&str], text: &str) -> bool {
    let wanted: Vec<&str> = snippet.iter().map(|line| line.trim()).collect();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    !wanted.is_empty() && lines.windows(wanted.len()).any(|window| window == wanted)
}

/// The functions that are open to callers: those that 0021 lists, and those that say `security definer` themselves.
fn open_functions<'s>(security: &'s str, sql: &'s str) -> Vec<&'s str> {
    let list = security
        .split("p.proname in (")
        .nth(1)
        .and_then(|rest| rest.split(')').next());
    let mut open: Vec<&str> = list.unwrap_or_default().split('\'').skip(1).step_by(2).collect();
    for function in sql.split("create function tasker.").skip(1) {
        let head = function.split("as $$").next().unwrap_or_default();
        if head.contains("security definer") {
            open.extend(head.split('(').next());
        }
    }
    open
}

/// The names of the arguments of an SQL function.
fn arguments<'s>(function: &str, sql: &'s str) -> Option<Vec<&'s str>> {
    let start = sql.find(&format!("create function tasker.{function}("))?;
    let rest = &sql[start..];
    let list = &rest[rest.find('(')? + 1..];
    let (mut depth, mut from, mut names) = (1, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ']' => depth -= 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 || (depth == 1 && c == ',') {
            names.extend(list[from..at].split_whitespace().next());
            from = at + 1;
        }
        if depth == 0 {
            return Some(names);
        }
    }
    None
}

/// Every open function has its heading, and its arguments are told under it.
fn check_functions(reference: &str, security: &str, sql: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for function in open_functions(security, sql) {
        let Some(arguments) = arguments(function, sql) else {
            complaints.push(format!(
                "0021_security.sql opens `{function}`, which is not made anywhere"
            ));
            continue;
        };
        let heading = format!("\n### {function}\n");
        let Some(start) = reference.find(&heading) else {
            complaints.push(format!(
                "docs/reference/sql-functions.md has no heading `### {function}`"
            ));
            continue;
        };
        let section = &reference[start + heading.len()..];
        let section = &section[..section.find("\n##").unwrap_or(section.len())];
        for argument in arguments
            .into_iter()
            .filter(|argument| !has_word(section, argument))
        {
            complaints.push(format!(
                "docs/reference/sql-functions.md does not tell `{argument}` of `{function}`"
            ));
        }
    }
    complaints
}

/// What is raised by our functions as `TKnnn`.
fn sqlstates(sql: &str) -> Vec<&str> {
    let mut states: Vec<&str> = sql
        .split("errcode = '")
        .skip(1)
        .filter_map(|rest| rest.get(..5))
        .collect();
    states.sort_unstable();
    states.dedup();
    states
}

/// The environment variables that a source reads, by their literals. Those of settings (`TASKER_<BLOCK>__<KEY>`) are
/// made from the table of settings, which has a test of its own.
fn variables(source: &Source) -> Vec<String> {
    let code = source.code_and_strings();
    let literals = code.split('"').skip(1).step_by(2);
    let own = literals.filter(|text| text.starts_with("TASKER_"));
    own.filter(|text| text.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .filter(|text| !text.contains("__") && *text != "TASKER_")
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_link_leads_somewhere() {
    let tree = Source::tree();
    assert_none(pages(&tree).flat_map(|page| check_links(page, &tree)).collect());
}

#[test]
fn every_snippet_stands_in_the_file_that_it_names() {
    let tree = Source::tree();
    assert_none(
        pages(&tree)
            .flat_map(|page| check_snippets(page, &tree))
            .collect(),
    );
}

#[test]
fn every_function_that_callers_may_call_is_in_the_reference() {
    let tree = Source::tree();
    let reference = &find(&tree, "docs/reference/sql-functions.md").unwrap().text;
    let security = &find(&tree, "migrations/sql/0021_security.sql").unwrap().text;
    let migrations = tree
        .iter()
        .filter(|source| source.path.starts_with("migrations/sql/"));
    let sql: String = migrations.map(|source| source.text.as_str()).collect();
    assert!(
        open_functions(security, "").len() > 30,
        "the list of 0021 was not read"
    );
    assert_none(check_functions(reference, security, &sql));
}

#[test]
fn every_sqlstate_that_is_raised_is_in_the_reference() {
    let tree = Source::tree();
    let errors = &find(&tree, "docs/reference/errors.md").unwrap().text;
    let migrations = tree
        .iter()
        .filter(|source| source.path.starts_with("migrations/sql/"));
    let sql: String = migrations.map(|source| source.text.as_str()).collect();
    let told: Vec<&str> = errors
        .split("| `TK")
        .skip(1)
        .filter_map(|rest| rest.get(..3))
        .collect();
    let raised: Vec<&str> = sqlstates(&sql)
        .into_iter()
        .filter_map(|state| state.strip_prefix("TK"))
        .collect();
    assert_eq!(told, raised);
}

#[test]
fn every_environment_variable_that_is_read_is_in_the_reference() {
    let tree = Source::tree();
    let page = &find(&tree, "docs/reference/configuration.md").unwrap().text;
    let shipped = tree
        .iter()
        .filter(|source| source.has_extension("rs") && source.path.contains("/src/"));
    // What the runner of scenarios and its own workers say to each other is not configuration: PROTOCOL.md has it.
    let ours = shipped.filter(|source| !source.path.starts_with("tests/scenarios-runner/"));
    let missing = ours.flat_map(|source| {
        let unknown = variables(source).into_iter().filter(|name| !has_word(page, name));
        unknown
            .map(|name| {
                format!(
                    "{}: docs/reference/configuration.md does not tell {name}",
                    source.path
                )
            })
            .collect::<Vec<_>>()
    });
    assert_none(missing.collect());
}

#[test]
fn links_and_snippets_that_are_wrong_are_found() {
    let tree = [
        Source::new("docs/a.md", "# The A\n\n## So, it is\n"),
        Source::new("src/a.rs", "fn main() {\n    let a = 1;\n    let b = 2;\n}\n"),
    ];
    let page = |text: &str| Source::new("docs/guides/b.md", text);
    let verdict = |text: &str| check_links(&page(text), &tree);
    assert!(
        verdict("[x](../a.md), [y](../a.md#so-it-is), [z](https://example.org/q), [d](../../src)").is_empty()
    );
    assert!(complains(&verdict("[x](a.md)"), "leads nowhere"));
    assert!(complains(&verdict("[x](../a.md#other)"), "no heading"));

    let verdict = |text: &str| check_snippets(&page(text), &tree);
    assert!(
        verdict("<!-- from src/a.rs -->\n```rust\nlet a = 1;\nlet b = 2;\n```\n\n```sh\nls\n```\n")
            .is_empty()
    );
    assert!(complains(
        &verdict("<!-- from src/a.rs -->\n```rust\nlet a = 2;\n```\n"),
        "other lines"
    ));
    assert!(complains(
        &verdict("<!-- from src/b.rs -->\n```rust\nlet a = 2;\n```\n"),
        "there is no"
    ));
    assert!(complains(&verdict("```rust\nlet a = 1;\n```\n"), "say which"));
}

#[test]
fn functions_that_are_not_told_are_found() {
    let security = "... p.proname in ('open_door', 'close_door') ...";
    let sql = "create function tasker.open_door(p_key numeric(5, 3) default f(1, 2), p_slowly boolean[])\nreturns void\n\
               create function tasker.close_door() returns void";
    let reference = "\n### open_door\n\n`p_key`, `p_slowly`\n\n### close_door\n";
    assert!(check_functions(reference, security, sql).is_empty());
    assert!(complains(
        &check_functions("\n### close_door\n", security, sql),
        "no heading `### open_door`"
    ));
    let silent = "\n### open_door\n\n`p_key`\n\n### close_door\n\n`p_slowly`\n";
    assert!(complains(
        &check_functions(silent, security, sql),
        "`p_slowly` of `open_door`"
    ));
    let later =
        "create function tasker.knock() returns void language sql security definer as $$ select 1 $$;";
    assert!(complains(
        &check_functions(reference, security, &format!("{sql}\n{later}")),
        "no heading `### knock`"
    ));
    assert_eq!(
        sqlstates("errcode = 'TK002', x errcode = 'TK001' errcode = 'TK002'"),
        ["TK001", "TK002"]
    );
}
