//! The runner's judgement, against a database and real workers: stories that are true must pass, and stories with one
//! wrong expectation must fail with the difference that stands in their first line.

// A panic is how a test fails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use tasker_scenarios::options::Options;
use tasker_scenarios::suite::{Sum, run_suite};
use tokio_util::sync::CancellationToken;

fn stories(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .join("runner-selftest")
        .join(kind)
}

/// What `run-scenarios` says and sums up for `paths`; the server is the one of the whole test run where there is one.
async fn judge(paths: &[PathBuf], change: impl Fn(&mut Options)) -> anyhow::Result<(Vec<String>, Sum)> {
    let mut options = Options {
        runtime: "rust".to_owned(),
        pooler: false,
        database_url: std::env::var("TASKER_TEST_SERVER")
            .ok()
            .filter(|url| !url.is_empty()),
        jobs: 3,
        filter: None,
        workers: None,
        keep: false,
        paths: paths.to_vec(),
    };
    change(&mut options);
    let mut report = Vec::new();
    let sum = run_suite(options, CancellationToken::new(), &mut report).await?;
    Ok((
        String::from_utf8(report)?.lines().map(str::to_owned).collect(),
        sum,
    ))
}

#[tokio::test]
async fn true_stories_pass() {
    let (report, sum) = judge(&[stories("valid-pass")], |_| ()).await.unwrap();
    assert_eq!((sum.failed, sum.skipped), (0, 0), "{report:#?}");
    assert!(sum.passed >= 2, "{report:#?}");
    assert_eq!(
        report.last().unwrap(),
        &format!("{} passed, 0 failed, 0 skipped", sum.passed)
    );
}

#[tokio::test]
async fn untrue_stories_fail_with_their_first_difference() {
    let (report, sum) = judge(&[stories("valid-fail")], |_| ()).await.unwrap();
    assert_eq!((sum.passed, sum.skipped), (0, 0), "{report:#?}");
    let mut wrong = Vec::new();
    let mut files = 0;
    for entry in std::fs::read_dir(stories("valid-fail")).unwrap() {
        let path = entry.unwrap().path();
        let source = std::fs::read_to_string(&path).unwrap();
        let expected = source
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("# differs: "))
            .expect("a first line");
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let said = report
            .iter()
            .find(|line| line.starts_with(&format!("not ok {name} [rust] ")));
        let said = said.map_or("", |line| {
            line.split_once("s ").map_or("", |(_, difference)| difference)
        });
        if !said.contains(expected) {
            wrong.push(format!("{name}\n  expected {expected}\n  got      {said}"));
        }
        files += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(sum.failed, files, "{report:#?}");
}

#[tokio::test]
async fn a_story_that_needs_what_the_runtime_lacks_is_skipped_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let needy = "format: 1\nname: needy\nstory: It needs a capability that no worker has yet.\nrequires: [events]\n\
                 templates: [{name: a, step_templates: [{name: b}]}]\nactions: [{create_task: {name: a}}]\n";
    std::fs::write(folder.path().join("needy.yaml"), needy).unwrap();
    let (report, sum) = judge(&[folder.path().to_owned()], |_| ()).await.unwrap();
    assert_eq!(
        report,
        [
            "skip needy [rust] (needs events)",
            "0 passed, 0 failed, 1 skipped"
        ]
    );
    assert_eq!(sum.skipped, 1);
}

#[tokio::test]
async fn refused_files_count_as_failures() {
    let (report, sum) = judge(&[stories("invalid/newer_format.yaml")], |_| ())
        .await
        .unwrap();
    assert_eq!((sum.passed, sum.failed), (0, 1));
    assert!(
        report[0].contains("newer_format.yaml [rust] refused: format 2 is newer than this runner"),
        "{report:#?}"
    );
    assert_eq!(report[1], "0 passed, 1 failed, 0 skipped");
}

#[tokio::test]
async fn what_cannot_be_run_at_all_is_an_error() {
    let missing = judge(&[stories("nowhere")], |_| ())
        .await
        .unwrap_err()
        .to_string();
    assert!(missing.contains("there is no file or folder"), "{missing}");
    let runtime = judge(&[stories("valid-pass")], |options| {
        options.runtime = "cobol".into()
    })
    .await
    .unwrap_err();
    assert!(
        runtime
            .to_string()
            .contains("there is no runtime 'cobol'; there is: rust"),
        "{runtime}"
    );
    let filter = judge(&[stories("valid-pass")], |options| {
        options.filter = Some("zzz".into())
    })
    .await
    .unwrap_err();
    assert_eq!(filter.to_string(), "no scenario has 'zzz' in its name");
}
