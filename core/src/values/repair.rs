//! Texts of errors: repaired and cut, never refused.

use crate::model::Failure;
use serde_json::{Map, Value};

/// No error text or backtrace is stored with more bytes.
pub const MAX_TEXT_BYTES: usize = 64 << 10;

/// The text with everything replaced by `�` that the database cannot store (U+0000, bytes that are not UTF-8), and cut
/// to at most `max_bytes` bytes between two characters; a note at the end says how much there was.
pub fn repair_text(text: impl AsRef<[u8]>, max_bytes: usize) -> String {
    let text = text.as_ref();
    // A character is never cut in four, and what lies behind the cut is not worth repairing.
    let kept = &text[..text.len().min(max_bytes.saturating_add(4))];
    let repaired = String::from_utf8_lossy(kept).replace('\0', "\u{fffd}");
    if text.len() <= max_bytes && repaired.len() <= max_bytes {
        return repaired;
    }
    let note = format!("… [cut: {} bytes in all]", text.len());
    let note = if note.len() <= max_bytes {
        note.as_str()
    } else {
        ""
    };
    let end = repaired.floor_char_boundary(max_bytes - note.len());
    format!("{}{note}", &repaired[..end])
}

/// Repairs every text of a failure, each to at most `max_bytes` bytes. `details` over `max_bytes` bytes of JSON, or
/// nested too deeply for the database, are replaced by a note.
pub fn repair_failure(failure: &mut Failure, max_bytes: usize) {
    let repair = |text: &mut String| {
        if text.len() > max_bytes || text.contains('\0') {
            *text = repair_text(text.as_str(), max_bytes);
        }
    };
    repair(&mut failure.message);
    [
        &mut failure.error_class,
        &mut failure.error_code,
        &mut failure.backtrace,
    ]
    .into_iter()
    .flatten()
    .for_each(repair);
    if failure.retry_after.is_some_and(|seconds| !seconds.is_finite()) {
        failure.retry_after = None;
    }
    if failure.details.is_null() {
        return;
    }
    let fits = repair_value(&mut failure.details, super::scan::MAX_DEPTH) && {
        let text = serde_json::to_string(&failure.details).unwrap_or_default();
        text.len() <= max_bytes && !text.is_empty()
    };
    if !fits {
        failure.details = Value::String(format!(
            "[left out: more than {max_bytes} bytes, or nested too deeply]"
        ));
    }
}

/// False when the value is nested deeper than `depth`.
fn repair_value(value: &mut Value, depth: u32) -> bool {
    match value {
        Value::String(text) if text.contains('\0') => *text = text.replace('\0', "\u{fffd}"),
        Value::Array(items) => {
            return depth > 0 && items.iter_mut().all(|item| repair_value(item, depth - 1));
        }
        Value::Object(members) => {
            if members.keys().any(|key| key.contains('\0')) {
                let repaired = std::mem::take(members).into_iter();
                *members = repaired
                    .map(|(key, value)| (key.replace('\0', "\u{fffd}"), value))
                    .collect::<Map<_, _>>();
            }
            return depth > 0 && members.values_mut().all(|member| repair_value(member, depth - 1));
        }
        _ => {}
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_that_is_fine_stays_as_it_is() {
        assert_eq!(repair_text("größe 🚚", 100), "größe 🚚");
        assert_eq!(repair_text("12345", 5), "12345");
    }

    #[test]
    fn what_the_database_cannot_store_is_replaced() {
        assert_eq!(repair_text("a\0b", 100), "a\u{fffd}b");
        assert_eq!(repair_text(b"caf\xe9", 100), "caf\u{fffd}");
        assert_eq!(repair_text(b"half: \xf0\x9f\x9a", 100), "half: \u{fffd}");
    }

    #[test]
    fn a_long_text_is_cut_between_characters_with_a_note() {
        let cut = repair_text("ü".repeat(100_000), MAX_TEXT_BYTES);
        assert!(
            cut.len() <= MAX_TEXT_BYTES && cut.len() > MAX_TEXT_BYTES - 8,
            "{}",
            cut.len()
        );
        assert!(
            cut.ends_with("ü… [cut: 200000 bytes in all]"),
            "{}",
            &cut[cut.len() - 60..]
        );
        assert!(!cut.contains('\u{fffd}'));
        assert_eq!(repair_text("0123456789", 4), "0123", "no room for a note");
        assert_eq!(
            repair_text("\0\0\0\0", 4).len(),
            3,
            "what replaces is longer than what is replaced"
        );
    }

    #[test]
    fn a_failure_is_repaired_in_all_its_texts() {
        let mut failure = Failure {
            message: "a\0b".into(),
            backtrace: Some("x".repeat(1000)),
            retry_after: Some(f64::NAN),
            details: json!({ "k\0": ["v\0", 1] }),
            ..Failure::default()
        };
        repair_failure(&mut failure, 100);
        assert_eq!(failure.message, "a\u{fffd}b");
        assert_eq!(failure.backtrace.map(|text| text.len()), Some(100));
        assert_eq!(failure.retry_after, None);
        assert_eq!(failure.details, json!({ "k\u{fffd}": ["v\u{fffd}", 1] }));
        let mut failure = Failure {
            details: json!("x".repeat(200)),
            ..Failure::default()
        };
        repair_failure(&mut failure, 100);
        assert!(
            failure
                .details
                .as_str()
                .is_some_and(|text| text.starts_with("[left out"))
        );
    }
}
