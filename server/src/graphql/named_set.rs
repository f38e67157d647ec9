//! Which of the named tasks that were found together may be seen.

use super::gate::{Gate, Once, may};
use crate::auth::{Access, Question};
use crate::problem::Refusal;
use std::collections::{HashMap, HashSet};

/// Named tasks that were found together, and for which of them something may be done: asked for all of them, at once.
#[derive(Debug, Default)]
pub(super) struct NamedSet {
    action: (&'static str, &'static str),
    /// By id: name and namespace.
    found: HashMap<i32, (String, String)>,
    open: Once<HashSet<i32>>,
}

impl NamedSet {
    /// Whether `action` of `resource` may be done with each of these: id, name, namespace.
    pub(super) fn new(
        (resource, action): (&'static str, &'static str),
        found: impl IntoIterator<Item = (i32, String, String)>,
    ) -> Self {
        let found = found.into_iter();
        Self {
            action: (resource, action),
            found: found
                .map(|(id, name, namespace)| (id, (name, namespace)))
                .collect(),
            open: Once::default(),
        }
    }

    fn question(&self, id: i32) -> Question {
        let question = may(self.action.0, self.action.1);
        match self.found.get(&id) {
            Some((name, namespace)) => question.about(name).within(namespace),
            None => question,
        }
    }

    /// Those for which it may be done.
    pub(super) async fn open(&self, gate: &Gate) -> Result<&HashSet<i32>, Refusal> {
        let open = self.open.get(|| async {
            let ids: Vec<i32> = self.found.keys().copied().collect();
            let questions: Vec<Question> = ids.iter().map(|id| self.question(*id)).collect();
            let answers = gate.which(&questions).await?;
            let open = ids.into_iter().zip(answers);
            Ok(open.filter_map(|(id, may)| may.then_some(id)).collect())
        });
        open.await
    }

    /// Refuses unless it may be done for this one.
    ///
    /// # Errors
    /// `Unauthenticated`, `Forbidden`.
    pub(super) async fn require(&self, gate: &Gate, id: i32) -> Result<(), Refusal> {
        if self.open(gate).await?.contains(&id) {
            Ok(())
        } else {
            Err(Access::forbidden(&self.question(id)))
        }
    }
}
