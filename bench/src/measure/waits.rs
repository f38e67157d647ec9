//! How long steps and tasks took, from what the tables keep.

use crate::report::Percentiles;
use crate::room::Looker;
use anyhow::Result;

/// From a step becoming ready (its task was created, its last parent ended) to its end, in milliseconds.
pub(crate) async fn step_waits(looker: &mut Looker) -> Result<Option<Percentiles>> {
    let values: Vec<f64> = sqlx::query_scalar(
        "with ready as (
           select s.task_id, d.step_no, max(s.ended_at) as at
           from workflow_steps s cross join unnest(s.dependents) d(step_no)
           where s.ended_at is not null
           group by 1, 2)
         select (extract(epoch from s.ended_at - coalesce(r.at, t.created_at)) * 1000)::float8
         from workflow_steps s
         join tasks t using (task_id)
         left join ready r on r.task_id = s.task_id and r.step_no = s.step_no
         where s.ended_at is not null",
    )
    .fetch_all(looker.once())
    .await?;
    Ok(Percentiles::of(values))
}

/// From the creation of a task to its end, in milliseconds.
pub(crate) async fn task_times(looker: &mut Looker) -> Result<Option<Percentiles>> {
    let values: Vec<f64> = sqlx::query_scalar(
        "select (extract(epoch from completed_at - created_at) * 1000)::float8 from tasks where completed_at is not null",
    )
    .fetch_all(looker.once())
    .await?;
    Ok(Percentiles::of(values))
}
