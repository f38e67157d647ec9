//! Roles: names for what somebody may do.

use super::permissions::check_grant;
use std::collections::{BTreeMap, BTreeSet};
use tasker_core::{Error, ErrorKind, Result};

/// What each role may do.
#[derive(Debug, Clone, Default)]
pub(crate) struct Roles {
    roles: BTreeMap<String, Vec<String>>,
    default_roles: Vec<String>,
}

impl Roles {
    /// Reads `auth.roles` and `auth.default_roles`.
    ///
    /// # Errors
    /// `ConfigInvalid` with every grant that permits nothing.
    pub(crate) fn new(roles: BTreeMap<String, Vec<String>>, default_roles: Vec<String>) -> Result<Self> {
        let problems: Vec<String> = roles
            .iter()
            .flat_map(|(name, grants)| grants.iter().map(move |grant| (name, grant)))
            .filter_map(|(name, grant)| Some(format!("auth.roles.{name}: {}", check_grant(grant).err()?)))
            .collect();
        if problems.is_empty() {
            return Ok(Self { roles, default_roles });
        }
        Err(Error::new(ErrorKind::ConfigInvalid, problems.join("; ")).with_details(problems.into()))
    }

    /// Everything that somebody may do who has these roles, and these permissions themselves. A role that there is not permits
    /// nothing.
    pub(crate) fn grants(&self, roles: &[String], permissions: Vec<String>) -> BTreeSet<String> {
        let mut grants: BTreeSet<String> = permissions.into_iter().collect();
        let own = if roles.is_empty() && grants.is_empty() {
            &self.default_roles
        } else {
            roles
        };
        for role in own {
            match self.roles.get(role) {
                Some(of_role) => grants.extend(of_role.iter().cloned()),
                None => tracing::debug!(role, "somebody has a role that auth.roles does not have"),
            }
        }
        grants
    }
}

#[cfg(test)]
mod tests {
    use super::Roles;
    use std::collections::BTreeMap;
    use tasker_core::model::AuthSettings;

    #[test]
    fn roles_add_up_and_unknown_ones_permit_nothing() {
        let settings = AuthSettings {
            default_roles: vec!["viewer".to_owned()],
            ..AuthSettings::default()
        };
        let Ok(roles) = Roles::new(settings.roles, settings.default_roles) else {
            panic!("the roles that there are by default permit something");
        };
        assert!(roles.grants(&["admin".to_owned()], Vec::new()).contains("*"));
        assert!(roles.grants(&["nobody".to_owned()], Vec::new()).is_empty());
        assert!(roles.grants(&[], Vec::new()).contains("*:show"));
        let own = roles.grants(&[], vec!["tasker.task:create".to_owned()]);
        assert_eq!(own.into_iter().collect::<Vec<_>>(), ["tasker.task:create"]);
    }

    #[test]
    fn a_role_that_permits_nothing_is_a_mistake() {
        let wrong = BTreeMap::from([("clerk".to_owned(), vec!["tasker.task:fly".to_owned()])]);
        assert!(Roles::new(wrong, Vec::new()).is_err());
    }
}
