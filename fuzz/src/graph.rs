//! Graphs of any shape, cyclic or not: order, levels, cycles, the critical path, pictures, and the template that has
//! such steps.

use crate::input::Input;
use crate::oracle::reach::Reach;
use crate::oracle::{picture, place};
use serde_json::{Value, json};
use tasker_core::graph::{Direction, Drawing, Graph};
use tasker_core::model::State;
use tasker_core::template::{ParseOptions, ProblemCode, Template};

/// A first byte from here on makes a graph that is too large to compare, to see that it takes no time.
const LARGE: u8 = 224;
/// The steps of a large graph, for each number above.
const LARGE_UNIT: usize = 16;

/// One graph: how many nodes, how many pairs of rules, the rules (edges, chains, fans, joins), and the weights.
///
/// # Panics
/// When something is wrong with what the code makes of it.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let first = input.byte();
    let count = match first {
        LARGE.. => usize::from(first - LARGE + 1) * LARGE_UNIT,
        _ => usize::from(first) % (Reach::MOST + 1),
    };
    let parents = parents(&mut input, count);
    let graph = Graph::from_parents(parents.clone());
    let weights: Vec<f64> = (0..count).map(|_| f64::from(input.byte()) / 8.0).collect();
    check_edges(&graph);
    check_pictures(&graph);
    if count <= Reach::MOST {
        let reach = Reach::new(&parents);
        check_small(&graph, &reach, &weights);
        check_template(&parents, &graph, Some(&reach));
    } else {
        let order = graph.topological_order();
        assert_eq!(order.is_ok(), graph.cycles().is_empty());
        assert_eq!(order.is_ok(), graph.shape().is_ok());
        assert_eq!(order.is_ok(), graph.critical_path(|node| weights[node]).is_ok());
        check_template(&parents, &graph, None);
    }
}

fn parents(input: &mut Input<'_>, count: usize) -> Vec<Vec<usize>> {
    /// Fans and joins have an edge for each pair; a graph with more is no better.
    const MOST_EDGES: usize = 2_000;
    let mut parents = vec![Vec::new(); count];
    let mut edges = 0;
    for _ in 0..2 * usize::from(input.byte()) {
        if input.is_empty() || count == 0 || edges > MOST_EDGES {
            break;
        }
        let (rule, from, to) = (input.byte() % 5, input.below(count), input.below(count));
        let (low, high) = (from.min(to), from.max(to));
        match rule {
            0 => parents[to].push(from),
            1 => (low + 1..=high).for_each(|node| parents[node].push(node - 1)),
            2 => (low + 1..=high).for_each(|node| parents[node].push(low)),
            3 => parents[high].extend(low..high),
            _ => parents[low].push(high),
        }
        edges += if rule == 0 { 1 } else { high - low + 1 };
    }
    parents
}

fn check_edges(graph: &Graph) {
    for node in 0..graph.len() {
        let ascends = |list: &[usize]| list.windows(2).all(|pair| pair[0] < pair[1]);
        assert!(ascends(graph.parents(node)) && ascends(graph.dependents(node)));
        assert!(
            graph
                .parents(node)
                .iter()
                .all(|parent| graph.dependents(*parent).binary_search(&node).is_ok())
        );
    }
    let dependents: Vec<Vec<usize>> = (0..graph.len())
        .map(|node| graph.dependents(node).to_vec())
        .collect();
    assert_eq!(dependents.iter().map(Vec::len).sum::<usize>(), graph.edge_count());
    assert_eq!(&Graph::from_dependents(dependents), graph);
}

