//! Searching tasks. The one statement that is put together: a condition that is not asked for is not in it, so that the planner
//! sees what there is, and takes the index for it. Its parts are texts of this file; values are always parameters.
//! See docs/decisions/.

use super::Store;
use super::lists::page_size;
use crate::error::Result;
use crate::model::{
    AnnotationFilter, Found, State, TaskCursor, TaskFilter, TaskId, TaskSearch, TaskSort, Total,
    TotalRelation,
};
use serde_json::{Value, json};
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};

impl Store {
    /// A page of tasks, where the next one begins, and how many there are.
    ///
    /// # Errors
    /// What PostgreSQL says; `InvalidArgument` for a cursor of another order.
    pub async fn search_tasks(&self, connection: &mut PgConnection, search: &TaskSearch) -> Result<Found> {
        let nothing = Found {
            task_ids: Vec::new(),
            cursors: Vec::new(),
            next: None,
            total: (search.count_up_to > 0).then_some(Total {
                total: 0,
                total_relation: TotalRelation::Exact,
            }),
        };
        let Some(names) = self.names(connection, &search.filter).await? else {
            return Ok(nothing);
        };
        let limit = page_size(search.limit);
        let mut page = QueryBuilder::new("select t.task_id, ");
        page.push(sort_key(search.sort)).push("::text as key ");
        self.conditions(&mut page, &search.filter, names.as_deref());
        if let Some(after) = &search.after {
            self.after(&mut page, search, after);
        }
        let direction = if search.ascending { " asc" } else { " desc" };
        page.push(" order by ");
        if !by_id(search.sort) {
            page.push(sort_key(search.sort)).push(direction).push(", ");
        }
        page.push("t.task_id").push(direction).push(" limit ");
        page.push_bind(limit + 1);
        page.push(" offset ").push_bind(i64::from(search.offset));
        let rows = page.build().persistent(false).fetch_all(&mut *connection).await?;
        let mut found: Vec<TaskCursor> = rows
            .iter()
            .map(|row| {
                Ok(TaskCursor {
                    task_id: row.try_get(0)?,
                    key: if by_id(search.sort) { None } else { row.try_get(1)? },
                })
            })
            .collect::<Result<_>>()?;
        let kept = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = found.len() > kept;
        found.truncate(kept);
        Ok(Found {
            task_ids: found.iter().map(|one| one.task_id).collect(),
            next: found.last().filter(|_| more).cloned(),
            cursors: found,
            total: self.total(connection, search, names.as_deref()).await?,
        })
    }

    /// The ids that a filter lets through, newest first.
    ///
    /// # Errors
    /// What PostgreSQL says.
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
    /// What PostgreSQL says.
    pub async fn count_tasks(
        &self,
        connection: &mut PgConnection,
        filter: &TaskFilter,
        most: i64,
    ) -> Result<i64> {
        match self.names(connection, filter).await? {
            None => Ok(0),
            Some(names) => self.count(connection, filter, names.as_deref(), most).await,
        }
    }

    async fn count(
        &self,
        connection: &mut PgConnection,
        filter: &TaskFilter,
        names: Option<&[i32]>,
        most: i64,
    ) -> Result<i64> {
        let mut count = QueryBuilder::new("select count(*) from (select ");
        self.conditions(&mut count, filter, names);
        count.push(" limit ").push_bind(most).push(") found");
        Ok(count
            .build_query_scalar()
            .persistent(false)
            .fetch_one(connection)
            .await?)
    }

    async fn total(
        &self,
        connection: &mut PgConnection,
        search: &TaskSearch,
        names: Option<&[i32]>,
    ) -> Result<Option<Total>> {
        if search.count_up_to == 0 {
            return Ok(None);
        }
        let most = i64::from(search.count_up_to);
        let counted = self.count(connection, &search.filter, names, most + 1).await?;
        Ok(Some(Total {
            total: counted.min(most).unsigned_abs(),
            total_relation: if counted > most {
                TotalRelation::AtLeast
            } else {
                TotalRelation::Exact
            },
        }))
    }

