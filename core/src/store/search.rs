//! Searching tasks. The one statement that is put together: a condition that is not asked for is not in it, so that the planner
//! sees what there is, and takes the index for it. Its parts are texts of this file and of `search_conditions`; values are always
//! parameters. See docs/decisions/.

use super::Store;
use super::lists::page_size;
use super::search_context::Narrowed;
use crate::error::{Error, Result};
use crate::model::{Found, TaskCursor, TaskFilter, TaskId, TaskSearch, TaskSort, Total, TotalRelation};
use sqlx::postgres::PgRow;
use sqlx::{Connection, PgConnection, Postgres, QueryBuilder, Row};

/// What the planner is told: a table is not read from end to end, even where few tasks share a page with many others; and
/// compiling a plan takes longer than running it.
const LOOKING: &str = "begin read only; set local enable_seqscan = off; set local jit = off";

impl Store {
    /// A page of tasks, where the next one begins, and how many there are.
    ///
    /// # Errors
    /// What PostgreSQL says; `InvalidArgument` for a cursor of another order, and for a search in contexts without bounds.
    pub async fn search_tasks(&self, connection: &mut PgConnection, search: &TaskSearch) -> Result<Found> {
        search.filter.check_bounds()?;
        if let Some(after) = search.after.as_ref().filter(|after| !after.is_of(search.sort)) {
            return Err(Error::invalid_argument(format!(
                "'{after}' is a cursor of a list in another order: give it back with the order that it was given with, not with \
                 sort_by {}",
                search.sort
            )));
        }
        let Some(narrowed) = self.narrow(connection, &search.filter).await? else {
            return Ok(Found {
                task_ids: Vec::new(),
                cursors: Vec::new(),
                next: None,
                total: (search.count_up_to > 0).then(|| total(search, 0)),
            });
        };
        let mut looking = connection.begin_with(LOOKING).await?;
        let limit = page_size(search.limit);
        let (mut found, total) = if counts_the_page(search, limit) {
            let (found, counted) = self.counted_page(&mut looking, search, &narrowed, limit).await?;
            (found, Some(total(search, counted)))
        } else {
            let found = self.page(&mut looking, search, &narrowed, limit).await?;
            let counted = match search.count_up_to {
                0 => None,
                most => {
                    let most = i64::from(most) + 1;
                    Some(self.count(&mut looking, &search.filter, &narrowed, most).await?)
                }
            };
            (found, counted.map(|counted| total(search, counted)))
        };
        looking.commit().await?;
        let kept = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = found.len() > kept;
        found.truncate(kept);
        Ok(Found {
            task_ids: found.iter().map(|one| one.task_id).collect(),
            next: found.last().filter(|_| more).cloned(),
            cursors: found,
            total,
        })
    }

    /// The ids that a filter lets through, newest first.
    ///
    /// # Errors
    /// As [`Store::search_tasks`].
    pub async fn list_tasks(
        &self,
        connection: &mut PgConnection,
        filter: &TaskFilter,
    ) -> Result<Vec<TaskId>> {
        let search = TaskSearch {
            filter: filter.clone(),
            limit: filter.limit,
            ..TaskSearch::default()
        };
        Ok(self.search_tasks(connection, &search).await?.task_ids)
    }

    /// How many tasks a filter lets through, its cursor counted in; at most `most`.
    ///
    /// # Errors
    /// As [`Store::search_tasks`].
    pub async fn count_tasks(
        &self,
        connection: &mut PgConnection,
        filter: &TaskFilter,
        most: i64,
    ) -> Result<i64> {
        filter.check_bounds()?;
        let Some(narrowed) = self.narrow(connection, filter).await? else {
            return Ok(0);
        };
        let mut looking = connection.begin_with(LOOKING).await?;
        let counted = self.count(&mut looking, filter, &narrowed, most).await?;
        looking.commit().await?;
        Ok(counted)
    }

    /// One page, and one more.
    async fn page(
        &self,
        connection: &mut PgConnection,
        search: &TaskSearch,
        narrowed: &Narrowed,
        limit: i64,
    ) -> Result<Vec<TaskCursor>> {
        let mut page = QueryBuilder::new("select t.task_id, ");
        page.push(sort_key(search.sort)).push("::text ");
        self.conditions(&mut page, &search.filter, narrowed);
        if let Some(after) = &search.after {
            push_after(&mut page, search, after);
        }
        let direction = direction(search);
        page.push(" order by ");
        if !search.sort.is_by_id() {
            page.push(sort_key(search.sort)).push(direction).push(", ");
        }
        page.push("t.task_id").push(direction).push(" limit ");
        page.push_bind(limit + 1);
        page.push(" offset ").push_bind(i64::from(search.offset));
        let rows = page.build().persistent(false).fetch_all(connection).await?;
        rows.iter()
            .map(|row| {
                let key = match search.sort.is_by_id() {
                    true => None,
                    false => Some((search.sort, row.try_get(1)?)),
                };
                cursor(row, key)
            })
            .collect()
    }

