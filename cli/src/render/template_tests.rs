//! Whole outputs of what is told of templates and of the configuration.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::samples::{before, now, order};
use super::*;
use insta::assert_snapshot;
use serde_json::json;
use tasker_core::config::{Configuration, Given, Sources, without_password};
use tasker_core::graph::Graph;
use tasker_core::model::{State, TemplateContent};
use tasker_core::template::{CompiledTemplate, ParseOptions, Template, TemplateDiff};

const PLAIN: Look = Look {
    color: false,
    width: None,
};

fn workflow() -> CompiledTemplate {
    tasker_example_order::workflow().unwrap()
}

fn parsed(text: &str) -> CompiledTemplate {
    Template::parse(text, &ParseOptions::default()).unwrap()
}

#[test]
fn a_template_is_drawn_in_boxes_between_its_name_and_its_longest_way() {
    let template = workflow();
    let names: Vec<&str> = template.steps.iter().map(|step| step.name.as_str()).collect();
    let picture = boxes(&template.graph(), &names, &[], &[], Boxes::default(), &PLAIN).unwrap();
    assert_snapshot!(template_picture(&template, &picture, &PLAIN));
}

#[test]
fn a_task_is_drawn_in_boxes_with_the_glyphs_of_its_states_or_in_ascii_with_their_names() {
    let steps = order();
    let parents =
        |step: &tasker_core::model::Step| step.parents_ids.iter().map(|no| *no as usize - 1).collect();
    let graph = Graph::from_parents(steps.iter().map(parents).collect());
    let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    let states: Vec<Option<State>> = steps.iter().map(|step| Some(step.status)).collect();
    let waiting: Vec<bool> = steps.iter().map(|step| step.next_retry_at.is_some()).collect();
    let draw = |how, look| boxes(&graph, &names, &states, &waiting, how, look).unwrap();
    let (unicode, ascii) = (
        draw(Boxes::default(), &PLAIN),
        draw(Boxes { ascii: true }, &PLAIN),
    );
    assert!(ascii.is_ascii(), "{ascii}");
    assert_snapshot!(format!("{unicode}\n\n{ascii}"));
    let painted = draw(
        Boxes::default(),
        &Look {
            color: true,
            width: None,
        },
    );
    assert!(
        painted.contains("\u{1b}[32m"),
        "what is complete is green: {painted:?}"
    );
    let narrow = Look {
        color: false,
        width: Some(20),
    };
    assert!(boxes(&graph, &names, &states, &waiting, Boxes::default(), &narrow).is_none());
}

#[test]
fn a_template_is_shown_with_its_steps_and_the_contents_that_it_had() {
    let template = workflow();
    let content = |version: &str, digest: &str, replaced| TemplateContent {
        namespace: "shop".into(),
        name: "process_order".into(),
        version: version.into(),
        full_name: format!("shop.process_order@{version}"),
        digest: digest.into(),
        step_count: 7,
        registered_at: before(86_400_000),
        replaced_at: replaced,
    };
    let contents = [
        content("1.0.0", &template.digest, None),
        content("1.0.0", "3f9a1c0000000000", Some(before(3_600_000))),
        content("0.9.0", "77aa000000000000", None),
    ];
    assert_snapshot!(super::template(&template, &contents, now(), &PLAIN));
}

const OLD: &str = "\
name: order
version: 1.0.0
schema: {type: object, properties: {id: {type: integer}, note: {type: string}}}
step_templates:
  - {name: check}
  - {name: charge, depends_on_step: check, default_retry_limit: 3}
  - {name: log, depends_on_step: check}
  - {name: ship, depends_on_step: charge}
";

#[test]
fn what_differs_between_two_contents_is_told_step_by_step() {
    let new = OLD
        .replace("version: 1.0.0", "version: 1.1.0\ndescription: with a screening")
        .replace("{type: integer}, note: {type: string}", "{type: string}")
        .replace("{name: log,", "{name: screen,")
        .replace(
            "depends_on_step: check, default_retry_limit: 3",
            "depends_on_step: screen, default_retry_limit: 5, timeout_seconds: 30",
        );
    let (old, new) = (parsed(OLD), parsed(&new));
    let wordy = parsed(&OLD.replace("{name: check}", "{name: check, priority: 4}"));
    let diff = |a, b| template_diff(&TemplateDiff::between(a, b), &PLAIN);
    assert_snapshot!(format!(
        "{}\n====\n{}\n====\n{}",
        diff(&old, &new),
        diff(&old, &old),
        diff(&old, &wordy)
    ));
}

#[test]
fn the_configuration_says_which_database_is_used_and_where_every_setting_came_from() {
    let sources = Sources {
        file: Some((
            "tasker.yaml".into(),
            "schema: jobs\nexecution:\n  lease_seconds: 60\n".into(),
        )),
        variables: vec![("TASKER_BACKOFF__DEFAULT_BACKOFF_SECONDS".into(), "1,5,30".into())],
        given: Given {
            settings: json!({"database": {"max_connections": 8}})
                .as_object()
                .unwrap()
                .clone(),
            ..Given::default()
        },
    };
    let configuration = Configuration::read(&sources).unwrap();
    let candidate = |name, url: Option<&str>, used| Candidate {
        name,
        url: url.map(without_password),
        used,
    };
    let candidates = [
        candidate("--database-url", None, false),
        candidate(
            "TASKER_DATABASE_URL",
            Some("postgres://anna:s3cr3t@db/shop"),
            true,
        ),
        candidate("DATABASE_URL", Some("postgres://app:s3cr3t@db/app"), false),
        candidate("private cluster", None, false),
    ];
    let text = config(&configuration, &candidates, None, configuration.list(), &PLAIN);
    assert!(!text.contains("s3cr3t"));
    assert_snapshot!(text);
}
