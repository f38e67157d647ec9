//! The scanner of results against the JSON library: what is refused and accepted is the same but for what is refused
//! on purpose.

use proptest::prelude::*;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tasker_core::values::{check_json, check_results, repair_text};

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("finite", |number| number.is_finite())
            .prop_map(Value::from),
        "[^\u{0}]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[^\u{0}]{0,6}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_value_of_the_json_library_is_accepted_and_stays_itself(value in value()) {
        for text in [value.to_string(), format!("{value:#}")] {
            let stored = check_results(text.as_bytes(), usize::MAX).unwrap();
            let expected = if value.is_null() { json!({}) } else { value.clone() };
            prop_assert_eq!(serde_json::from_str::<Value>(stored.get()).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_accepted_is_json_and_what_is_refused_is_not_or_has_a_reason(
        text in r#"([\[\]{},: ]|"a"|"\\u0041"|"\\ud83d\\ude9a"|[0-9.eE+-]{1,5}|true|null){0,12}"#,
    ) {
        let library = serde_json::from_str::<Value>(&text);
        match check_json(text.as_bytes(), usize::MAX) {
            Ok(_) => prop_assert!(library.is_ok(), "{text} was accepted: {library:?}"),
            // Numbers that round to 0 are the one thing that the library accepts here and we do not.
            Err(problem) => prop_assert!(
                library.is_err() || problem.message.contains("number"), "{text} was refused: {problem}"
            ),
        }
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = check_results(&bytes, 150);
        let repaired = repair_text(&bytes, 100);
        prop_assert!(repaired.len() <= 100 && !repaired.contains('\0'));
    }

    #[test]
    fn random_json_like_text_never_panics(text in r#"[\[\]{},:"\\ud80nulNaNI0-9.eE+ -]{0,60}"#) {
        let _ = check_results(text.as_bytes(), usize::MAX);
    }

    #[test]
    fn the_pointer_of_a_refusal_leads_to_what_was_spoiled(value in value(), pick in any::<prop::sample::Index>()) {
        let mut leaves = Vec::new();
        leaf_pointers(&value, String::new(), &mut leaves);
        prop_assume!(!leaves.is_empty());
        let pointer = leaves[pick.index(leaves.len())].clone();
        let mut spoiled = value;
        *spoiled.pointer_mut(&pointer).unwrap() = json!("\u{0}");
        let problem = check_results(spoiled.to_string().as_bytes(), usize::MAX).unwrap_err();
        prop_assert_eq!(problem.pointer, pointer);
    }
}

fn leaf_pointers(value: &Value, path: String, out: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, item)| leaf_pointers(item, format!("{path}/{index}"), out));
        }
        Value::Object(members) => members.iter().for_each(|(key, member)| {
            leaf_pointers(
                member,
                format!("{path}/{}", key.replace('~', "~0").replace('/', "~1")),
                out,
            );
        }),
        _ => out.push(path),
    }
}

#[test]
fn a_trivial_result_costs_far_less_than_a_microsecond_and_a_large_one_is_linear() {
    const ROUNDS: u32 = 100_000;
    let start = Instant::now();
    for _ in 0..ROUNDS {
        std::hint::black_box(check_results(std::hint::black_box(br#"{"ok":true}"#), 1 << 20).unwrap());
    }
    let each = start.elapsed() / ROUNDS;
    assert!(each < Duration::from_micros(2), "{each:?}"); // Measured: 0.1 µs. The bound is for a loaded machine.
    let large =
        json!({ "rows": vec![json!({ "name": "größe", "price": 12.5, "id": 4_711 }); 20_000] }).to_string();
    let start = Instant::now();
    check_results(large.as_bytes(), usize::MAX).unwrap();
    let taken = start.elapsed();
    assert!(
        taken < Duration::from_millis(200),
        "{} bytes took {taken:?}",
        large.len()
    );
}
