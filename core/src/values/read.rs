//! Reading what was let through: `serde_json` gives up one level before the deepest values do.

use super::scan::MAX_DEPTH;
use serde::de::DeserializeOwned;

/// So many more containers may be around such a value: a row of a query, a list of rows.
const AROUND: u32 = 8;

/// Reads JSON text as [`serde_json::from_str`] does, and values of 128 levels as well. It is for text that was checked when it
/// was stored; what is nested much deeper nevertheless is refused and does not exhaust the stack.
///
/// # Errors
/// The text is not JSON, or not of this shape.
pub fn from_json<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    serde_json::from_str(text).or_else(|error| {
        if !error.is_syntax() || !is_nested_within(text, MAX_DEPTH + AROUND) {
            return Err(error);
        }
        let mut deserializer = serde_json::Deserializer::from_str(text);
        deserializer.disable_recursion_limit();
        let value = T::deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(value)
    })
}

/// Whether no more than `levels` containers are open anywhere in this text, be it JSON or not.
fn is_nested_within(text: &str, levels: u32) -> bool {
    let (mut open, mut quoted) = (0_u32, false);
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => quoted = !quoted,
            b'\\' if quoted => {
                bytes.next();
            }
            b'[' | b'{' if !quoted => {
                open += 1;
                if open > levels {
                    return false;
                }
            }
            b']' | b'}' if !quoted => open = open.saturating_sub(1),
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::values::check_json;
    use serde_json::Value;

    fn nested(levels: usize) -> String {
        format!("{}{}", "[".repeat(levels), "]".repeat(levels))
    }

    #[test]
    fn the_deepest_value_that_is_let_through_is_read_in_a_list_of_rows() {
        let deepest = nested(128);
        check_json(deepest.as_bytes(), usize::MAX).unwrap();
        let rows = format!(r#"[{{"results":{deepest}}}]"#);
        let read: Value = from_json(&rows).unwrap();
        assert_eq!(read.to_string(), rows);
    }

    #[test]
    fn far_deeper_ones_are_refused() {
        for levels in [137, 1_000_000] {
            let error = from_json::<Value>(&nested(levels)).unwrap_err();
            assert!(error.to_string().contains("recursion limit"), "{error}");
        }
    }

    #[test]
    fn what_is_no_json_says_so() {
        for text in ["[1", "{\"a\":}", "[[]]]", ""] {
            assert_eq!(
                from_json::<Value>(text).unwrap_err().to_string(),
                serde_json::from_str::<Value>(text).unwrap_err().to_string()
            );
        }
    }

    #[test]
    fn brackets_in_texts_open_nothing() {
        assert!(is_nested_within(r#"["[[[", "\"[[[", "\\", {"{{": "]"}]"#, 2));
        assert!(!is_nested_within(r#"["\\", [[]]]"#, 2));
    }
}
