//! The command as it is called: what needs no database.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Write;
use std::process::{Command, Output, Stdio};

fn tasker(arguments: &[&str]) -> Output {
    tasker_with_input(arguments, "")
}

fn tasker_with_input(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tasker"))
        .args(arguments)
        // Nothing of the machine that runs the tests may show.
        .env_remove("TASKER_DATABASE_URL")
        .env_remove("DATABASE_URL")
        .env_remove("TASKER_LOG")
        .env("TASKER_ENV", "production")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input may have ended already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

const ORDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/order/workflow.yaml");

#[test]
fn help_is_an_answer_and_goes_to_standard_output() {
    for arguments in [
        &["--help"][..],
        &["task", "create", "--help"],
        &["bench", "--help"],
    ] {
        let output = tasker(arguments);
        assert_eq!(output.status.code(), Some(0));
        assert!(out(&output).contains("Examples:"), "{arguments:?}");
        assert!(err(&output).is_empty());
    }
}

#[test]
fn a_verb_that_does_not_exist_is_a_usage_error() {
    let output = tasker(&["tusk"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("tusk"));
    assert!(out(&output).is_empty());
}

#[test]
fn a_good_template_is_valid() {
    let output = tasker(&["template", "validate", ORDER]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(out(&output).contains("shop.process_order@1.0.0  7 steps, 5 levels, up to 2 at once"));
}

#[test]
fn a_bad_template_is_refused_with_its_line_and_code_6() {
    let output = tasker_with_input(
        &["template", "validate", "-"],
        "name: x\nstep_templates:\n  - {nam: a}\n",
    );
    assert_eq!(output.status.code(), Some(6));
    assert!(err(&output).contains("<stdin>:3:6"), "{}", err(&output));
}

#[test]
fn a_failure_is_one_json_object_on_standard_error_where_programs_read() {
    let output = tasker_with_input(&["--json", "template", "validate", "-"], "name: x\n");
    assert_eq!(output.status.code(), Some(6));
    let failure: serde_json::Value = serde_json::from_str(&err(&output)).unwrap();
    assert_eq!(failure["error"]["kind"], "invalid_template");
    assert_eq!(failure["error"]["exit_code"], 6);
    let answer: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(answer["files"][0]["valid"], false);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let output = tasker(&["template", "validate", "no-such-file.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("no-such-file.yaml cannot be read"));
}

#[test]
fn a_graph_is_written_for_graphviz_and_for_markdown() {
    let dot = tasker(&["template", "graph", ORDER, "--format", "dot"]);
    assert!(out(&dot).starts_with("digraph"), "{}", out(&dot));
    let mermaid = tasker(&[
        "template",
        "graph",
        ORDER,
        "--format",
        "mermaid",
        "--direction",
        "right",
    ]);
    assert!(out(&mermaid).starts_with("flowchart LR"), "{}", out(&mermaid));
    let json = tasker(&["template", "graph", ORDER, "--format", "json"]);
    let graph: serde_json::Value = serde_json::from_str(&out(&json)).unwrap();
    assert_eq!((&graph["depth"], &graph["width"]), (&5.into(), &2.into()));
}

#[test]
fn no_verb_starts_a_private_database_in_production() {
    let output = tasker(&["task", "list"]);
    assert_eq!(output.status.code(), Some(2), "{}", err(&output));
    assert!(err(&output).contains("TASKER_ENV=production"));
}

#[test]
fn a_context_that_is_no_object_is_refused_before_anything_is_opened() {
    for context in ["[1]", "{", "7"] {
        let output = tasker(&["task", "create", "x", "--context", context]);
        assert_eq!(output.status.code(), Some(2));
        assert!(err(&output).contains("--context"), "{}", err(&output));
    }
}

#[test]
fn a_workload_that_does_not_exist_is_a_usage_error_that_lists_what_does() {
    let output = tasker(&["bench", "lineer"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("backlog, graph-size"), "{}", err(&output));
    assert!(out(&output).is_empty());
}

#[test]
fn a_runtime_that_does_not_exist_is_a_usage_error_that_lists_what_does() {
    let output = tasker(&["bench", "linear", "--runtime", "cobol"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("rust"), "{}", err(&output));
}

#[test]
fn colour_is_forced_and_forbidden_by_option() {
    let painted = tasker(&["--color", "always", "template", "validate", ORDER]);
    assert!(out(&painted).contains("\x1b["));
    for arguments in [
        &["template", "validate", ORDER][..],
        &["--color", "never", "template", "validate", ORDER],
    ] {
        assert!(!out(&tasker(arguments)).contains('\x1b'));
    }
}
