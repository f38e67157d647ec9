//! `lists`: lists of tasks by every two filters, with their totals, and single tasks shown, over HTTP, beside a history.

use crate::options::Options;
use crate::progress::Progress;
use crate::report::{Percentiles, Point, rounded};
use crate::room::Room;
use crate::run::Figures;
use crate::web::{Caller, Site};
use crate::workload::HANDLER;
use anyhow::{Context, Result};
use chrono::{SecondsFormat, TimeDelta, Utc};
use serde_json::Value;
use sqlx::AssertSqlSafe;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::time::Instant;
use url::form_urlencoded::Serializer;

/// How many named tasks the history is of.
const NAMES: u32 = 8;
/// How often each list is asked for, after once that does not count.
const ROUNDS: u32 = 3;
/// How many of the slowest lists are told.
const TOLD: usize = 5;
/// What fills the tables.
const HISTORY: &str = include_str!("history.sql");

/// What a list is narrowed by: values that many tasks have, and values that few have. Times are hours ago.
const FILTERS: &[&[(&str, &str)]] = &[
    &[("namespace", "lists_1")],
    &[("name", "list_3")],
    &[("version", "1.0.0")],
    &[("status", "complete")],
    &[("status", "error")],
    &[("status", "pending")],
    &[("tag", "tag_35")],
    &[("tag", "all")],
    &[("initiator", "user_57")],
    &[("initiator", "unknown")],
    &[("source_system", "system_2")],
    &[("source_system", "rare")],
    &[("created_since", "2 h")],
    &[("created_since", "400 h")],
    &[("created_before", "400 h")],
    &[("completed_since", "4 h")],
    &[("completed_before", "400 h")],
    &[("paused", "true")],
    &[("paused", "false")],
    &[("error_code", "code_3")],
    &[("annotation_type", "refund")],
    &[("annotation_key", "by")],
    &[("annotation_key", "by"), ("annotation_value", "20")],
    &[
        ("name", "list_3"),
        ("context", "{\"customer\": {\"id\": \"c451\"}}"),
    ],
    &[
        ("name", "list_3"),
        ("created_since", "400 h"),
        ("context", "{\"note\": \"note 11\"}"),
    ],
];

/// The templates of the history, as a user would write them.
pub(crate) fn templates(steps: u32) -> Vec<String> {
    (0..NAMES).map(|number| template(number, steps)).collect()
}

fn template(number: u32, steps: u32) -> String {
    let mut text = format!(
        "name: list_{number}\nnamespace_name: lists_{}\nversion: 1.0.0\nsearchable: [order_id, customer.id]\nstep_templates:\n",
        number % 2
    );
    for step in 1..=steps {
        let parent = match step {
            1 => String::new(),
            _ => format!("step_{}", step - 1),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "  - {{name: step_{step}, handler: {HANDLER}, depends_on_steps: [{parent}]}}"
        );
    }
    text
}

/// Fills the tables, and asks for every list and for single tasks.
pub(crate) async fn run(room: &mut Room, options: &Options, progress: &dyn Progress) -> Result<Figures> {
    progress.phase("filling the tables");
    let history = HISTORY.replace("{tasks}", &options.tasks().to_string());
    for sql in [history.as_str(), "vacuum analyze"] {
        // The one thing put into it is a number.
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(room.looker.once())
            .await?;
    }
    let client = room.engine()?;
    let site = Site::open(&client).await?;
    let mut caller = site.caller().await?;
    let started = Instant::now();
    progress.phase("lists by two filters");
    let lists = lists(&mut caller, progress).await?;
    progress.phase("single tasks");
    let shown = shown(&mut caller, progress).await?;
    let total_s = started.elapsed().as_secs_f64();
    drop(caller);
    site.close().await?;
    client.close().await;
    Ok(Figures {
        total_s,
        points: Some(vec![
            point("two_filters", options.tasks(), lists),
            point("show", options.tasks(), shown),
        ]),
        steps: options.tasks() * u64::from(options.steps_per_task()),
        ..Figures::default()
    })
}

