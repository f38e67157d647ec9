//! What the command is to a shell: completions, the manual, pipes that close, the configuration of its process.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// The command in a folder, with these variables and nothing else of the machine that runs the tests.
fn tasker_in(folder: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tasker"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

fn tasker(arguments: &[&str]) -> Output {
    tasker_in(Path::new("."), &[], arguments)
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn has(program: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output();
    found.is_ok_and(|found| found.status.success())
}

#[test]
fn completions_are_written_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = tasker(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0), "{shell}: {}", err(&output));
        let text = out(&output);
        assert!(
            text.contains("tasker") && text.contains("diff") && text.len() > 10_000,
            "{shell}"
        );
    }
    let output = tasker(&["completions", "tcsh"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        err(&output).contains("bash, elvish, fish, powershell, zsh"),
        "{}",
        err(&output)
    );
}

#[test]
fn bash_completes_verbs_and_options_with_them() {
    let script = r#"
        set -eu
        source <(tasker completions bash)
        complete_words() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _tasker tasker "${!#}" ""; echo "${COMPREPLY[*]}"; }
        complete_words tasker te
        complete_words tasker bulk step re
        complete_words tasker template graph --form
    "#;
    let folder = Path::new(env!("CARGO_BIN_EXE_tasker")).parent().unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .args(["-c", script])
        .env("PATH", path)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", err(&output));
    assert_eq!(
        out(&output).lines().collect::<Vec<_>>(),
        ["template", "retry resolve", "--format"]
    );
}

