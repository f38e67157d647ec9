//! Who asks, and what that one may do.
//!
//! [`identify`] finds out who asks and leaves an [`Access`] in the request. The [`guard`] around the routes asks it for what the
//! description of a route names as its `security`; resolvers of GraphQL ask it for each field.

mod access;
mod api_key;
mod guard;
mod identify;
mod keyset;
mod permissions;
mod principal;
mod roles;
mod signature;
mod token;
mod written;

pub(crate) use access::Access;
pub(crate) use guard::{Guard, SCHEME, admit};
pub(crate) use identify::identify;
pub use identify::{Auth, Caller};
pub use permissions::{PERMISSIONS, check_grant};
pub use principal::{Decide, Grants, Principal, Question};
pub(crate) use roles::Roles;
pub(crate) use written::{step_text, task_text, worker_text};