fn check_small(graph: &Graph, reach: &Reach, weights: &[f64]) {
    let knots = reach.knots();
    let cycles = graph.cycles();
    cycles
        .iter()
        .for_each(|cycle| reach.is_cycle(&cycle.nodes).unwrap());
    let firsts: Vec<usize> = cycles.iter().map(|cycle| cycle.nodes[0]).collect();
    assert_eq!(
        firsts, knots,
        "one cycle for each knot, in the order of their first nodes"
    );
    let order = match graph.topological_order() {
        Ok(order) => order,
        Err(cycle) => {
            assert_eq!(Some(&cycle), cycles.first());
            assert!(graph.shape().is_err() && graph.critical_path(|_| 1.0).is_err());
            return;
        }
    };
    assert!(knots.is_empty(), "{knots:?} are on cycles");
    reach.is_order(&order).unwrap();

    let shape = graph.shape().unwrap();
    let levels: Vec<usize> = (0..graph.len()).map(|node| reach.level(node)).collect();
    assert_eq!((&shape.order, &shape.levels), (&order, &levels));
    let depth = levels.iter().max().map_or(0, |deepest| deepest + 1);
    let sizes: Vec<usize> = (0..depth)
        .map(|level| levels.iter().filter(|other| **other == level).count())
        .collect();
    assert_eq!(shape.width, sizes.iter().copied().max().unwrap_or(0));
    assert_eq!((shape.depth(), &shape.level_sizes), (depth, &sizes));
    let without =
        |edges: fn(&Graph, usize) -> bool| (0..graph.len()).filter(|node| edges(graph, *node)).collect();
    let roots: Vec<usize> = without(|graph, node| graph.parents(node).is_empty());
    let sinks: Vec<usize> = without(|graph, node| graph.dependents(node).is_empty());
    assert_eq!((&shape.roots, &shape.sinks), (&roots, &sinks));

    let path = graph.critical_path(|node| weights[node]).unwrap();
    // Eighths: the sums are exact.
    assert_eq!(
        path.length,
        path.nodes.iter().map(|node| weights[*node]).sum::<f64>()
    );
    assert_eq!(path.length, reach.heaviest(&order, weights));
    assert!(
        path.nodes
            .windows(2)
            .all(|pair| graph.parents(pair[1]).contains(&pair[0])),
        "{path:?} is no way"
    );
    assert_eq!(path.nodes.is_empty(), graph.is_empty());
    assert!(
        path.nodes.first().is_none_or(|node| roots.contains(node)),
        "{path:?} begins at no root"
    );
    assert!(
        path.nodes.last().is_none_or(|node| sinks.contains(node)),
        "{path:?} ends at no sink"
    );
}

fn check_pictures(graph: &Graph) {
    let edges: Vec<(usize, usize)> = (0..graph.len())
        .flat_map(|parent| {
            graph
                .dependents(parent)
                .iter()
                .map(move |dependent| (parent, *dependent))
        })
        .collect();
    let names = ["plain", "\"quoted\" \\", "<b>#&`</b>\n", "größe 🚚", ""];
    let names: Vec<&str> = (0..graph.len() / 2)
        .map(|node| names[node % names.len()])
        .collect();
    let states: Vec<Option<State>> = (0..graph.len() / 3)
        .map(|node| State::ALL.get(node % 7).copied())
        .collect();
    for direction in [Direction::Down, Direction::Right] {
        let drawing = Drawing {
            graph,
            names: &names,
            states: &states,
            direction,
        };
        picture::is_mermaid(&drawing.to_mermaid(), graph.len(), &edges).unwrap();
        picture::is_dot(&drawing.to_dot(), graph.len(), &edges).unwrap();
    }
}

/// The template with these steps compiles to this graph, or is refused with a real cycle.
fn check_template(parents: &[Vec<usize>], graph: &Graph, reach: Option<&Reach>) {
    let name = |node: &usize| format!("s{node}x");
    let steps: Vec<Value> = parents
        .iter()
        .enumerate()
        .map(|(node, parents)| {
            json!({ "name": name(&node), "depends_on_steps": parents.iter().map(name).collect::<Vec<_>>() })
        })
        .collect();
    let template = json!({ "name": "any_graph", "step_templates": steps });
    let errors = match Template::from_json(&template, &ParseOptions::default()) {
        Ok(plan) => {
            assert_eq!(&plan.graph(), graph);
            assert!(graph.cycles().is_empty() && !graph.is_empty());
            return;
        }
        Err(errors) => errors,
    };
    if graph.is_empty() {
        assert!(
            errors
                .problems
                .iter()
                .all(|problem| problem.code == ProblemCode::NoSteps),
            "{errors}"
        );
        return;
    }
    assert!(errors.is_cycle() || errors.omitted > 0, "{errors}");
    let Some(reach) = reach else { return };
    for problem in &errors.problems {
        place::is_one_line(&problem.message).unwrap();
        let Some((_, path)) = problem.message.split_once("cycle: ") else {
            assert_eq!(problem.code, ProblemCode::SelfDependency);
            continue;
        };
        let number = |name: &str| name.strip_prefix('s')?.strip_suffix('x')?.parse::<usize>().ok();
        let named: Vec<Option<usize>> = path.split(" → ").map(number).collect();
        // Where the middle of a long cycle is left out there is an "…", and each side is told apart.
        for pair in named.windows(2) {
            if let [Some(one), Some(next)] = pair {
                assert!(
                    parents[*one].contains(next) && reach.waits(*next, *one),
                    "{}",
                    problem.message
                );
            }
        }
        assert!(
            named.len() >= 2 && named.first() == named.last(),
            "{}",
            problem.message
        );
    }
}
