//! Searching tasks: a filter, an order, a page, and how many there are.

use super::{TaskFilter, TaskId};
use crate::error::{Error, Result};
use chrono::DateTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{fmt, str::FromStr};

/// Which annotations a task must have.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AnnotationFilter {
    /// Only annotations of this type.
    #[serde(rename = "type")]
    pub annotation_type: Option<String>,
    /// Only annotations with this key.
    pub key: Option<String>,
    /// Only annotations with this value: under the key, or anywhere on the top level of its place.
    pub value: Option<Value>,
}

/// What a list of tasks is in order of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TaskSort {
    /// When it was created.
    #[default]
    CreatedAt,
    /// Its id, which is when it was created.
    TaskId,
    /// When it was asked for.
    RequestedAt,
    /// When its first step was claimed; first those that have not begun.
    StartedAt,
    /// When it ended; first those that have not.
    CompletedAt,
    /// Its own priority; those without one count as 10.
    Priority,
    /// Its state, by name.
    Status,
    /// Who asked for it.
    Initiator,
    /// The system that asked for it.
    SourceSystem,
    /// Why it was asked for.
    Reason,
}

impl TaskSort {
    /// Every order.
    pub const ALL: [TaskSort; 10] = {
        use TaskSort::*;
        [
            CreatedAt,
            TaskId,
            RequestedAt,
            StartedAt,
            CompletedAt,
            Priority,
            Status,
            Initiator,
            SourceSystem,
            Reason,
        ]
    };

    /// The name, as a query has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            TaskSort::CreatedAt => "created_at",
            TaskSort::TaskId => "task_id",
            TaskSort::RequestedAt => "requested_at",
            TaskSort::StartedAt => "started_at",
            TaskSort::CompletedAt => "completed_at",
            TaskSort::Priority => "priority",
            TaskSort::Status => "status",
            TaskSort::Initiator => "initiator",
            TaskSort::SourceSystem => "source_system",
            TaskSort::Reason => "reason",
        }
    }
}

impl TaskSort {
    /// Whether this is the order of ids.
    pub const fn is_by_id(self) -> bool {
        matches!(self, TaskSort::CreatedAt | TaskSort::TaskId)
    }

    /// Whether PostgreSQL takes a text for what tasks are sorted by.
    fn has_keys_like(self, text: &str) -> bool {
        match self {
            TaskSort::CreatedAt | TaskSort::TaskId => false,
            TaskSort::Priority => text.parse::<i16>().is_ok(),
            TaskSort::RequestedAt | TaskSort::StartedAt | TaskSort::CompletedAt => {
                text == "-infinity" || DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z").is_ok()
            }
            TaskSort::Status | TaskSort::Initiator | TaskSort::SourceSystem | TaskSort::Reason => {
                !text.contains('\0')
            }
        }
    }
}

impl fmt::Display for TaskSort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TaskSort {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|sort| sort.as_str() == text)
            .ok_or_else(|| {
                let known: Vec<&str> = Self::ALL.iter().map(|sort| sort.as_str()).collect();
                Error::invalid_argument(format!(
                    "tasks cannot be sorted by '{text}'; they can by {}",
                    known.join(", ")
                ))
            })
    }
}

/// Where the next page of a list begins: the task that ends this one, and what it is sorted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskCursor {
    /// The last task of the page.
    pub task_id: TaskId,
    /// What the list is sorted by, and the task's own, as text; none where that is its id.
    pub key: Option<(TaskSort, String)>,
}

impl TaskCursor {
    /// Whether this is a place in a list of this order.
    pub fn is_of(&self, sort: TaskSort) -> bool {
        match &self.key {
            None => sort.is_by_id(),
            Some((of, _)) => *of == sort,
        }
    }
}

