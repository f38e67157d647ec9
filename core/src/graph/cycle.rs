//! Finding out which nodes wait for each other in a circle.

use super::Graph;
use std::collections::VecDeque;

/// Nodes of which each waits for the next, and the last for the first. Begins with the smallest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycle {
    /// Each node once; a node that waits for itself stands alone.
    pub nodes: Vec<usize>,
}

impl Cycle {
    /// The path for people, its beginning repeated at its end: `egg → chicken → egg`. An arrow reads "waits for".
    /// Of a long cycle the middle is left out.
    pub fn describe<'a>(&self, name_of: impl Fn(usize) -> &'a str) -> String {
        const SHOWN_AT_EACH_END: usize = 10;
        let names: Vec<&str> = self
            .nodes
            .iter()
            .chain(self.nodes.first())
            .map(|node| name_of(*node))
            .collect();
        if names.len() <= 2 * SHOWN_AT_EACH_END {
            return names.join(" → ");
        }
        let head = names[..SHOWN_AT_EACH_END].join(" → ");
        let tail = names[names.len() - SHOWN_AT_EACH_END..].join(" → ");
        format!(
            "{head} → … {} more … → {tail}",
            names.len() - 2 * SHOWN_AT_EACH_END
        )
    }
}

/// The first of [`all`]; for a graph that is known to have one.
pub(super) fn first(graph: &Graph) -> Cycle {
    all(graph)
        .into_iter()
        .next()
        .unwrap_or(Cycle { nodes: Vec::new() })
}

/// One cycle for each strongly connected component: the shortest through its smallest node.
pub(super) fn all(graph: &Graph) -> Vec<Cycle> {
    let component = components(graph);
    let mut seen = vec![false; graph.len()];
    let mut distance = vec![usize::MAX; graph.len()];
    let mut cycles = Vec::new();
    for node in 0..graph.len() {
        let label = component[node];
        if std::mem::replace(&mut seen[label], true) {
            continue;
        }
        let in_knot = |other: &&usize| component[**other] == label;
        if graph
            .parents(node)
            .iter()
            .any(|parent| component[*parent] == label)
        {
            cycles.push(shortest(graph, node, in_knot, &mut distance));
        }
    }
    cycles
}

/// A breadth-first walk from `start` along its parents, back to `start`. `came_from` is scratch space: a walk touches
/// its own component only, so that all walks together are linear.
fn shortest(
    graph: &Graph,
    start: usize,
    in_knot: impl Fn(&&usize) -> bool,
    came_from: &mut [usize],
) -> Cycle {
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for &parent in graph.parents(node).iter().filter(&in_knot) {
            if parent == start {
                let mut nodes = vec![node];
                while let Some(&last) = nodes.last().filter(|last| **last != start) {
                    nodes.push(came_from[last]);
                }
                nodes.reverse();
                return Cycle { nodes };
            }
            if came_from[parent] == usize::MAX {
                came_from[parent] = node;
                queue.push_back(parent);
            }
        }
    }
    Cycle { nodes: vec![start] }
}

/// Tarjan's strongly connected components without recursion: a label for each node, below the number of nodes.
fn components(graph: &Graph) -> Vec<usize> {
    const NEW: usize = usize::MAX;
    let count = graph.len();
    let (mut index, mut low, mut label) = (vec![NEW; count], vec![0; count], vec![NEW; count]);
    let (mut next_index, mut next_label) = (0, 0);
    let mut open: Vec<usize> = Vec::new();
    let mut walk: Vec<(usize, usize)> = Vec::new();
    for root in 0..count {
        if index[root] != NEW {
            continue;
        }
        walk.push((root, 0));
        while let Some((node, edge)) = walk.pop() {
            if edge == 0 {
                (index[node], low[node]) = (next_index, next_index);
                next_index += 1;
                open.push(node);
            } else {
                let child = graph.parents(node)[edge - 1];
                low[node] = low[node].min(low[child]);
            }
            if let Some(step) = descend(graph, node, edge, &index, &label, &mut low) {
                walk.push((node, step + 1));
                walk.push((graph.parents(node)[step], 0));
            } else if low[node] == index[node] {
                while let Some(member) = open.pop() {
                    label[member] = next_label;
                    if member == node {
                        break;
                    }
                }
                next_label += 1;
            }
        }
    }
    label
}

/// The position of the next parent of `node` that was not visited; those on the open stack lower `low` in passing.
fn descend(
    graph: &Graph,
    node: usize,
    from: usize,
    index: &[usize],
    label: &[usize],
    low: &mut [usize],
) -> Option<usize> {
    for (position, &parent) in graph.parents(node).iter().enumerate().skip(from) {
        if index[parent] == usize::MAX {
            return Some(position);
        }
        if label[parent] == usize::MAX {
            low[node] = low[node].min(index[parent]);
        }
    }
    None
}
