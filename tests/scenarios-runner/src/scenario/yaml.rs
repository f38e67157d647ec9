//! YAML 1.2 (core schema) to JSON. What JSON cannot say is refused, never bent.

use anyhow::{Result, bail};
use saphyr::{ScalarOwned, YamlLoader, YamlOwned};
use saphyr_parser::{Parser, ScalarStyle};
use serde_json::{Map, Value};

/// The one document of `source` as JSON.
///
/// # Errors
/// The text is not YAML, holds no document or several, or says what JSON cannot say.
pub(super) fn to_json(source: &str) -> Result<Value> {
    let mut loader: YamlLoader<'_, YamlOwned> = YamlLoader::default();
    loader.early_parse(false);
    let mut parser = Parser::new_from_str(source);
    if let Err(error) = parser.load(&mut loader, true) {
        bail!("not YAML: {error}");
    }
    if let Some(error) = loader.error() {
        bail!("not YAML: {error}");
    }
    let documents = loader.into_documents();
    match documents.as_slice() {
        [document] => node(document, ""),
        [] => bail!("the file is empty"),
        several => bail!(
            "the file holds {} documents; one scenario is one document",
            several.len()
        ),
    }
}

fn node(yaml: &YamlOwned, path: &str) -> Result<Value> {
    match yaml {
        YamlOwned::Representation(text, style, None) => plain(text, *style, path),
        YamlOwned::Value(scalar) => scalar_to_json(scalar, "", path),
        YamlOwned::Sequence(items) => {
            let items = items
                .iter()
                .enumerate()
                .map(|(index, item)| node(item, &format!("{path}[{index}]")));
            items.collect::<Result<_>>().map(Value::Array)
        }
        YamlOwned::Mapping(pairs) => {
            let mut map = Map::new();
            for (key, value) in pairs {
                let key = key_text(key, path)?;
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                if map.insert(key, node(value, &path)?).is_some() {
                    bail!("{path}: the key stands twice");
                }
            }
            Ok(Value::Object(map))
        }
        YamlOwned::Representation(_, _, Some(tag)) => {
            bail!("{path}: the tag {}{} is not known", tag.handle, tag.suffix)
        }
        YamlOwned::Tagged(tag, _) => bail!("{path}: the tag {}{} is not known", tag.handle, tag.suffix),
        YamlOwned::Alias(_) | YamlOwned::BadValue => bail!("{path}: the value cannot be read"),
    }
}

/// A key as text: `7: x` is the key "7", as everywhere in JSON.
fn key_text(key: &YamlOwned, path: &str) -> Result<String> {
    match key {
        YamlOwned::Representation(text, _, None) => Ok(text.clone()),
        _ => bail!("{path}: a key must be plain text"),
    }
}

fn plain(text: &str, style: ScalarStyle, path: &str) -> Result<Value> {
    if style != ScalarStyle::Plain {
        return Ok(Value::String(text.to_owned()));
    }
    if text.is_empty() {
        return Ok(Value::Null);
    }
    scalar_to_json(&ScalarOwned::parse_from_cow(text.into()), text, path)
}

fn scalar_to_json(scalar: &ScalarOwned, text: &str, path: &str) -> Result<Value> {
    Ok(match scalar {
        ScalarOwned::Null => Value::Null,
        ScalarOwned::Boolean(value) => Value::Bool(*value),
        ScalarOwned::Integer(value) => Value::from(*value),
        ScalarOwned::String(value) => Value::String(value.clone()),
        // The library reads whole numbers up to 2^63 only; the contract goes to 2^64.
        ScalarOwned::FloatingPoint(value) => match text.parse::<u64>() {
            Ok(whole) => Value::from(whole),
            Err(_) => match serde_json::Number::from_f64(value.into_inner()) {
                Some(number) => Value::Number(number),
                None => bail!("{path}: {text} is not a number that JSON has"),
            },
        },
    })
}

#[cfg(test)]
mod tests {
    // A panic is how a test fails.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use serde_json::json;

    fn refused(source: &str, part: &str) {
        let text = to_json(source).unwrap_err().to_string();
        assert!(text.contains(part), "{text:?} does not contain {part:?}");
    }

    #[test]
    fn scalars_are_read_by_the_core_schema() {
        let source =
            "{i: 7, n: -3, f: 1.50, s: 1.0.0, q: \"7\", t: true, y: yes, z: ~, e: , v: 12F, o: 0o17, x: 1e3}";
        let expected = json!({"i": 7, "n": -3, "f": 1.5, "s": "1.0.0", "q": "7", "t": true, "y": "yes", "z": null,
            "e": null, "v": "12F", "o": 15, "x": 1000.0});
        assert_eq!(to_json(source).unwrap(), expected);
    }

    #[test]
    fn whole_numbers_up_to_64_bits_are_exact() {
        let source = "[18446744073709551615, -9223372036854775808, 9007199254740993]";
        assert_eq!(
            to_json(source).unwrap(),
            json!([u64::MAX, i64::MIN, 9_007_199_254_740_993_i64])
        );
    }

    #[test]
    fn anchors_are_filled_in() {
        assert_eq!(
            to_json("a: &x {k: 1}\nb: *x\n").unwrap(),
            json!({"a": {"k": 1}, "b": {"k": 1}})
        );
    }

    #[test]
    fn text_blocks_keep_their_lines() {
        assert_eq!(
            to_json("a: |\n  one\n  two\n").unwrap(),
            json!({"a": "one\ntwo\n"})
        );
    }

    #[test]
    fn what_json_cannot_say_is_refused() {
        refused("a: .nan", "a: .nan is not a number");
        refused("a: [1, .inf]", "a[1]: .inf is not a number");
        refused("a: !thing 1", "tag");
        refused("? [1, 2]\n: 3\n", "a key must be plain text");
    }

    #[test]
    fn a_key_that_stands_twice_is_refused() {
        refused("a: 1\na: 2\n", "a");
        refused("a: 1\n\"a\": 2\n", "a: the key stands twice");
    }

    #[test]
    fn no_document_and_two_documents_are_refused() {
        refused("", "empty");
        refused("a: 1\n---\nb: 2\n", "2 documents");
        refused("a: [1", "not YAML");
    }
}
