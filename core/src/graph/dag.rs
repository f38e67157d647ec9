//! The graph itself: who waits for whom.

use super::cycle::{self, Cycle};

/// A directed graph of steps. It may have cycles; what needs an order says so with a [`Cycle`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Graph {
    parents: Vec<Vec<usize>>,
    dependents: Vec<Vec<usize>>,
}

impl Graph {
    /// The graph in which node *i* waits for `parents[i]`. Repeated edges count once; edges to nodes that do not exist
    /// are left out.
    pub fn from_parents(parents: Vec<Vec<usize>>) -> Self {
        let parents = tidy(parents);
        let dependents = turned_round(&parents);
        Self { parents, dependents }
    }

    /// The graph in which the nodes `dependents[i]` wait for node *i*. Repeated edges count once; edges to nodes that
    /// do not exist are left out.
    pub fn from_dependents(dependents: Vec<Vec<usize>>) -> Self {
        let dependents = tidy(dependents);
        let parents = turned_round(&dependents);
        Self { parents, dependents }
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.parents.len()
    }

    /// Whether there are no nodes.
    pub fn is_empty(&self) -> bool {
        self.parents.is_empty()
    }

    /// How many edges there are.
    pub fn edge_count(&self) -> usize {
        self.parents.iter().map(Vec::len).sum()
    }

    /// The nodes that `node` waits for, ascending; none for a node that does not exist.
    pub fn parents(&self, node: usize) -> &[usize] {
        self.parents.get(node).map_or(&[], Vec::as_slice)
    }

    /// The nodes that wait for `node`, ascending; none for a node that does not exist.
    pub fn dependents(&self, node: usize) -> &[usize] {
        self.dependents.get(node).map_or(&[], Vec::as_slice)
    }

    /// The nodes that wait for nothing, ascending.
    pub fn roots(&self) -> Vec<usize> {
        (0..self.len())
            .filter(|node| self.parents[*node].is_empty())
            .collect()
    }

    /// The nodes that nothing waits for, ascending.
    pub fn sinks(&self) -> Vec<usize> {
        (0..self.len())
            .filter(|node| self.dependents[*node].is_empty())
            .collect()
    }

    /// The nodes in an order in which every node comes after its parents. Of the nodes that may come next, those with
    /// the fewest levels above them come first, then those with the smaller number; so the order is always the same.
    ///
    /// # Errors
    /// The shortest [`Cycle`] through the first node that is on one.
    pub fn topological_order(&self) -> Result<Vec<usize>, Cycle> {
        let mut open: Vec<usize> = self.parents.iter().map(Vec::len).collect();
        let mut order = Vec::with_capacity(self.len());
        let mut level = self.roots();
        while !level.is_empty() {
            let mut next = Vec::new();
            for &node in &level {
                for &dependent in &self.dependents[node] {
                    open[dependent] -= 1;
                    if open[dependent] == 0 {
                        next.push(dependent);
                    }
                }
            }
            next.sort_unstable();
            order.append(&mut level);
            level = next;
        }
        if order.len() == self.len() {
            return Ok(order);
        }
        Err(cycle::first(self))
    }

    /// A cycle for each knot of nodes that wait for each other, in the order of their first nodes; empty for a graph
    /// that can be run.
    pub fn cycles(&self) -> Vec<Cycle> {
        cycle::all(self)
    }
}

fn tidy(mut edges: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
    let count = edges.len();
    for list in &mut edges {
        list.retain(|node| *node < count);
        list.sort_unstable();
        list.dedup();
    }
    edges
}

/// The lists come out ascending because the nodes are walked ascending.
fn turned_round(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut counts = vec![0_usize; edges.len()];
    edges.iter().flatten().for_each(|node| counts[*node] += 1);
    let mut turned: Vec<Vec<usize>> = counts.into_iter().map(Vec::with_capacity).collect();
    for (node, list) in edges.iter().enumerate() {
        for &other in list {
            turned[other].push(node);
        }
    }
    turned
}
