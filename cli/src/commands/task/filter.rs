//! Which tasks: what the list and the bulk verbs are narrowed by.

use crate::commands::listing::{instant, states};
use crate::failure::Failure;
use chrono::{DateTime, Utc};
use clap::Args;
use tasker_core::model::TaskFilter;

/// Which tasks.
#[derive(Debug, Clone, Args)]
pub(crate) struct Selection {
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
    pub(crate) status: Vec<String>,
    /// Only with this label; given several times, with all of them.
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Only with a failed step of which the last failure has this code.
    #[arg(long, value_name = "CODE")]
    error_code: Option<String>,
    /// Only those that are paused by themselves (a paused name, namespace or handler does not count).
    #[arg(long)]
    paused: bool,
    /// Only created since: a time such as 2026-07-01T08:00:00Z, or how long ago: 30s, 15m, 2h, 7d.
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Only created before: a time or a span, as --since.
    #[arg(long, value_name = "WHEN")]
    created_before: Option<String>,
}

impl Selection {
    /// The filter, without cursor and limit.
    pub(crate) fn read(&self, now: DateTime<Utc>) -> Result<TaskFilter, Failure> {
        let at = |option: &str, text: &Option<String>| {
            text.as_deref().map(|text| instant(option, text, now)).transpose()
        };
        Ok(TaskFilter {
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            version: self.version.clone(),
            status: states(&self.status)?,
            tags: self.tags.clone(),
            error_code: self.error_code.clone(),
            paused: self.paused.then_some(true),
            since: at("--since", &self.since)?,
            created_before: at("--created-before", &self.created_before)?,
            ..TaskFilter::default()
        })
    }

    /// Whether nothing narrows it.
    pub(crate) fn is_everything(&self) -> bool {
        self.namespace.is_none()
            && self.name.is_none()
            && self.version.is_none()
            && self.status.is_empty()
            && self.tags.is_empty()
            && self.error_code.is_none()
            && !self.paused
            && self.since.is_none()
            && self.created_before.is_none()
    }
}
