//! A small builder for templates.

use serde_json::{Map, Value, json};
use tasker_core::template::{CompiledTemplate, ParseOptions, Template};

/// A template in the making. Steps have the handler `work` unless they say otherwise.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    template: Map<String, Value>,
    steps: Vec<Map<String, Value>>,
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is not an object"),
    }
}

impl Plan {
    /// `namespace` is `shop`, the version 1.0.0.
    pub(crate) fn new(name: &str) -> Self {
        let template = object(json!({"name": name, "namespace_name": "shop", "version": "1.0.0"}));
        Self {
            template,
            steps: Vec::new(),
        }
    }

    /// Steps that follow one another.
    pub(crate) fn chain(name: &str, steps: &[&str]) -> Self {
        let mut plan = Self::new(name);
        for (at, step) in steps.iter().enumerate() {
            plan = plan.step(step, if at == 0 { &[] } else { &steps[at - 1..at] });
        }
        plan
    }

    /// Any key of the template.
    pub(crate) fn with(mut self, key: &str, value: Value) -> Self {
        self.template.insert(key.to_owned(), value);
        self
    }

    /// A step after others.
    pub(crate) fn step(mut self, name: &str, parents: &[&str]) -> Self {
        let step = json!({"name": name, "handler": "work", "depends_on_steps": parents});
        self.steps.push(object(step));
        self
    }

    /// Any key of the step that was added last.
    pub(crate) fn set(mut self, key: &str, value: Value) -> Self {
        self.steps
            .last_mut()
            .expect("a step to set it on")
            .insert(key.to_owned(), value);
        self
    }

    /// How many executions of the last step there may be.
    pub(crate) fn limit(self, limit: i32) -> Self {
        self.set("default_retry_limit", json!(limit))
    }

    /// The handler of the last step.
    pub(crate) fn handler(self, handler: &str) -> Self {
        self.set("handler", json!(handler))
    }

    /// The priority of the last step.
    pub(crate) fn priority(self, priority: i16) -> Self {
        self.set("priority", json!(priority))
    }

    /// The last step may be left out.
    pub(crate) fn skippable(self) -> Self {
        self.set("skippable", json!(true))
    }

    pub(crate) fn compile(&self) -> CompiledTemplate {
        let mut source = self.template.clone();
        source.insert("step_templates".to_owned(), json!(self.steps));
        Template::from_json(&Value::Object(source), &ParseOptions::default())
            .expect("a template that compiles")
    }
}
