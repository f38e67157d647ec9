//! Which value stands at a byte of a JSON text. Only asked when something is wrong there.

/// The JSON Pointer of the value that begins at, or holds, the byte at `offset`. The text before it is JSON.
pub(super) fn pointer_to(text: &[u8], offset: usize) -> String {
    let text = &text[..offset.min(text.len())];
    let mut path: Vec<Segment> = Vec::new();
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'{' => path.push(Segment::Member {
                key: String::new(),
                named: false,
            }),
            b'[' => path.push(Segment::Item(0)),
            b'}' | b']' => {
                path.pop();
            }
            b',' => match path.last_mut() {
                Some(Segment::Item(index)) => *index += 1,
                Some(Segment::Member { key, named }) => {
                    key.clear();
                    *named = false;
                }
                None => {}
            },
            b'"' => {
                let end = end_of_string(text, at);
                if let Some(Segment::Member {
                    key,
                    named: named @ false,
                }) = path.last_mut()
                {
                    let Some(end) = end else { break };
                    *key = unquoted(&text[at..end]);
                    *named = true;
                }
                let Some(end) = end else { break };
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    path.iter().map(Segment::shown).collect()
}

enum Segment {
    Item(usize),
    Member { key: String, named: bool },
}

impl Segment {
    /// A key that is itself wrong has no name to be told by; the pointer then leads to its object.
    fn shown(&self) -> String {
        match self {
            Segment::Item(index) => format!("/{index}"),
            Segment::Member { named: false, .. } => String::new(),
            Segment::Member { key, .. } => {
                let key = super::repair_text(key, 200);
                format!("/{}", key.replace('~', "~0").replace('/', "~1"))
            }
        }
    }
}

/// The byte behind the closing quote; `None` when the text ends before it.
fn end_of_string(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        match text.get(at)? {
            b'\\' => at += 2,
            b'"' => return Some(at + 1),
            _ => at += 1,
        }
    }
}

fn unquoted(quoted: &[u8]) -> String {
    serde_json::from_slice(quoted).unwrap_or_else(|_| String::from_utf8_lossy(quoted).into_owned())
}