    /// The named tasks that a filter means: `Some(None)` where it means all, none where there is no such one.
    #[allow(clippy::option_option)]
    async fn names(
        &self,
        connection: &mut PgConnection,
        filter: &TaskFilter,
    ) -> Result<Option<Option<Vec<i32>>>> {
        if filter.namespace.is_none() && filter.name.is_none() && filter.version.is_none() {
            return Ok(Some(None));
        }
        let ids: Vec<i32> = self
            .query_scalar(&self.statements().named_task_ids)
            .bind(&filter.namespace)
            .bind(&filter.name)
            .bind(&filter.version)
            .fetch_all(connection)
            .await?;
        Ok((!ids.is_empty()).then_some(Some(ids)))
    }

    fn conditions(&self, query: &mut QueryBuilder<Postgres>, filter: &TaskFilter, names: Option<&[i32]>) {
        let schema = &self.options().schema;
        query.push(schema.apply("from tasker.tasks t where true"));
        match names {
            None => {}
            Some([one]) => {
                query.push(" and t.named_task_id = ").push_bind(*one);
            }
            Some(several) => {
                query
                    .push(" and t.named_task_id = any (")
                    .push_bind(several.to_vec())
                    .push(")");
            }
        }
        if !filter.status.is_empty() {
            let states: Vec<&str> = filter.status.iter().map(|state| state.as_str()).collect();
            // Said besides, since there is an index of those that have not ended.
            if filter
                .status
                .iter()
                .all(|state| matches!(state, State::Pending | State::InProgress))
            {
                query.push(" and t.completed_at is null");
            }
            query
                .push(" and t.state::text = any (")
                .push_bind(states)
                .push(")");
        }
        if !filter.tags.is_empty() {
            query
                .push(" and t.tags <> '{}' and t.tags @> ")
                .push_bind(filter.tags.clone());
        }
        for (condition, time) in [
            (" and t.created_at >= ", filter.since),
            (" and t.created_at < ", filter.created_before),
            (" and t.completed_at >= ", filter.completed_since),
            (" and t.completed_at < ", filter.completed_before),
        ] {
            if let Some(time) = time {
                query.push(condition).push_bind(time);
            }
        }
        for (condition, text) in [
            (" and t.initiator = ", &filter.initiator),
            (" and t.source_system = ", &filter.source_system),
        ] {
            if let Some(text) = text {
                query.push(condition).push_bind(text.clone());
            }
        }
        match filter.paused {
            Some(true) => drop(query.push(" and t.paused_at is not null")),
            Some(false) => drop(query.push(" and t.paused_at is null")),
            None => {}
        }
        if !filter.context.is_empty() {
            query
                .push(" and t.context @> ")
                .push_bind(Value::Object(filter.context.clone()));
        }
        if let Some(code) = &filter.error_code {
            query
                .push(schema.apply(
                    " and exists (select from tasker.workflow_steps s where s.task_id = t.task_id and s.state = 'error' and s.results ->> 'error_code' = ",
                ))
                .push_bind(code.clone())
                .push(")");
        }
        if let Some(after) = filter.after {
            query.push(" and t.task_id < ").push_bind(after);
        }
        if let Some(annotation) = &filter.annotation {
            self.annotated(query, annotation);
        }
    }

    fn annotated(&self, query: &mut QueryBuilder<Postgres>, annotation: &AnnotationFilter) {
        let schema = &self.options().schema;
        query.push(schema.apply(
            " and t.task_id in (select a.task_id from tasker.task_annotations a \
             join tasker.annotation_types y on y.annotation_type_id = a.annotation_type_id where true",
        ));
        if let Some(name) = &annotation.annotation_type {
            query.push(" and y.name = ").push_bind(name.clone());
        }
        match (&annotation.key, &annotation.value) {
            (Some(key), Some(value)) => {
                query
                    .push(" and a.annotation @> ")
                    .push_bind(json!({ key: value }));
            }
            (Some(key), None) => {
                query.push(" and a.annotation ? ").push_bind(key.clone());
            }
            (None, Some(value)) => {
                query.push(" and a.annotation = ").push_bind(value.clone());
            }
            (None, None) => {}
        }
        query.push(")");
    }

    #[allow(clippy::unused_self)]
    fn after(&self, query: &mut QueryBuilder<Postgres>, search: &TaskSearch, after: &TaskCursor) {
        let than = if search.ascending { " > " } else { " < " };
        match (&after.key, by_id(search.sort)) {
            (Some(key), false) => {
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
            _ => {
                query.push(" and t.task_id").push(than).push_bind(after.task_id);
            }
        }
    }
}

const fn by_id(sort: TaskSort) -> bool {
    matches!(sort, TaskSort::CreatedAt | TaskSort::TaskId)
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