#[test]
fn the_manual_has_a_page_a_verb_that_man_reads_without_a_warning() {
    let folder = TempDir::new().unwrap();
    let target = folder.path().join("man1");
    let output = tasker(&["man", "--output", target.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let mut names: Vec<String> = std::fs::read_dir(&target)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    for name in [
        "tasker.1",
        "tasker-task-create.1",
        "tasker-bulk-step-retry.1",
        "tasker-config-show.1",
    ] {
        assert!(names.iter().any(|one| one == name), "{name} in {names:?}");
    }
    assert!(
        names
            .iter()
            .all(|name| !name.contains("bench-worker") && !name.contains("help")),
        "{names:?}"
    );
    for name in &names {
        let page = std::fs::read_to_string(target.join(name)).unwrap();
        assert!(page.contains(".TH TASKER") && page.len() > 500, "{name}");
        if has("man") {
            let output = Command::new("man")
                .args(["--warnings", "-E", "UTF-8", "-l", "-Tutf8"])
                .arg(target.join(name))
                .env("LC_ALL", "C.UTF-8")
                .env("MANROFFSEQ", "")
                .stdout(Stdio::null())
                .output()
                .unwrap();
            assert_eq!(err(&output), "", "{name}");
        }
    }
}

#[test]
fn one_page_of_the_manual_goes_to_standard_output() {
    let output = tasker(&["man", "task", "create"]);
    assert!(
        out(&output).contains("tasker\\-task\\-create"),
        "{}",
        out(&output)
    );
    assert!(out(&output).contains("idempotency") || out(&output).contains("\\-\\-context"));
    let output = tasker(&["man", "task", "explode"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("tasker task explode"), "{}", err(&output));
}

#[test]
fn a_reader_that_goes_away_ends_the_command_quietly() {
    for arguments in [
        &["completions", "zsh"][..],
        &["man"],
        &["--help"],
        &["config", "show"],
    ] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tasker"))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The pipe is closed before most of it was read.
        let mut line = String::new();
        BufReader::with_capacity(1, child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(err(&output), "", "{arguments:?}");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    }
}

#[test]
fn the_configuration_tells_each_value_and_where_it_came_from_and_opens_nothing() {
    let folder = TempDir::new().unwrap();
    std::fs::write(
        folder.path().join("tasker.yaml"),
        "schema: jobs\nexecution:\n  lease_seconds: 60\n",
    )
    .unwrap();
    let variables = [
        ("TASKER_EXECUTION__MAX_WORKER_LOSSES", "5"),
        (
            "TASKER_DATABASE_URL",
            "postgres://anna:s3cr3t@nowhere.invalid/shop?sslmode=require",
        ),
        ("DATABASE_URL", "postgres://app:s3cr3t@nowhere.invalid/app"),
        (
            "TASKER_DATABASE__LISTEN_URL",
            "postgres://anna:s3cr3t@nowhere.invalid/shop",
        ),
    ];
    let output = tasker_in(folder.path(), &variables, &["config", "show", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(!out(&output).contains("s3cr3t"), "{}", out(&output));
    let shown: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(shown["database"]["source"], "TASKER_DATABASE_URL");
    assert_eq!(
        shown["database"]["url"],
        "postgres://anna@nowhere.invalid/shop?sslmode=require"
    );
    assert_eq!(
        (&shown["schema"]["value"], &shown["schema"]["origin"]["line"]),
        (&"jobs".into(), &1.into())
    );
    let setting = |name: &str| {
        let settings = shown["settings"].as_array().unwrap();
        settings
            .iter()
            .find(|setting| setting["name"] == name)
            .unwrap()
            .clone()
    };
    let lease = setting("execution.lease_seconds");
    assert_eq!((&lease["value"], &lease["default"]), (&60.0.into(), &30.0.into()));
    assert_eq!(
        lease["origin"],
        serde_json::json!({"kind": "file", "path": "tasker.yaml", "line": 3, "column": 3})
    );
    let losses = setting("execution.max_worker_losses");
    assert_eq!(losses["origin"]["name"], "TASKER_EXECUTION__MAX_WORKER_LOSSES");
    assert_eq!(
        setting("database.listen_url")["value"],
        "postgres://anna@nowhere.invalid/shop"
    );
    assert_eq!(setting("backoff.backoff_multiplier")["origin"]["kind"], "default");

    let changed = tasker_in(
        folder.path(),
        &variables,
        &["config", "show", "--changed", "--schema", "other"],
    );
    let text = out(&changed);
    assert!(
        text.contains("tasker.yaml:3:3") && !text.contains("backoff.") && text.contains("other  --schema"),
        "{text}"
    );
}

#[test]
fn a_configuration_that_is_wrong_stops_every_verb_with_all_that_is_wrong() {
    let folder = TempDir::new().unwrap();
    std::fs::write(
        folder.path().join("other.yaml"),
        "execution: {lease_second: 60}\n",
    )
    .unwrap();
    let variables = [
        ("TASKER_CONFIG", "other.yaml"),
        ("TASKER_ENGINE__STRICT_VERSION", "true"),
    ];
    for arguments in [&["config", "show"][..], &["task", "list"]] {
        let output = tasker_in(
            folder.path(),
            &[&variables[..], &[("DATABASE_URL", "postgres://x/y")]].concat(),
            arguments,
        );
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let told = err(&output);
        assert!(
            told.contains(
                "other.yaml:1:13: execution.lease_second is no setting; did you mean 'lease_seconds'?"
            ),
            "{told}"
        );
        assert!(
            told.contains("did you mean TASKER_ENGINE__STRICT_VERSIONS?"),
            "{told}"
        );
    }
    let output = tasker_in(
        folder.path(),
        &[("TASKER_CONFIG", "missing.yaml")],
        &["config", "show"],
    );
    assert!(
        err(&output).contains("missing.yaml, which TASKER_CONFIG names, cannot be read"),
        "{}",
        err(&output)
    );
}

#[test]
fn where_no_database_may_be_used_the_configuration_is_shown_with_the_reason() {
    let folder = TempDir::new().unwrap();
    let output = tasker_in(
        folder.path(),
        &[("RAILS_ENV", "production")],
        &["config", "show", "--json"],
    );
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let shown: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    assert!(
        shown["database"]["problem"]
            .as_str()
            .unwrap()
            .contains("RAILS_ENV=production")
    );
    let unknown = tasker_in(folder.path(), &[], &["config", "show", "no_such_setting"]);
    assert_eq!(unknown.status.code(), Some(3));
}

#[test]
fn every_verb_teaches_by_example() {
    let mut waiting = vec![Vec::<String>::new()];
    let mut seen = 0;
    while let Some(words) = waiting.pop() {
        let arguments: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        let help = out(&tasker(&arguments));
        assert!(
            help.contains("Examples:\n  "),
            "tasker {} shows no example",
            words.join(" ")
        );
        let verbs = help.split("Commands:\n").nth(1).unwrap_or_default();
        let verbs = verbs.lines().take_while(|line| !line.is_empty());
        // Longer descriptions go on, further in, on the next line.
        let names = verbs.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
        waiting.extend(
            names
                .filter_map(|line| line.split_whitespace().next())
                .map(|name| {
                    let mut words = words.clone();
                    words.push(name.to_owned());
                    words
                }),
        );
        seen += 1;
    }
    assert!(seen > 50, "{seen} verbs were found");
}

#[test]
fn a_picture_on_standard_input_needs_no_database() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tasker"))
        .args(["template", "graph", "-", "--format", "svg"])
        .env("TASKER_ENV", "production")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let text = "name: a\nstep_templates: [{name: x}, {name: 'y<&>', depends_on_step: x}]";
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(out(&output).contains("y&lt;&amp;&gt;"), "{}", out(&output));
}
