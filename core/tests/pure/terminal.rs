//! Pictures for the terminal, whole; and read back: what is drawn is the graph, no edge more and none less.

use crate::snapshot::{assert_none, difference, in_repository};
use proptest::prelude::*;
use std::collections::BTreeSet;
use tasker_core::graph::{Direction, Drawing, Graph, Span, TerminalOptions};

fn draw(
    parents: Vec<Vec<usize>>,
    names: &[&str],
    width: Option<usize>,
    ascii: bool,
) -> Option<Vec<Vec<Span>>> {
    let graph = Graph::from_parents(parents);
    let drawing = Drawing {
        graph: &graph,
        names,
        states: &[],
        direction: Direction::Down,
    };
    drawing.to_terminal(TerminalOptions { width, ascii }).unwrap()
}

fn text(rows: &[Vec<Span>]) -> String {
    let line = |row: &Vec<Span>| row.iter().map(|span| span.text.as_str()).collect::<String>();
    rows.iter().map(line).collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn small_graphs_are_drawn_with_their_real_edges() {
    let diamond = vec![vec![], vec![0], vec![0], vec![1, 2]];
    let names = ["draft", "check_links", "check_spelling", "publish"];
    let skips = vec![vec![], vec![0], vec![1], vec![0, 2], vec![0, 1, 3], vec![2]];
    let pairs = vec![
        vec![],
        vec![],
        vec![],
        vec![0, 1],
        vec![1, 2],
        vec![0, 2],
        vec![3, 4, 5, 0],
    ];
    let wide = ["注文を検証する", "Überprüfung", "проверка 🚀", "e\u{301}té"];
    let mut all = String::new();
    for (title, parents, names, ascii) in [
        ("a diamond", diamond.clone(), names.as_slice(), false),
        ("a diamond in ASCII", diamond.clone(), names.as_slice(), true),
        ("names of other widths", diamond, wide.as_slice(), false),
        (
            "edges over several levels",
            skips,
            &["a", "b", "c", "d", "e", "f"],
            false,
        ),
        (
            "joins of every two of three",
            pairs,
            &["x", "y", "z", "xy", "yz", "xz", "all"],
            false,
        ),
        ("nothing between", vec![vec![], vec![]], &["one", "two"], false),
    ] {
        let picture = draw(parents, names, None, ascii).unwrap();
        all.push_str(&format!("{title}\n\n{}\n", text(&picture)));
    }
    let path = in_repository("core/tests/pure/drawn/terminal.txt");
    assert_none(&difference(&path, &all).into_iter().collect::<Vec<_>>());
}

#[test]
fn names_are_cut_until_the_picture_fits_and_what_cannot_fit_is_not_drawn() {
    let diamond = vec![vec![], vec![0], vec![0], vec![1, 2]];
    let long = "a_name_that_goes_on_and_on_".repeat(5);
    let names = [long.as_str(); 4];
    let columns = |rows: &[Vec<Span>]| text(rows).lines().map(|line| line.chars().count()).max().unwrap();
    let roomy = draw(diamond.clone(), &names, None, false).unwrap();
    assert!(columns(&roomy) > 200);
    let tight = draw(diamond.clone(), &names, Some(80), false).unwrap();
    assert!(columns(&tight) <= 80 && text(&tight).contains('…'));
    assert!(draw(diamond, &names, Some(20), false).is_none());
    let many: Vec<Vec<usize>> = (0..501).map(|_| vec![]).collect();
    assert!(draw(many, &[], None, false).is_none());
}

/// The edges that a picture shows to somebody who follows its lines with a finger, always downwards.
fn read_back(rows: &[Vec<Span>]) -> BTreeSet<(usize, usize)> {
    let grid: Vec<Vec<(char, Option<usize>)>> = rows
        .iter()
        .map(|row| {
            row.iter()
                .flat_map(|span| span.text.chars().map(|c| (c, span.node)))
                .collect()
        })
        .collect();
    let at = |row: usize, column: usize| grid.get(row).and_then(|row| row.get(column)).copied();
    let mut edges = BTreeSet::new();
    for (row, line) in grid.iter().enumerate() {
        for (column, (character, node)) in line.iter().enumerate() {
            if let ('┬', Some(parent)) = (character, node) {
                follow((row, column), *parent, &at, &mut edges);
            }
        }
    }
    edges
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Down,
    Left,
    Right,
}

fn follow(
    start: (usize, usize),
    parent: usize,
    at: &impl Fn(usize, usize) -> Option<(char, Option<usize>)>,
    edges: &mut BTreeSet<(usize, usize)>,
) {
    let mut seen = BTreeSet::new();
    let mut fingers = vec![(start.0, start.1, Way::Down)];
    while let Some((row, column, way)) = fingers.pop() {
        if !seen.insert((row, column, way)) {
            continue;
        }
        let (row, column) = match way {
            Way::Down => (row + 1, column),
            Way::Left => (row, column - 1),
            Way::Right => (row, column + 1),
        };
        let (character, node) = at(row, column).unwrap_or_else(|| panic!("a line ends at {row}:{column}"));
        assert_eq!(
            node, None,
            "a line runs into the box of {node:?} at {row}:{column}"
        );
        if character == '▼' {
            assert_eq!(way, Way::Down);
            let target = at(row + 1, column)
                .and_then(|(_, node)| node)
                .expect("an arrow points at a box");
            edges.insert((parent, target));
            continue;
        }
        let ways: &[Way] = match (character, way) {
            ('│', Way::Down) => &[Way::Down],
            // The line across is interrupted where another passes over it.
            ('─' | '│', Way::Left) => &[Way::Left],
            ('─' | '│', Way::Right) => &[Way::Right],
            ('┘', Way::Down) => &[Way::Left],
            ('└', Way::Down) => &[Way::Right],
            ('┴', Way::Down) => &[Way::Left, Way::Right],
            ('┼', Way::Down) => &[Way::Left, Way::Right, Way::Down],
            ('├', Way::Down) => &[Way::Down, Way::Right],
            ('┤', Way::Down) => &[Way::Down, Way::Left],
            ('┐', Way::Right) | ('┌', Way::Left) | ('├', Way::Left) | ('┤', Way::Right) => {
                &[Way::Down]
            }
            ('┬' | '┼', Way::Left) => &[Way::Left, Way::Down],
            ('┬' | '┼', Way::Right) => &[Way::Right, Way::Down],
            ('┴', Way::Left) => &[Way::Left],
            ('┴', Way::Right) => &[Way::Right],
            // Upwards lies only where the line came from for another step.
            ('└', Way::Left) | ('┘', Way::Right) => &[],
            _ => panic!("a line goes {character:?} at {row}:{column}"),
        };
        fingers.extend(ways.iter().map(|way| (row, column, *way)));
    }
}

fn edges_of(parents: &[Vec<usize>]) -> BTreeSet<(usize, usize)> {
    let graph = Graph::from_parents(parents.to_vec());
    (0..graph.len())
        .flat_map(|node| {
            graph
                .parents(node)
                .iter()
                .map(move |parent| (*parent, node))
                .collect::<Vec<_>>()
        })
        .collect()
}

fn any_graph() -> impl Strategy<Value = Vec<Vec<usize>>> {
    prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..4), 1..30).prop_map(
        |picks| {
            let parents = |(node, picks): (usize, Vec<prop::sample::Index>)| match node {
                0 => vec![],
                _ => picks.iter().map(|pick| pick.index(node)).collect(),
            };
            picks.into_iter().enumerate().map(parents).collect()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn a_picture_can_be_read_back_as_the_graph_that_was_drawn(parents in any_graph()) {
        let picture = draw(parents.clone(), &[], None, false).unwrap();
        prop_assert_eq!(read_back(&picture), edges_of(&parents), "\n{}", text(&picture));
    }
}

#[test]
fn reading_back_finds_a_line_that_is_missing() {
    let picture = draw(vec![vec![], vec![0], vec![0]], &[], None, false).unwrap();
    let mut cut = picture.clone();
    let row = cut
        .iter_mut()
        .find(|row| row.iter().any(|span| span.text.contains('┴')))
        .unwrap();
    row.iter_mut()
        .for_each(|span| span.text = span.text.replace('┴', "┘"));
    assert_eq!(read_back(&picture).len(), 2);
    assert_eq!(read_back(&cut).len(), 1);
}
