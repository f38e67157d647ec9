//! Pages of lists: by cursor, by offset, or by number.

use crate::problem::Refusal;
use serde::Serialize;
use tasker_core::model::{Total, TotalRelation};
use utoipa::ToSchema;

/// How many a page has unless told otherwise.
pub(crate) const LIMIT: u32 = 20;
/// The largest page.
pub(crate) const MOST: u32 = 100;
/// Counting ends here.
pub(crate) const COUNTED: u32 = 10_000;

/// Where a page stands in its list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Pagination {
    /// How many there are, as far as they were counted.
    pub(crate) total: u64,
    /// Whether there are so many, or at least so many.
    pub(crate) total_relation: TotalRelation,
    /// Give it back as `cursor` for the next page, with the same filters and order; null where there is none.
    pub(crate) next_cursor: Option<String>,
}

impl Pagination {
    pub(crate) fn new(total: Option<Total>, next_cursor: Option<String>) -> Self {
        let total = total.unwrap_or(Total {
            total: 0,
            total_relation: TotalRelation::AtLeast,
        });
        Self {
            total: total.total,
            total_relation: total.total_relation,
            next_cursor,
        }
    }
}

/// How many a page has: what is asked for, up to the most that there may be.
///
/// # Errors
/// `InvalidArgument` below 1.
pub(crate) fn size(asked: Option<i64>, unless: u32, most: u32) -> Result<u32, Refusal> {
    match asked {
        None => Ok(unless),
        Some(asked) if asked < 1 => Err(Refusal::malformed(format!(
            "a page has 1 to {most}, not {asked}: leave it out for {unless}"
        ))),
        Some(asked) => Ok(u32::try_from(asked).unwrap_or(most).min(most)),
    }
}

/// The limit and the offset of a page, by either way of asking for it.
pub(crate) fn window(
    limit: Option<u32>,
    offset: Option<u32>,
    page: Option<u32>,
    per_page: Option<u32>,
) -> Result<(u32, u32), Refusal> {
    let by_number = page.is_some() || per_page.is_some();
    if by_number && (limit.is_some() || offset.is_some()) {
        return Err(Refusal::malformed(
            "give limit and offset, or page and per_page, not both",
        ));
    }
    let limit = size(limit.or(per_page).map(i64::from), LIMIT, MOST)?;
    let offset = match page {
        None => offset.unwrap_or(0),
        Some(0) => return Err(Refusal::malformed("pages are counted from 1")),
        Some(page) => (page - 1).saturating_mul(limit),
    };
    Ok((limit, offset))
}
