//! How many steps wait for each step, directly or not.

use crate::graph::Graph;

/// How far a step reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Reach {
    /// How many steps wait for it.
    pub(super) downstream: usize,
    /// How many of those are blocked.
    pub(super) blocked: usize,
}

const WORDS: usize = 4;
/// How many steps are looked for at a time.
const BLOCK: usize = WORDS * 64;

/// A set of steps of one block.
type Set = [u64; WORDS];

/// The reach of each node. For the steps of one block after the other it is found, against the order, which nodes they wait
/// for; so that memory grows with the nodes, and not with their square.
pub(super) fn of_each(graph: &Graph, order: &[usize], is_blocked: impl Fn(usize) -> bool) -> Vec<Reach> {
    let mut reach = vec![Reach::default(); graph.len()];
    let mut places = vec![0; graph.len()];
    for (place, node) in order.iter().enumerate() {
        places[*node] = place;
    }
    let mut reached = vec![Set::default(); graph.len()];
    for (number, block) in order.chunks(BLOCK).enumerate() {
        let first = number * BLOCK;
        let mut blocked = Set::default();
        for (bit, node) in block.iter().enumerate() {
            if is_blocked(*node) {
                blocked[bit / 64] |= 1 << (bit % 64);
            }
        }
        // What stands behind the block in the order does not reach into it.
        for &node in order[..first + block.len()].iter().rev() {
            let mut set = Set::default();
            for &dependent in graph.dependents(node) {
                let place = places[dependent];
                if place >= first + block.len() {
                    continue;
                }
                for (word, more) in set.iter_mut().zip(&reached[dependent]) {
                    *word |= more;
                }
                if let Some(bit) = place.checked_sub(first) {
                    set[bit / 64] |= 1 << (bit % 64);
                }
            }
            reached[node] = set;
            reach[node].downstream += size(&set);
            reach[node].blocked += set
                .iter()
                .zip(&blocked)
                .map(|(word, blocked)| ones(word & blocked))
                .sum::<usize>();
        }
    }
    reach
}

fn size(set: &Set) -> usize {
    set.iter().map(|word| ones(*word)).sum()
}

fn ones(word: u64) -> usize {
    word.count_ones() as usize
}

/// The nodes that wait for `node`, directly or not, in the order of `order`.
pub(super) fn downstream(graph: &Graph, order: &[usize], node: usize) -> Vec<usize> {
    let mut reached = vec![false; graph.len()];
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        for &dependent in graph.dependents(node) {
            if !std::mem::replace(&mut reached[dependent], true) {
                open.push(dependent);
            }
        }
    }
    order.iter().copied().filter(|node| reached[*node]).collect()
}
