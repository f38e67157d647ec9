//! One request and its answer, on their way.

use super::head::Head;
use crate::auth::{Decide, Question, Roles};
use crate::problem::Refusal;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::Response;
use axum::response::IntoResponse;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::unfold;
use serde::Serialize;
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tasker_core::bridge::{spawn, wait_for};
use tasker_core::{Error, ErrorKind, Result};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::ServiceExt;

/// What the host is to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// Give more of the body of the request to [`Exchange::write`], or say by [`Exchange::finish`] that there is no more. Nothing is
    /// asked for that is not needed: an answer may come before the end of a body.
    Read,
    /// Decide, and say so to [`Exchange::decide`] with the number: the text of a JSON object, `{"number", "questions": [{"resource",
    /// "action", "resource_id", "parent_id"}]}`.
    Decide(String),
    /// Begin the answer: the text of a JSON object, `{"status", "headers": [[name, value]]}`.
    Head(String),
    /// Send this much of its body.
    Chunk(Bytes),
    /// End the answer. Nothing comes after it.
    End,
    /// Break the answer off: what was sent is not all of it. Nothing comes after it.
    Broken(String),
}

/// What comes out of an exchange.
#[derive(Debug)]
struct Events {
    /// The answer, a piece at a time: no more is made than is taken.
    answer: mpsc::Receiver<Event>,
    /// What the host is asked for. It waits for no room: whoever asks may be polled by the task that sends a piece of the answer,
    /// and that one would wait for itself.
    asked: mpsc::UnboundedReceiver<Event>,
}

#[derive(Serialize)]
struct Decision<'q> {
    number: u64,
    questions: &'q [Question],
}

#[derive(Serialize)]
struct AnswerHead {
    status: u16,
    headers: Vec<(String, String)>,
}

/// One request and its answer. Dropped, the request is given up; what it had begun in the database is rolled back.
#[derive(Debug)]
pub struct Exchange {
    body: Mutex<Option<mpsc::Sender<Bytes>>>,
    /// Whether more of the body is asked for.
    wanted: Arc<AtomicBool>,
    events: Arc<tokio::sync::Mutex<Events>>,
    host: Arc<Host>,
    /// Nothing more comes.
    ended: CancellationToken,
    given_up: CancellationToken,
    _ends: DropGuard,
}

impl Exchange {
    pub(super) fn begin(router: Router, head: Head, roles: &Roles) -> Result<Self> {
        let (body, written) = mpsc::channel::<Bytes>(1);
        let (host, events) = Host::new();
        if let Some(refusal) = head.too_long() {
            return Ok(Self::answering(None, host, events, async {
                refusal.into_response()
            }));
        }
        let stream = unfold((written, host.ask.clone()), async |(mut written, asking)| {
            asking.send(Event::Read).ok()?;
            let bytes = written.recv().await?;
            Some((Ok::<_, Infallible>(bytes), (written, asking)))
        });
        let request = head.request(
            Body::from_stream(stream),
            roles,
            Arc::clone(&host) as Arc<dyn Decide>,
        )?;
        let responding = async move {
            let Ok(response) = router.oneshot(request).await;
            response
        };
        Ok(Self::answering(Some(body), host, events, responding))
    }

    /// The answer to a request that cannot be begun, because of what [`Mount::begin`](super::Mount::begin) says against it, or of
    /// what went wrong in the host before: a refusal. A head that cannot be read is the client's mistake; of anything else the
    /// client is told no more than that the log has it.
    #[must_use]
    pub fn refused(error: Error) -> Self {
        let refusal = if error.kind == ErrorKind::InvalidArgument {
            Refusal::malformed(error.message)
        } else {
            tracing::error!(kind = %error.kind, %error, "a request could not be begun");
            Refusal::new(
                ErrorKind::Internal,
                "this request could not be begun: the log has why",
            )
        };
        let (host, events) = Host::new();
        Self::answering(None, host, events, async { refusal.into_response() })
    }

    fn answering(
        body: Option<mpsc::Sender<Bytes>>,
        host: Arc<Host>,
        events: Events,
        responding: impl Future<Output = Response<Body>> + Send + 'static,
    ) -> Self {
        let given_up = CancellationToken::new();
        let stopped = given_up.clone();
        let ended = CancellationToken::new();
        let ends = ended.clone();
        let tell = host.tell.clone();
        spawn(
            async move {
                let answering = async {
                    answer(responding.await, &tell).await;
                };
                tokio::select! {
                    () = answering => {}
                    () = stopped.cancelled() => {}
                    // The host has dropped what it would read the answer from.
                    () = tell.closed() => {}
                }
                Ok(())
            },
            move |_: Result<()>| ends.cancel(),
        );
        Self {
            body: Mutex::new(body),
            wanted: Arc::default(),
            events: Arc::new(tokio::sync::Mutex::new(events)),
            host,
            ended,
            _ends: given_up.clone().drop_guard(),
            given_up,
        }
    }

