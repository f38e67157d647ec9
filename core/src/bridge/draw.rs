//! Drawing a graph of steps, for hosts: without an engine, and without a database.

use crate::error::{Error, Result};
use crate::graph::{Direction, Drawing, Graph};
use crate::model::State;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Picture {
    title: String,
    format: Format,
    direction: Option<Way>,
    steps: Vec<DrawnStep>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DrawnStep {
    name: String,
    /// Places in `steps`, from 0.
    parents: Vec<usize>,
    /// None for a template's.
    status: Option<State>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Format {
    Mermaid,
    Dot,
    Svg,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Way {
    Down,
    Right,
}

impl From<Way> for Direction {
    fn from(way: Way) -> Self {
        match way {
            Way::Down => Self::Down,
            Way::Right => Self::Right,
        }
    }
}

/// Draws a graph. `picture` is the text of a JSON object: `title`, `format` (`mermaid`, `dot`, `svg`), `direction` (`down`,
/// `right`; left out, an SVG takes what fits better), and `steps`, each with `name`, `parents` (places in the list, from 0) and,
/// for a task, `status`.
///
/// # Errors
/// `InvalidArgument` where it is none of that, or the steps wait for each other.
pub fn draw(picture: &str) -> Result<String> {
    let picture: Picture = serde_json::from_str(picture)
        .map_err(|error| Error::invalid_argument(format!("draw: {error}")).with_source(error))?;
    let names: Vec<&str> = picture.steps.iter().map(|step| step.name.as_str()).collect();
    let states: Vec<Option<State>> = picture.steps.iter().map(|step| step.status).collect();
    let graph = Graph::from_parents(picture.steps.iter().map(|step| step.parents.clone()).collect());
    let drawing = Drawing {
        graph: &graph,
        names: &names,
        states: &states,
        direction: picture.direction.map_or(Direction::Down, Direction::from),
    };
    let svg = match (picture.format, picture.direction) {
        (Format::Mermaid, _) => return Ok(drawing.to_mermaid()),
        (Format::Dot, _) => return Ok(drawing.to_dot()),
        (Format::Svg, None) => drawing.to_svg_that_fits(&picture.title),
        (Format::Svg, Some(_)) => drawing.to_svg(&picture.title),
    };
    svg.map_err(|cycle| {
        let name = |node: usize| names.get(node).copied().unwrap_or_default();
        Error::invalid_argument(format!(
            "draw: the steps wait for each other: {}",
            cycle.describe(name)
        ))
    })
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn picture(format: &str, parents: &[&[usize]]) -> String {
        let steps: Vec<_> = parents
            .iter()
            .enumerate()
            .map(|(place, parents)| json!({"name": format!("step_{place}"), "parents": parents, "status": "complete"}))
            .collect();
        json!({"title": "order", "format": format, "steps": steps}).to_string()
    }

    #[test]
    fn a_graph_is_drawn_in_each_format() {
        for (format, begins) in [("mermaid", "flowchart"), ("dot", "digraph"), ("svg", "<svg")] {
            let drawn = draw(&picture(format, &[&[], &[0]])).unwrap();
            assert!(drawn.starts_with(begins) && drawn.contains("step_1"), "{drawn}");
        }
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        assert!(draw("{}").unwrap_err().message.contains("title"));
        let circle = draw(&picture("svg", &[&[1], &[0]])).unwrap_err();
        assert!(circle.message.contains("step_0"), "{circle}");
    }
}
