//! The identity of a content: SHA-256 over canonical JSON.

use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// SHA-256, in hex, over the canonical JSON of `value`: keys sorted, no white space.
pub fn digest(value: &Value) -> String {
    let mut text = String::new();
    write_canonical(value, &mut text);
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Sorts the keys itself: the order in a `serde_json` map depends on a feature that any crate of a build can set.
fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_canonical(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(key, _)| key.as_str());
            out.push('{');
            for (index, (key, member)) in members.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                let _ = write!(out, "{}:", Value::from(key.as_str()));
                write_canonical(member, out);
            }
            out.push('}');
        }
        scalar => {
            let _ = write!(out, "{scalar}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_digest_does_not_depend_on_the_order_of_keys_and_does_on_that_of_items() {
        let one = digest(&json!({"a": [1, 2], "b": {"x": null, "y": "z"}}));
        assert_eq!(one, digest(&json!({"b": {"y": "z", "x": null}, "a": [1, 2]})));
        assert_ne!(one, digest(&json!({"b": {"y": "z", "x": null}, "a": [2, 1]})));
    }

    #[test]
    fn the_digest_is_sha_256_of_the_canonical_text() {
        // printf '{"a":1,"b":"x"}' | sha256sum
        let expected = "ecf9e98ec0641e23113ff3ce8bdc78d0ddd249886517fd4a7f68cc83d4e65667";
        assert_eq!(digest(&json!({"b": "x", "a": 1})), expected);
    }
}
