//! Who may import whom inside the core, which rooms are pure, and who may speak SQL.

use crate::source::{Source, has_word};
use crate::{assert_none, complains};

/// Each room of `core/src` and the rooms that it may import. `error` is open to all.
const ROOMS: [(&str, &[&str]); 16] = [
    ("error", &[]),
    ("model", &[]),
    ("metrics", &[]),
    ("graph", &["model"]),
    ("values", &["model"]),
    ("retry", &["model"]),
    ("template", &["model", "graph", "values", "retry"]),
    (
        "store",
        &["model", "metrics", "graph", "values", "retry", "template"],
    ),
    ("cluster", &[]),
    ("config", &["model", "template"]),
    (
        "engine",
        &[
            "model", "metrics", "graph", "values", "retry", "template", "store", "cluster", "config",
        ],
    ),
    (
        "events",
        &["model", "graph", "values", "retry", "template", "store", "engine"],
    ),
    (
        "worker",
        &[
            "model", "metrics", "graph", "values", "retry", "template", "store", "engine", "events",
        ],
    ),
    (
        "bridge",
        &[
            "model", "graph", "values", "retry", "template", "store", "engine", "events", "worker",
            "cluster", "config",
        ],
    ),
    // Handlers in Rust stand on the bridge as those of every other language do.
    ("handler", &["model", "values", "engine", "worker", "bridge"]),
    ("testing", &["model", "template", "store", "bridge", "handler"]),
];

/// Rooms that compute and do nothing else.
const PURE: [&str; 5] = ["model", "graph", "template", "retry", "values"];
const IMPURE: [&str; 7] = [
    "sqlx",
    "tokio",
    "Utc::now",
    "Local::now",
    "Instant",
    "SystemTime",
    "Uuid::now_v7",
];

/// Where SQL is spoken. A cluster makes databases, which takes statements that no parameter can fill.
const SPEAKS_SQL: [&str; 1] = ["store"];
const BUILDS_SQL: [&str; 2] = ["store", "cluster"];

fn room_of(source: &Source) -> Option<&str> {
    let inside = source
        .path
        .strip_prefix("core/src/")
        .filter(|_| source.has_extension("rs"))?;
    let room = inside.split('/').next()?.trim_end_matches(".rs");
    // The entrance of the house shows every room.
    (room != "lib").then_some(room)
}

fn check(source: &Source) -> Vec<String> {
    let Some(room) = room_of(source) else {
        return Vec::new();
    };
    let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
        return vec![format!(
            "{}: the room `{room}` has no place in ROOMS of tests/tests/structure/imports.rs: say there whom it may import",
            source.path
        )];
    };
    let mut complaints = Vec::new();
    let mut complain = |what: String| complaints.push(format!("{}: {what}", source.path));
    let code = source.code();
    for target in imported_rooms(&code) {
        let known = ROOMS.iter().any(|(name, _)| *name == target);
        if known && target != room && target != "error" && !allowed.contains(&target.as_str()) {
            complain(format!("`{room}` may not import `{target}`"));
        }
    }
    let leaves_by_super = code.contains("super::super::")
        || (source.path.ends_with("/mod.rs")
            && source.path.matches('/').count() == 3
            && has_word(&code, "super"));
    if leaves_by_super {
        complain(
            "a path that leaves the room by `super` escapes this check: begin it with `crate::`".to_owned(),
        );
    }
    if PURE.contains(&room) {
        for word in IMPURE.into_iter().filter(|word| has_word(&code, word)) {
            complain(format!("`{room}` is pure, and `{word}` is not"));
        }
    }
    if !source.is_test() {
        check_sql(source, room, &code, &mut complain);
    }
    complaints
}

