//! The picture of a graph as SVG: one file without anything outside itself, for light and dark surroundings.
//!
//! Names are set in a monospaced face, so that their width is known without measuring; they are broken over lines
//! rather than cut. States are told by colour and in words. Only what every renderer knows is used: no scripts, no
//! custom properties, no markers; the rules for dark surroundings are a media query that others skip.

use super::layering::{Layering, Route};
use super::ordering;
use super::placement::{Room, place};
use super::{Cycle, Direction, Drawing};
use crate::model::State;
use std::fmt::Write;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

const COLUMN: f64 = 7.85;
const LINE: f64 = 17.0;
const PADDING: (f64, f64) = (14.0, 9.0);
/// Between two boxes of a level.
const GAP: f64 = 22.0;
/// Between two levels at least.
const LEVEL_GAP: f64 = 44.0;
const MARGIN: f64 = 24.0;
/// Names longer than this are broken.
const LONGEST_LINE: usize = 26;
const ARROW: f64 = 7.0;

const STYLE: &str = "\
.tasker-graph text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace;\
fill:#1f2933;text-anchor:middle}
.tasker-graph .ground{fill:#fff}
.tasker-graph .step rect{fill:#f7f9fb;stroke:#7b8794;stroke-width:1.25}
.tasker-graph .state{font-size:11px;fill:#52606d}
.tasker-graph .edge{fill:none;stroke:#9aa5b1;stroke-width:1.5}
.tasker-graph .head{fill:#7b8794}
.tasker-graph .in_progress rect{fill:#e3f0fd;stroke:#2f7fd1}
.tasker-graph .complete rect{fill:#e4f5e6;stroke:#3f9a4c}
.tasker-graph .error rect{fill:#fde8e8;stroke:#d64545;stroke-width:2}
.tasker-graph .cancelled rect{fill:#eceef1;stroke:#9aa5b1;stroke-dasharray:4 3}
.tasker-graph .resolved_manually rect{fill:#e2f5f5;stroke:#2c9a9a}
@media (prefers-color-scheme:dark){
.tasker-graph text{fill:#e4e7eb}
.tasker-graph .ground{fill:#161b22}
.tasker-graph .step rect{fill:#212832;stroke:#8290a0}
.tasker-graph .state{fill:#a9b4c0}
.tasker-graph .edge{stroke:#5d6b7a}
.tasker-graph .head{fill:#8290a0}
.tasker-graph .in_progress rect{fill:#173352;stroke:#58a6ff}
.tasker-graph .complete rect{fill:#16351c;stroke:#56b364}
.tasker-graph .error rect{fill:#4a1a1c;stroke:#f07171}
.tasker-graph .cancelled rect{fill:#2b313a;stroke:#6b7785}
.tasker-graph .resolved_manually rect{fill:#123a3c;stroke:#4fc3c3}
}
";

impl Drawing<'_> {
    /// The picture as an SVG document, titled `title`.
    ///
    /// # Errors
    /// A [`Cycle`] where there is one.
    pub fn to_svg(&self, title: &str) -> Result<String, Cycle> {
        Ok(self.svg_in(self.direction, self.ordered()?).document(title))
    }

    /// The picture as an SVG document in whichever direction is nearer to the shape of a screen.
    ///
    /// # Errors
    /// A [`Cycle`] where there is one.
    pub fn to_svg_that_fits(&self, title: &str) -> Result<String, Cycle> {
        let layering = self.ordered()?;
        let down = self.svg_in(Direction::Down, layering.clone());
        let right = self.svg_in(Direction::Right, layering);
        let extent = |svg: &Svg<'_, '_>| svg.size.0.max(svg.size.1);
        // Down is how people expect it; right has to be worth it.
        let best = if extent(&right) < 0.8 * extent(&down) {
            right
        } else {
            down
        };
        Ok(best.document(title))
    }

    fn ordered(&self) -> Result<Layering, Cycle> {
        let mut layering = Layering::of(self.graph)?;
        ordering::order(&mut layering);
        Ok(layering)
    }

    fn svg_in(&self, direction: Direction, layering: Layering) -> Svg<'_, '_> {
        let labels: Vec<Vec<String>> = (0..self.graph.len())
            .map(|node| broken(&self.label(node)))
            .collect();
        let extents: Vec<(f64, f64)> = labels
            .iter()
            .enumerate()
            .map(|(node, lines)| self.extent(node, lines))
            .collect();
        // Along the level and across it.
        let turned = |(width, height): (f64, f64)| match direction {
            Direction::Down => (width, height),
            Direction::Right => (height, width),
        };
        let of = |vertex: usize| extents.get(vertex).map_or((2.0, 0.0), |extent| turned(*extent));
        let breadths: Vec<f64> = (0..layering.len()).map(|vertex| of(vertex).0).collect();
        let room = Room {
            breadths: &breadths,
            gap: GAP,
            whole: false,
        };
        let along = place(&layering, room);
        let mut across = Vec::with_capacity(layering.levels.len());
        let mut depth = 0.0;
        let mut gap = 0.0;
        for level in &layering.levels {
            let thickness = level.iter().map(|vertex| of(*vertex).1).fold(0.0, f64::max);
            across.push((depth + gap, depth + gap + thickness));
            depth += gap + thickness;
            // Lines that go far to the side need room to bend.
            let reach = |vertex: &usize| {
                let ends = layering.below[*vertex].iter();
                ends.map(|other| (along[*vertex] - along[*other]).abs())
                    .fold(0.0, f64::max)
            };
            let farthest = level.iter().map(reach).fold(0.0, f64::max);
            gap = LEVEL_GAP + (farthest / 10.0).min(4.0 * LEVEL_GAP);
        }
        let breadth = along
            .iter()
            .zip(&breadths)
            .map(|(middle, b)| middle + b / 2.0)
            .fold(0.0, f64::max);
        let inner = match direction {
            Direction::Down => (breadth, depth),
            Direction::Right => (depth, breadth),
        };
        let mut level_of = vec![0; layering.len()];
        for (at, level) in layering.levels.iter().enumerate() {
            level.iter().for_each(|vertex| level_of[*vertex] = at);
        }
        Svg {
            drawing: self,
            direction,
            size: (inner.0 + 2.0 * MARGIN, inner.1 + 2.0 * MARGIN),
            layering,
            labels,
            extents,
            along,
            across,
            level_of,
        }
    }

    fn extent(&self, node: usize, lines: &[String]) -> (f64, f64) {
        let state = self.state(node).map(State::as_str);
        let columns = lines
            .iter()
            .map(|line| line.width())
            .chain(state.map(str::len))
            .max()
            .unwrap_or(1);
        let rows = lines.len() + usize::from(state.is_some());
        (
            columns.max(4) as f64 * COLUMN + 2.0 * PADDING.0,
            rows as f64 * LINE + 2.0 * PADDING.1,
        )
    }
}

struct Svg<'a, 'b> {
    drawing: &'a Drawing<'b>,
    direction: Direction,
    size: (f64, f64),
    layering: Layering,
    labels: Vec<Vec<String>>,
    extents: Vec<(f64, f64)>,
    /// The middle of each vertex along its level.
    along: Vec<f64>,
    /// Where each level begins and ends.
    across: Vec<(f64, f64)>,
    level_of: Vec<usize>,
}

impl Svg<'_, '_> {
    fn document(&self, title: &str) -> String {
        let (width, height) = self.size;
        let title = escaped(title);
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"tasker-graph\" role=\"img\" aria-label=\"{title}: {}\" \
             width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\">\n<title>{title}</title>\n\
             <style>{STYLE}</style>\n<rect class=\"ground\" width=\"100%\" height=\"100%\" rx=\"8\"/>\n",
            self.in_words()
        );
        out.push_str("<g aria-hidden=\"true\">\n");
        for route in &self.layering.routes {
            self.edge(route, &mut out);
        }
        out.push_str("</g>\n");
        for node in 0..self.drawing.graph.len() {
            self.step(node, &mut out);
        }
        out.push_str("</svg>\n");
        out
    }

    fn in_words(&self) -> String {
        let (steps, edges) = (self.drawing.graph.len(), self.drawing.graph.edge_count());
        format!("{steps} steps and {edges} dependencies")
    }

    /// A point from its place along the level and across.
    fn point(&self, along: f64, across: f64) -> (f64, f64) {
        match self.direction {
            Direction::Down => (along + MARGIN, across + MARGIN),
            Direction::Right => (across + MARGIN, along + MARGIN),
        }
    }

    /// Where a box begins and ends across its level, in whose middle it stands.
    fn sides(&self, node: usize) -> (f64, f64) {
        let (begin, end) = self.across[self.level_of[node]];
        let (width, height) = self.extents[node];
        let half = match self.direction {
            Direction::Down => height / 2.0,
            Direction::Right => width / 2.0,
        };
        let middle = f64::midpoint(begin, end);
        (middle - half, middle + half)
    }

    fn edge(&self, route: &Route, out: &mut String) {
        let mut at = (self.along[route.parent], self.sides(route.parent).1);
        let (x, y) = self.point(at.0, at.1);
        let _ = write!(out, "<path class=\"edge\" d=\"M{x:.1} {y:.1}");
        for bend in &route.bends {
            let (begin, end) = self.across[self.level_of[*bend]];
            let along = self.along[*bend];
            self.curve(at, (along, begin), out);
            let (x, y) = self.point(along, end);
            let _ = write!(out, "L{x:.1} {y:.1}");
            at = (along, end);
        }
        let tip = (self.along[route.dependent], self.sides(route.dependent).0);
        let neck = (tip.0, tip.1 - ARROW);
        self.curve(at, neck, out);
        let corners = [(tip.0 - ARROW / 2.0, neck.1), tip, (tip.0 + ARROW / 2.0, neck.1)];
        let [a, b, c] = corners.map(|(along, across)| self.point(along, across));
        let _ = writeln!(
            out,
            "\"/><path class=\"head\" d=\"M{:.1} {:.1}L{:.1} {:.1}L{:.1} {:.1}Z\"/>",
            a.0, a.1, b.0, b.1, c.0, c.1
        );
    }

    /// A curve that leaves and arrives at right angles to the levels.
    fn curve(&self, from: (f64, f64), to: (f64, f64), out: &mut String) {
        let half = f64::midpoint(from.1, to.1);
        let [a, b, c] = [(from.0, half), (to.0, half), to].map(|(along, across)| self.point(along, across));
        let _ = write!(
            out,
            "C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}",
            a.0, a.1, b.0, b.1, c.0, c.1
        );
    }

    fn step(&self, node: usize, out: &mut String) {
        let (width, height) = self.extents[node];
        let (begin, end) = self.sides(node);
        let (x, y) = self.point(self.along[node], f64::midpoint(begin, end));
        let state = self.drawing.state(node);
        let class = state.map(|state| format!(" {state}")).unwrap_or_default();
        let _ = write!(
            out,
            "<g class=\"step{class}\"><title>{}</title><rect x=\"{:.1}\" y=\"{:.1}\" width=\"{width:.1}\" \
             height=\"{height:.1}\" rx=\"6\"/>",
            escaped(&self.told(node, state)),
            x - width / 2.0,
            y - height / 2.0
        );
        // From the upper edge of a line to the line that its letters stand on.
        let mut base = y - height / 2.0 + PADDING.1 + 12.5;
        for line in &self.labels[node] {
            let _ = write!(out, "<text x=\"{x:.1}\" y=\"{base:.1}\">{}</text>", escaped(line));
            base += LINE;
        }
        if let Some(state) = state {
            let _ = write!(
                out,
                "<text class=\"state\" x=\"{x:.1}\" y=\"{base:.1}\">{state}</text>"
            );
        }
        out.push_str("</g>\n");
    }

    /// The step in words, for those who point at it or cannot see it.
    fn told(&self, node: usize, state: Option<State>) -> String {
        const SHOWN: usize = 8;
        let parents = self.drawing.graph.parents(node);
        let mut text = self.drawing.label(node);
        if let Some(state) = state {
            let _ = write!(text, ": {state}");
        }
        if !parents.is_empty() {
            let names: Vec<String> = parents
                .iter()
                .take(SHOWN)
                .map(|node| self.drawing.label(*node))
                .collect();
            let _ = write!(text, "; after {}", names.join(", "));
            if parents.len() > SHOWN {
                let _ = write!(text, " and {} more", parents.len() - SHOWN);
            }
        }
        text
    }
}

/// A name on lines of about equal length, broken after a character that separates words where there is one.
fn broken(name: &str) -> Vec<String> {
    let name: String = name
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let lines = name.width().div_ceil(LONGEST_LINE).max(1);
    let wanted = name.width().div_ceil(lines);
    let mut out = Vec::new();
    let mut rest = name.as_str();
    while rest.width() > LONGEST_LINE {
        let mut columns = 0;
        let (mut hard, mut soft) = (rest.len(), None);
        for (at, character) in rest.char_indices() {
            columns += character.width().unwrap_or(0);
            if columns > LONGEST_LINE {
                hard = at;
                break;
            }
            if matches!(character, '_' | '-' | '.' | '/' | ':' | ' ') && columns >= wanted / 2 {
                let end = at + character.len_utf8();
                let miss = columns.abs_diff(wanted);
                if soft.is_none_or(|(_, least)| miss <= least) {
                    soft = Some((end, miss));
                }
            }
        }
        let (line, next) = rest.split_at(soft.map_or(hard, |(end, _)| end));
        out.push(line.trim_end().to_owned());
        rest = next;
    }
    out.push(rest.to_owned());
    out
}

/// Text inside elements and attributes. XML 1.0 has no place for control characters, even escaped.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ if character.is_control() => out.push(' '),
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_broken_where_its_words_end_and_nothing_is_lost() {
        let name = "charge_the_payment_of_the_customer_at_the_gateway_of_the_country";
        let lines = broken(name);
        assert_eq!(lines.concat(), name);
        assert!(lines.iter().all(|line| line.width() <= LONGEST_LINE), "{lines:?}");
        assert!(
            lines[..lines.len() - 1].iter().all(|line| line.ends_with('_')),
            "{lines:?}"
        );
    }

    #[test]
    fn a_name_without_words_is_broken_anywhere() {
        for letter in ["x", "漢"] {
            let name = letter.repeat(128);
            let lines = broken(&name);
            assert_eq!(lines.concat(), name);
            assert!(lines.iter().all(|line| line.width() <= LONGEST_LINE), "{lines:?}");
        }
    }

    #[test]
    fn what_means_something_in_xml_is_written_so_that_it_does_not() {
        assert_eq!(
            escaped("<a href=\"'\">&\u{7}"),
            "&lt;a href=&quot;&#39;&quot;&gt;&amp; "
        );
    }
}
