//! What of JSON the engine carries (`decisions.md` 34 and 35), told by way of a tree.

use serde_json::Value;

/// What a JSON text is, by a reader that knows nothing of the engine's.
#[derive(Debug)]
pub struct Reading {
    /// Whether it holds anything that must be refused although it is JSON, and what.
    pub reason: Option<&'static str>,
    /// The tree, where the JSON library reads it: its numbers are rounded, and of twins the last counts.
    pub tree: Option<Value>,
}

/// Containers inside of each other, at most.
pub const DEEPEST: usize = 128;

/// Reads a text; none where it is no JSON. It need not be fast.
pub fn read(text: &str) -> Option<Reading> {
    let mut reader = Reader {
        text: text.as_bytes(),
        at: 0,
        reason: None,
    };
    // The reader recurses, and so does the JSON library, which says so at a depth of its own.
    let depth = deepest(text);
    if depth > 4 * DEEPEST {
        return Some(Reading {
            reason: Some("nested"),
            tree: None,
        });
    }
    if depth > DEEPEST {
        reader.reason = Some("nested");
    }
    reader.space();
    reader.value()?;
    reader.space();
    if reader.at < reader.text.len() {
        return None;
    }
    Some(Reading {
        reason: reader.reason,
        tree: serde_json::from_str(text).ok(),
    })
}

/// How deep brackets nest outside of strings.
fn deepest(text: &str) -> usize {
    let (mut depth, mut most, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                depth += 1;
                most = most.max(depth);
            }
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    most
}

/// A reader by the grammar of RFC 8259, one function a rule.
struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    reason: Option<&'static str>,
}

impl Reader<'_> {
    fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    fn space(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
    }

    fn token(&mut self, token: &[u8]) -> Option<()> {
        let found = self.text[self.at..].starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found.then_some(())
    }

    fn value(&mut self) -> Option<()> {
        match self.peek() {
            b'{' => self.list(b"{", b"}", |reader| {
                reader.string()?;
                reader.space();
                reader.token(b":")?;
                reader.space();
                reader.value()
            }),
            b'[' => self.list(b"[", b"]", Reader::value),
            b'"' => self.string(),
            b't' => self.token(b"true"),
            b'f' => self.token(b"false"),
            b'n' => self.token(b"null"),
            _ => self.number(),
        }
    }

    fn list(&mut self, open: &[u8], close: &[u8], item: impl Fn(&mut Self) -> Option<()>) -> Option<()> {
        self.token(open)?;
        self.space();
        if self.token(close).is_some() {
            return Some(());
        }
        loop {
            self.space();
            item(self)?;
            self.space();
            if self.token(close).is_some() {
                return Some(());
            }
            self.token(b",")?;
        }
    }

    fn string(&mut self) -> Option<()> {
        let start = self.at;
        self.token(b"\"")?;
        loop {
            match *self.text.get(self.at)? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        let quoted = std::str::from_utf8(&self.text[start..self.at]).ok()?;
        match serde_json::from_str::<String>(quoted) {
            Ok(text) if text.contains('\0') => self.reason = Some("U+0000"),
            Ok(_) => {}
            // Half of a pair is well-formed by the grammar; the library refuses it, as the engine does.
            Err(_) => return None,
        }
        Some(())
    }

    fn digits(&mut self) -> Option<usize> {
        let start = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        (self.at > start).then_some(self.at - start)
    }

    fn number(&mut self) -> Option<()> {
        let start = self.at;
        let _ = self.token(b"-");
        if self.token(b"0").is_none() {
            self.digits()?;
        }
        let mut whole = true;
        if self.token(b".").is_some() {
            self.digits()?;
            whole = false;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), b'+' | b'-'));
            self.digits()?;
            whole = false;
        }
        let text = std::str::from_utf8(&self.text[start..self.at]).ok()?;
        if !(if whole {
            whole_fits(text)
        } else {
            double_fits(text)
        }) {
            self.reason = Some("number");
        }
        Some(())
    }
}

/// −2⁶³ … 2⁶⁴−1.
fn whole_fits(text: &str) -> bool {
    text.parse::<i128>()
        .is_ok_and(|number| (-(1 << 63)..1 << 64).contains(&number))
}

/// Neither rounded to infinity nor to 0, and within what PostgreSQL's `numeric` takes.
fn double_fits(text: &str) -> bool {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let digits = exponent.trim_start_matches(['+', '-']).trim_start_matches('0');
    let is_zero = !mantissa.contains(|digit: char| digit.is_ascii_digit() && digit != '0');
    let short = digits.len() <= 4 && text.len() <= 4_096;
    let number: f64 = text.parse().unwrap_or(f64::NAN);
    short && number.is_finite() && (number != 0.0 || is_zero)
}

/// Whether some key of the text stands twice in its object, so that a pointer may lead to another value than the first.
pub fn has_twins(text: &str, tree: &Value) -> bool {
    fn keys(value: &Value) -> usize {
        match value {
            Value::Array(items) => items.iter().map(keys).sum(),
            Value::Object(members) => members.len() + members.values().map(keys).sum::<usize>(),
            _ => 0,
        }
    }
    // Outside of strings a colon stands behind a key and nowhere else.
    let (mut colons, mut quoted, mut escaped) = (0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b':' if !quoted => colons += 1,
            _ => {}
        }
    }
    colons != keys(tree)
}

/// The pointers of all that a value holds that is neither an object nor an array.
pub fn leaves(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![(String::new(), value)];
    while let Some((path, value)) = waiting.pop() {
        match value {
            Value::Array(items) => {
                waiting.extend(
                    items
                        .iter()
                        .enumerate()
                        .map(|(index, item)| (format!("{path}/{index}"), item)),
                );
            }
            Value::Object(members) => {
                let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
                waiting.extend(
                    members
                        .iter()
                        .map(|(key, member)| (format!("{path}/{}", escaped(key)), member)),
                );
            }
            _ => found.push(path),
        }
    }
    found
}
