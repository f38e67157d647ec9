//! Values at the seam: results are accepted or refused by the rules of `decisions.md` 34 and 35, with a pointer to the
//! place; texts of errors come out so that the database can store them.

use crate::oracle::json::{self, Reading};
use crate::oracle::place;
use serde_json::{Value, json};
use tasker_core::model::Failure;
use tasker_core::values::{
    MAX_TEXT_BYTES, ValueProblem, ValueProblemCode, check_json, check_results, repair_failure, repair_text,
};

/// One text that a handler returned, and that its error had.
///
/// # Panics
/// When something is wrong with what the code makes of it.
pub fn check(input: &[u8]) {
    check_scan(input);
    check_size(input);
    check_texts(input);
    check_failure(input);
}

fn check_scan(input: &[u8]) {
    let read = std::str::from_utf8(input).ok().and_then(json::read);
    match (check_results(input, usize::MAX), &read) {
        (Ok(stored), Some(Reading { reason: None, tree })) => {
            let trimmed = input.trim_ascii();
            let expected = if trimmed == b"null" { b"{}" } else { trimmed };
            assert_eq!(stored.get().as_bytes(), expected, "it is stored as it is");
            // The library reads no deeper than 127 levels.
            if let Some(tree) = tree {
                check_tree(stored.get(), tree);
            }
        }
        (Ok(_), None) => panic!("accepted, and it is not JSON"),
        (Ok(_), Some(reading)) => panic!("accepted in spite of {:?}", reading.reason),
        (Err(problem), Some(Reading { reason: None, .. })) => panic!("refused without a reason: {problem}"),
        (Err(problem), reading) => check_problem(input, &problem, reading.as_ref()),
    }
}

fn check_problem(input: &[u8], problem: &ValueProblem, reading: Option<&Reading>) {
    assert_eq!(problem.code, ValueProblemCode::ResultNotSerializable);
    place::is_one_line(&problem.message).unwrap();
    place::is_pointer(&problem.pointer).unwrap();
    let failure = Failure::from(problem.clone());
    assert!(!failure.retryable && failure.message.contains(&problem.message));
    assert!(!problem.pointer.contains('\0'));
    // What is JSON has a tree, and the pointer must lead to a value of it that has the fault.
    let Some(Reading { tree: Some(tree), .. }) = reading else {
        return;
    };
    if is_cut(&problem.pointer) || json::has_twins(std::str::from_utf8(input).unwrap(), tree) {
        return;
    }
    let Some(found) = tree.pointer(&problem.pointer) else {
        panic!("{problem} leads nowhere in {tree}");
    };
    let of_number = ["whole number", "too near to 0", "4096 characters"];
    if of_number.iter().any(|words| problem.message.contains(words)) {
        assert!(found.is_number(), "{problem} leads to {found}");
    } else if problem.message.contains("U+0000") {
        let has_it = |text: &String| text.contains('\0');
        // A key has no name to be told by: its object is the place.
        let fits = match found {
            Value::String(text) => has_it(text),
            Value::Object(members) => members.keys().any(has_it),
            _ => false,
        };
        assert!(fits, "{problem} leads to {found}");
    }
}

/// Whether a key was too long to be told whole.
fn is_cut(pointer: &str) -> bool {
    pointer.contains("… [cut: ")
}

/// What was accepted survives the library, and when one leaf of it is spoiled, that leaf is named.
fn check_tree(text: &str, tree: &Value) {
    let written = tree.to_string();
    assert!(
        check_json(written.as_bytes(), usize::MAX).is_ok(),
        "{written} was read from {text} and is refused"
    );
    let leaves = json::leaves(tree);
    let Some(chosen) = leaves.get(text.len() % leaves.len().max(1)) else {
        return;
    };
    for (spoiled, words) in [
        (json!("a\0"), "U+0000"),
        (json!(f64::MIN_POSITIVE), "too near to 0"),
        (Value::from(u64::MAX), "whole number"),
    ] {
        let mut tree = tree.clone();
        *tree.pointer_mut(chosen).unwrap() = spoiled;
        // The two numbers that the library cannot hold are written in.
        let text = tree.to_string();
        let text = match words {
            "whole number" if text.matches("18446744073709551615").count() == 1 => {
                text.replace("18446744073709551615", "18446744073709551616")
            }
            "too near to 0" if text.matches("2.2250738585072014e-308").count() == 1 => {
                text.replace("2.2250738585072014e-308", "2.2250738585072014e-408")
            }
            "U+0000" => text,
            _ => continue,
        };
        let problem = check_json(text.as_bytes(), usize::MAX).unwrap_err();
        assert!(problem.message.contains(words), "{problem} for {text}");
        assert!(
            is_cut(&problem.pointer) || problem.pointer == *chosen,
            "{problem} in {text}, not {chosen}"
        );
    }
}

fn check_size(input: &[u8]) {
    let Ok(accepted) = check_json(input, usize::MAX) else {
        return;
    };
    assert_eq!(check_json(accepted.as_bytes(), accepted.len()), Ok(accepted));
    let problem = check_json(input, accepted.len() - 1).unwrap_err();
    assert_eq!(
        (problem.code, problem.pointer.as_str()),
        (ValueProblemCode::ResultTooLarge, "")
    );
}

fn check_texts(input: &[u8]) {
    for most in [
        0,
        1,
        2,
        3,
        4,
        30,
        100,
        input.len(),
        input.len() + 1,
        MAX_TEXT_BYTES,
    ] {
        let repaired = repair_text(input, most);
        assert!(
            repaired.len() <= most && !repaired.contains('\0'),
            "{most}: {repaired:?}"
        );
        assert_eq!(
            repair_text(&repaired, most),
            repaired,
            "what is repaired stays as it is"
        );
        let fine = std::str::from_utf8(input).is_ok_and(|text| !text.contains('\0') && text.len() <= most);
        assert!(
            !fine || repaired.as_bytes() == input,
            "{repaired:?} was changed without need"
        );
    }
}

fn check_failure(input: &[u8]) {
    let text = String::from_utf8_lossy(input).into_owned();
    let details: Value =
        serde_json::from_slice(input).unwrap_or_else(|_| json!({ text.clone(): [text.clone()] }));
    for most in [64, 1_000, MAX_TEXT_BYTES] {
        let mut failure = Failure {
            message: text.clone(),
            error_class: Some(text.clone()),
            error_code: Some(text.clone()),
            backtrace: Some(text.clone()),
            retryable: true,
            retry_after: input.len().is_multiple_of(2).then_some(f64::INFINITY),
            details: details.clone(),
        };
        repair_failure(&mut failure, most);
        let texts = [
            Some(&failure.message),
            failure.error_class.as_ref(),
            failure.error_code.as_ref(),
            failure.backtrace.as_ref(),
        ];
        for text in texts.into_iter().flatten() {
            assert!(text.len() <= most && !text.contains('\0'), "{most}: {text:?}");
        }
        let details = failure.details.to_string();
        assert!(
            details.len() <= most.max(64) && check_json(details.as_bytes(), usize::MAX).is_ok(),
            "{most}: {details}"
        );
        assert_eq!(failure.retry_after, None);
        let sent = serde_json::to_string(&failure).unwrap();
        // In the failure it is nested one deeper.
        let refused = check_json(sent.as_bytes(), usize::MAX).err();
        assert!(
            refused.is_none_or(|problem| problem.message.contains("nested")),
            "{sent}"
        );
        let mut again = failure.clone();
        repair_failure(&mut again, most);
        assert_eq!(again, failure, "what is repaired stays as it is");
    }
}
