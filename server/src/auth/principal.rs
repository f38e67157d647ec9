//! Who asks, and what that one may do.

use super::permissions::covers;
use crate::problem::Refusal;
use futures_util::future::BoxFuture;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// Who asks.
#[derive(Debug, Clone)]
pub struct Principal {
    /// The name in the trail, as `by`; none where the host knows no name.
    pub name: Option<String>,
    /// What it may do.
    pub grants: Grants,
    /// Whether a browser says who it is by itself, with every request to this site (a cookie). What changes something then has to
    /// show that it comes from a page of this site.
    pub ambient: bool,
}

/// What somebody may do.
#[derive(Debug, Clone)]
pub enum Grants {
    /// What these grants cover.
    Listed(BTreeSet<String>),
    /// What the host says when it is asked.
    Asked(Arc<dyn Decide>),
}

/// Something that is to be done, and to what.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Question {
    /// Such as `tasker.task`.
    pub resource: String,
    /// Such as `show`.
    pub action: String,
    /// The id of the task, the number or the name of the step, the name of the template or handler; none for many of them.
    pub resource_id: Option<String>,
    /// The task of a step, the namespace of a template or handler.
    pub parent_id: Option<String>,
}

impl Question {
    /// About no resource in particular.
    pub fn new(resource: impl Into<String>, action: impl Into<String>) -> Self {
        Self {
            resource: resource.into(),
            action: action.into(),
            resource_id: None,
            parent_id: None,
        }
    }

    /// The same question about one resource.
    #[must_use]
    pub fn about(mut self, id: impl ToString) -> Self {
        self.resource_id = Some(id.to_string());
        self
    }

    /// The same question about what is part of this.
    #[must_use]
    pub fn within(mut self, parent: impl ToString) -> Self {
        self.parent_id = Some(parent.to_string());
        self
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.resource, self.action)
    }
}

/// A host that decides by itself what somebody may do.
pub trait Decide: fmt::Debug + Send + Sync {
    /// Answers all questions, in their order: whether it may be done.
    ///
    /// # Errors
    /// Where the host cannot decide. Nothing is done then.
    fn decide(&self, questions: Vec<Question>) -> BoxFuture<'_, Result<Vec<bool>, Refusal>>;
}

impl Principal {
    /// Somebody who may do what these grants cover.
    pub fn with_grants(name: impl Into<String>, grants: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            name: Some(name.into()),
            grants: Grants::Listed(grants.into_iter().map(Into::into).collect()),
            ambient: false,
        }
    }

    /// Which of these things may be done.
    ///
    /// # Errors
    /// As [`Decide::decide`].
    pub(super) async fn decide(&self, questions: &[Question]) -> Result<Vec<bool>, Refusal> {
        match &self.grants {
            Grants::Listed(grants) => Ok(questions
                .iter()
                .map(|question| {
                    grants
                        .iter()
                        .any(|grant| covers(grant, &question.resource, &question.action))
                })
                .collect()),
            Grants::Asked(host) => {
                let answers = host.decide(questions.to_vec()).await?;
                // A host that answers too little has decided nothing.
                Ok((0..questions.len())
                    .map(|place| answers.get(place).copied().unwrap_or(false))
                    .collect())
            }
        }
    }
}