    /// Answers [`Event::Read`] with more of the body of the request. Does not wait. Where nobody reads it any more, it is let go.
    ///
    /// # Errors
    /// `InvalidArgument` where it was not asked for, or the body has ended.
    pub fn write(&self, bytes: Bytes) -> Result<()> {
        let body = self.body.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(body) = body.as_ref() else {
            return Err(Error::invalid_argument(
                "the body of this request has ended already",
            ));
        };
        if !self.wanted.swap(false, Ordering::AcqRel) {
            return Err(Error::invalid_argument(
                "nothing has asked for more of the body: write it when `Read` comes",
            ));
        }
        // There is room: nothing else was written since it was asked for. Where nobody reads, it is let go.
        let _ = body.try_send(bytes);
        Ok(())
    }

    /// Answers [`Event::Read`]: the body of the request has ended.
    pub fn finish(&self) {
        drop(self.body.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    fn reading(&self) -> impl Future<Output = Result<Event>> + Send + 'static {
        let events = Arc::clone(&self.events);
        let (given_up, ended) = (self.given_up.clone(), self.ended.clone());
        let wanted = Arc::clone(&self.wanted);
        async move {
            let mut events = events.lock().await;
            let Events { answer, asked } = &mut *events;
            let over = |why: &str| Err(Error::new(ErrorKind::ShuttingDown, why));
            tokio::select! {
                biased;
                () = given_up.cancelled() => over("this request was given up"),
                Some(event) = answer.recv() => Ok(event),
                Some(event) = asked.recv() => {
                    if event == Event::Read {
                        wanted.store(true, Ordering::Release);
                    }
                    Ok(event)
                }
                () = ended.cancelled() => answer.try_recv().or_else(|_| over("this request has been answered")),
            }
        }
    }

    /// What to do next; waits for it.
    ///
    /// # Errors
    /// `ShuttingDown` once the request was given up, or answered to its end.
    pub fn next(&self) -> Result<Event> {
        wait_for(self.reading())
    }

    /// As [`Exchange::next`]; what came of it is handed to `done`, on a thread of the engine: pass it on, and return.
    pub fn next_then(&self, done: impl FnOnce(Result<Event>) + Send + 'static) {
        spawn(self.reading(), done);
    }

    /// Answers what [`Event::Decide`] asked under this number: whether each may be done, in order. What is missing may not.
    pub fn decide(&self, number: u64, answers: Vec<bool>) {
        self.host.answer(number, Ok(answers));
    }

    /// Says that the host cannot decide; the log has `why`, whoever asks is told no more than that. Nothing is done.
    pub fn cannot_decide(&self, number: u64, why: &str) {
        tracing::error!(why, "the host could not decide what somebody may do");
        self.host.answer(
            number,
            Err(Refusal::new(
                ErrorKind::Internal,
                "whether this may be done could not be decided: the log has why",
            )),
        );
    }

    /// Gives the request up, as where the client has gone away.
    pub fn cancel(&self) {
        self.given_up.cancel();
    }
}

/// Sends an answer to whoever takes the events.
async fn answer(response: Response<Body>, tell: &mpsc::Sender<Event>) {
    let (parts, body) = response.into_parts();
    let headers = parts.headers.iter();
    let head = AnswerHead {
        status: parts.status.as_u16(),
        headers: headers
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.as_str().to_owned(), value)
            })
            .collect(),
    };
    let head = serde_json::to_string(&head).unwrap_or_default();
    if tell.send(Event::Head(head)).await.is_err() {
        return;
    }
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let event = match piece {
            Ok(bytes) => Event::Chunk(bytes),
            Err(error) => {
                let _ = tell.send(Event::Broken(error.to_string())).await;
                return;
            }
        };
        if tell.send(event).await.is_err() {
            return;
        }
    }
    let _ = tell.send(Event::End).await;
}

type Answer = std::result::Result<Vec<bool>, Refusal>;

/// The host, where it decides by itself.
#[derive(Debug)]
struct Host {
    tell: mpsc::Sender<Event>,
    ask: mpsc::UnboundedSender<Event>,
    waiting: Mutex<HashMap<u64, oneshot::Sender<Answer>>>,
    numbers: AtomicU64,
}

impl Host {
    fn new() -> (Arc<Self>, Events) {
        let (tell, answer) = mpsc::channel(1);
        let (ask, asked) = mpsc::unbounded_channel();
        let host = Self {
            tell,
            ask,
            waiting: Mutex::default(),
            numbers: AtomicU64::new(1),
        };
        (Arc::new(host), Events { answer, asked })
    }

    fn answer(&self, number: u64, answer: Answer) {
        let waiting = self
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&number);
        if let Some(waiting) = waiting {
            let _ = waiting.send(answer);
        }
    }
}

impl Decide for Host {
    fn decide(&self, questions: Vec<Question>) -> BoxFuture<'_, Answer> {
        Box::pin(async move {
            let gone = || Refusal::new(ErrorKind::ShuttingDown, "this request was given up");
            let number = self.numbers.fetch_add(1, Ordering::Relaxed);
            let (answer, answered) = oneshot::channel();
            self.waiting
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(number, answer);
            let asked = serde_json::to_string(&Decision {
                number,
                questions: &questions,
            });
            let event = Event::Decide(asked.unwrap_or_default());
            self.ask.send(event).map_err(|_| gone())?;
            answered.await.map_err(|_| gone())?
        })
    }
}
