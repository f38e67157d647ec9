//! Drawn graphs, whole.

use tasker_core::graph::{Direction, Drawing, Graph};
use tasker_core::model::State;

const NAMES: [&str; 4] = ["draft", "check \"links\"", "size < 5 & #1\nnext", "publish"];

fn diamond() -> Graph {
    Graph::from_parents(vec![vec![], vec![0], vec![0], vec![1, 2]])
}

#[test]
fn a_template_is_drawn_as_mermaid_with_every_mark_of_markup_escaped() {
    let graph = diamond();
    let drawing = Drawing {
        graph: &graph,
        names: &NAMES,
        states: &[],
        direction: Direction::Down,
    };
    assert_eq!(
        drawing.to_mermaid(),
        r#"flowchart TD
  s1["draft"]
  s2["check #quot;links#quot;"]
  s3["size #lt; 5 #amp; #35;1 next"]
  s4["publish"]
  s1 --> s2
  s1 --> s3
  s2 --> s4
  s3 --> s4
"#
    );
}

#[test]
fn a_task_is_drawn_as_mermaid_with_the_states_of_its_steps() {
    let graph = diamond();
    let states = [
        Some(State::Complete),
        Some(State::Complete),
        Some(State::Error),
        None,
    ];
    let drawing = Drawing {
        graph: &graph,
        names: &NAMES,
        states: &states,
        direction: Direction::Right,
    };
    let text = drawing.to_mermaid();
    assert!(text.starts_with("flowchart LR\n"), "{text}");
    assert!(
        text.ends_with(
            "  s3 --> s4
  classDef complete fill:#c8e6c9,stroke:#455a64,color:#000
  class s1,s2 complete
  classDef error fill:#ffcdd2,stroke:#455a64,color:#000
  class s3 error
"
        ),
        "{text}"
    );
}

#[test]
fn a_task_is_drawn_as_dot() {
    let graph = diamond();
    let states = [Some(State::Complete), None, None, None];
    let drawing = Drawing {
        graph: &graph,
        names: &NAMES,
        states: &states,
        direction: Direction::Down,
    };
    assert_eq!(
        drawing.to_dot(),
        r##"digraph workflow {
  rankdir=TB;
  node [shape=box, style="rounded,filled", fillcolor="#ffffff"];
  s1 [label="draft\ncomplete", fillcolor="#c8e6c9"];
  s2 [label="check \"links\""];
  s3 [label="size < 5 & #1 next"];
  s4 [label="publish"];
  s1 -> s2;
  s1 -> s3;
  s2 -> s4;
  s3 -> s4;
}
"##
    );
}

#[test]
fn a_node_without_a_name_shows_its_number() {
    let graph = Graph::from_parents(vec![vec![], vec![0]]);
    let drawing = Drawing {
        graph: &graph,
        names: &["only"],
        states: &[],
        direction: Direction::Down,
    };
    assert!(drawing.to_mermaid().contains("s2[\"2\"]"));
}
