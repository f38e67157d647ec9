//! In which order the vertices of a level stand, so that few lines cross.
//!
//! The heuristic of Sugiyama, Tagawa and Toda (1981): sweep down and up, and put each vertex at the mean place of its
//! neighbours on the level before; then exchange neighbours while that helps. The best order met on the way is kept.

use super::layering::Layering;

/// Sweeps down and up at most; most graphs are settled after four.
const SWEEPS: usize = 16;
/// So many sweeps in a row without a better order end the search.
const PATIENCE: usize = 4;
/// Larger pictures nobody looks at closely enough for the exchanges to be worth their time.
const MOST_EXCHANGED: usize = 5_000;

/// Reorders the levels of `layering`.
pub(super) fn order(layering: &mut Layering) {
    let mut place = places(layering);
    let mut best = (crossings(layering, &place), layering.levels.clone());
    let mut idle = 0;
    for sweep in 0..SWEEPS {
        if best.0 == 0 || idle == PATIENCE {
            break;
        }
        sweep_once(layering, &mut place, sweep % 2 == 0);
        if layering.len() <= MOST_EXCHANGED {
            exchange(layering, &mut place);
        }
        let count = crossings(layering, &place);
        if count < best.0 {
            best = (count, layering.levels.clone());
            idle = 0;
        } else {
            idle += 1;
        }
    }
    layering.levels = best.1;
}

/// How many pairs of lines cross.
#[cfg(test)]
pub(super) fn count(layering: &Layering) -> u64 {
    crossings(layering, &places(layering))
}

/// The place of each vertex on its level.
fn places(layering: &Layering) -> Vec<usize> {
    let mut place = vec![0; layering.len()];
    for level in &layering.levels {
        renumber(level, &mut place);
    }
    place
}

fn renumber(level: &[usize], place: &mut [usize]) {
    for (at, vertex) in level.iter().enumerate() {
        place[*vertex] = at;
    }
}

fn sweep_once(layering: &mut Layering, place: &mut [usize], down: bool) {
    let depth = layering.levels.len();
    for step in 1..depth {
        let at = if down { step } else { depth - 1 - step };
        let neighbours = if down { &layering.above } else { &layering.below };
        let mean = |vertex: usize| {
            let beside = &neighbours[vertex];
            if beside.is_empty() {
                // Nothing pulls it: it stays about where it is.
                return place[vertex] as f64;
            }
            beside.iter().map(|other| place[*other] as f64).sum::<f64>() / beside.len() as f64
        };
        let mut keyed: Vec<(f64, usize)> = layering.levels[at].iter().map(|v| (mean(*v), *v)).collect();
        keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
        layering.levels[at] = keyed.into_iter().map(|(_, vertex)| vertex).collect();
        renumber(&layering.levels[at], place);
    }
}

/// Exchanges vertices that stand side by side while fewer lines cross for it.
fn exchange(layering: &mut Layering, place: &mut [usize]) {
    for _ in 0..PATIENCE {
        let mut better = false;
        for at in 0..layering.levels.len() {
            for left in 1..layering.levels[at].len() {
                let (a, b) = (layering.levels[at][left - 1], layering.levels[at][left]);
                let (as_is, exchanged) = [&layering.above, &layering.below]
                    .iter()
                    .map(|beside| crossed(&beside[a], &beside[b], place))
                    .fold((0, 0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
                if exchanged < as_is {
                    layering.levels[at].swap(left - 1, left);
                    (place[a], place[b]) = (place[b], place[a]);
                    better = true;
                }
            }
        }
        if !better {
            break;
        }
    }
}

/// How many lines cross between two vertices side by side: as they stand, and exchanged.
fn crossed(left: &[usize], right: &[usize], place: &[usize]) -> (u64, u64) {
    let (mut as_is, mut exchanged) = (0, 0);
    for a in left {
        for b in right {
            match place[*a].cmp(&place[*b]) {
                std::cmp::Ordering::Greater => as_is += 1,
                std::cmp::Ordering::Less => exchanged += 1,
                std::cmp::Ordering::Equal => {}
            }
        }
    }
    (as_is, exchanged)
}

/// How many pairs of lines cross, counted level by level with a Fenwick tree (Barth, Jünger and Mutzel, 2002).
fn crossings(layering: &Layering, place: &[usize]) -> u64 {
    let mut count = 0;
    for pair in layering.levels.windows(2) {
        let [upper, lower] = pair else { continue };
        let mut tree = vec![0_u64; lower.len() + 1];
        let mut seen = 0;
        for vertex in upper {
            let ends: Vec<usize> = layering.below[*vertex].iter().map(|v| place[*v]).collect();
            for end in &ends {
                count += seen - up_to(&tree, *end);
            }
            for end in &ends {
                add(&mut tree, *end);
            }
            seen += ends.len() as u64;
        }
    }
    count
}

/// How many ends lie at `end` or left of it.
fn up_to(tree: &[u64], end: usize) -> u64 {
    let (mut at, mut sum) = (end + 1, 0);
    while at > 0 {
        sum += tree[at];
        at &= at - 1;
    }
    sum
}

fn add(tree: &mut [u64], end: usize) {
    let mut at = end + 1;
    while at < tree.len() {
        tree[at] += 1;
        at += at & at.wrapping_neg();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)] // A test stops at what must not happen.
    use super::*;
    use crate::graph::Graph;

    #[test]
    fn two_chains_whose_ends_stand_the_wrong_way_round_are_untangled() {
        let graph = Graph::from_parents(vec![vec![], vec![], vec![1], vec![0]]);
        let mut layering = Layering::of(&graph).unwrap();
        assert_eq!(count(&layering), 1);
        order(&mut layering);
        assert_eq!(count(&layering), 0);
    }

    #[test]
    fn crossings_are_counted_as_every_pair_would_be() {
        // Each of three above with each of three below: every pair of pairs crosses once, 3 · 3.
        let graph = Graph::from_parents(vec![
            vec![],
            vec![],
            vec![],
            vec![0, 1, 2],
            vec![0, 1, 2],
            vec![0, 1, 2],
        ]);
        assert_eq!(count(&Layering::of(&graph).unwrap()), 9);
    }

    #[test]
    fn a_tree_is_drawn_without_a_crossing_whatever_the_order_of_its_nodes() {
        let parents = (0..60_usize).map(|node| {
            if node == 0 {
                vec![]
            } else {
                vec![(node * 7 + 3) % node]
            }
        });
        let mut layering = Layering::of(&Graph::from_parents(parents.collect())).unwrap();
        order(&mut layering);
        assert_eq!(count(&layering), 0);
    }
}
