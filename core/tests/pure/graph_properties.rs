//! Properties of every graph, against slow and plain ways of saying the same.

use proptest::prelude::*;
use std::collections::HashSet;
use tasker_core::graph::Graph;

/// Any graph; most have cycles.
fn any_graph() -> impl Strategy<Value = Graph> {
    (1..12_usize).prop_flat_map(|count| {
        prop::collection::vec(prop::collection::vec(0..count, 0..3), count).prop_map(Graph::from_parents)
    })
}

/// A graph without cycles: parents have smaller numbers, and then the numbers are shuffled.
fn dag() -> impl Strategy<Value = Graph> {
    (1..14_usize).prop_flat_map(|count| {
        let names = Just((0..count).collect::<Vec<usize>>()).prop_shuffle();
        let picks = prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..4), count);
        (names, picks).prop_map(|(names, picks)| {
            let mut parents = vec![Vec::new(); names.len()];
            for (place, picks) in picks.iter().enumerate().skip(1) {
                parents[names[place]] = picks.iter().map(|pick| names[pick.index(place)]).collect();
            }
            Graph::from_parents(parents)
        })
    })
}

/// Whether `from` waits for `to`, directly or not.
fn waits_for(graph: &Graph, from: usize, to: usize) -> bool {
    let (mut seen, mut waiting) = (HashSet::new(), graph.parents(from).to_vec());
    while let Some(node) = waiting.pop() {
        if node == to {
            return true;
        }
        if seen.insert(node) {
            waiting.extend(graph.parents(node));
        }
    }
    false
}

fn longest_way_to(graph: &Graph, node: usize) -> usize {
    graph
        .parents(node)
        .iter()
        .map(|parent| longest_way_to(graph, *parent) + 1)
        .max()
        .unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_directions_of_the_edges_agree(graph in any_graph()) {
        for node in 0..graph.len() {
            for &parent in graph.parents(node) {
                prop_assert!(graph.dependents(parent).contains(&node));
            }
        }
        let dependents = (0..graph.len()).map(|node| graph.dependents(node).to_vec()).collect();
        prop_assert_eq!(Graph::from_dependents(dependents), graph);
    }

    #[test]
    fn a_graph_has_an_order_or_a_cycle_and_never_both(graph in any_graph()) {
        let circular = (0..graph.len()).any(|node| waits_for(&graph, node, node));
        prop_assert_eq!(graph.topological_order().is_err(), circular);
        prop_assert_eq!(graph.cycles().is_empty(), !circular);
        if let Err(cycle) = graph.topological_order() {
            prop_assert_eq!(Some(cycle), graph.cycles().into_iter().next());
        }
    }

    #[test]
    fn every_cycle_is_one_and_is_the_shortest_through_its_first_node(graph in any_graph()) {
        let mut on_cycles = HashSet::new();
        for cycle in graph.cycles() {
            let nodes = &cycle.nodes;
            for (place, node) in nodes.iter().enumerate() {
                let next = nodes[(place + 1) % nodes.len()];
                prop_assert!(graph.parents(*node).contains(&next), "{node} does not wait for {next}");
            }
            prop_assert_eq!(nodes.iter().collect::<HashSet<_>>().len(), nodes.len());
            prop_assert_eq!(nodes.iter().min(), nodes.first());
            prop_assert_eq!(nodes.len(), shortest_circle(&graph, nodes[0]));
            on_cycles.insert(nodes[0]);
        }
        // Each knot has its cycle: whatever waits for itself waits for a first node that waits for it.
        for node in (0..graph.len()).filter(|node| waits_for(&graph, *node, *node)) {
            let known = |first: &usize| *first == node || waits_for(&graph, node, *first) && waits_for(&graph, *first, node);
            prop_assert!(on_cycles.iter().any(known), "{node} is on a cycle that was not found");
        }
    }

    #[test]
    fn the_order_has_every_node_once_and_parents_first(graph in dag()) {
        let order = graph.topological_order().unwrap();
        let mut place = vec![usize::MAX; graph.len()];
        order.iter().enumerate().for_each(|(index, node)| place[*node] = index);
        prop_assert!(place.iter().all(|place| *place != usize::MAX) && order.len() == graph.len());
        for node in 0..graph.len() {
            prop_assert!(graph.parents(node).iter().all(|parent| place[*parent] < place[node]));
        }
    }

    #[test]
    fn levels_are_longest_ways_and_the_critical_path_is_the_deepest(graph in dag()) {
        let shape = graph.shape().unwrap();
        for node in 0..graph.len() {
            prop_assert_eq!(shape.levels[node], longest_way_to(&graph, node));
        }
        prop_assert_eq!(shape.level_sizes.iter().sum::<usize>(), graph.len());
        prop_assert_eq!(shape.width, shape.level_sizes.iter().copied().max().unwrap());
        let path = graph.critical_path(|_| 1.0).unwrap();
        prop_assert_eq!(path.nodes.len(), shape.depth());
        prop_assert!((path.length - shape.depth() as f64).abs() < 1e-9);
        prop_assert!(path.nodes.windows(2).all(|pair| graph.parents(pair[1]).contains(&pair[0])));
    }

    #[test]
    fn the_critical_path_weighs_at_least_as_much_as_any_way(
        graph in dag(), weights in prop::collection::vec(0.0..10.0_f64, 14),
    ) {
        let path = graph.critical_path(|node| weights[node]).unwrap();
        let sum: f64 = path.nodes.iter().map(|node| weights[*node]).sum();
        prop_assert!((sum - path.length).abs() < 1e-9);
        let heaviest = (0..graph.len()).map(|node| heaviest_way_to(&graph, node, &weights)).fold(0.0, f64::max);
        prop_assert!((heaviest - path.length).abs() < 1e-9, "{heaviest} against {}", path.length);
        prop_assert!(graph.parents(path.nodes[0]).is_empty());
    }
}

fn shortest_circle(graph: &Graph, start: usize) -> usize {
    let (mut ring, mut length) = (HashSet::from([start]), 0);
    loop {
        ring = ring
            .iter()
            .flat_map(|node| graph.parents(*node).iter().copied())
            .collect();
        length += 1;
        if ring.contains(&start) {
            return length;
        }
    }
}

fn heaviest_way_to(graph: &Graph, node: usize, weights: &[f64]) -> f64 {
    let before = graph
        .parents(node)
        .iter()
        .map(|parent| heaviest_way_to(graph, *parent, weights));
    before.fold(0.0, f64::max) + weights[node]
}

#[test]
fn the_empty_graph_is_a_graph() {
    let graph = Graph::default();
    assert!(graph.is_empty() && graph.cycles().is_empty());
    assert_eq!(graph.topological_order(), Ok(Vec::new()));
    assert_eq!(graph.shape().map(|shape| shape.depth()), Ok(0));
    assert_eq!(graph.critical_path(|_| 1.0).map(|path| path.length), Ok(0.0));
}

#[test]
fn edges_that_repeat_count_once_and_edges_to_nowhere_not_at_all() {
    let graph = Graph::from_parents(vec![vec![], vec![0, 0, 7]]);
    assert_eq!(
        (graph.parents(1), graph.dependents(0), graph.edge_count()),
        (&[0][..], &[1][..], 1)
    );
    assert!(graph.parents(99).is_empty());
}
