//! A graph on levels, as pictures need it: every edge leads from one level to the next.
//!
//! An edge that spans several levels passes each of those between through a *bend*, a point that takes room like a node,
//! so that no line runs through a box. All long edges of one parent share their bends: what leaves a step branches as
//! late as it can.

use super::{Cycle, Graph};

/// Beyond this many bends for each node a graph would be all bends; what is longer is drawn straight then.
const BENDS_A_NODE: usize = 20;

/// Nodes and bends on levels. Vertices below the number of nodes are nodes, the others bends.
#[derive(Debug, Clone)]
pub(super) struct Layering {
    /// The vertices of each level, from left to right.
    pub(super) levels: Vec<Vec<usize>>,
    /// For each vertex those on the level above that lead to it.
    pub(super) above: Vec<Vec<usize>>,
    /// For each vertex those on the level below that it leads to.
    pub(super) below: Vec<Vec<usize>>,
    /// Every edge of the graph with the bends on its way.
    pub(super) routes: Vec<Route>,
    /// Whether an edge goes straight over several levels, because there would have been too many bends.
    pub(super) overflown: bool,
    nodes: usize,
}

/// One edge of the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) parent: usize,
    pub(super) dependent: usize,
    /// Bends from top to bottom; empty too where the edge is drawn straight over many levels.
    pub(super) bends: Vec<usize>,
}

impl Layering {
    /// Puts every node on the level that is the longest way to it.
    pub(super) fn of(graph: &Graph) -> Result<Self, Cycle> {
        let shape = graph.shape()?;
        let count = graph.len();
        let mut layering = Self {
            levels: vec![Vec::new(); shape.depth()],
            above: vec![Vec::new(); count],
            below: vec![Vec::new(); count],
            routes: Vec::with_capacity(graph.edge_count()),
            overflown: false,
            nodes: count,
        };
        for node in 0..count {
            layering.levels[shape.levels[node]].push(node);
        }
        for parent in 0..count {
            layering.lead(parent, graph.dependents(parent), &shape.levels);
        }
        Ok(layering)
    }

    /// Whether a vertex is a bend and not a node.
    pub(super) fn is_bend(&self, vertex: usize) -> bool {
        vertex >= self.nodes
    }

    /// How many vertices there are.
    pub(super) fn len(&self) -> usize {
        self.above.len()
    }

    /// The edges from one node to all its dependents.
    fn lead(&mut self, parent: usize, dependents: &[usize], level_of: &[usize]) {
        let start = level_of[parent];
        let mut bends = Vec::new();
        for &dependent in dependents {
            let passed = level_of[dependent] - start - 1;
            let room = self.nodes.saturating_mul(BENDS_A_NODE);
            if self.len() - self.nodes + passed.saturating_sub(bends.len()) > room {
                self.overflown = true;
                self.routes.push(Route {
                    parent,
                    dependent,
                    bends: Vec::new(),
                });
                continue;
            }
            while bends.len() < passed {
                let bend = self.len();
                self.above.push(Vec::new());
                self.below.push(Vec::new());
                self.levels[start + 1 + bends.len()].push(bend);
                self.connect(bends.last().copied().unwrap_or(parent), bend);
                bends.push(bend);
            }
            let last = passed.checked_sub(1).map_or(parent, |last| bends[last]);
            self.connect(last, dependent);
            self.routes.push(Route {
                parent,
                dependent,
                bends: bends[..passed].to_vec(),
            });
        }
    }

    fn connect(&mut self, upper: usize, lower: usize) {
        self.below[upper].push(lower);
        self.above[lower].push(upper);
    }
}
