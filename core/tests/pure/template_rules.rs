//! Rules of templates that files alone do not show.

use serde_json::{Value, json};
use std::fmt::Write;
use std::time::{Duration, Instant};
use tasker_core::template::{CompiledTemplate, ParseOptions, ProblemCode, Template, TemplateErrors};
use tasker_core::{Error, ErrorKind};

fn parse(source: &str) -> Result<CompiledTemplate, TemplateErrors> {
    Template::parse(source, &ParseOptions::default())
}

fn from_json(source: &Value) -> Result<CompiledTemplate, TemplateErrors> {
    Template::from_json(source, &ParseOptions::default())
}

#[test]
fn yaml_and_json_of_one_content_have_one_digest_and_one_plan() {
    let yaml = "# a comment\nversion: '1.0.0'\nname: bake\nstep_templates:\n  - {name: mix}\n  - name: heat\n    depends_on_step: mix\n";
    let json = json!({
        "name": "bake",
        "version": "1.0.0",
        "step_templates": [{ "name": "mix" }, { "name": "heat", "depends_on_step": "mix" }],
    });
    assert_eq!(parse(yaml).unwrap(), from_json(&json).unwrap());
}

#[test]
fn the_digest_is_of_the_content_before_variables_are_filled_and_whatever_the_environment() {
    let source = "name: bake\ndescription: in ${TOWN:-Bonn}\nstep_templates: [{name: mix}]\nenvironments: {live: {step_templates: [{name: mix, priority: 1}]}}\n";
    let at = |town: &'static str, environment: Option<&str>| {
        let variables = move |_: &str| Some(town.to_owned());
        let environment = environment.map(str::to_owned);
        Template::parse(
            source,
            &ParseOptions {
                file: None,
                environment,
                variables: &variables,
            },
        )
        .unwrap()
    };
    let (here, there) = (at("Ulm", None), at("Jena", Some("live")));
    assert_eq!(here.digest, there.digest);
    assert_eq!(here.description.as_deref(), Some("in Ulm"));
    assert_eq!((here.steps[0].priority, there.steps[0].priority), (4, 1));
}

