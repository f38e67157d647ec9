//! Analysing graphs of steps, for hosts: without an engine, and without a database.

use crate::error::{Error, Result};
use crate::graph::{self, Graph};
use crate::model::AnalysisWeights;
use crate::model::analysis::TaskSnapshot;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Says where a task stands in its graph, as [`Client::dependency_analysis`](crate::Client::dependency_analysis) does, for a host
/// that has read the task on a connection of its own. `analysis` is the text of a JSON object: `task`, a [`TaskSnapshot`], and
/// `weights`, [`AnalysisWeights`], which may be left out.
///
/// # Errors
/// `InvalidArgument` where it is none of that, or the steps wait for each other.
pub fn analyze(analysis: &str) -> Result<String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Analysis {
        task: TaskSnapshot,
        #[serde(default)]
        weights: AnalysisWeights,
    }
    let Analysis { task, weights } = read("analyze", analysis)?;
    write(&graph::analyze(&task, &weights)?)
}

/// Says what a graph looks like before anything of it has run. `graph` is the text of a JSON object: `parents`, for each step the
/// places in that list, from 0, of those that it waits for. Answers `order` (parents first), `levels`, `roots` and `sinks`, and
/// `cycles`: a list of places for each knot of steps that wait for each other. Where there is one, order and levels are empty.
///
/// # Errors
/// `InvalidArgument` where it is none of that.
pub fn shape(graph: &str) -> Result<String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Parents {
        parents: Vec<Vec<usize>>,
    }
    #[derive(Serialize)]
    struct Answer {
        order: Vec<usize>,
        levels: Vec<usize>,
        roots: Vec<usize>,
        sinks: Vec<usize>,
        cycles: Vec<Vec<usize>>,
    }
    let Parents { parents } = read("shape", graph)?;
    let graph = Graph::from_parents(parents);
    let (order, levels) = graph
        .shape()
        .map(|shape| (shape.order, shape.levels))
        .unwrap_or_default();
    write(&Answer {
        order,
        levels,
        roots: graph.roots(),
        sinks: graph.sinks(),
        cycles: graph.cycles().into_iter().map(|cycle| cycle.nodes).collect(),
    })
}

fn read<T: DeserializeOwned>(verb: &str, text: &str) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|error| Error::invalid_argument(format!("{verb}: {error}")).with_source(error))
}

fn write(answer: &impl Serialize) -> Result<String> {
    serde_json::to_string(answer)
        .map_err(|error| Error::internal("an analysis cannot be written as JSON").with_source(error))
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::{Value, json};

    fn shape_of(parents: &Value) -> Value {
        serde_json::from_str(&shape(&json!({ "parents": parents }).to_string()).unwrap()).unwrap()
    }

    #[test]
    fn a_graph_has_a_shape() {
        let diamond =
            json!({"order": [0, 1, 2, 3], "levels": [0, 1, 1, 2], "roots": [0], "sinks": [3], "cycles": []});
        assert_eq!(shape_of(&json!([[], [0], [0], [1, 2]])), diamond);
        let circle = json!({"order": [], "levels": [], "roots": [2], "sinks": [2], "cycles": [[0, 1]]});
        assert_eq!(shape_of(&json!([[1], [0], []])), circle);
    }

    #[test]
    fn what_is_no_graph_is_refused() {
        assert!(shape("{}").unwrap_err().message.contains("parents"));
        assert!(analyze("{}").unwrap_err().message.contains("task"));
    }
}
