//! Which requests of a batch are refused: all of them are told, by index.

use super::Client;
use super::client::call;
use super::create::as_json;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{TaskRequest, TotalRelation};
use crate::store::Store;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use std::collections::{BTreeMap, HashMap};

/// So many refused requests are told one by one.
const TOLD: usize = 100;
/// Requests that are tried together.
const TOGETHER: usize = 500;

/// The requests of a batch that are refused: the first hundred one by one, and how many there are.
#[derive(Debug, Default)]
pub struct RefusedRequests {
    told: BTreeMap<usize, Error>,
    count: usize,
    /// Whether looking ended before the last request.
    unfinished: bool,
}

impl RefusedRequests {
    /// Whether all requests are taken.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Counts the request at an index, from 0, and keeps why it is refused if it is one of the first.
    pub fn add(&mut self, index: usize, error: Error) {
        self.count += 1;
        if self.told.len() < TOLD || self.told.last_key_value().is_some_and(|(last, _)| index < *last) {
            self.told.insert(index, error);
        }
        if self.told.len() > TOLD {
            self.told.pop_last();
        }
    }

    /// Takes in what was found in some of the requests; `place` says where one of those stands in the batch.
    pub fn merge(&mut self, part: RefusedRequests, place: impl Fn(usize) -> usize) {
        let untold = part.count - part.told.len();
        for (index, error) in part.told {
            self.add(place(index), error);
        }
        self.count += untold;
        self.unfinished |= part.unfinished;
    }

    /// The error of the batch, of the kind of the first request that is refused; none where all are taken. `details.requests` has
    /// an entry each (`index`, `kind`, `code`, `detail`, `details`), `details.count` how many there are.
    pub fn into_error(self) -> Option<Error> {
        let relation = if self.unfinished {
            TotalRelation::AtLeast
        } else {
            TotalRelation::Exact
        };
        let requests: Vec<Value> = self
            .told
            .iter()
            .map(|(index, error)| shown(*index, error))
            .collect();
        let (index, first) = self.told.into_iter().next()?;
        let are = match (self.unfinished, self.count) {
            (true, count) => format!("at least {count} of the requests are"),
            (false, 1) => "one of the requests is".to_owned(),
            (false, count) => format!("{count} of the requests are"),
        };
        let message = format!(
            "{are} refused, and none was taken; the first is the one at index {index}: {}",
            first.message
        );
        Some(Error::new(first.kind, message).with_details(json!({
            "index": index,
            "problems": first.details,
            "count": self.count,
            "count_relation": relation,
            "requests": requests,
        })))
    }
}

fn shown(index: usize, error: &Error) -> Value {
    let mut shown = json!({
        "index": index,
        "kind": error.kind.name(),
        "code": error.kind.code(),
        "detail": error.message,
    });
    if !error.details.is_null() {
        shown["details"] = error.details.clone();
    }
    shown
}

impl Client {
    /// Which of these requests are refused, and why. They are created in a transaction that is rolled back; where more than a
    /// hundred are refused by the database, looking ends there.
    ///
    /// # Errors
    /// `DatabaseUnavailable`, `Timeout`.
    pub async fn find_refused(&self, requests: &[TaskRequest]) -> Result<RefusedRequests> {
        if requests.is_empty() {
            return Ok(RefusedRequests::default());
        }
        call!(self, |store, connection| self
            .try_each(store, connection, requests))
    }

    async fn try_each(
        &self,
        store: &Store,
        connection: &mut PgConnection,
        requests: &[TaskRequest],
    ) -> Result<RefusedRequests> {
        let mut refused = RefusedRequests::default();
        let mut plans = HashMap::new();
        let mut prepared: Vec<(usize, String)> = Vec::with_capacity(requests.len());
        for (index, request) in requests.iter().enumerate() {
            match self.prepare_one(store, connection, &mut plans, request).await {
                Ok(text) => prepared.push((index, text)),
                Err(error) if is_about_requests(&error) => refused.add(index, error),
                Err(error) => return Err(error),
            }
        }
        let mut trial = connection.begin().await?;
        let mut parts: Vec<&[(usize, String)]> = prepared.chunks(TOGETHER).rev().collect();
        let mut found = 0;
        while let Some(part) = parts.pop() {
            let mut attempt = trial.begin().await?;
            let texts = part.iter().map(|(_, text)| text.as_str());
            let Err(error) = store.create_tasks(&mut attempt, &as_json(texts)).await else {
                attempt.commit().await?;
                continue;
            };
            if !is_about_requests(&error) {
                return Err(error);
            }
            attempt.rollback().await?;
            if let [(index, _)] = part {
                refused.add(*index, unnumbered(error));
                found += 1;
                if found == TOLD {
                    refused.unfinished = !parts.is_empty();
                    break;
                }
            } else {
                // The first half is tried first, so that the first ones are found first.
                let (first, second) = part.split_at(part.len() / 2);
                parts.extend([second, first]);
            }
        }
        trial.rollback().await?;
        Ok(refused)
    }
}

/// Whether it is a request that is at fault.
pub(super) fn is_about_requests(error: &Error) -> bool {
    matches!(
        error.kind,
        ErrorKind::InvalidArgument
            | ErrorKind::InvalidTemplate
            | ErrorKind::UnknownNamedTask
            | ErrorKind::InvalidContext
            | ErrorKind::AlreadyExists
            | ErrorKind::IdempotencyMismatch
    )
}

/// The database counts requests from 1; where there is only one, its number says nothing.
pub(super) fn unnumbered(mut error: Error) -> Error {
    if let Some(message) = error.message.strip_prefix("request 1: ") {
        error.message = message.to_owned();
    }
    error
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_first_hundred_are_told_whatever_the_order_in_which_they_are_found_and_all_are_counted() {
        let mut refused = RefusedRequests::default();
        for index in (0..300).rev() {
            refused.add(index, Error::invalid_argument(format!("number {index}")));
        }
        let mut part = RefusedRequests::default();
        for index in 0..150 {
            part.add(index, Error::invalid_argument("later"));
        }
        refused.merge(part, |index| 1000 + index);
        let error = refused.into_error().unwrap();
        assert!(
            error.message.starts_with("450 of the requests are refused")
                && error.message.ends_with("index 0: number 0"),
            "{error}"
        );
        let told = error.details["requests"].as_array().unwrap();
        assert_eq!(
            (
                told.len(),
                &told[99]["index"],
                &error.details["count"],
                &error.details["count_relation"]
            ),
            (100, &json!(99), &json!(450), &json!("exact"))
        );
    }
}
