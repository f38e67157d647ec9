//! Every target on stable Rust: the corpus, the seeds, and a fixed number of changes to them. Always the same inputs.

// In a test a panic is the report.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use tasker_fuzz::mutations::Mutations;
use tasker_fuzz::{TARGETS, seeds};

/// Calls the check of a target with all that there is for it, and with `mutations` changed inputs.
fn run(target: &str, mutations: u64) {
    let (_, check) = TARGETS.iter().find(|(name, _)| *name == target).unwrap();
    let corpus = seeds::corpus(target).unwrap();
    assert!(!corpus.is_empty(), "fuzz/corpus/{target}/ is empty");
    let mut pool = seeds::of(target).unwrap();
    let check_one = |what: String, input: &[u8]| {
        let answer = catch_unwind(|| check(input));
        assert!(
            answer.is_ok(),
            "the target {target} found something in {what}: {:?}\nthe bytes: {input:?}",
            String::from_utf8_lossy(input)
        );
    };
    for (number, seed) in pool.iter().enumerate() {
        check_one(format!("its seed {number}"), seed);
    }
    for (path, input) in corpus {
        check_one(path.display().to_string(), &input);
        pool.push(input);
    }
    for number in 0..mutations {
        check_one(
            format!("mutation {number}"),
            &Mutations::new(number).change(&pool),
        );
    }
}

#[test]
fn templates_compile_or_are_refused_in_good_order() {
    run("template", 3_000);
}

#[test]
fn graphs_are_what_a_slow_and_plain_reading_of_them_says() {
    run("graph", 2_000);
}

#[test]
fn values_are_accepted_by_the_rules_and_texts_repaired() {
    run("values", 10_000);
}

#[test]
fn messages_of_the_bridge_say_the_same_there_and_back() {
    run("bridge", 20_000);
}

#[test]
fn schemas_and_contexts_of_any_form_come_to_an_end() {
    run("context_schema", 10_000);
}

#[test]
fn the_backoff_stays_within_its_bounds_for_any_numbers() {
    run("backoff", 50_000);
}

#[test]
fn each_target_has_a_program_a_corpus_and_a_place_in_the_manifest() {
    let package = seeds::root().join("fuzz");
    let names = |directory: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(package.join(directory)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names
            .map(|name| name.trim_end_matches(".rs").to_owned())
            .collect()
    };
    let known: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names("targets"), known);
    assert_eq!(names("corpus"), known);
    let manifest = fs::read_to_string(package.join("Cargo.toml")).unwrap();
    for name in known {
        assert!(
            manifest.contains(&format!("path = \"targets/{name}.rs\"")),
            "{name}"
        );
        let program = fs::read_to_string(package.join(format!("targets/{name}.rs"))).unwrap();
        assert!(
            program.contains(&format!("tasker_fuzz::{name}::check(input)")),
            "{name}"
        );
    }
}

#[test]
fn mutations_are_the_same_each_time_and_not_all_alike() {
    let seeds = vec![
        b"name: order\nsteps:\n  - name: charge\n    retry: {limit: 3}\n".to_vec(),
        br#"{"order_id": 1, "items": [{"sku": "a"}, null]}"#.to_vec(),
        Vec::new(),
    ];
    let made = |number| Mutations::new(number).change(&seeds);
    assert_eq!(made(7), made(7));
    let all: BTreeSet<Vec<u8>> = (0..1_000).map(made).collect();
    assert!(all.len() > 900, "{}", all.len());
}
