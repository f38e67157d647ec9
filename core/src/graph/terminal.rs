//! The picture of a graph for a terminal: boxes on levels, and right-angled lines between them.
//!
//! Between two levels, parents that lead to exactly the same vertices share a *net*: one line across to which each of
//! them goes down and from which each of their dependents hangs. So a fan-out, a join and a diamond look like what they
//! are, and no line can be read as an edge that is not there: a vertex has a place of its own on its upper edge for each
//! net that ends at it, lines across never overlap, and where nets cross the line across is interrupted (`─│─`).

use super::canvas::{ASCII, Canvas, UNICODE};
use super::layering::Layering;
use super::placement::{Room, place};
use super::{Cycle, Drawing, ordering};
use std::collections::{BTreeSet, HashMap};
use unicode_width::UnicodeWidthChar;

pub use super::canvas::Span;

/// Columns between two boxes.
const GAP: usize = 2;
/// Rows of a box: two edges and the name.
const BOX_ROWS: usize = 3;
/// Names are cut to these many columns, one after the other, until the picture fits.
const NAME_COLUMNS: [usize; 6] = [128, 40, 28, 20, 14, 10];
/// Pictures of more nodes are not looked at.
const MOST_NODES: usize = 500;

/// How a picture for a terminal is drawn.
#[derive(Debug, Clone, Copy)]
pub struct TerminalOptions {
    /// The columns of the terminal; none where lines may be of any length.
    pub width: Option<usize>,
    /// Whether only ASCII may be used for boxes and lines; names stay as they are.
    pub ascii: bool,
}

impl Drawing<'_> {
    /// The picture as lines of text, drawn from the top down whatever the direction; none where it does not fit the
    /// width although names are cut, or has more than 500 nodes.
    ///
    /// # Errors
    /// A [`Cycle`] where there is one.
    pub fn to_terminal(&self, options: TerminalOptions) -> Result<Option<Vec<Vec<Span>>>, Cycle> {
        if self.graph.len() > MOST_NODES {
            return Ok(None);
        }
        let mut layering = Layering::of(self.graph)?;
        if layering.overflown {
            return Ok(None);
        }
        ordering::order(&mut layering);
        let nets = nets(&layering);
        let most = options.width.unwrap_or(usize::MAX);
        Ok(NAME_COLUMNS.into_iter().find_map(|columns| {
            let names: Vec<String> = (0..self.graph.len())
                .map(|n| cut(&self.label(n), columns))
                .collect();
            let picture = Picture::new(&layering, &nets, names);
            (picture.width <= most).then(|| picture.draw(if options.ascii { ASCII } else { UNICODE }))
        }))
    }
}

/// Lines between two levels that may run together: all of `from` lead to all of `to`.
struct Net {
    from: Vec<usize>,
    to: Vec<usize>,
}

/// The nets below each level.
fn nets(layering: &Layering) -> Vec<Vec<Net>> {
    let of_level = |level: &Vec<usize>| {
        let mut nets: Vec<Net> = Vec::new();
        let mut known: HashMap<Vec<usize>, usize> = HashMap::new();
        for vertex in level {
            let mut to = layering.below[*vertex].clone();
            to.sort_unstable();
            to.dedup();
            if to.is_empty() {
                continue;
            }
            let net = *known.entry(to.clone()).or_insert(nets.len());
            match nets.get_mut(net) {
                Some(net) => net.from.push(*vertex),
                None => nets.push(Net {
                    from: vec![*vertex],
                    to,
                }),
            }
        }
        nets
    };
    layering.levels.iter().map(of_level).collect()
}

struct Picture<'a> {
    layering: &'a Layering,
    nets: &'a [Vec<Net>],
    names: Vec<String>,
    /// The first and the last column of each vertex.
    columns: Vec<(usize, usize)>,
    width: usize,
}

/// A net with the columns at which it leaves the upper level and reaches the lower one.
struct Routed<'a> {
    net: &'a Net,
    leaves: Vec<usize>,
    reaches: Vec<usize>,
    /// The row of its line across, counted from the upper level; none where it goes straight down.
    track: Option<usize>,
}

