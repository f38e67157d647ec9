//! Lists of tasks beside a history: no filter, and no two of them, read the tables from one end to the other.

mod contexts;
mod filters;

use self::filters::{VARIANTS, fields_of};
use crate::plan::Plan;
use crate::session::Session;
use crate::support::migrated;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use tasker_core::model::{TaskFilter, TaskSearch};
use tasker_tests::TestDatabase;

/// How many tasks lie in the tables.
const TASKS: u32 = 12_000;
/// What fills them, as for `tasker bench lists`.
const HISTORY: &str = include_str!("../../../../bench/src/history.sql");
/// What must not be read from one end to the other; the trail of steps comes besides.
const LARGE: [&str; 4] = [
    "tasks",
    "workflow_steps",
    "task_transitions",
    "workflow_step_transitions",
];

async fn filled() -> (TestDatabase, Session) {
    let database = migrated().await.unwrap();
    let mut s = Session::open(&database).await;
    for number in 0..8 {
        let plan = Plan::chain(&format!("list_{number}"), &["a", "b", "c"])
            .with("namespace_name", json!(format!("lists_{}", number % 2)))
            .with("searchable", json!(["order_id", "customer.id"]));
        s.register(&plan).await;
    }
    let history = HISTORY.replace("{tasks}", &TASKS.to_string());
    s.run(&format!("set search_path = tasker; {history}; reset search_path"))
        .await;
    s.run("vacuum analyze").await;
    (database, s)
}

/// What of the large tables a piece of work scans sequentially, with their partitions.
async fn scanned(s: &mut Session, work: impl AsyncFnOnce(&mut Session)) -> Vec<String> {
    let before = scans(s).await;
    work(s).await;
    let after = scans(s).await;
    after
        .into_iter()
        .filter(|(name, count)| before.get(name) != Some(count))
        .map(|(name, _)| name)
        .collect()
}

/// How often each was scanned sequentially. Nobody but this session is at work in the database.
async fn scans(s: &mut Session) -> BTreeMap<String, i64> {
    s.run("select pg_stat_force_next_flush()").await;
    let question = "select relname::text as name, seq_scan from pg_stat_user_tables where seq_scan > 0 and schemaname = 'tasker'";
    let rows = s.rows(question).await.into_iter();
    rows.filter_map(|row| Some((row["name"].as_str()?.to_owned(), row["seq_scan"].as_i64()?)))
        .filter(|(name, _)| {
            LARGE
                .iter()
                .any(|large| name == large || name.starts_with(&format!("{large}_")))
        })
        .collect()
}

fn search(filter: TaskFilter) -> TaskSearch {
    TaskSearch {
        filter,
        limit: 20,
        count_up_to: 10_000,
        ..TaskSearch::default()
    }
}

#[tokio::test]
async fn no_list_by_any_two_filters_reads_a_table_from_end_to_end() {
    let (_database, mut s) = filled().await;
    let now = s.now().await;
    let mut wrong = Vec::new();
    let mut searches = vec![("nothing".to_owned(), TaskFilter::default())];
    for (at, (first, set_first)) in VARIANTS.iter().enumerate() {
        for (second, set_second) in &VARIANTS[at..] {
            let mut filter = TaskFilter::default();
            set_first(&mut filter, now);
            set_second(&mut filter, now);
            searches.push((format!("{first} and {second}"), filter));
        }
    }
    for (name, filter) in searches {
        let search = search(filter);
        let store = s.store.clone();
        let found = scanned(&mut s, async |s| {
            let found = store.search_tasks(&mut s.c, &search).await.expect(&name);
            store.tasks(&mut s.c, &found.task_ids).await.expect(&name);
        })
        .await;
        if !found.is_empty() {
            wrong.push(format!("{name}: {}", found.join(", ")));
        }
    }
    assert!(
        wrong.is_empty(),
        "read from end to end:\n  {}",
        wrong.join("\n  ")
    );
}

#[test]
fn the_pairs_are_of_every_filter_there_is() {
    let now = chrono::Utc::now();
    let mut all = TaskFilter::default();
    let unset: BTreeSet<_> = fields_of(&all).into_iter().collect();
    assert_eq!(unset, BTreeSet::new());
    for (_, set) in VARIANTS {
        set(&mut all, now);
    }
    let set: BTreeSet<_> = fields_of(&all).into_iter().collect();
    assert_eq!(set, filters::FIELDS.into_iter().collect());
}

#[tokio::test]
async fn a_list_finds_with_its_indexes_what_looking_at_every_task_finds() {
    let (_database, mut s) = filled().await;
    let now = s.now().await;
    for (name, set) in VARIANTS {
        let mut filter = TaskFilter::default();
        set(&mut filter, now);
        let search = search(filter);
        let store = s.store.clone();
        let mut answers = Vec::new();
        for setting in ["on", "off"] {
            s.run(&format!(
                "set enable_indexscan = {setting}; set enable_bitmapscan = {setting}; set enable_indexonlyscan = {setting}"
            ))
            .await;
            let found = store.search_tasks(&mut s.c, &search).await.expect(name);
            answers.push((found.task_ids, found.total));
        }
        s.run("reset all").await;
        assert_eq!(answers[0], answers[1], "{name}");
        assert!(!answers[0].0.is_empty(), "{name} finds nothing");
    }
}

#[tokio::test]
async fn a_scan_from_end_to_end_would_be_seen() {
    let (_database, mut s) = filled().await;
    let found = scanned(&mut s, async |s| {
        s.run("select count(*) from tasker.tasks where reason = 'x'")
            .await;
        s.run("select count(*) from tasker.workflow_step_transitions where worker_id = 7")
            .await;
    })
    .await;
    assert_eq!(found, ["tasks", "workflow_step_transitions_default"]);
}

#[tokio::test]
async fn showing_a_task_reads_no_table_from_end_to_end() {
    let (_database, mut s) = filled().await;
    let store = s.store.clone();
    let search = search(TaskFilter::default());
    let ids = store.search_tasks(&mut s.c, &search).await.unwrap().task_ids;
    let found = scanned(&mut s, async |s| {
        let one = &ids[..1];
        assert_eq!(store.tasks(&mut s.c, one).await.unwrap().len(), 1);
        assert_eq!(store.steps(&mut s.c, one).await.unwrap().len(), 3);
        store.list_annotations(&mut s.c, one).await.unwrap();
        assert!(!store.step_transitions(&mut s.c, one[0]).await.unwrap().is_empty());
        assert!(
            !store
                .transitions(&mut s.c, one[0], None)
                .await
                .unwrap()
                .is_empty()
        );
    })
    .await;
    assert_eq!(found, Vec::<String>::new());
}