fn point(way: &'static str, size: u64, milliseconds: Vec<f64>) -> Point {
    Point {
        way,
        size,
        request_ms: Percentiles::of(milliseconds),
        ..Point::default()
    }
}

/// The list of every two filters that do not ask for the same thing.
fn queries() -> Vec<String> {
    let mut queries = Vec::new();
    for (at, first) in FILTERS.iter().enumerate() {
        for second in FILTERS.iter().skip(at + 1) {
            let both: BTreeMap<&str, &str> = first.iter().chain(*second).copied().collect();
            let overlap = first
                .iter()
                .any(|(name, _)| second.iter().any(|(other, _)| name == other));
            if overlap && both.len() <= first.len().max(second.len()) {
                continue;
            }
            let mut query = Serializer::new(String::new());
            for (name, value) in both {
                query.append_pair(name, &hours_ago(value));
            }
            queries.push(query.finish());
        }
    }
    queries
}

fn hours_ago(value: &str) -> String {
    match value.strip_suffix(" h").and_then(|hours| hours.parse().ok()) {
        Some(hours) => (Utc::now() - TimeDelta::hours(hours)).to_rfc3339_opts(SecondsFormat::Millis, true),
        None => value.to_owned(),
    }
}

async fn lists(caller: &mut Caller, progress: &dyn Progress) -> Result<Vec<f64>> {
    let queries = queries();
    let mut all = Vec::new();
    let mut slowest: HashMap<&str, f64> = HashMap::new();
    let mut done = 0;
    for round in 0..=ROUNDS {
        for query in &queries {
            let taken = timed(caller, &format!("/tasks?{query}")).await?.0;
            if round > 0 {
                all.push(taken);
                let most = slowest.entry(query).or_default();
                *most = most.max(taken);
            }
            done += 1;
            progress.done(done, (u64::from(ROUNDS) + 1) * queries.len() as u64);
        }
    }
    let mut slowest: Vec<(&str, f64)> = slowest.into_iter().collect();
    slowest.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    for (query, taken) in slowest.into_iter().take(TOLD) {
        progress.note(&format!("{} ms at the most: {query}", rounded(taken)));
    }
    Ok(all)
}

/// The newest hundred tasks and the hundred oldest of those that failed, one by one.
async fn shown(caller: &mut Caller, progress: &dyn Progress) -> Result<Vec<f64>> {
    let mut ids = Vec::new();
    for query in ["limit=100", "limit=100&status=error&sort_order=asc"] {
        let (_, answer) = timed(caller, &format!("/tasks?fields=task_id&{query}")).await?;
        let tasks = answer["tasks"].as_array().context("a list without tasks")?;
        ids.extend(
            tasks
                .iter()
                .filter_map(|task| task["task_id"].as_str().map(str::to_owned)),
        );
    }
    let mut all = Vec::new();
    for (at, id) in ids.iter().enumerate() {
        all.push(timed(caller, &format!("/tasks/{id}")).await?.0);
        progress.done(at as u64 + 1, ids.len() as u64);
    }
    Ok(all)
}

/// The milliseconds from before the request to the end of its answer, and the answer.
async fn timed(caller: &mut Caller, path: &str) -> Result<(f64, Value)> {
    let started = Instant::now();
    let body = caller.get(path).await?;
    let taken = started.elapsed().as_secs_f64() * 1000.0;
    Ok((taken, serde_json::from_slice(&body)?))
}

#[cfg(test)]
mod tests {
    use super::{FILTERS, queries};

    #[test]
    fn the_lists_are_of_pairs_that_say_two_things() {
        let queries = queries();
        assert!(queries.len() > FILTERS.len() * 10);
        assert!(queries.iter().all(|query| query.contains('&')));
    }
}
