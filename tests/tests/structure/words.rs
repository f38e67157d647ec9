//! What must not stand in the tree: the places of one machine, hosts of package registries, unfinished work.
//!
//! The patterns are written in two halves, so that this file does not contain them.

use crate::source::{Source, has_word};
use crate::{assert_none, complains};

/// Paths that exist on one machine only.
const PLACES: [&str; 5] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/var/", "tmp/"),
    concat!("/Us", "ers/"),
];

/// Hosts from which packages come: a mirror's name in the tree would break everyone else's build.
const HOSTS: [&str; 8] = [
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("pythonhosted", ".org"),
    concat!("npmjs", ".org"),
    concat!("npmjs", ".com"),
    concat!("rubygems", ".org"),
    concat!("deb.debian", ".org"),
    concat!("proxy.golang", ".org"),
];

const UNFINISHED: [&str; 2] = [concat!("TO", "DO"), concat!("FIX", "ME")];
const UNFINISHED_MACROS: [&str; 3] = [
    concat!("to", "do!"),
    concat!("unimple", "mented!"),
    concat!("db", "g!"),
];

/// The one origin that a locked dependency may have.
const ORIGIN: &str = concat!("registry+https://github.com/rust-lang/crates", ".io-index");

fn check(source: &Source) -> Vec<String> {
    if source.path.ends_with("Cargo.lock") {
        return check_lock(source);
    }
    let mut complaints = Vec::new();
    for (at, line) in source.text.lines().enumerate() {
        let mut complain = |what: String| complaints.push(format!("{}:{}: {what}", source.path, at + 1));
        for place in PLACES.into_iter().filter(|place| is_path(line, place)) {
            complain(format!("`{place}` is a place on one machine"));
        }
        for host in HOSTS.into_iter().filter(|host| line.contains(host)) {
            complain(format!("`{host}` is the host of a registry"));
        }
        for word in UNFINISHED.into_iter().filter(|word| has_word(line, word)) {
            complain(format!(
                "`{word}` says that something is unfinished: finish it or leave it out"
            ));
        }
        for word in UNFINISHED_MACROS.into_iter().filter(|word| line.contains(word)) {
            complain(format!("`{word}` does not belong in the tree"));
        }
    }
    complaints
}

/// Whether a path that begins with `place` stands in `line`; `a/home/b` is none.
fn is_path(line: &str, place: &str) -> bool {
    line.match_indices(place)
        .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-}*".contains(c)))
}

fn check_lock(source: &Source) -> Vec<String> {
    let sources = source
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("source = "));
    sources
        .filter(|origin| origin.trim_matches('"') != ORIGIN)
        .map(|origin| {
            format!(
                "{}: a dependency comes from {origin} and not from the public registry",
                source.path
            )
        })
        .collect()
}

#[test]
fn no_file_names_a_machine_a_registry_or_unfinished_work() {
    assert_none(Source::tree().iter().flat_map(check).collect());
}

#[test]
fn each_forbidden_word_is_found() {
    let verdict = |line: &str| check(&Source::new("docs/a.md", line));
    for place in PLACES {
        assert!(
            complains(&verdict(&format!("see {place}x")), "one machine"),
            "{place}"
        );
        assert!(verdict(&format!("see a{place}x")).is_empty(), "{place}");
    }
    for host in HOSTS {
        assert!(
            complains(&verdict(&format!("https://{host}/x")), "registry"),
            "{host}"
        );
    }
    for word in UNFINISHED {
        assert!(
            complains(&verdict(&format!("// {word}: later")), "unfinished"),
            "{word}"
        );
        assert!(verdict(&format!("{word}S")).is_empty(), "{word}");
    }
    for word in UNFINISHED_MACROS {
        assert!(
            complains(&verdict(&format!("    {word}(x)")), "does not belong"),
            "{word}"
        );
    }
}

#[test]
fn a_dependency_from_a_mirror_is_found() {
    let lock = |origin: &str| {
        check(&Source::new(
            "Cargo.lock",
            &format!("[[package]]\nsource = \"{origin}\"\n"),
        ))
    };
    assert!(lock(ORIGIN).is_empty());
    assert!(complains(
        &lock("registry+https://mirror.example/index"),
        "mirror.example"
    ));
}
