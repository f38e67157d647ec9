//! What follows from a small graph, by the closure of its edges.

use super::{Verdict, ensure};

/// Who waits for whom, directly or not, as bits: bit *j* of `waits_for[i]` is set where *i* waits for *j*.
#[derive(Debug)]
pub struct Reach {
    parents: Vec<u64>,
    waits_for: Vec<u64>,
}

/// The nodes of a set.
fn members(mut set: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let node = set.trailing_zeros() as usize;
        set &= set.wrapping_sub(1);
        (node < 64).then_some(node)
    })
}

impl Reach {
    /// No graph is larger.
    pub const MOST: usize = 64;

    /// The closure of a graph in which node *i* waits for `parents[i]`.
    pub fn new(parents: &[Vec<usize>]) -> Self {
        let set = |list: &Vec<usize>| list.iter().fold(0_u64, |set, node| set | 1 << node);
        let parents: Vec<u64> = parents.iter().map(set).collect();
        let mut waits_for = parents.clone();
        loop {
            let before = waits_for.clone();
            for node in 0..waits_for.len() {
                waits_for[node] =
                    members(before[node]).fold(before[node], |set, parent| set | before[parent]);
            }
            if waits_for == before {
                return Self { parents, waits_for };
            }
        }
    }

    /// Whether `from` waits for `to`, directly or not.
    pub fn waits(&self, from: usize, to: usize) -> bool {
        self.waits_for[from] >> to & 1 == 1
    }

    /// The first nodes of the knots: of the sets of nodes that wait for each other.
    pub fn knots(&self) -> Vec<usize> {
        let first = |node: &usize| {
            self.waits(*node, *node)
                && !(0..*node).any(|other| self.waits(*node, other) && self.waits(other, *node))
        };
        (0..self.parents.len()).filter(first).collect()
    }

    /// The length of the longest way to a node from a root; only where there is no cycle.
    pub fn level(&self, node: usize) -> usize {
        let mut ring = 1_u64 << node;
        let mut length = 0;
        loop {
            ring = members(ring).fold(0, |next, node| next | self.parents[node]);
            if ring == 0 {
                return length;
            }
            length += 1;
        }
    }

    /// The length of the shortest way from a node back to itself.
    fn shortest_circle(&self, node: usize) -> usize {
        let mut ring = 1_u64 << node;
        let mut length = 0;
        loop {
            ring = members(ring).fold(0, |next, node| next | self.parents[node]);
            length += 1;
            if ring >> node & 1 == 1 {
                return length;
            }
        }
    }

    /// Each node of a cycle must wait for the next and the last for the first, none may stand twice, the smallest comes
    /// first, and none shorter may lead through it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn is_cycle(&self, nodes: &[usize]) -> Verdict {
        ensure(!nodes.is_empty(), || "the cycle is empty".to_owned())?;
        for (place, node) in nodes.iter().enumerate() {
            let next = nodes[(place + 1) % nodes.len()];
            ensure(self.parents[*node] >> next & 1 == 1, || {
                format!("{nodes:?}: {node} does not wait for {next}")
            })?;
            ensure(!nodes[..place].contains(node), || {
                format!("{nodes:?}: {node} stands twice")
            })?;
        }
        ensure(nodes.iter().min() == nodes.first(), || {
            format!("{nodes:?} does not begin with the smallest")
        })?;
        ensure(nodes.len() == self.shortest_circle(nodes[0]), || {
            format!("{nodes:?}: there is a shorter cycle through {}", nodes[0])
        })
    }

    /// An order must have every node once, and each after its parents.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn is_order(&self, order: &[usize]) -> Verdict {
        let mut before = 0_u64;
        for node in order {
            ensure(before >> node & 1 == 0, || {
                format!("{order:?}: {node} stands twice")
            })?;
            ensure(self.parents[*node] & !before == 0, || {
                format!("{order:?}: {node} stands before what it waits for")
            })?;
            before |= 1 << node;
        }
        ensure(order.len() == self.parents.len(), || {
            format!("{order:?} has not every node")
        })
    }

    /// What the heaviest way to each node weighs, its own weight included; only where there is no cycle.
    pub fn heaviest(&self, order: &[usize], weights: &[f64]) -> f64 {
        let mut weight = vec![0.0_f64; self.parents.len()];
        for &node in order {
            weight[node] = weights[node]
                + members(self.parents[node])
                    .map(|parent| weight[parent])
                    .fold(0.0, f64::max);
        }
        weight.into_iter().fold(0.0, f64::max)
    }
}
