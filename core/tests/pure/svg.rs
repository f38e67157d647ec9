//! Pictures as SVG: whole, well-formed, complete, and with nothing on top of anything else.

use crate::snapshot::{assert_none, difference, in_repository};
use proptest::prelude::*;
use roxmltree::{Document, Node};
use tasker_core::graph::{Direction, Drawing, Graph};
use tasker_core::model::State;

fn svg(parents: Vec<Vec<usize>>, names: &[&str], states: &[Option<State>], direction: Direction) -> String {
    let graph = Graph::from_parents(parents);
    let drawing = Drawing {
        graph: &graph,
        names,
        states,
        direction,
    };
    drawing.to_svg("shop.process_order@1.0.0").unwrap()
}

fn diamond() -> Vec<Vec<usize>> {
    vec![vec![], vec![0], vec![0], vec![1, 2]]
}

#[test]
fn a_task_is_drawn_with_the_states_of_its_steps() {
    let states = [
        Some(State::Complete),
        Some(State::Complete),
        Some(State::Error),
        Some(State::Pending),
    ];
    let names = ["draft", "check_links", "check_spelling", "publish"];
    let picture = svg(diamond(), &names, &states, Direction::Down);
    let path = in_repository("core/tests/pure/drawn/task.svg");
    assert_none(&difference(&path, &picture).into_iter().collect::<Vec<_>>());
}

fn has_class(node: &Node<'_, '_>, class: &str) -> bool {
    node.attribute("class")
        .is_some_and(|classes| classes.split(' ').any(|one| one == class))
}

#[test]
fn every_name_is_in_the_picture_whole_whatever_it_is_made_of() {
    let names = [
        "x".repeat(128),
        "charge_the_payment_at_the_gateway_".repeat(3),
        "漢字".repeat(64),
        "a<b> & \"c\" 'd' ]]> <script>alert(1)</script>".to_owned(),
    ];
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let picture = svg(diamond(), &names, &[], Direction::Right);
    let document = Document::parse(&picture).unwrap();
    let steps: Vec<_> = document
        .descendants()
        .filter(|node| has_class(node, "step"))
        .collect();
    let squeezed = |text: &str| text.replace(' ', "");
    for (step, name) in steps.iter().zip(names) {
        let lines = step.children().filter(|node| node.has_tag_name("text"));
        let shown: String = lines.filter_map(|line| line.text()).collect();
        assert_eq!(squeezed(&shown), squeezed(name));
        let title = step.children().find(|node| node.has_tag_name("title")).unwrap();
        assert!(title.text().unwrap().starts_with(name));
    }
    assert!(document.descendants().all(|node| !node.has_tag_name("script")));
}

#[test]
fn nothing_outside_the_file_is_needed_and_it_says_what_it_shows() {
    let picture = svg(diamond(), &["a", "b", "c", "d"], &[], Direction::Down);
    let document = Document::parse(&picture).unwrap();
    let root = document.root_element();
    assert_eq!(root.attribute("role"), Some("img"));
    assert_eq!(
        root.attribute("aria-label"),
        Some("shop.process_order@1.0.0: 4 steps and 4 dependencies")
    );
    let without_namespace = picture.replace("http://www.w3.org/2000/svg", "");
    for outside in ["http", "href", "url(", "@import", "src=", "<image"] {
        assert!(!without_namespace.contains(outside), "{outside}");
    }
    assert!(picture.contains("@media (prefers-color-scheme:dark)"));
}

#[test]
fn a_wide_fan_out_is_turned_and_a_chain_is_not() {
    let drawn = |parents: Vec<Vec<usize>>| {
        let graph = Graph::from_parents(parents);
        let drawing = Drawing {
            graph: &graph,
            names: &[],
            states: &[],
            direction: Direction::Down,
        };
        let picture = drawing.to_svg_that_fits("x").unwrap();
        let document = Document::parse(&picture).unwrap();
        let number = |name: &str| {
            document
                .root_element()
                .attribute(name)
                .unwrap()
                .parse::<f64>()
                .unwrap()
        };
        (number("width"), number("height"))
    };
    let fan = (0..32_usize).map(|node| match node {
        0 => vec![],
        31 => (1..31).collect(),
        _ => vec![0],
    });
    let (width, height) = drawn(fan.collect());
    assert!(width < height, "{width} × {height}");
    let (width, height) = drawn(
        (0..6_usize)
            .map(|node| node.checked_sub(1).into_iter().collect())
            .collect(),
    );
    assert!(width < height, "a chain runs down: {width} × {height}");
}

/// The boxes of the steps: left, top, right, bottom.
fn boxes(document: &Document<'_>) -> Vec<[f64; 4]> {
    document
        .descendants()
        .filter(|node| has_class(node, "step"))
        .map(|step| {
            let rect = step.children().find(|node| node.has_tag_name("rect")).unwrap();
            let number = |name: &str| rect.attribute(name).unwrap().parse::<f64>().unwrap();
            let (x, y) = (number("x"), number("y"));
            [x, y, x + number("width"), y + number("height")]
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn no_box_lies_on_another_or_outside_the_picture(
        picks in prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..4), 1..40),
        right in any::<bool>(),
    ) {
        let parents = picks.iter().enumerate().map(|(node, picks)| match node {
            0 => vec![],
            _ => picks.iter().map(|pick| pick.index(node)).collect(),
        });
        let direction = if right { Direction::Right } else { Direction::Down };
        let picture = svg(parents.collect(), &["a", "a_longer_name_than_the_others_have"], &[], direction);
        let document = Document::parse(&picture).unwrap();
        let number = |name: &str| document.root_element().attribute(name).unwrap().parse::<f64>().unwrap();
        let (width, height) = (number("width"), number("height"));
        let boxes = boxes(&document);
        prop_assert_eq!(boxes.len(), picks.len());
        for (at, a) in boxes.iter().enumerate() {
            prop_assert!(a[0] >= 0.0 && a[1] >= 0.0 && a[2] <= width && a[3] <= height, "{:?} in {} × {}", a, width, height);
            for b in &boxes[..at] {
                let apart = a[2] < b[0] || b[2] < a[0] || a[3] < b[1] || b[3] < a[1];
                prop_assert!(apart, "{a:?} and {b:?}");
            }
        }
    }
}
