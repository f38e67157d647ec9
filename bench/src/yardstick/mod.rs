//! What the same server reaches without an engine, in the same run.

mod batch_sql;
mod direct;
mod single_commit;

pub(crate) use batch_sql::BatchSql;
pub(crate) use direct::Direct;
pub(crate) use single_commit::SingleCommit;
