//! Where on its level each vertex stands: as near to what it is connected with as the order and the widths allow.
//!
//! Level by level, down and up, every vertex wants the mean place of its neighbours. Keeping order and distances while
//! departing from these wishes as little as can be (least squares) is an isotonic regression, which pooling adjacent
//! violators solves in linear time.

use super::layering::Layering;

/// Sweeps down and up; the picture hardly moves after them.
const SWEEPS: usize = 12;
/// How much straighter a line between two bends wants to be than one that ends at a node.
const STRAIGHT: f64 = 8.0;
/// What nothing pulls stays where it is, unless others need the room.
const INERTIA: f64 = 0.01;

/// How much room the vertices of a level take, and what lies between them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room<'a> {
    /// The extent of each vertex along its level.
    pub(super) breadths: &'a [f64],
    /// The space between two vertices.
    pub(super) gap: f64,
    /// Whether places have to be whole numbers, as on a terminal; breadths are odd then, and the gap is whole.
    pub(super) whole: bool,
}

/// The middle of each vertex on its level; the leftmost edge of all lies at 0.
pub(super) fn place(layering: &Layering, room: Room<'_>) -> Vec<f64> {
    let mut middle = vec![0.0; layering.len()];
    for level in &layering.levels {
        let offsets = offsets(level, room);
        let shift = offsets.last().copied().unwrap_or(0.0) / 2.0;
        for (vertex, offset) in level.iter().zip(offsets) {
            middle[*vertex] = offset - shift;
        }
    }
    let depth = layering.levels.len();
    for sweep in 0..SWEEPS {
        for at in 0..depth {
            // The last sweep listens to both sides, so that neither pulls the picture askew.
            let (at, sides) = match sweep {
                _ if sweep + 1 == SWEEPS => (at, [Some(&layering.above), Some(&layering.below)]),
                _ if sweep % 2 == 0 => (at, [Some(&layering.above), None]),
                _ => (depth - 1 - at, [None, Some(&layering.below)]),
            };
            settle(layering, at, &sides, room, &mut middle);
        }
    }
    if room.whole {
        for level in &layering.levels {
            for (vertex, offset) in level.iter().zip(offsets(level, room)) {
                middle[*vertex] = (middle[*vertex] - offset).round() + offset;
            }
        }
    }
    let left = middle
        .iter()
        .zip(room.breadths)
        .map(|(middle, breadth)| middle - breadth / 2.0)
        .fold(f64::INFINITY, f64::min);
    middle.iter_mut().for_each(|place| *place -= left);
    middle
}

/// How far right of the first vertex of a level each one stands at least.
fn offsets(level: &[usize], room: Room<'_>) -> Vec<f64> {
    let mut sum = 0.0;
    let mut before: Option<f64> = None;
    level
        .iter()
        .map(|vertex| {
            let breadth = room.breadths[*vertex];
            if let Some(before) = before {
                sum += before / 2.0 + room.gap + breadth / 2.0;
            }
            before = Some(breadth);
            sum
        })
        .collect()
}

/// Moves the vertices of one level to where the given sides want them.
fn settle(
    layering: &Layering,
    at: usize,
    sides: &[Option<&Vec<Vec<usize>>>; 2],
    room: Room<'_>,
    middle: &mut [f64],
) {
    let level = &layering.levels[at];
    let offsets = offsets(level, room);
    let wishes: Vec<(f64, f64)> = level
        .iter()
        .zip(&offsets)
        .map(|(vertex, offset)| {
            let (mut sum, mut weight) = (INERTIA * middle[*vertex], INERTIA);
            for other in sides.iter().flatten().flat_map(|side| &side[*vertex]) {
                let both_bends = layering.is_bend(*vertex) && layering.is_bend(*other);
                let pull = if both_bends { STRAIGHT } else { 1.0 };
                sum += pull * middle[*other];
                weight += pull;
            }
            (sum / weight - offset, weight)
        })
        .collect();
    for ((vertex, offset), place) in level.iter().zip(offsets).zip(ascending(&wishes)) {
        middle[*vertex] = place + offset;
    }
}

/// The ascending values nearest to the wishes `(value, weight)` by least squares.
fn ascending(wishes: &[(f64, f64)]) -> Vec<f64> {
    // Each pool: its value, its weight, how many wishes it holds.
    let mut pools: Vec<(f64, f64, usize)> = Vec::new();
    for &(value, weight) in wishes {
        let mut pool = (value, weight, 1);
        while let Some(last) = pools.pop_if(|last| last.0 > pool.0) {
            let weight = last.1 + pool.1;
            pool = (
                (last.0 * last.1 + pool.0 * pool.1) / weight,
                weight,
                last.2 + pool.2,
            );
        }
        pools.push(pool);
    }
    pools
        .into_iter()
        .flat_map(|(value, _, count)| std::iter::repeat_n(value, count))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)] // A test stops at what must not happen.
    use super::*;
    use crate::graph::Graph;

    #[test]
    fn what_is_in_order_stays_and_what_is_not_is_pooled() {
        assert_eq!(ascending(&[(1.0, 1.0), (2.0, 1.0)]), [1.0, 2.0]);
        assert_eq!(
            ascending(&[(4.0, 1.0), (1.0, 3.0), (9.0, 1.0)]),
            [1.75, 1.75, 9.0]
        );
    }

    #[test]
    fn the_ends_of_a_diamond_stand_in_its_middle() {
        let graph = Graph::from_parents(vec![vec![], vec![0], vec![0], vec![1, 2]]);
        let layering = Layering::of(&graph).unwrap();
        let room = Room {
            breadths: &[9.0; 4],
            gap: 3.0,
            whole: true,
        };
        assert_eq!(place(&layering, room), [10.5, 4.5, 16.5, 10.5]);
    }

    #[test]
    fn no_two_boxes_of_a_level_come_nearer_than_the_gap() {
        let graph = Graph::from_parents(
            (0..40_usize)
                .map(|n| if n == 0 { vec![] } else { vec![n / 3] })
                .collect(),
        );
        let mut layering = Layering::of(&graph).unwrap();
        super::super::ordering::order(&mut layering);
        let breadths: Vec<f64> = (0..layering.len()).map(|v| 5.0 + (v % 4) as f64 * 2.0).collect();
        let room = Room {
            breadths: &breadths,
            gap: 2.0,
            whole: true,
        };
        let middle = place(&layering, room);
        for level in &layering.levels {
            for pair in level.windows(2) {
                let (a, b) = (pair[0], pair[1]);
                let space = middle[b] - breadths[b] / 2.0 - (middle[a] + breadths[a] / 2.0);
                assert!(space >= 2.0 - 1e-9, "{space} between {a} and {b}");
            }
        }
    }
}
