//! The `default`s of a JSON Schema, filled into a value.
//!
//! Filled is what a schema says plainly: `properties`, at any depth, by way of local `$ref`s, `allOf`, `items`,
//! `prefixItems` and `additionalProperties`. Under `anyOf`, `oneOf` and `if` it depends on the value which schema
//! counts, and nothing is filled.

use serde_json::Value;

/// Values are filled no deeper than this.
const MAX_DEPTH: usize = 64;
/// No value is given more defaults.
const MAX_FILLED: usize = 10_000;
/// Longer chains of references are taken for a circle.
const MAX_REFERENCES: usize = 32;

struct Filler<'s> {
    root: &'s Value,
    left: usize,
}

/// Fills the defaults of `schema` into `value`.
pub(super) fn fill(value: &mut Value, schema: &Value) -> Result<(), String> {
    Filler {
        root: schema,
        left: MAX_FILLED,
    }
    .fill(value, schema, 0)
}

impl<'s> Filler<'s> {
    fn fill(&mut self, value: &mut Value, schema: &'s Value, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(format!(
                "the defaults of the schema nest deeper than {MAX_DEPTH} levels; do they call for themselves?"
            ));
        }
        for schema in self.that_count(schema) {
            match value {
                Value::Object(_) => self.fill_properties(value, schema, depth)?,
                Value::Array(items) => {
                    let first = schema
                        .get("prefixItems")
                        .and_then(Value::as_array)
                        .map_or(&[][..], Vec::as_slice);
                    let rest = schema.get("items").filter(|items| items.is_object());
                    for (index, item) in items.iter_mut().enumerate() {
                        if let Some(schema) = first.get(index).or(rest) {
                            self.fill(item, schema, depth + 1)?;
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn fill_properties(&mut self, value: &mut Value, schema: &'s Value, depth: usize) -> Result<(), String> {
        let Value::Object(members) = value else {
            return Ok(());
        };
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            if !members.contains_key(name) {
                let Some(default) = self.default_of(property) else {
                    continue;
                };
                self.left = self.left.checked_sub(1).ok_or_else(|| {
                    format!(
                        "the schema fills in more than {MAX_FILLED} defaults; do they call for themselves?"
                    )
                })?;
                members.insert(name.clone(), default.clone());
            }
            if let Some(member) = members.get_mut(name) {
                self.fill(member, property, depth + 1)?;
            }
        }
        let Some(others) = schema
            .get("additionalProperties")
            .filter(|others| others.is_object())
        else {
            return Ok(());
        };
        let patterns = schema
            .get("patternProperties")
            .and_then(Value::as_object)
            .is_some_and(|map| !map.is_empty());
        for (name, member) in members {
            if !patterns && properties.is_none_or(|properties| !properties.contains_key(name)) {
                self.fill(member, others, depth + 1)?;
            }
        }
        Ok(())
    }

    fn default_of(&self, schema: &'s Value) -> Option<&'s Value> {
        self.that_count(schema)
            .into_iter()
            .find_map(|schema| schema.get("default"))
    }

    /// `schema`, what it refers to, and the parts of its `allOf`, through and through.
    fn that_count(&self, schema: &'s Value) -> Vec<&'s Value> {
        let mut found = Vec::new();
        let mut waiting = vec![schema];
        while let Some(schema) = waiting.pop() {
            if found.len() > MAX_REFERENCES {
                break;
            }
            found.push(schema);
            waiting.extend(
                schema
                    .get("allOf")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                    .rev(),
            );
            waiting.extend(referred(schema, self.root));
        }
        found
    }
}

/// What a local `$ref` (`#`, `#/a/b`) leads to.
fn referred<'s>(schema: &'s Value, root: &'s Value) -> Option<&'s Value> {
    let pointer = schema.get("$ref")?.as_str()?.strip_prefix('#')?;
    if pointer.is_empty() {
        Some(root)
    } else {
        root.pointer(&percent_decoded(pointer))
    }
}

/// Pointers in a URI write `%25` for `%`, and so on.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let code = (*first == b'%').then(|| text_of(after.get(..2)?)).flatten();
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn text_of(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}
