//! Templates: whatever bytes come, they compile to a plan that keeps every rule, or are refused with places that exist
//! and words that say something.

use crate::oracle::{picture, place};
use jsonschema::Validator;
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::sync::LazyLock;
use tasker_core::graph::{Direction, Drawing};
use tasker_core::model::StepNo;
use tasker_core::template::{
    CompiledStep, CompiledTemplate, ContextSchema, ParseOptions, Template, TemplateErrors, digest,
    fill_config, json_schema,
};
use tasker_core::values::check_json;

/// What editors check templates by.
static EDITOR: LazyLock<Validator> = LazyLock::new(|| jsonschema::validator_for(&json_schema()).unwrap());

/// Some variables are set and some are not, one to text that is dear to YAML.
fn variables(name: &str) -> Option<String> {
    match name.len() {
        0..4 => None,
        4 => Some("- 'a: \n&b".to_owned()),
        _ => Some("5".to_owned()),
    }
}

/// One file of a template.
///
/// # Panics
/// When something is wrong with what the code makes of it.
pub fn check(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let environments: &[Option<&str>] = match text.contains("environments") {
        true => &[None, Some("production")],
        false => &[None],
    };
    for environment in environments {
        let options = ParseOptions {
            file: Some("any.yaml".into()),
            environment: environment.map(str::to_owned),
            variables: &variables,
        };
        match Template::parse_bytes(input, &options) {
            Ok(plan) => check_plan(&plan, &options),
            Err(errors) => check_errors(&errors, text),
        }
    }
}

fn check_errors(errors: &TemplateErrors, text: &str) {
    assert!((1..=100).contains(&errors.problems.len()));
    assert!(errors.problems.iter().all(|problem| !problem.message.is_empty()));
    let shown = errors.to_string();
    for problem in &errors.problems {
        let verdict = place::is_one_line(&problem.headline())
            .and_then(|()| place::is_inside(text, problem.line, problem.column))
            .and_then(|()| place::is_pointer(&problem.path));
        if let Err(complaint) = verdict {
            panic!("{complaint}: {problem:?}");
        }
        assert!(shown.contains(&problem.headline()), "{problem:?} is not shown");
    }
    let places: Vec<(u32, u32)> = errors
        .problems
        .iter()
        .map(|problem| (problem.line, problem.column))
        .collect();
    assert!(places.is_sorted(), "{places:?} is not the order of the source");
}

fn check_plan(plan: &CompiledTemplate, options: &ParseOptions<'_>) {
    check_steps(plan);
    assert_eq!(digest(&plan.source), plan.digest);

    let again = Template::from_json(&plan.source, options).unwrap();
    let silent = |plan: &CompiledTemplate| CompiledTemplate {
        warnings: Vec::new(),
        ..plan.clone()
    };
    assert_eq!(silent(&again), silent(plan), "as JSON it is another template");
    assert_eq!(again.warnings.len(), plan.warnings.len());

    let stored = serde_json::to_value(plan).unwrap();
    assert_eq!(
        serde_json::from_value::<CompiledTemplate>(stored).unwrap(),
        silent(plan)
    );

    let complaints: Vec<String> = EDITOR
        .iter_errors(&plan.source)
        .map(|error| error.to_string())
        .collect();
    assert!(
        complaints.is_empty(),
        "editors refuse what compiles: {complaints:?}"
    );

    for config in plan.steps.iter().filter_map(|step| step.config.as_ref()) {
        if let Err(error) = fill_config(config, &variables) {
            assert!(!error.message.is_empty());
        }
    }
    if let Some(schema) = &plan.schema {
        let compiled = ContextSchema::compile(schema).unwrap();
        let _ = compiled.validate_and_fill(Map::new());
    }
}

fn check_steps(plan: &CompiledTemplate) {
    let graph = plan.graph();
    let shape = graph.shape().unwrap();
    assert!(!plan.steps.is_empty() && shape.order.len() == plan.steps.len());
    assert!(graph.critical_path(|_| 1.0).unwrap().nodes.len() == shape.depth());
    let names: HashSet<&str> = plan.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names.len(), plan.steps.len(), "names are unique");
    for (index, step) in plan.steps.iter().enumerate() {
        assert_eq!(usize::try_from(step.step_no), Ok(index + 1));
        let numbers = |nodes: &[usize]| -> Vec<StepNo> {
            nodes
                .iter()
                .map(|node| StepNo::try_from(node + 1).unwrap())
                .collect()
        };
        assert_eq!(step.parents, numbers(graph.parents(index)));
        assert_eq!(step.dependents, numbers(graph.dependents(index)));
        check_step(step);
    }
    let edges: Vec<(usize, usize)> = (0..graph.len())
        .flat_map(|parent| {
            graph
                .dependents(parent)
                .iter()
                .map(move |dependent| (parent, *dependent))
        })
        .collect();
    let names: Vec<&str> = plan.steps.iter().map(|step| step.name.as_str()).collect();
    let drawing = Drawing {
        graph: &graph,
        names: &names,
        states: &[],
        direction: Direction::Down,
    };
    picture::is_mermaid(&drawing.to_mermaid(), graph.len(), &edges).unwrap();
    picture::is_dot(&drawing.to_dot(), graph.len(), &edges).unwrap();
}

fn check_step(step: &CompiledStep) {
    assert!(
        (0..=9).contains(&step.priority) && step.retry_limit >= 1,
        "{step:?}"
    );
    assert!(step.retryable || step.retry_limit == 1, "{step:?}");
    assert!(
        step.timeout_seconds
            .is_none_or(|seconds| seconds > 0.0 && seconds.is_finite()),
        "{step:?}"
    );
    for name in [&step.name, &step.handler] {
        assert!(!name.is_empty() && !name.contains(char::is_control), "{step:?}");
    }
    let stays = |config: &Value| check_json(config.to_string().as_bytes(), usize::MAX).is_ok();
    assert!(step.config.as_ref().is_none_or(stays), "{step:?}");
}