impl Routed<'_> {
    fn ends(&self) -> (usize, usize) {
        let all = || self.leaves.iter().chain(&self.reaches).copied();
        (all().min().unwrap_or(0), all().max().unwrap_or(0))
    }
}

impl<'a> Picture<'a> {
    fn new(layering: &'a Layering, nets: &'a [Vec<Net>], names: Vec<String>) -> Self {
        let mut ending = vec![0; layering.len()];
        for vertex in nets.iter().flatten().flat_map(|net| &net.to) {
            ending[*vertex] += 1;
        }
        // Odd, so that every box has a middle column; wide enough for a place for each net that ends there.
        let breadth = |vertex: usize| {
            let name = names.get(vertex).map_or(1, |name| columns_of(name) + 4);
            name.max(2 * ending[vertex] + 3) | 1
        };
        let breadths: Vec<f64> = (0..layering.len()).map(|vertex| breadth(vertex) as f64).collect();
        let room = Room {
            breadths: &breadths,
            gap: GAP as f64,
            whole: true,
        };
        let columns: Vec<(usize, usize)> = place(layering, room)
            .iter()
            .zip(&breadths)
            .map(|(middle, breadth)| {
                let left = (middle - breadth / 2.0).round() as usize;
                (left, left + *breadth as usize - 1)
            })
            .collect();
        let width = columns.iter().map(|(_, right)| right + 1).max().unwrap_or(0);
        Self {
            layering,
            nets,
            names,
            columns,
            width,
        }
    }

    fn draw(&self, glyphs: super::canvas::Glyphs) -> Vec<Vec<Span>> {
        let routed: Vec<Vec<Routed<'_>>> = self.nets.iter().map(|nets| self.route(nets)).collect();
        let mut tops = Vec::new();
        let mut row = 0;
        for nets in &routed {
            tops.push(row);
            let tracks = nets
                .iter()
                .filter_map(|net| net.track)
                .map(|track| track + 1)
                .max();
            row += BOX_ROWS
                + if nets.is_empty() {
                    0
                } else {
                    tracks.unwrap_or(0) + 1
                };
        }
        let mut canvas = Canvas::new(row, self.width, glyphs);
        let mut number = 0;
        // Where lines reach the bends of the level below.
        let mut reached: HashMap<usize, usize> = HashMap::new();
        for (at, nets) in routed.iter().enumerate() {
            self.draw_level(&mut canvas, at, tops[at], &reached);
            reached.clear();
            let top = tops[at] + BOX_ROWS;
            let end = tops.get(at + 1).map_or(top, |next| next - 1);
            for net in nets {
                number += 1;
                self.draw_net(&mut canvas, net, number, (top, end));
                reached.extend(net.net.to.iter().copied().zip(net.reaches.iter().copied()));
            }
        }
        canvas.lines()
    }

    fn middle(&self, vertex: usize) -> usize {
        let (left, right) = self.columns[vertex];
        (left + right) / 2
    }

    /// The boxes of a level, and the lines that pass it.
    fn draw_level(&self, canvas: &mut Canvas, at: usize, top: usize, reached: &HashMap<usize, usize>) {
        for &vertex in &self.layering.levels[at] {
            match self.names.get(vertex) {
                Some(name) => {
                    let leaves = !self.layering.below[vertex].is_empty();
                    canvas.boxed(top, self.columns[vertex], name, vertex, leaves);
                }
                None => {
                    // A bend has one net above and one below; its own number is as good as any.
                    let net = usize::MAX - vertex;
                    let middle = self.middle(vertex);
                    let comes = reached.get(&vertex).copied().unwrap_or(middle);
                    canvas.upright(net, comes, top, top + 1, (true, comes == middle));
                    canvas.across(net, top + 1, comes.min(middle), comes.max(middle));
                    canvas.upright(net, middle, top + 1, top + 2, (comes == middle, true));
                }
            }
        }
    }

