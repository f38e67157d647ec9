//! The oracles find what is wrong: each is shown answers that are, and some that are not.

// In a test a panic is the report.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use tasker_fuzz::oracle::reach::Reach;
use tasker_fuzz::oracle::{json, picture, place};

#[test]
fn a_place_outside_of_the_text_is_found() {
    let text = "ab\r\nü\rc\n";
    for (line, column) in [(1, 1), (1, 3), (2, 2), (3, 2), (4, 1)] {
        assert!(place::is_inside(text, line, column).is_ok(), "{line}:{column}");
    }
    for (line, column) in [(0, 1), (1, 0), (1, 4), (2, 3), (4, 2), (5, 1)] {
        assert!(place::is_inside(text, line, column).is_err(), "{line}:{column}");
    }
}

#[test]
fn a_message_that_says_nothing_or_breaks_the_line_is_found() {
    assert!(place::is_one_line("größer als 3").is_ok());
    for message in ["", " ", "a\nb", "a\u{1b}[31m"] {
        assert!(place::is_one_line(message).is_err(), "{message:?}");
    }
}

#[test]
fn a_pointer_that_is_none_is_found() {
    assert!(place::is_pointer("").is_ok() && place::is_pointer("/a~1b/0/~0").is_ok());
    for pointer in ["a", "/a~b", "/~", "~0"] {
        assert!(place::is_pointer(pointer).is_err(), "{pointer}");
    }
}

#[test]
fn cycles_orders_and_levels_that_are_wrong_are_found() {
    // 0 ← 1 ← 2 ← 0, and 1 ← 0: a ring of three and one of two.
    let ring = Reach::new(&[vec![1, 2], vec![0], vec![1], vec![]]);
    assert_eq!(ring.knots(), [0]);
    assert!(ring.is_cycle(&[0, 1]).is_ok());
    for wrong in [&[][..], &[0], &[1, 0], &[0, 2, 1], &[0, 1, 0, 1], &[0, 3]] {
        assert!(ring.is_cycle(wrong).is_err(), "{wrong:?}");
    }
    let chain = Reach::new(&[vec![], vec![0], vec![0, 1]]);
    assert!(chain.knots().is_empty() && chain.waits(2, 0) && !chain.waits(0, 2));
    assert!(chain.is_order(&[0, 1, 2]).is_ok());
    for wrong in [&[0, 2, 1][..], &[0, 1], &[0, 0, 1, 2]] {
        assert!(chain.is_order(wrong).is_err(), "{wrong:?}");
    }
    assert_eq!([chain.level(0), chain.level(1), chain.level(2)], [0, 1, 2]);
    assert_eq!(chain.heaviest(&[0, 1, 2], &[1.0, 2.0, 4.0]), 7.0);
}

#[test]
fn pictures_that_nobody_can_read_are_found() {
    let mermaid = |label: &str| format!("flowchart TD\n  s1[\"{label}\"]\n  s2[\"b\"]\n  s1 --> s2\n");
    assert!(picture::is_mermaid(&mermaid("a #quot;x#quot;"), 2, &[(0, 1)]).is_ok());
    for label in ["a\"b", "<b>", "#nope;", "a&b", "`"] {
        assert!(
            picture::is_mermaid(&mermaid(label), 2, &[(0, 1)]).is_err(),
            "{label}"
        );
    }
    assert!(
        picture::is_mermaid(&mermaid("a"), 2, &[]).is_err(),
        "an edge too many"
    );
    assert!(
        picture::is_mermaid(&mermaid("a"), 3, &[(0, 1)]).is_err(),
        "a node too few"
    );

    let dot = |label: &str| {
        format!(
            "digraph workflow {{\n  rankdir=TB;\n  node [shape=box];\n  s1 [label=\"{label}\"];\n  s2 [label=\"b\"];\n  s1 -> s2;\n}}\n"
        )
    };
    assert!(picture::is_dot(&dot("a \\\"x\\\" \\\\"), 2, &[(0, 1)]).is_ok());
    for label in ["a\"b", "a\\", "a\nb"] {
        assert!(picture::is_dot(&dot(label), 2, &[(0, 1)]).is_err(), "{label:?}");
    }
    assert!(
        picture::is_dot(&dot("a"), 2, &[(1, 0)]).is_err(),
        "an edge the wrong way"
    );
}

#[test]
fn the_reader_of_json_knows_what_is_none_and_what_is_not_carried() {
    let reason = |text: &str| json::read(text).map(|reading| reading.reason);
    for text in [
        "{}",
        " [1, -0, 1.5e3, \"\\ud83d\\ude00\"] ",
        "null",
        "18446744073709551615",
        "0e9",
        "[[]]",
    ] {
        assert_eq!(reason(text), Some(None), "{text}");
    }
    for text in [
        "",
        "{",
        "[1,]",
        "01",
        "1.",
        ".5",
        "+1",
        "{\"a\" 1}",
        "\"\\ud800\"",
        "\"\n\"",
        "nul",
        "1 2",
        "NaN",
    ] {
        assert_eq!(reason(text), None, "{text}");
    }
    for (text, why) in [
        ("\"\\u0000\"", "U+0000"),
        ("{\"\\u0000\":1}", "U+0000"),
        ("18446744073709551616", "number"),
        ("-9223372036854775809", "number"),
        ("1e309", "number"),
        ("1e-400", "number"),
        ("0e10000", "number"),
    ] {
        assert_eq!(reason(text), Some(Some(why)), "{text}");
    }
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(reason(&deep(json::DEEPEST)), Some(None));
    assert_eq!(reason(&deep(json::DEEPEST + 1)), Some(Some("nested")));
}

#[test]
fn twins_and_leaves_are_seen() {
    let tree = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let twins = "{\"a\":{\"b\":1,\"b\":\":\"}}";
    assert!(json::has_twins(twins, &tree(twins)));
    let none = "{\"a\":{\"b\":\"::\\\":\"},\"c\":[{\"a\":1}]}";
    assert!(!json::has_twins(none, &tree(none)));
    let mut leaves = json::leaves(&tree("{\"a/b\":[1,{}],\"~\":null}"));
    leaves.sort();
    assert_eq!(leaves, ["/a~1b/0", "/~0"]);
}
