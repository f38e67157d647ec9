//! Which steps, among those of all tasks: what the list and the bulk verbs are narrowed by.

use crate::commands::listing::{instant, states};
use crate::failure::Failure;
use chrono::{DateTime, Utc};
use clap::Args;
use tasker_core::model::StepSearch;

/// Which steps.
#[derive(Debug, Clone, Args)]
pub(crate) struct StepSelection {
    /// Only of tasks of this namespace.
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
    /// Only of tasks of this name.
    #[arg(long, value_name = "NAME")]
    task_name: Option<String>,
    /// Only of tasks of this version.
    #[arg(long, value_name = "SEMVER")]
    version: Option<String>,
    /// Only of tasks with this label; given several times, with all of them.
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Only of tasks created since: a time such as 2026-07-01T08:00:00Z, or how long ago: 30s, 15m, 2h, 7d.
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Only of tasks created before: a time or a span, as --since.
    #[arg(long, value_name = "WHEN")]
    created_before: Option<String>,
    /// Only steps of this name; may be given several times.
    #[arg(long = "step", value_name = "NAME")]
    names: Vec<String>,
    /// Only of this handler.
    #[arg(long, value_name = "NAME")]
    handler: Option<String>,
    /// Only in these states, separated by commas: pending, in_progress, complete, error, cancelled, resolved_manually.
    #[arg(long, value_name = "STATE", value_delimiter = ',')]
    status: Vec<String>,
    /// Only those whose last failure has this code.
    #[arg(long, value_name = "CODE")]
    error_code: Option<String>,
    /// Only failed steps that wait for their next attempt.
    #[arg(long, conflicts_with = "failed_for_good")]
    waiting: bool,
    /// Only failed steps that will not be tried again.
    #[arg(long)]
    failed_for_good: bool,
}

impl StepSelection {
    /// The search, without task, cursor and limit.
    pub(crate) fn read(&self, now: DateTime<Utc>) -> Result<StepSearch, Failure> {
        let at = |option: &str, text: &Option<String>| {
            text.as_deref().map(|text| instant(option, text, now)).transpose()
        };
        Ok(StepSearch {
            namespace: self.namespace.clone(),
            task_name: self.task_name.clone(),
            version: self.version.clone(),
            tags: self.tags.clone(),
            since: at("--since", &self.since)?,
            created_before: at("--created-before", &self.created_before)?,
            names: self.names.clone(),
            handler: self.handler.clone(),
            status: states(&self.status)?,
            error_code: self.error_code.clone(),
            waiting: match (self.waiting, self.failed_for_good) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                (false, false) => None,
            },
            ..StepSearch::default()
        })
    }

    /// Whether nothing narrows it.
    pub(crate) fn is_everything(&self) -> bool {
        self.namespace.is_none()
            && self.task_name.is_none()
            && self.version.is_none()
            && self.tags.is_empty()
            && self.since.is_none()
            && self.created_before.is_none()
            && self.names.is_empty()
            && self.handler.is_none()
            && self.status.is_empty()
            && self.error_code.is_none()
            && !self.waiting
            && !self.failed_for_good
    }
}