    /// The page out of what is counted. One pass, and the planner knows that it is not about a few rows only: for a page alone it
    /// would rather look through the history until there are enough, which is all of it where there are few.
    async fn counted_page(
        &self,
        connection: &mut PgConnection,
        search: &TaskSearch,
        narrowed: &Narrowed,
        limit: i64,
    ) -> Result<(Vec<TaskCursor>, i64)> {
        let direction = direction(search);
        let mut both = QueryBuilder::new("with found as materialized (select t.task_id ");
        self.conditions(&mut both, &search.filter, narrowed);
        both.push(" order by t.task_id").push(direction).push(" limit ");
        both.push_bind(i64::from(search.count_up_to) + 1);
        both.push(
            ") select p.task_id, c.counted from (select count(*) as counted from found) c left join \
             (select f.task_id from found f order by f.task_id",
        );
        both.push(direction).push(" limit ").push_bind(limit + 1);
        both.push(" offset ").push_bind(i64::from(search.offset));
        both.push(") p on true order by p.task_id").push(direction);
        let rows = both.build().persistent(false).fetch_all(connection).await?;
        let counted = rows.first().map_or(Ok(0), |row| row.try_get(1))?;
        // Without a page there is still the row that counts.
        let found = rows
            .iter()
            .filter(|row| !matches!(row.try_get::<Option<TaskId>, _>(0), Ok(None)))
            .map(|row| cursor(row, None))
            .collect::<Result<_>>()?;
        Ok((found, counted))
    }

    async fn count(
        &self,
        connection: &mut PgConnection,
        filter: &TaskFilter,
        narrowed: &Narrowed,
        most: i64,
    ) -> Result<i64> {
        let mut count = QueryBuilder::new("select count(*) from (select t.task_id ");
        self.conditions(&mut count, filter, narrowed);
        // In an order, so that an index is taken.
        count
            .push(" order by t.task_id desc limit ")
            .push_bind(most)
            .push(") found");
        Ok(count
            .build_query_scalar()
            .persistent(false)
            .fetch_one(connection)
            .await?)
    }
}

/// Whether the page lies in what is counted.
fn counts_the_page(search: &TaskSearch, limit: i64) -> bool {
    search.sort.is_by_id()
        && search.after.is_none()
        && i64::from(search.offset) + limit <= i64::from(search.count_up_to)
}

/// `counted` ends at one more than is counted.
fn total(search: &TaskSearch, counted: i64) -> Total {
    let most = i64::from(search.count_up_to);
    Total {
        total: counted.min(most).unsigned_abs(),
        total_relation: if counted > most {
            TotalRelation::AtLeast
        } else {
            TotalRelation::Exact
        },
    }
}

fn cursor(row: &PgRow, key: Option<(TaskSort, String)>) -> Result<TaskCursor> {
    Ok(TaskCursor {
        task_id: row.try_get(0)?,
        key,
    })
}

const fn direction(search: &TaskSearch) -> &'static str {
    if search.ascending { " asc" } else { " desc" }
}

fn push_after(query: &mut QueryBuilder<Postgres>, search: &TaskSearch, after: &TaskCursor) {
    let than = if search.ascending { " > " } else { " < " };
    match &after.key {
        Some((_, key)) => {
            query
                .push(" and (")
                .push(sort_key(search.sort))
                .push(", t.task_id)")
                .push(than)
                .push("(");
            query
                .push_bind(key.clone())
                .push("::text::")
                .push(sort_type(search.sort))
                .push(", ");
            query.push_bind(after.task_id).push(")");
        }
        None => {
            query.push(" and t.task_id").push(than).push_bind(after.task_id);
        }
    }
}

/// What a task is sorted by: never null.
const fn sort_key(sort: TaskSort) -> &'static str {
    match sort {
        TaskSort::CreatedAt | TaskSort::TaskId => "t.task_id",
        TaskSort::RequestedAt => "t.requested_at",
        TaskSort::StartedAt => "coalesce(t.started_at, '-infinity')",
        TaskSort::CompletedAt => "coalesce(t.completed_at, '-infinity')",
        TaskSort::Priority => "coalesce(t.priority, 10::smallint)",
        TaskSort::Status => "t.state::text",
        TaskSort::Initiator => "t.initiator",
        TaskSort::SourceSystem => "t.source_system",
        TaskSort::Reason => "t.reason",
    }
}

const fn sort_type(sort: TaskSort) -> &'static str {
    match sort {
        TaskSort::CreatedAt | TaskSort::TaskId => "uuid",
        TaskSort::RequestedAt | TaskSort::StartedAt | TaskSort::CompletedAt => "timestamptz",
        TaskSort::Priority => "smallint",
        TaskSort::Status | TaskSort::Initiator | TaskSort::SourceSystem | TaskSort::Reason => "text",
    }
}

/// The order of ids that a search gave, for rows that come in another.
pub(crate) fn in_order<T>(ids: &[TaskId], mut rows: Vec<T>, id: impl Fn(&T) -> TaskId) -> Vec<T> {
    let places: std::collections::HashMap<TaskId, usize> =
        ids.iter().enumerate().map(|(place, id)| (*id, place)).collect();
    rows.sort_by_key(|row| places.get(&id(row)).copied().unwrap_or(usize::MAX));
    rows
}