fn check_sql(source: &Source, room: &str, code: &str, complain: &mut impl FnMut(String)) {
    let queries = code.contains("sqlx::query")
        || code.split("sqlx::{").skip(1).any(|group| {
            let group = group.split(';').next().unwrap_or_default();
            group
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .any(|name| name.starts_with("query"))
        });
    if queries && !SPEAKS_SQL.contains(&room) {
        complain(format!(
            "`{room}` asks the database itself: only the store does (sqlx::query)"
        ));
    }
    if source.code_and_strings().contains(".sql\"") && !SPEAKS_SQL.contains(&room) {
        complain(format!("`{room}` names an SQL file: only the store does"));
    }
    if has_word(code, "AssertSqlSafe") && !BUILDS_SQL.contains(&room) {
        complain(format!("`{room}` builds SQL from strings (AssertSqlSafe)"));
    }
}

/// The first names of all paths that begin with `crate::`, groups included.
fn imported_rooms(code: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let path = &code[at + "crate::".len()..];
        match path.strip_prefix('{') {
            Some(group) => rooms.extend(first_names(group)),
            None => rooms.extend(first_name(path)),
        }
    }
    rooms
}

/// The names at the top level of `a::b, c::{d, e}, f}`.
fn first_names(group: &str) -> Vec<String> {
    let (mut depth, mut start, mut names) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            '}' => {
                names.extend(first_name(&group[start..at]));
                break;
            }
            ',' if depth == 0 => {
                names.extend(first_name(&group[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    names
}

fn first_name(path: &str) -> Option<String> {
    let name: String = path
        .trim_start()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    (!name.is_empty()).then_some(name)
}

#[test]
fn every_room_imports_only_what_it_may() {
    assert_none(Source::tree().iter().flat_map(check).collect());
}

/// What the check says to `text` as a file of `room`.
fn verdict(room: &str, text: &str) -> Vec<String> {
    check(&Source::new(&format!("core/src/{room}/made_up.rs"), text))
}

#[test]
fn an_import_against_the_direction_is_found_in_every_form() {
    for text in [
        "use crate::store::Pool;",
        "use crate::{error::Error, model::{State, TaskId}, store::Pool};",
        "fn f() { crate::store::g() }",
        "use crate::{\n    model::State,\n    store,\n};",
    ] {
        assert!(
            complains(&verdict("graph", text), "may not import `store`"),
            "{text}"
        );
        assert!(verdict("engine", text).is_empty(), "{text}");
    }
    assert!(complains(
        &verdict("model", "use crate::graph::Dag;"),
        "may not import `graph`"
    ));
    assert!(complains(
        &verdict("worker", "use crate::bridge::Poll;"),
        "may not import `bridge`"
    ));
    assert!(verdict("model", "use crate::error::Error; // use crate::store::Pool;").is_empty());
}

#[test]
fn leaving_a_room_by_super_is_found() {
    assert!(complains(
        &verdict("model", "use super::super::store;"),
        "escapes"
    ));
    assert!(complains(
        &check(&Source::new("core/src/model/mod.rs", "use super::store;")),
        "escapes"
    ));
    assert!(verdict("model", "use super::State;").is_empty());
}

#[test]
fn a_room_without_a_place_is_found() {
    assert!(complains(&verdict("utils", ""), "has no place"));
}

#[test]
fn clocks_runtimes_and_databases_are_found_in_pure_rooms() {
    for text in [
        "use tokio::time;",
        "chrono::Utc::now()",
        "let t = Instant::now();",
        "std::time::SystemTime",
        "sqlx::Row",
    ] {
        for room in PURE {
            assert!(complains(&verdict(room, text), "is pure"), "{room}: {text}");
        }
    }
    assert!(verdict("worker", "let t = Instant::now();").is_empty());
}

#[test]
fn sql_outside_the_store_is_found() {
    for text in [
        "sqlx::query!(\"x\")",
        "sqlx::query_as::<_, Row>(x)",
        "use sqlx::{Row, query_scalar};",
    ] {
        assert!(
            complains(&verdict("engine", text), "asks the database itself"),
            "{text}"
        );
        assert!(verdict("store", text).is_empty(), "{text}");
    }
    assert!(complains(
        &verdict("engine", "include_str!(\"claim.sql\")"),
        "names an SQL file"
    ));
    assert!(complains(&verdict("worker", "AssertSqlSafe(text)"), "builds SQL"));
    assert!(verdict("engine", "#[cfg(test)]\nmod tests { fn f() { sqlx::query(x) } }").is_empty());
}