#[test]
fn a_template_with_nothing_wrong_but_a_cycle_is_the_error_cycle_detected() {
    let cycle = "name: a\nstep_templates:\n  - {name: egg, depends_on_step: chicken}\n  - {name: chicken, depends_on_step: egg}\n";
    let error = Error::from(parse(cycle).unwrap_err());
    assert_eq!(error.kind, ErrorKind::CycleDetected);
    assert!(error.message.contains("egg → chicken → egg"), "{error}");

    let more = Error::from(parse(&cycle.replace("name: a\n", "name: a\ncolour: red\n")).unwrap_err());
    assert_eq!(more.kind, ErrorKind::InvalidTemplate);
    let problems = more.details["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 2);
    assert_eq!(problems[0]["code"], "unknown_key");
    assert_eq!(
        (&problems[0]["line"], &problems[0]["column"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(problems[0]["path"], "/colour");
}

#[test]
fn the_places_of_a_json_template_are_pointers() {
    let errors =
        from_json(&json!({ "name": "a", "step_templates": [{ "name": "b", "default_retry_limt": 1 }] }));
    let text = errors.unwrap_err().to_string();
    assert_eq!(
        text,
        "template: /step_templates/0/default_retry_limt: unknown key 'default_retry_limt' in step 'b'; \
         did you mean 'default_retry_limit'?"
    );
}

#[test]
fn a_json_template_that_is_nested_without_end_is_refused() {
    let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
    let errors = from_json(&json!({ "name": "a", "configuration": { "deep": deep }, "step_templates": [] }));
    assert_eq!(errors.unwrap_err().problems[0].code, ProblemCode::TooLarge);
}

#[test]
fn the_plan_survives_json_and_knows_its_graph() {
    let plan = parse("name: a\nstep_templates: [{name: b}, {name: c, depends_on_step: b}]\n").unwrap();
    let again: CompiledTemplate = serde_json::from_value(serde_json::to_value(&plan).unwrap()).unwrap();
    assert_eq!(plan, again);
    assert_eq!(plan.graph().topological_order().unwrap(), [0, 1]);
    assert_eq!(
        (
            plan.steps[0].dependents.as_slice(),
            plan.steps[1].parents.as_slice()
        ),
        (&[2][..], &[1][..])
    );
}

/// A template of `count` steps; the `shape` writes what each depends on.
fn large(count: usize, shape: impl Fn(usize, &mut String)) -> String {
    let mut source = "name: large\nstep_templates:\n".to_owned();
    for index in 0..count {
        writeln!(source, "  - name: step_{index}").unwrap();
        shape(index, &mut source);
    }
    source
}

/// The bound is far above what is needed, and far below what anything quadratic takes.
fn compiles_fast(source: &str) -> Result<CompiledTemplate, TemplateErrors> {
    let start = Instant::now();
    let outcome = parse(source);
    let taken = start.elapsed();
    assert!(taken < Duration::from_secs(10), "{taken:?}");
    outcome
}

#[test]
fn a_chain_of_100_000_steps_compiles() {
    let chain = large(100_000, |index, out| {
        if index > 0 {
            writeln!(out, "    depends_on_step: step_{}", index - 1).unwrap();
        }
    });
    let plan = compiles_fast(&chain).unwrap();
    assert_eq!(plan.graph().shape().unwrap().depth(), 100_000);
}

#[test]
fn a_fan_of_100_000_steps_with_one_join_compiles() {
    let fan = large(100_000, |index, out| {
        if index == 99_999 {
            let all: Vec<String> = (0..99_999).map(|index| format!("step_{index}")).collect();
            writeln!(out, "    depends_on_steps: [{}]", all.join(", ")).unwrap();
        }
    });
    let plan = compiles_fast(&fan).unwrap();
    assert_eq!(plan.steps[99_999].parents.len(), 99_999);
}

#[test]
fn a_template_with_100_000_mistakes_is_refused_as_fast_and_lists_no_more_than_a_person_reads() {
    let source = large(100_000, |index, out| {
        writeln!(
            out,
            "    depends_on_step: stepp_{index}\n    default_retry_limt: 1"
        )
        .unwrap();
    });
    let errors = compiles_fast(&source).unwrap_err();
    assert_eq!(errors.problems.len() + errors.omitted, 200_000);
    assert!(errors.problems.len() <= 100);
    let circle = large(50_000, |index, out| {
        writeln!(out, "    depends_on_step: step_{}", (index + 1) % 50_000).unwrap();
    });
    let errors = compiles_fast(&circle).unwrap_err();
    assert!(errors.is_cycle());
    assert!(
        errors.to_string().len() < 2_000,
        "the path of a large cycle is shortened"
    );
}

#[test]
fn a_file_over_the_limit_is_refused_unread() {
    let errors = parse(&"#".repeat((32 << 20) + 1)).unwrap_err();
    assert_eq!(errors.problems[0].code, ProblemCode::TooLarge);
}

#[test]
fn a_mistake_at_the_end_of_a_text_is_told_inside_of_it() {
    for (source, line, column) in [
        ("name: orders\nversion", 2, 8),
        ("name: orders\nversion\r\n", 3, 1),
        ("name: orders\r? ", 2, 3),
    ] {
        let errors = parse(source).unwrap_err();
        let last = errors.problems.last().unwrap();
        assert_eq!((last.line, last.column), (line, column), "{source:?}: {errors}");
    }
}

#[test]
fn what_somebody_else_wrote_does_not_break_the_line_of_a_problem() {
    for source in [
        "name: a\nschema: {$ref: \"https://a\\bb\"}\nstep_templates: [{name: only}]\n",
        "name: a\nstep_templates: [{name: \"on\\tly\"}, {name: b, depends_on_step: only}]\n",
    ] {
        for problem in parse(source).unwrap_err().problems {
            assert!(
                !problem.headline().contains(char::is_control),
                "{:?}",
                problem.headline()
            );
        }
    }
}