impl fmt::Display for TaskCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.task_id)?;
        if let Some((sort, key)) = &self.key {
            write!(f, ".{sort}.")?;
            for byte in key.bytes() {
                write!(f, "{byte:02x}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for TaskCursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let broken = || {
            Error::invalid_argument(format!(
                "'{text}' is no cursor: give back next_cursor of the page before as it is, with the same order"
            ))
        };
        let mut parts = text.splitn(3, '.');
        let task_id = parts.next().unwrap_or_default().parse().map_err(|_| broken())?;
        let key = match (parts.next(), parts.next()) {
            (None, _) => None,
            (Some(sort), Some(hex)) => {
                let sort: TaskSort = sort.parse().map_err(|_| broken())?;
                let key = from_hex(hex).ok_or_else(broken)?;
                if !sort.has_keys_like(&key) {
                    return Err(broken());
                }
                Some((sort, key))
            }
            _ => return Err(broken()),
        };
        Ok(Self { task_id, key })
    }
}

fn from_hex(text: &str) -> Option<String> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    let bytes = digits
        .chunks_exact(2)
        .map(|pair| pair.iter().fold(0, |byte, digit| byte * 16 + digit))
        .collect();
    String::from_utf8(bytes).ok()
}

/// A page of tasks in some order.
#[derive(Debug, Clone, Default)]
pub struct TaskSearch {
    /// Which tasks. Its limit does not count here.
    pub filter: TaskFilter,
    /// In order of what.
    pub sort: TaskSort,
    /// The smallest first.
    pub ascending: bool,
    /// After this one.
    pub after: Option<TaskCursor>,
    /// How many are left out before the page begins.
    pub offset: u32,
    /// At most this many; 20 when zero, capped at 1,000.
    pub limit: u32,
    /// How many to count at most, for the total; none are counted where it is zero.
    pub count_up_to: u32,
}

/// How many tasks a search finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Total {
    /// So many were counted.
    pub total: u64,
    /// Whether there are more.
    pub total_relation: TotalRelation,
}

/// Whether a total is all there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TotalRelation {
    /// There are so many.
    Exact,
    /// Counting ended there.
    AtLeast,
}

/// What a search finds.
#[derive(Debug, Clone)]
pub struct Found {
    /// The tasks of the page, in order.
    pub task_ids: Vec<TaskId>,
    /// The places of the tasks, for pages that begin after one of them.
    pub cursors: Vec<TaskCursor>,
    /// Where the next page begins; none where there is none.
    pub next: Option<TaskCursor>,
    /// How many there are; none where they were not counted.
    pub total: Option<Total>,
}

#[cfg(test)]
mod tests {
    use super::{TaskCursor, TaskSort};

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        for key in [
            None,
            Some((TaskSort::Reason, String::new())),
            Some((TaskSort::Initiator, "äö \"x\"".to_owned())),
            Some((TaskSort::Priority, "-7".to_owned())),
            Some((TaskSort::StartedAt, "-infinity".to_owned())),
            Some((TaskSort::RequestedAt, "2026-11-28 02:33:00.966371+00".to_owned())),
            Some((TaskSort::RequestedAt, "2026-11-28 02:33:00+05:30".to_owned())),
        ] {
            let cursor = TaskCursor {
                task_id: uuid::Uuid::now_v7(),
                key,
            };
            assert_eq!(cursor.to_string().parse::<TaskCursor>().ok(), Some(cursor));
        }
        for broken in [
            "",
            "7",
            "0198c0de-0000-7000-8000-000000000000.f",
            "0198c0de-0000-7000-8000-000000000000.reason",
            "0198c0de-0000-7000-8000-000000000000.reason.zz",
            "0198c0de-0000-7000-8000-000000000000.colour.61",
            "0198c0de-0000-7000-8000-000000000000.created_at.61",
            "0198c0de-0000-7000-8000-000000000000.priority.61",
            "0198c0de-0000-7000-8000-000000000000.requested_at.61",
        ] {
            assert!(broken.parse::<TaskCursor>().is_err(), "{broken}");
        }
    }
}
