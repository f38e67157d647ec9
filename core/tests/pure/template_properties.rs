//! Whatever bytes come, a template is compiled or refused, and nothing panics.

use crate::template_files::yaml_files;
use proptest::prelude::*;
use serde_json::Value;
use std::fs;
use tasker_core::template::{ParseOptions, Template, fill_config};

/// Compiles and, where it is refused, writes the refusal: rendering must not panic either.
fn survives(source: &[u8]) {
    let variables = |name: &str| (name.len() > 3).then(|| "5".to_owned());
    let options = ParseOptions {
        file: Some("any.yaml".into()),
        environment: Some("production".into()),
        variables: &variables,
    };
    match Template::parse_bytes(source, &options) {
        Ok(plan) => {
            let steps = plan.steps.len();
            assert!(
                steps > 0
                    && plan
                        .graph()
                        .topological_order()
                        .is_ok_and(|order| order.len() == steps)
            );
            assert!(
                Template::from_json(&plan.source, &options).is_ok_and(|again| again.digest == plan.digest)
            );
        }
        Err(errors) => {
            assert!(!errors.problems.is_empty());
            assert!(!errors.to_string().is_empty());
        }
    }
}

/// All template files that there are.
fn seeds() -> Vec<Vec<u8>> {
    let folders = ["tests/templates/valid", "tests/templates/malformed"];
    // The bomb takes a while each time, and its limits have a test of their own.
    let files = folders
        .into_iter()
        .flat_map(yaml_files)
        .filter(|path| !path.ends_with("billion_laughs.yaml"));
    files.map(|path| fs::read(path).unwrap()).collect()
}

/// One change to a text.
#[derive(Debug, Clone)]
enum Change {
    Remove { at: usize, length: usize },
    Insert { at: usize, text: &'static [u8] },
    Byte { at: usize, value: u8 },
    Repeat { at: usize, length: usize },
    Swap { one: usize, other: usize },
}

const PIECES: &[&[u8]] = &[
    b"  ",
    b"\n",
    b"- ",
    b": ",
    b"{",
    b"}",
    b"[",
    b"]",
    b"'",
    b"\"",
    b"\t",
    b"#",
    b"&a ",
    b"*a",
    b"!!int ",
    b"! ",
    b"<<: *a\n",
    b"? ",
    b"|\n",
    b">-\n",
    b"---\n",
    b"...\n",
    b"%YAML 1.1\n",
    b"${",
    b"${A}",
    b"${LONG:-1}",
    b"$${",
    b"~",
    b"\\",
    b"\r",
    b"\xff",
    b"\xef\xbb\xbf",
    b"1e999",
    b"name: x\n",
    b"depends_on_step: a\n",
    b",",
    b"@",
    b"`",
    b"\0",
];

fn change() -> impl Strategy<Value = Change> {
    let at = 0..4000_usize;
    prop_oneof![
        (at.clone(), 1..40_usize).prop_map(|(at, length)| Change::Remove { at, length }),
        (at.clone(), prop::sample::select(PIECES)).prop_map(|(at, text)| Change::Insert { at, text }),
        (at.clone(), any::<u8>()).prop_map(|(at, value)| Change::Byte { at, value }),
        (at.clone(), 1..200_usize).prop_map(|(at, length)| Change::Repeat { at, length }),
        (at.clone(), at).prop_map(|(one, other)| Change::Swap { one, other }),
    ]
}

fn apply(text: &mut Vec<u8>, change: &Change) {
    let size = text.len();
    let place = |at: usize| if size == 0 { 0 } else { at % size };
    match *change {
        Change::Remove { at, length } => {
            let start = place(at);
            text.drain(start..(start + length).min(size));
        }
        Change::Insert { at, text: piece } => {
            text.splice(place(at)..place(at), piece.iter().copied());
        }
        Change::Byte { at, value } if size > 0 => text[place(at)] = value,
        Change::Repeat { at, length } => {
            let start = place(at);
            let piece = text[start..(start + length).min(size)].to_vec();
            text.splice(start..start, piece);
        }
        Change::Swap { one, other } if size > 0 => text.swap(place(one), place(other)),
        Change::Byte { .. } | Change::Swap { .. } => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        survives(&bytes);
    }

    #[test]
    fn random_pieces_of_yaml_never_panic(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..60)) {
        survives(&pieces.concat());
    }

    #[test]
    fn changed_templates_never_panic(
        seed in prop::sample::select(seeds()),
        changes in prop::collection::vec(change(), 1..8),
    ) {
        let mut text = seed;
        changes.iter().for_each(|change| apply(&mut text, change));
        survives(&text);
    }

    #[test]
    fn filling_any_text_never_panics(text in "[${}:A-C a-]{0,30}") {
        let _ = fill_config(&Value::String(text), &|name| (name == "A").then(String::new));
    }
}

/// Enough for every run; `TEMPLATE_CASES` for a long one.
fn cases() -> u32 {
    std::env::var("TEMPLATE_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(1_000)
}
