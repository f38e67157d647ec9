//! What the one who asks may do: every route, and every field of GraphQL, asks here.

use super::identify::Brought;
use super::principal::{Principal, Question};
use crate::problem::Refusal;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use std::sync::Arc;
use tasker_core::ErrorKind;
use tasker_core::model::{Operator, TaskRequest};

/// Who asks, as far as that is known; stands in the extensions of every request.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    who: Who,
    /// Where the request comes from, for the trail.
    from: Option<Arc<str>>,
    /// What whoever is known has brought for it, where that counts for a while only.
    brought: Option<Arc<Brought>>,
}

#[derive(Debug, Clone)]
enum Who {
    /// Nobody has to say who they are.
    Anybody,
    /// This one.
    Known(Arc<Principal>),
    /// Somebody who has to say who they are, and did not, or not truly.
    Nobody(Refusal),
}

impl Access {
    /// Nobody has to say who they are.
    pub(crate) fn anybody() -> Self {
        Self::of(Who::Anybody)
    }

    /// This one asks.
    pub(crate) fn known(principal: Arc<Principal>) -> Self {
        Self::of(Who::Known(principal))
    }

    /// Somebody who did not say who they are, or not truly.
    pub(crate) fn nobody(refusal: Refusal) -> Self {
        Self::of(Who::Nobody(refusal))
    }

    fn of(who: Who) -> Self {
        Self {
            who,
            from: None,
            brought: None,
        }
    }

    /// The same, from somewhere.
    #[must_use]
    pub(crate) fn from(mut self, from: Option<Arc<str>>) -> Self {
        self.from = from;
        self
    }

    /// The same, by something that counts for a while only.
    #[must_use]
    pub(super) fn by(mut self, brought: Arc<Brought>) -> Self {
        self.brought = Some(brought);
        self
    }

    /// Who asks, found out again: for what goes on for long. Meanwhile a token expires, and a key is revoked.
    pub(crate) async fn anew(&self) -> Self {
        match &self.brought {
            None => self.clone(),
            Some(brought) => brought.access().await.from(self.from.clone()),
        }
    }

    /// Whether a page of another site can ask without knowing anything: nobody has to say who they are, or a browser does by itself.
    pub(crate) fn is_borrowed(&self) -> bool {
        matches!(self.who, Who::Anybody) || self.is_ambient()
    }

    /// Whether a browser says by itself who asks.
    pub(crate) fn is_ambient(&self) -> bool {
        matches!(&self.who, Who::Known(principal) if principal.ambient)
    }

    /// Refuses whoever has to say who they are and did not.
    ///
    /// # Errors
    /// `Unauthenticated`.
    pub(crate) fn is_known(&self) -> Result<(), Refusal> {
        match &self.who {
            Who::Anybody | Who::Known(_) => Ok(()),
            Who::Nobody(refusal) => Err(refusal.clone()),
        }
    }

    /// Which of these things may be done. Asks the host once for all of them, where it decides.
    ///
    /// # Errors
    /// `Unauthenticated`; what the host says where it cannot decide.
    pub(crate) async fn may(&self, questions: &[Question]) -> Result<Vec<bool>, Refusal> {
        match &self.who {
            Who::Anybody => Ok(vec![true; questions.len()]),
            Who::Known(principal) => principal.decide(questions).await,
            Who::Nobody(refusal) => Err(refusal.clone()),
        }
    }

    /// Refuses unless all of these things may be done.
    ///
    /// # Errors
    /// `Unauthenticated`, `Forbidden`.
    pub(crate) async fn require(&self, questions: &[Question]) -> Result<(), Refusal> {
        let answers = self.may(questions).await?;
        match questions.iter().zip(answers).find(|(_, may)| !may) {
            None => Ok(()),
            Some((question, _)) => Err(Self::forbidden(question)),
        }
    }

    /// The refusal of something that may not be done.
    pub(crate) fn forbidden(question: &Question) -> Refusal {
        Refusal::new(
            ErrorKind::Forbidden,
            format!(
                "Not authorized to {} on {}: it takes the permission {question}",
                question.action, question.resource
            ),
        )
    }

    /// The name of whoever asks, where it is known.
    pub(crate) fn name(&self) -> Option<String> {
        match &self.who {
            Who::Known(principal) => principal.name.clone(),
            Who::Anybody | Who::Nobody(_) => None,
        }
    }

    /// Who steps in, for the trail. Whoever is known cannot be somebody else; what the request says is within its bounds all the same.
    ///
    /// # Errors
    /// `InvalidArgument` that names what is too long.
    pub(crate) fn operator(&self, by: Option<String>, reason: Option<String>) -> Result<Operator, Refusal> {
        let said = Operator {
            by,
            reason,
            from: self.from.as_deref().map(str::to_owned),
        };
        said.check_bounds()?;
        Ok(match &self.who {
            Who::Known(principal) => Operator {
                by: principal.name.clone(),
                ..said
            },
            Who::Anybody | Who::Nobody(_) => said,
        })
    }

    /// Whoever asks for a task is its initiator, unless the request names one.
    pub(crate) fn sign(&self, request: &mut TaskRequest) {
        if request.initiator.is_none() {
            request.initiator = self.name();
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Access {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            Refusal::new(
                ErrorKind::Internal,
                "nobody was asked who they are: a defect of Tasker",
            )
        })
    }
}
