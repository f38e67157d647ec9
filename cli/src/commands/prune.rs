//! `tasker prune`.

use crate::args::GlobalOptions;
use crate::commands::span::seconds;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::live::ask;
use crate::printer::Printer;
use crate::render;
use crate::session::Session;
use clap::{Args, ValueEnum};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tasker_core::Client;
use tasker_core::model::{ArchiveFormat, Prunable, RetentionRule, State};
use tasker_core::store::Archive;

/// How often progress is told.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(2);

/// Delete finished tasks of long ago, in small batches; archive them first if wanted.
///
/// Only tasks that are complete, cancelled or resolved_manually go, and those in error if they are named by --state. Tasks that
/// are paused, or of which somebody holds a lock, stay. Idempotency keys without a time to live outlive their tasks.
///
/// Safe while workers run, by many at once, and to interrupt. Workers do the same by themselves where the settings `retention`
/// say so.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker prune --older-than 90d --dry-run                        what would go
  tasker prune --older-than 90d --yes
  tasker prune --older-than 30d --namespace shop --name process_order --state complete,error --yes
  tasker prune --older-than 1d --archive /srv/archive --yes      written to files first, one JSON object a line
  tasker prune --trail-older-than 180d --yes                     the audit trail of that time, its tasks stay")]
pub(crate) struct Arguments {
    /// Tasks that ended this long ago: 90d, 12h, 30m, 45s.
    #[arg(long, value_name = "SPAN", required_unless_present = "trail_older_than")]
    older_than: Option<String>,
    /// Only of this namespace.
    #[arg(long, value_name = "NAME", requires = "older_than")]
    namespace: Option<String>,
    /// Only of this name.
    #[arg(long, value_name = "NAME", requires = "older_than")]
    name: Option<String>,
    /// Only in these states, separated by commas: complete, error, cancelled, resolved_manually. All but error when left out.
    #[arg(long, value_name = "STATE", value_delimiter = ',', requires = "older_than")]
    state: Vec<String>,
    /// Write the tasks to a file in this directory before they are deleted.
    #[arg(long, value_name = "DIR", requires = "older_than")]
    archive: Option<PathBuf>,
    /// How they are written.
    #[arg(long, value_name = "FORMAT", default_value = "jsonl", requires = "archive")]
    format: Format,
    /// Drop the partitions of the trail that ended this long ago, at least 2d, where no task of their time is unfinished.
    #[arg(long, value_name = "SPAN")]
    trail_older_than: Option<String>,
    /// Only say what would go.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
}

/// How pruned tasks are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON object a line, one line a task.
    Jsonl,
    /// The same, compressed with zstd.
    JsonlZstd,
    /// Parquet, one row a task, a file a batch.
    Parquet,
}

impl From<Format> for ArchiveFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Jsonl => Self::Jsonl,
            Format::JsonlZstd => Self::JsonlZstd,
            Format::Parquet => Self::Parquet,
        }
    }
}

impl Arguments {
    fn rules(&self) -> Result<Vec<RetentionRule>, Failure> {
        let Some(span) = &self.older_than else {
            return Ok(Vec::new());
        };
        let rule = RetentionRule {
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            state: None,
            older_than_seconds: Some(seconds("--older-than", span)?),
        };
        if self.state.is_empty() {
            return Ok(vec![rule]);
        }
        self.state
            .iter()
            .map(|state| {
                let state: State = state.parse()?;
                if matches!(state, State::Pending | State::InProgress) {
                    return Err(Failure::usage(format!(
                        "A task that is {state} is not finished and never pruned."
                    ))
                    .next("name states of complete, error, cancelled, resolved_manually"));
                }
                Ok(RetentionRule {
                    state: Some(state),
                    ..rule.clone()
                })
            })
            .collect()
    }
}

pub(crate) async fn run(
    arguments: Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let rules = arguments.rules()?;
    let trail = arguments
        .trail_older_than
        .as_deref()
        .map(|span| seconds("--trail-older-than", span))
        .transpose()?;
    let session = Session::new(global)?;
    let prunable = if rules.is_empty() {
        Vec::new()
    } else {
        count(&session.client, &rules).await?
    };
    if arguments.dry_run {
        printer.answer(&json!({"dry_run": true, "prunable": prunable}), |look| {
            render::prunable(&prunable, look)
        });
        return Ok(ExitStatus::Ok);
    }
    let total = prunable.iter().map(|row| row.tasks).sum();
    if !arguments.yes && (total > 0 || trail.is_some()) {
        confirm(&prunable, printer).await?;
    }
    let mut archive = arguments
        .archive
        .as_ref()
        .map(|directory| Archive::new(directory, arguments.format.into()));
    let (tasks, steps) = prune(&session.client, &rules, total, archive.as_mut(), printer).await?;
    let (identities, workers) = session.client.prune_leftovers().await?;
    let partitions = match trail {
        Some(age) => session.client.drop_trail_partitions(age).await?,
        None => Vec::new(),
    };
    let files: Vec<_> = archive.iter().flat_map(Archive::files).collect();
    let pruned = render::Pruned {
        tasks,
        steps,
        identities,
        workers,
    };
    printer.answer(
        &json!({"dry_run": false, "tasks": tasks, "steps": steps, "identities": identities, "workers": workers,
                "archive": files, "trail_partitions": partitions}),
        |look| render::pruned(&pruned, &files, &partitions, look),
    );
    Ok(ExitStatus::Ok)
}

/// Counts page by page; the rows of a name and state are added up.
async fn count(client: &Client, rules: &[RetentionRule]) -> Result<Vec<Prunable>, Failure> {
    let mut found: BTreeMap<(String, String, String), Prunable> = BTreeMap::new();
    let mut after = None;
    loop {
        let (rows, next) = client.count_prunable(rules, after).await?;
        for row in rows {
            let key = (row.namespace.clone(), row.name.clone(), row.state.clone());
            found
                .entry(key)
                .and_modify(|sum| {
                    sum.tasks += row.tasks;
                    sum.steps += row.steps;
                })
                .or_insert(row);
        }
        after = next;
        if after.is_none() {
            return Ok(found.into_values().collect());
        }
    }
}

async fn prune(
    client: &Client,
    rules: &[RetentionRule],
    total: i64,
    mut archive: Option<&mut Archive>,
    printer: &Printer,
) -> Result<(i64, i64), Failure> {
    let (mut tasks, mut steps, mut after) = (0, 0, None);
    let mut told = Instant::now();
    if total == 0 {
        return Ok((0, 0));
    }
    loop {
        let batch = client.prune_batch(rules, after, archive.as_deref_mut()).await?;
        (tasks, steps) = (tasks + batch.tasks, steps + batch.steps);
        after = batch.next_after;
        if after.is_none() {
            return Ok((tasks, steps));
        }
        if told.elapsed() >= PROGRESS_INTERVAL {
            told = Instant::now();
            printer.progress(&printer.err.dim(&format!("pruned {tasks} of {total} tasks")));
        }
    }
}

/// Asks on a terminal; elsewhere --yes has to say it.
async fn confirm(prunable: &[Prunable], printer: &Printer) -> Result<(), Failure> {
    if printer.json || !std::io::stdin().is_terminal() {
        return Err(Failure::usage("Nothing was deleted: it was not confirmed.")
            .next("look at it with --dry-run, then give --yes"));
    }
    printer.note(&render::prunable(prunable, &printer.err));
    let question = printer.err.bold("Delete for good? Type yes:");
    if ask(&question).await? == "yes" {
        return Ok(());
    }
    Err(Failure::failed("Nothing was deleted."))
}
