//! Requests that come as one array: read item by item, so that nothing but the requests themselves is held.

use crate::extract::read as read_object;
use crate::problem::Refusal;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;
use tasker_core::model::TaskRequest;
use tasker_core::values::{check_json, from_json};
use tasker_core::{Error, ErrorKind, RefusedRequests};
use tokio_util::sync::CancellationToken;

/// Requests that one transaction takes.
const MOST: usize = 100_000;
const EXPECTED: &str =
    "an array of requests, alone or as `tasks`; or JSON lines with Content-Type: application/x-ndjson";

/// What an array has.
#[derive(Debug, Default)]
pub(super) struct Requests {
    /// The requests that can be read.
    pub(super) requests: Vec<TaskRequest>,
    /// Where each of them stands in the array.
    pub(super) places: Vec<usize>,
    /// The others.
    pub(super) refused: RefusedRequests,
}

/// Reads an array, on a thread where that keeps nobody else from being answered. It ends when nobody waits for it any more.
pub(super) async fn read(bytes: Vec<u8>) -> Result<Requests, Refusal> {
    let ended = CancellationToken::new();
    let reading = ended.clone();
    let _ends = ended.drop_guard();
    tokio::task::spawn_blocking(move || read_all(&bytes, &reading))
        .await
        .unwrap_or_else(|error| {
            Err(Refusal::new(
                ErrorKind::Panic,
                format!("the body was not read: {error}"),
            ))
        })
}

fn read_all(bytes: &[u8], ended: &CancellationToken) -> Result<Requests, Refusal> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let problem = check_json(bytes, usize::MAX).err();
            let problem = problem.map_or_else(|| error.to_string(), |problem| problem.to_string());
            return Err(Refusal::new(
                ErrorKind::InvalidArgument,
                format!("the body: {problem}"),
            ));
        }
    };
    let mut reading = Reading {
        found: Requests::default(),
        ended,
        too_many: false,
    };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = deserializer
        .deserialize_any(Outside(&mut reading))
        .and_then(|()| deserializer.end());
    if reading.too_many {
        return Err(Refusal::new(
            ErrorKind::InvalidArgument,
            format!(
                "the body: an array has at most {MOST} requests, because it is one transaction: send several arrays, or JSON lines \
                 with Content-Type: application/x-ndjson"
            ),
        ));
    }
    match read {
        Ok(()) => Ok(reading.found),
        Err(error) if error.is_data() => Err(Refusal::new(
            ErrorKind::InvalidArgument,
            format!("the body: {error}"),
        )),
        Err(error) => Err(Refusal::malformed(format!("the body is no JSON: {error}"))),
    }
}

fn read_item(text: &str) -> Result<TaskRequest, Error> {
    let text = check_json(text.as_bytes(), usize::MAX)
        .map_err(|problem| Error::invalid_argument(problem.to_string()))?;
    let value = from_json(text).map_err(|error| Error::invalid_argument(error.to_string()))?;
    read_object(value, Some("task"))
}

struct Reading<'r> {
    found: Requests,
    ended: &'r CancellationToken,
    too_many: bool,
}

impl Reading<'_> {
    fn take<E: de::Error>(&mut self, index: usize, text: &str) -> Result<(), E> {
        if self.ended.is_cancelled() {
            return Err(E::custom("nobody waits for it any more"));
        }
        match read_item(text) {
            Ok(_) if self.found.requests.len() == MOST => {
                self.too_many = true;
                return Err(E::custom("too many"));
            }
            Ok(request) => {
                self.found.requests.push(request);
                self.found.places.push(index);
            }
            Err(error) => self.found.refused.add(index, error),
        }
        Ok(())
    }
}

/// The body: the array, or an object that has it.
struct Outside<'a, 'r>(&'a mut Reading<'r>);

impl<'de> Visitor<'de> for Outside<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<(), A::Error> {
        Inside(self.0).visit_seq(items)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut found = false;
        while let Some(name) = members.next_key::<String>()? {
            if name == "tasks" && !found {
                members.next_value_seed(Inside(self.0))?;
                found = true;
            } else if name == "tasks" {
                return Err(de::Error::duplicate_field("tasks"));
            } else {
                return Err(de::Error::custom(format_args!(
                    "unknown field `{name}`, expected `tasks` alone"
                )));
            }
        }
        if found {
            return Ok(());
        }
        Err(de::Error::invalid_type(de::Unexpected::Map, &self))
    }
}

/// The array.
struct Inside<'a, 'r>(&'a mut Reading<'r>);

impl<'de> DeserializeSeed<'de> for Inside<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Inside<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut index = 0;
        while let Some(item) = items.next_element::<&RawValue>()? {
            self.0.take(index, item.get())?;
            index += 1;
        }
        Ok(())
    }
}
