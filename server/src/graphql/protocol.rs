//! `graphql-transport-ws`: what is said on a websocket, and what it is closed for
//! (<https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>).
//!
//! The type of the library knows none of the codes, executes what has the id of something that runs, and tells of errors before the
//! execution as though they were answers; so this is our own.

use super::http::{Answer, Asked};
use async_graphql::{Response, ServerError};
use futures_util::stream::{AbortHandle, BoxStream, SelectAll, StreamExt, abortable, once};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// What a client says.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Said {
    ConnectionInit {
        #[serde(default, rename = "payload")]
        _payload: Option<Map<String, Value>>,
    },
    Subscribe {
        id: String,
        payload: Asked,
    },
    Complete {
        id: String,
    },
    Ping {
        #[serde(default)]
        payload: Option<Map<String, Value>>,
    },
    Pong {
        #[serde(default, rename = "payload")]
        _payload: Option<Map<String, Value>>,
    },
}

/// What is answered.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Told<'t> {
    ConnectionAck,
    Next {
        id: &'t str,
        payload: Answer,
    },
    Error {
        id: &'t str,
        payload: Vec<ServerError>,
    },
    Complete {
        id: &'t str,
    },
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Option<Map<String, Value>>,
    },
}

impl Told<'_> {
    fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Why a socket is closed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Closed {
    pub(super) code: u16,
    pub(super) reason: String,
}

impl Closed {
    pub(super) fn new(code: u16, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
        }
    }

    /// Nobody began in time.
    pub(super) fn late() -> Self {
        Self::new(4408, "Connection initialisation timeout")
    }
}

/// A socket, as far as the protocol goes.
pub(super) struct Conversation {
    begun: bool,
    /// What runs, by the ids that the client gave.
    running: HashMap<String, Operation>,
    answers: SelectAll<BoxStream<'static, (String, Option<Response>)>>,
}

struct Operation {
    stops: AbortHandle,
    answered: bool,
}

impl Conversation {
    pub(super) fn new() -> Self {
        Self {
            begun: false,
            running: HashMap::new(),
            answers: SelectAll::new(),
        }
    }

    /// Whether the client has begun.
    pub(super) fn has_begun(&self) -> bool {
        self.begun
    }

    /// Takes what the client says; `execute` begins an operation. What is to be said to it, if anything.
    ///
    /// # Errors
    /// What the socket is closed for.
    pub(super) fn hear(
        &mut self,
        message: &[u8],
        execute: impl FnOnce(Asked) -> BoxStream<'static, Response>,
    ) -> Result<Option<String>, Closed> {
        let said = serde_json::from_slice(message)
            .map_err(|error| Closed::new(4400, format!("Invalid message: {error}")))?;
        match said {
            Said::ConnectionInit { .. } if self.begun => {
                Err(Closed::new(4429, "Too many initialisation requests"))
            }
            Said::ConnectionInit { .. } => {
                self.begun = true;
                Ok(Some(Told::ConnectionAck.text()))
            }
            Said::Ping { payload } => Ok(Some(Told::Pong { payload }.text())),
            Said::Pong { .. } => Ok(None),
            Said::Subscribe { .. } | Said::Complete { .. } if !self.begun => {
                Err(Closed::new(4401, "Unauthorized"))
            }
            Said::Subscribe { id, .. } if self.running.contains_key(&id) => {
                Err(Closed::new(4409, format!("Subscriber for {id} already exists")))
            }
            Said::Subscribe { id, payload } => {
                self.run(id, execute(payload));
                Ok(None)
            }
            Said::Complete { id } => {
                if let Some(operation) = self.running.remove(&id) {
                    operation.stops.abort();
                }
                Ok(None)
            }
        }
    }

    fn run(&mut self, id: String, responses: BoxStream<'static, Response>) {
        let name = id.clone();
        let all = responses.map(Some).chain(once(async { None }));
        let (answers, stops) = abortable(all.map(move |response| (name.clone(), response)));
        self.answers.push(answers.boxed());
        let answered = false;
        self.running.insert(id, Operation { stops, answered });
    }

    /// What is to be said next of what runs. Waits for ever while nothing does.
    pub(super) async fn tell(&mut self) -> String {
        loop {
            let Some((id, response)) = self.answers.next().await else {
                return std::future::pending().await;
            };
            let Some(operation) = self.running.get_mut(&id) else {
                continue;
            };
            match response.map(Answer::from) {
                None => {
                    self.running.remove(&id);
                    return Told::Complete { id: &id }.text();
                }
                // Nothing was executed, and nothing will be.
                Some(Answer { data: None, errors }) if !operation.answered => {
                    operation.stops.abort();
                    self.running.remove(&id);
                    return Told::Error {
                        id: &id,
                        payload: errors,
                    }
                    .text();
                }
                Some(payload) => {
                    operation.answered = true;
                    return Told::Next { id: &id, payload }.text();
                }
            }
        }
    }
}