    fn draw_net(&self, canvas: &mut Canvas, net: &Routed<'_>, number: usize, rows: (usize, usize)) {
        let (top, end) = rows;
        // A net that goes straight down has its line anywhere.
        let track = top + net.track.unwrap_or(0);
        for column in &net.leaves {
            canvas.upright(number, *column, top, track, (true, false));
        }
        if net.track.is_some() {
            let (left, right) = net.ends();
            canvas.across(number, track, left, right);
        }
        for (vertex, column) in net.net.to.iter().zip(&net.reaches) {
            canvas.upright(number, *column, track, end, (false, true));
            if !self.layering.is_bend(*vertex) {
                canvas.arrow(end, *column);
            }
        }
    }

    /// Where the nets below a level leave and arrive, and on which rows they run across.
    fn route(&self, nets: &'a [Net]) -> Vec<Routed<'a>> {
        let leaving: Vec<Vec<usize>> = nets
            .iter()
            .map(|net| net.from.iter().map(|vertex| self.middle(*vertex)).collect())
            .collect();
        let mut reaches: Vec<Vec<usize>> = nets.iter().map(|net| vec![0; net.to.len()]).collect();
        let mut ending: HashMap<usize, Vec<(usize, usize)>> = HashMap::new();
        for (net, targets) in nets.iter().enumerate() {
            for (place, vertex) in targets.to.iter().enumerate() {
                ending.entry(*vertex).or_default().push((net, place));
            }
        }
        for (vertex, mut ends) in ending {
            let mean = |net: usize| leaving[net].iter().sum::<usize>() as f64 / leaving[net].len() as f64;
            ends.sort_by(|a, b| mean(a.0).total_cmp(&mean(b.0)));
            let mut taken = BTreeSet::new();
            let (left, right) = self.columns[vertex];
            for (index, (net, place)) in ends.iter().enumerate() {
                let wish = left + (right - left) * (index + 1) / (ends.len() + 1);
                // Not where the line of another net comes down: the two would look like one.
                let foreign = |column: &usize| {
                    taken.contains(column)
                        || leaving
                            .iter()
                            .enumerate()
                            .any(|(other, columns)| other != *net && columns.contains(column))
                };
                let column = (left + 1..right)
                    .filter(|column| !foreign(column))
                    .min_by_key(|column| column.abs_diff(wish))
                    .unwrap_or(wish);
                taken.insert(column);
                reaches[*net][*place] = column;
            }
        }
        let mut routed: Vec<Routed<'a>> = nets
            .iter()
            .zip(leaving)
            .zip(reaches)
            .map(|((net, leaves), reaches)| Routed {
                net,
                leaves,
                reaches,
                track: None,
            })
            .collect();
        tracks(&mut routed);
        routed
    }
}

/// Gives every net that does not go straight down the first row on which nothing of another net lies.
fn tracks(routed: &mut [Routed<'_>]) {
    let mut order: Vec<usize> = (0..routed.len()).collect();
    order.sort_by_key(|index| routed[*index].ends());
    let mut last: Vec<usize> = Vec::new();
    for index in order {
        let (left, right) = routed[index].ends();
        if left == right {
            continue;
        }
        // One column stays free between two lines on a row.
        let track = last.iter().position(|end| end + 1 < left).unwrap_or(last.len());
        if track == last.len() {
            last.push(right);
        } else {
            last[track] = right;
        }
        routed[index].track = Some(track);
    }
}

/// How many columns a text takes on a terminal.
fn columns_of(text: &str) -> usize {
    text.chars().filter_map(UnicodeWidthChar::width).sum()
}

/// The text, or its beginning and an ellipsis.
fn cut(text: &str, columns: usize) -> String {
    let tame = |character: char| if character.is_control() { ' ' } else { character };
    if columns_of(text) <= columns {
        return text.chars().map(tame).collect();
    }
    let mut used = 0;
    let mut shown: String = text
        .chars()
        .map(tame)
        .take_while(|character| {
            used += character.width().unwrap_or(0);
            used < columns
        })
        .collect();
    shown.push('…');
    shown
}
