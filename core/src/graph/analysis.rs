//! What can be said about a graph without running it.

use super::{Cycle, Graph};
use serde::Serialize;

/// The shape of a graph: how deep, how wide, where it begins and ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shape {
    /// The nodes, parents before dependents.
    pub order: Vec<usize>,
    /// For each node the length of the longest way to it from a root; 0 for roots.
    pub levels: Vec<usize>,
    /// How many nodes each level has.
    pub level_sizes: Vec<usize>,
    /// How many nodes the widest level has: what can run side by side when every step takes equally long.
    pub width: usize,
    /// The nodes that wait for nothing.
    pub roots: Vec<usize>,
    /// The nodes that nothing waits for.
    pub sinks: Vec<usize>,
}

impl Shape {
    /// How many levels there are; 0 for the empty graph.
    pub fn depth(&self) -> usize {
        self.level_sizes.len()
    }
}

/// The longest way through a graph: no run is shorter, however many workers there are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CriticalPath {
    /// The nodes of the way, from a root to a sink.
    pub nodes: Vec<usize>,
    /// The sum of their weights.
    pub length: f64,
}

impl Graph {
    /// The shape of the graph.
    ///
    /// # Errors
    /// A [`Cycle`] where there is one.
    pub fn shape(&self) -> Result<Shape, Cycle> {
        let order = self.topological_order()?;
        let mut levels = vec![0; self.len()];
        let mut level_sizes = Vec::new();
        for &node in &order {
            let level = self
                .parents(node)
                .iter()
                .map(|parent| levels[*parent] + 1)
                .max()
                .unwrap_or(0);
            levels[node] = level;
            if level_sizes.len() <= level {
                level_sizes.resize(level + 1, 0);
            }
            level_sizes[level] += 1;
        }
        let width = level_sizes.iter().copied().max().unwrap_or(0);
        Ok(Shape {
            order,
            levels,
            level_sizes,
            width,
            roots: self.roots(),
            sinks: self.sinks(),
        })
    }

    /// The longest way through the graph. `weight_of` gives what a node costs, in a unit of the caller's (seconds,
    /// attempts, 1 for each node); it must not be negative. Of equally long ways the one over smaller nodes is taken.
    ///
    /// # Errors
    /// A [`Cycle`] where there is one.
    pub fn critical_path(&self, weight_of: impl Fn(usize) -> f64) -> Result<CriticalPath, Cycle> {
        let mut reach = vec![0.0_f64; self.len()];
        let mut before = vec![None; self.len()];
        let mut last: Option<usize> = None;
        for node in self.topological_order()? {
            let parent = longest(self.parents(node), &reach);
            before[node] = parent;
            reach[node] = parent.map_or(0.0, |parent| reach[parent]) + weight_of(node);
            // No way is heavier than one that goes on to a sink, for no weight is negative.
            if self.dependents(node).is_empty() && last.is_none_or(|last| reach[node] > reach[last]) {
                last = Some(node);
            }
        }
        let length = last.map_or(0.0, |node| reach[node]);
        let mut nodes = Vec::new();
        while let Some(node) = last {
            nodes.push(node);
            last = before[node];
        }
        nodes.reverse();
        Ok(CriticalPath { nodes, length })
    }
}

fn longest(nodes: &[usize], reach: &[f64]) -> Option<usize> {
    nodes
        .iter()
        .copied()
        .reduce(|best, node| if reach[node] > reach[best] { node } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_critical_path_goes_on_to_a_sink_although_what_is_left_weighs_nothing() {
        let graph = Graph::from_parents(vec![vec![], vec![0], vec![1]]);
        let path = graph.critical_path(|node| if node == 0 { 1.0 } else { 0.0 });
        let expected = CriticalPath {
            nodes: vec![0, 1, 2],
            length: 1.0,
        };
        assert_eq!(path, Ok(expected));
        let alone = Graph::from_parents(vec![vec![], vec![0]]).critical_path(|_| 0.0);
        assert_eq!(alone.map(|path| path.nodes), Ok(vec![0, 1]));
    }
}
