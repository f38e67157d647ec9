//! Pages of lists by cursor, as Relay has them.

use super::catalogue::Worker;
use super::named::NamedTask;
use super::scalars::Long;
use super::step::WorkflowStep;
use super::task::Task;
use super::why::Transition;
use crate::page::{self, LIMIT, MOST};
use crate::problem::Refusal;
use async_graphql::{OutputType, SimpleObject};
use tasker_core::ErrorKind;
use tasker_core::model::{Total, TotalRelation};

/// A page of a list.
#[derive(Debug, SimpleObject)]
#[graphql(
    concrete(name = "NamedTaskConnection", params(NamedTask)),
    concrete(name = "TaskConnection", params(Task)),
    concrete(name = "TransitionConnection", params(Transition)),
    concrete(name = "WorkerConnection", params(Worker)),
    concrete(name = "WorkflowStepConnection", params(WorkflowStep))
)]
pub(super) struct Listing<N>
where
    N: OutputType,
    Edge<N>: OutputType,
{
    /// What is on the page, each with its place.
    edges: Vec<Edge<N>>,
    /// What is on the page.
    nodes: Vec<N>,
    /// Where the page stands.
    page_info: PageInfo,
    /// How many there are, as far as they were counted; null where they are not.
    total_count: Option<Long>,
    /// Whether there are so many (exact), or at least so many (at_least).
    total_relation: Option<&'static str>,
}

/// One of a list at its place.
#[derive(Debug, SimpleObject)]
#[graphql(
    concrete(name = "NamedTaskEdge", params(NamedTask)),
    concrete(name = "TaskEdge", params(Task)),
    concrete(name = "TransitionEdge", params(Transition)),
    concrete(name = "WorkerEdge", params(Worker)),
    concrete(name = "WorkflowStepEdge", params(WorkflowStep))
)]
pub(super) struct Edge<N: OutputType> {
    /// The place: for `after` and `before`, with the same filter and order.
    cursor: String,
    /// What stands there.
    node: N,
}

/// Where a page stands.
#[derive(Debug, SimpleObject)]
struct PageInfo {
    /// Whether there is one after it.
    has_next_page: bool,
    /// Whether there is one before it.
    has_previous_page: bool,
    /// The place of the first that is on it.
    start_cursor: Option<String>,
    /// The place of the last.
    end_cursor: Option<String>,
}

/// Which page is asked for.
#[derive(Debug)]
pub(super) struct Window {
    /// How many there may be on it.
    pub(super) size: u32,
    /// The place that it begins after, or ends before.
    pub(super) place: Option<String>,
    /// Whether it ends before the place, or with the list.
    pub(super) backwards: bool,
}

impl Window {
    /// Forwards with `first` and `after`, backwards with `last` and `before`.
    ///
    /// # Errors
    /// `InvalidArgument` where both ways are given, or a size that no page has.
    pub(super) fn of(
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Self, Refusal> {
        let backwards = last.is_some() || before.is_some();
        if backwards && (first.is_some() || after.is_some()) {
            return Err(Refusal::new(
                ErrorKind::InvalidArgument,
                "give first and after, or last and before, not both",
            ));
        }
        Ok(Self {
            size: page::size(first.or(last).map(i64::from), MOST)?.unwrap_or(LIMIT),
            place: if backwards { before } else { after },
            backwards,
        })
    }

    /// The page of a list that is there as a whole; `place` is the cursor of each.
    ///
    /// # Errors
    /// `InvalidArgument` where the list has no such place.
    pub(super) fn page_of<T>(&self, all: Vec<T>, place: impl Fn(&T) -> String) -> Result<Page<T>, Refusal> {
        let (total, size) = (all.len(), self.size as usize);
        let at = self.place.as_deref();
        let at = at.map(|cursor| page::place(&all, cursor, &place)).transpose()?;
        let (start, end) = if self.backwards {
            let end = at.unwrap_or(total);
            (end.saturating_sub(size), end)
        } else {
            let start = at.map_or(0, |at| at + 1);
            (start, start.saturating_add(size).min(total))
        };
        let found = all.into_iter().skip(start).take(end - start);
        Ok(Page {
            found: found.map(|one| (place(&one), one)).collect(),
            before: start > 0,
            after: end < total,
            total: Some(Total {
                total: total as u64,
                total_relation: TotalRelation::Exact,
            }),
        })
    }
}

/// A page, before what is on it is shown.
#[derive(Debug)]
pub(super) struct Page<T> {
    /// What is on it, each with its cursor.
    pub(super) found: Vec<(String, T)>,
    /// Whether there is one before it.
    pub(super) before: bool,
    /// Whether there is one after it.
    pub(super) after: bool,
    /// How many there are in the list, where they were counted.
    pub(super) total: Option<Total>,
}

impl<T> Page<T> {
    /// What is on it.
    pub(super) fn items(&self) -> impl Iterator<Item = &T> {
        self.found.iter().map(|(_, one)| one)
    }

    /// The page as it is shown; what has nothing to show is left out.
    pub(super) fn show<N: OutputType + Clone>(self, mut node: impl FnMut(T) -> Option<N>) -> Listing<N>
    where
        Edge<N>: OutputType,
    {
        let edges: Vec<Edge<N>> = self
            .found
            .into_iter()
            .filter_map(|(cursor, one)| {
                Some(Edge {
                    cursor,
                    node: node(one)?,
                })
            })
            .collect();
        Listing {
            page_info: PageInfo {
                has_next_page: self.after,
                has_previous_page: self.before,
                start_cursor: edges.first().map(|edge| edge.cursor.clone()),
                end_cursor: edges.last().map(|edge| edge.cursor.clone()),
            },
            nodes: edges.iter().map(|edge| edge.node.clone()).collect(),
            edges,
            total_count: self
                .total
                .map(|total| Long(i64::try_from(total.total).unwrap_or(i64::MAX))),
            total_relation: self.total.map(|total| match total.total_relation {
                TotalRelation::Exact => "exact",
                TotalRelation::AtLeast => "at_least",
            }),
        }
    }
}
