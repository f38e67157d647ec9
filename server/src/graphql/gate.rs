//! What every field asks before it answers: whether it may, and whether the answer is not too large by now.

use super::named::Maps;
use crate::app::App;
use crate::auth::{Access, Question};
use crate::problem::Refusal;
use async_graphql::{Context, Request};
use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tasker_core::ErrorKind;
use tokio::sync::OnceCell;

/// Stands in the data of every request.
#[derive(Debug)]
pub(super) struct Gate {
    access: Access,
    /// What was asked before in this request; none where it goes on for long, and somebody may lose a permission meanwhile, or be
    /// known no more.
    known: Option<Mutex<HashMap<Question, bool>>>,
    objects: AtomicUsize,
    most: usize,
}

impl Gate {
    /// For a request that is answered once.
    pub(super) fn once(access: Access, most: usize) -> Self {
        Self {
            access,
            known: Some(Mutex::default()),
            objects: AtomicUsize::new(0),
            most,
        }
    }

    /// For a request that is answered again and again.
    pub(super) fn lasting(access: Access, most: usize) -> Self {
        Self {
            known: None,
            ..Self::once(access, most)
        }
    }

    /// Who asks.
    pub(super) fn access(&self) -> &Access {
        &self.access
    }

    /// Which of these things may be done. The host is asked once, for those that it was not asked for before.
    ///
    /// # Errors
    /// As [`Access::may`].
    pub(super) async fn which(&self, questions: &[Question]) -> Result<Vec<bool>, Refusal> {
        let Some(known) = &self.known else {
            return self.access.anew().await.may(questions).await;
        };
        let mut answers = known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut unknown: Vec<Question> = Vec::new();
        for question in questions {
            if !answers.contains_key(question) && !unknown.contains(question) {
                unknown.push(question.clone());
            }
        }
        if !unknown.is_empty() {
            let told = Box::pin(self.access.may(&unknown)).await?;
            let told: HashMap<Question, bool> = unknown.into_iter().zip(told).collect();
            known
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend(told.clone());
            answers.extend(told);
        }
        Ok(questions
            .iter()
            .map(|question| answers.get(question).copied().unwrap_or(false))
            .collect())
    }

    /// Refuses unless all of these things may be done.
    ///
    /// # Errors
    /// `Unauthenticated`, `Forbidden`.
    pub(super) async fn require(&self, questions: &[Question]) -> Result<(), Refusal> {
        let answers = self.which(questions).await?;
        match questions.iter().zip(answers).find(|(_, may)| !may) {
            None => Ok(()),
            Some((question, _)) => Err(Access::forbidden(question)),
        }
    }

    /// Counts objects of the answer.
    ///
    /// # Errors
    /// `InvalidArgument` where there are more than an answer may have.
    pub(super) fn count(&self, objects: usize) -> Result<(), Refusal> {
        let before = self.objects.fetch_add(objects, Ordering::Relaxed);
        if before.saturating_add(objects) <= self.most {
            return Ok(());
        }
        Err(Refusal::new(
            ErrorKind::InvalidArgument,
            format!(
                "the answer would have more than {} objects: ask for less, in pages",
                self.most
            ),
        ))
    }

    /// Begins to count anew, for the next answer.
    pub(super) fn count_anew(&self) {
        self.objects.store(0, Ordering::Relaxed);
    }
}

/// A request with its gate.
pub(super) fn through(request: Request, gate: Gate, app: &App) -> Request {
    request
        .data(Arc::new(gate))
        .data(Maps::default())
        .data(app.clone())
}

/// The gate of a request.
pub(super) fn gate<'c>(context: &Context<'c>) -> &'c Gate {
    context.data_unchecked::<Arc<Gate>>()
}

/// Refuses unless the one who asks may do this.
///
/// # Errors
/// `Unauthenticated`, `Forbidden`.
pub(super) async fn allowed(context: &Context<'_>, question: Question) -> Result<(), Refusal> {
    gate(context).require(&[question]).await
}

/// The question whether somebody may do something: what stands before each field that takes a permission.
pub(super) fn may(resource: &str, action: &str) -> Question {
    Question::new(resource, action)
}

/// What a list costs that may have so many members, each of which costs so much. Bounded, so that sums of it are.
pub(super) fn times(members: usize, each: usize) -> usize {
    members.saturating_mul(each).saturating_add(1).min(1 << 40)
}

/// Something that is loaded once for all members of a set, whichever of them asks first.
///
/// What loads it is large, and stands on the heap: the fields of a query are polled inside each other, on one stack, and each would
/// have room for it there.
#[derive(Debug)]
pub(super) struct Once<T>(OnceCell<Result<T, Refusal>>);

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self(OnceCell::new())
    }
}

impl<T> Once<T> {
    /// What was loaded.
    ///
    /// # Errors
    /// Why it could not be, for all of them.
    pub(super) async fn get<F: Future<Output = Result<T, Refusal>>>(
        &self,
        load: impl FnOnce() -> F,
    ) -> Result<&T, Refusal> {
        let loaded = self.0.get_or_init(|| Box::pin(load())).await;
        loaded.as_ref().map_err(Clone::clone)
    }
}
