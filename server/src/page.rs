//! Pages of lists: by cursor, by offset, or by number.

use crate::problem::Refusal;
use serde::{Deserialize, Serialize};
use tasker_core::model::{Listed, Total, TotalRelation};
use utoipa::ToSchema;

/// How many a page has unless told otherwise.
pub(crate) const LIMIT: u32 = 20;
/// The largest page.
pub(crate) const MOST: u32 = 100;
/// Counting ends here.
pub(crate) const COUNTED: u32 = 10_000;

/// Which comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SortOrder {
    /// The smallest, the oldest.
    Asc,
    /// The largest, the newest.
    Desc,
}

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

/// A part of a list, and where it stands; `cursor` is the place of one, and `goes_on` whether the part begins behind one.
pub(crate) fn listed<T>(
    listed: Listed<T>,
    goes_on: bool,
    cursor: impl Fn(&T) -> String,
) -> (Vec<T>, Pagination) {
    let pagination = Pagination {
        total: listed.total,
        total_relation: if goes_on && listed.found.is_empty() {
            TotalRelation::AtLeast
        } else {
            TotalRelation::Exact
        },
        next_cursor: listed.found.last().filter(|_| listed.more).map(cursor),
    };
    (listed.found, pagination)
}

/// A part of a list that is there as a whole, from behind `after`.
///
/// # Errors
/// As [`place`].
pub(crate) fn part<T>(
    mut all: Vec<T>,
    after: Option<&str>,
    size: u32,
    cursor: impl Fn(&T) -> String,
) -> Result<(Vec<T>, Pagination), Refusal> {
    let total = all.len();
    let begin = match after {
        None => 0,
        Some(after) => place(&all, after, &cursor)? + 1,
    };
    let found: Vec<T> = all.drain(begin..).take(size as usize).collect();
    let part = Listed {
        more: begin + found.len() < total,
        total: total as u64,
        found,
    };
    Ok(listed(part, false, cursor))
}

/// Where in a list the one with this cursor stands.
///
/// # Errors
/// Malformed: there is none.
pub(crate) fn place<T>(all: &[T], wanted: &str, cursor: impl Fn(&T) -> String) -> Result<usize, Refusal> {
    all.iter().position(|one| cursor(one) == wanted).ok_or_else(|| {
        Refusal::malformed(format!(
            "this list has no place '{wanted}': give a cursor back as it was given, with the same filter"
        ))
    })
}

/// How many a page has, where it is said: up to the most that there may be.
///
/// # Errors
/// Malformed: a page of nothing.
pub(crate) fn size(asked: Option<i64>, most: u32) -> Result<Option<u32>, Refusal> {
    match asked {
        Some(asked) if asked < 1 => Err(Refusal::malformed(format!(
            "a page has at least one, and at most {most}: a limit of {asked} shows nothing"
        ))),
        asked => Ok(asked.map(|asked| u32::try_from(asked).unwrap_or(most).min(most))),
    }
}

/// The limit, where one is given, and the offset of a page, by either way of asking for it.
///
/// # Errors
/// Malformed: both ways at once, a page without a number, or one of nothing.
pub(crate) fn window(
    limit: Option<u32>,
    offset: Option<u32>,
    page: Option<u32>,
    per_page: Option<u32>,
    most: u32,
) -> Result<(Option<u32>, u32), Refusal> {
    let by_number = page.is_some() || per_page.is_some();
    if by_number && (limit.is_some() || offset.is_some()) {
        return Err(Refusal::malformed(
            "give limit and offset, or page and per_page, not both",
        ));
    }
    let limit = size(limit.or(per_page).map(i64::from), most)?;
    let offset = match page {
        None => offset.unwrap_or(0),
        Some(0) => return Err(Refusal::malformed("pages are counted from 1")),
        Some(page) => (page - 1).saturating_mul(limit.unwrap_or(LIMIT)),
    };
    Ok((limit.or(page.map(|_| LIMIT)), offset))
}

/// A page that begins at two places.
pub(crate) fn two_places() -> Refusal {
    Refusal::malformed("a cursor says where the page begins: leave out offset and page")
}
