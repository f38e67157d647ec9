//! Whether the text of a picture is one that Mermaid and Graphviz can read, line by line.

use super::{Verdict, ensure};

/// A Mermaid flowchart must have one line for each node, with a label in which nothing is markup, and one for each edge.
///
/// # Errors
/// The line that is wrong.
pub fn is_mermaid(text: &str, nodes: usize, edges: &[(usize, usize)]) -> Verdict {
    let mut lines = text.lines();
    let head = lines.next().unwrap_or_default();
    ensure(head.starts_with("flowchart "), || {
        format!("it begins with {head:?}")
    })?;
    for node in 1..=nodes {
        let line = lines.next().unwrap_or_default();
        let label = between(line, &format!("  s{node}[\""), "\"]")?;
        ensure(!label.contains(['"', '<', '>', '&', '`', '\\']), || {
            format!("markup is left in {line:?}")
        })?;
        for entity in label.split('#').skip(1) {
            let known = ["quot;", "35;", "amp;", "lt;", "gt;", "96;", "92;"];
            ensure(known.iter().any(|known| entity.starts_with(known)), || {
                format!("a bare # is left in {line:?}")
            })?;
        }
        ensure(!label.contains(char::is_control), || {
            format!("control characters in {line:?}")
        })?;
    }
    for (parent, dependent) in edges {
        let line = lines.next().unwrap_or_default();
        let wanted = format!("  s{} --> s{}", parent + 1, dependent + 1);
        ensure(line == wanted, || format!("{line:?} where {wanted:?} belongs"))?;
    }
    let rest: Vec<&str> = lines.collect();
    ensure(rest.iter().all(|line| line.starts_with("  class")), || {
        format!("more lines: {rest:?}")
    })
}

/// The text for Graphviz must be one `digraph` with a line for each node, whose label ends at its closing quote, and one
/// for each edge.
///
/// # Errors
/// The line that is wrong.
pub fn is_dot(text: &str, nodes: usize, edges: &[(usize, usize)]) -> Verdict {
    let lines: Vec<&str> = text.lines().collect();
    ensure(lines.len() == nodes + edges.len() + 4, || {
        format!("{} lines", lines.len())
    })?;
    ensure(
        lines[0] == "digraph workflow {" && lines.last() == Some(&"}"),
        || "it is no digraph".to_owned(),
    )?;
    for (node, line) in (1..=nodes).zip(&lines[3..]) {
        let rest = line.strip_prefix(&format!("  s{node} [label=\""));
        let rest = rest.ok_or_else(|| format!("{line:?} where s{node} belongs"))?;
        let end = end_of_quoted(rest).ok_or_else(|| format!("the label has no end: {line:?}"))?;
        let behind = &rest[end..];
        ensure(
            behind == "\"];" || behind.starts_with("\", fillcolor=\"#"),
            || format!("the label ends too early: {line:?}"),
        )?;
    }
    for ((parent, dependent), line) in edges.iter().zip(&lines[3 + nodes..]) {
        let wanted = format!("  s{} -> s{};", parent + 1, dependent + 1);
        ensure(*line == wanted, || format!("{line:?} where {wanted:?} belongs"))?;
    }
    Ok(())
}

fn between<'l>(line: &'l str, start: &str, end: &str) -> Result<&'l str, String> {
    let inside = line.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
    inside.ok_or_else(|| format!("{line:?} where {start}…{end} belongs"))
}

/// Where the first quote is that no backslash precedes.
fn end_of_quoted(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(at),
            _ => {}
        }
    }
    None
}
