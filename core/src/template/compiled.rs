//! The plan that a template compiles to. Its JSON is what the SQL function `register_template` takes.

use crate::graph::Graph;
use crate::model::StepNo;
use crate::retry::RetryPolicy;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A template that keeps every rule, with nothing left to look up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CompiledTemplate {
    /// The namespace (`namespace_name`), `default` when the template does not say.
    pub namespace: String,
    /// The name of the named task.
    pub name: String,
    /// Its version, `MAJOR.MINOR.PATCH`; `0.1.0` when the template does not say.
    pub version: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// SHA-256 in hex over the canonical JSON of `source`: the identity of the content.
    pub digest: String,
    /// The content of the template before `${…}` was filled, all environments included.
    pub source: Value,
    /// The JSON Schema of the task's context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
    /// Properties of the context that tasks can be searched by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub searchable: Vec<String>,
    /// The steps, in template order: the step at index *i* has `step_no` *i* + 1.
    pub steps: Vec<CompiledStep>,
    /// What is allowed and probably not meant. Not part of the plan.
    #[serde(skip)]
    pub warnings: Vec<Warning>,
}

/// One step of a [`CompiledTemplate`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CompiledStep {
    /// From 1, in template order.
    pub step_no: StepNo,
    /// Unique in the template.
    pub name: String,
    /// What the step does; its name counts as the description where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The name under which workers register the handler; `namespace.task.step` when the template does not say.
    pub handler: String,
    /// The system that the step talks to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dependent_system: Option<String>,
    /// The steps that it waits for, ascending.
    pub parents: Vec<StepNo>,
    /// The steps that wait for it, ascending.
    pub dependents: Vec<StepNo>,
    /// Whether a failed attempt may be followed by another (`default_retryable`).
    pub retryable: bool,
    /// How many executions there may be in total; 1 when not `retryable`.
    pub retry_limit: i32,
    /// Whether a request may leave the step out.
    pub skippable: bool,
    /// 0 (first) to 9 (last).
    pub priority: i16,
    /// How long one attempt may take, in seconds from the start of the handler.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<f64>,
    /// The step's own retry policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryPolicy>,
    /// `handler_config`, with its `${…}` unfilled: the worker fills them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Value>,
}

/// Something in a template that is allowed and probably not meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// What is odd, for people; begins with the place.
    pub message: String,
}

impl CompiledTemplate {
    /// The graph of the steps; node *i* is the step at index *i*.
    pub fn graph(&self) -> Graph {
        let index = |number: &StepNo| usize::try_from(number - 1).unwrap_or(usize::MAX);
        Graph::from_parents(
            self.steps
                .iter()
                .map(|step| step.parents.iter().map(index).collect())
                .collect(),
        )
    }
}
