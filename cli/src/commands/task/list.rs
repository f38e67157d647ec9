//! `tasker task list`.

use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::render;
use crate::session::Session;
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use serde_json::json;
use tasker_core::model::{State, TaskFilter, TaskId};

/// List tasks, newest first.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker task list
  tasker task list --status error,cancelled --since 2h
  tasker task list --namespace ecommerce --name process_order --tag urgent
  tasker task list --limit 100 --before 0198c0de-0000-7000-8000-000000000000    the next page
  tasker task list --json | jq -r '.tasks[].task_id'")]
pub(crate) struct Arguments {
    /// Only of this namespace.
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
    /// Only of this name.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Only of this version.
    #[arg(long, value_name = "SEMVER")]
    version: Option<String>,
    /// Only in these states, separated by commas: pending, in_progress, complete, error, cancelled, resolved_manually.
    #[arg(long, value_name = "STATE", value_delimiter = ',')]
    status: Vec<String>,
    /// Only with this label; given several times, with all of them.
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Only created since: a time such as 2026-07-01T08:00:00Z, or how long ago: 30s, 15m, 2h, 7d.
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Only older than this task: the last one of the page before.
    #[arg(long, value_name = "TASK")]
    before: Option<TaskId>,
    /// How many at most.
    #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
}

pub(super) async fn run(
    arguments: Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let now = Utc::now();
    let filter = TaskFilter {
        namespace: arguments.namespace,
        name: arguments.name,
        version: arguments.version,
        status: arguments
            .status
            .iter()
            .map(|name| name.parse::<State>())
            .collect::<Result<_, _>>()?,
        tags: arguments.tags,
        since: arguments.since.map(|text| instant(&text, now)).transpose()?,
        before: arguments.before,
        limit: arguments.limit,
    };
    let session = Session::new(global)?;
    let tasks = session.client.list_tasks(&filter).await?;
    printer.answer(&json!({"tasks": tasks}), |look| {
        render::task_list(&tasks, now, look)
    });
    if let Some(last) = tasks.last().filter(|_| tasks.len() == arguments.limit as usize) {
        printer.note(
            &printer
                .err
                .dim(&format!("There may be more: --before {}", last.task_id)),
        );
    }
    Ok(ExitStatus::Ok)
}

/// An RFC 3339 time, or a span before now.
fn instant(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, Failure> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.to_utc());
    }
    let refusal = || {
        Failure::usage(format!("--since does not understand '{text}'."))
            .next("give a time such as 2026-07-01T08:00:00Z, or how long ago: 30s, 15m, 2h, 7d")
    };
    let unit = text.chars().last().ok_or_else(refusal)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return Err(refusal()),
    };
    let count: i64 = text
        .strip_suffix(unit)
        .and_then(|count| count.parse().ok())
        .filter(|count| *count >= 0)
        .ok_or_else(refusal)?;
    let span = count
        .checked_mul(seconds)
        .and_then(TimeDelta::try_seconds)
        .ok_or_else(refusal)?;
    now.checked_sub_signed(span).ok_or_else(refusal)
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn since_takes_a_time_or_a_span() {
        let now = DateTime::parse_from_rfc3339("2026-07-02T08:00:00Z")
            .unwrap()
            .to_utc();
        assert_eq!(
            instant("2h", now).unwrap().to_rfc3339(),
            "2026-07-02T06:00:00+00:00"
        );
        assert_eq!(
            instant("1d", now).unwrap().to_rfc3339(),
            "2026-07-01T08:00:00+00:00"
        );
        assert_eq!(
            instant("2026-07-01T10:00:00+02:00", now).unwrap().to_rfc3339(),
            "2026-07-01T08:00:00+00:00"
        );
    }

    #[test]
    fn since_refuses_what_it_does_not_understand_and_says_what_it_does() {
        for text in [
            "",
            "h",
            "2 weeks",
            "-2h",
            "99999999999999999999d",
            "9223372036854775807d",
            "yesterday",
        ] {
            let failure = instant(text, Utc::now()).unwrap_err();
            assert_eq!(failure.status, ExitStatus::Usage, "{text}");
            assert!(failure.next.unwrap().contains("2h"), "{text}");
        }
    }
}
