//! Who has to say who they are over HTTP, and what each may do.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Who has to say who they are over HTTP, and what each may do. Unless tokens or keys are taken, nobody has to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthSettings {
    /// Whether API keys are taken, which `tasker key create` makes.
    pub api_keys: bool,
    /// Which signatures of tokens (JWT) are taken: `HS256`, `RS256`, `ES256`, each also with 384 and 512. None: no tokens are.
    pub jwt_algorithms: Vec<String>,
    /// The secret of the `HS` signatures: at least as many bytes as the hash has. A secret: not shown.
    pub jwt_secret: Option<String>,
    /// The public key of the `RS` or `ES` signatures: PEM, or the path of a file of it.
    pub jwt_public_key: Option<String>,
    /// The public keys of the `RS` and `ES` signatures as a set (JWKS): an https URL, or the path of a file.
    pub jwt_jwks: Option<String>,
    /// How old a set of keys may be before it is read again, in seconds. An unknown key has it read at once, but not more often than
    /// every ten seconds.
    pub jwt_jwks_max_age_seconds: f64,
    /// Who must have issued a token (`iss`). Any, where nobody is named.
    pub jwt_issuer: Option<String>,
    /// For whom a token must be (`aud`): one of these. Tokens that name an audience are refused where none is listed.
    pub jwt_audience: Vec<String>,
    /// How much clocks may differ, in seconds.
    pub jwt_leeway_seconds: f64,
    /// The claims that have the name for the trail; the first that a token has counts.
    pub jwt_name_claims: Vec<String>,
    /// The claim that has the roles: a list, or a text with spaces between them.
    pub jwt_roles_claim: String,
    /// The claim that has permissions themselves: a list, or a text with spaces between them.
    pub jwt_permissions_claim: String,
    /// The roles: what each may do, as `resource:action`, where either may be `*`.
    pub roles: BTreeMap<String, Vec<String>>,
    /// The roles of whoever is known and has none.
    pub default_roles: Vec<String>,
    /// Whether everybody may do everything where nobody can be asked who they are: beyond loopback, and mounted where production is
    /// declared.
    pub allow_unauthenticated: bool,
}

impl Default for AuthSettings {
    fn default() -> Self {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        Self {
            api_keys: false,
            jwt_algorithms: Vec::new(),
            jwt_secret: None,
            jwt_public_key: None,
            jwt_jwks: None,
            jwt_jwks_max_age_seconds: 300.0,
            jwt_issuer: None,
            jwt_audience: Vec::new(),
            jwt_leeway_seconds: 30.0,
            jwt_name_claims: list(&["user_id", "sub"]),
            jwt_roles_claim: "roles".to_owned(),
            jwt_permissions_claim: "permissions".to_owned(),
            roles: BTreeMap::from([
                ("admin".to_owned(), list(&["*"])),
                (
                    "operator".to_owned(),
                    list(&["*:index", "*:show", "tasker.task:*", "tasker.workflow_step:*"]),
                ),
                ("viewer".to_owned(), list(&["*:index", "*:show"])),
            ]),
            default_roles: Vec::new(),
            allow_unauthenticated: false,
        }
    }
}

/// The signatures of tokens that can be checked.
pub const JWT_ALGORITHMS: [&str; 9] = [
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512",
];

impl AuthSettings {
    /// Whether anybody can say who they are.
    pub fn is_on(&self) -> bool {
        self.api_keys || !self.jwt_algorithms.is_empty()
    }

    /// Everything that is wrong.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for name in &self.jwt_algorithms {
            if !JWT_ALGORITHMS.contains(&name.as_str()) {
                problems.push(format!(
                    "auth.jwt_algorithms: '{name}' is none of {}",
                    JWT_ALGORITHMS.join(", ")
                ));
            }
        }
        let hashed = self.jwt_algorithms.iter().filter(|name| name.starts_with("HS"));
        let needed = hashed
            .filter_map(|name| name.get(2..)?.parse::<usize>().ok())
            .map(|bits| bits / 8)
            .max();
        match (needed, &self.jwt_secret) {
            (Some(needed), Some(secret)) if secret.len() < needed => problems.push(format!(
                "auth.jwt_secret must have at least {needed} bytes for these algorithms (RFC 7518, 3.2), and has {}",
                secret.len()
            )),
            (Some(_), None) => problems.push("auth.jwt_secret is needed for the HS algorithms".to_owned()),
            _ => {}
        }
        let public = self
            .jwt_algorithms
            .iter()
            .any(|name| name.starts_with("RS") || name.starts_with("ES"));
        match (&self.jwt_public_key, &self.jwt_jwks) {
            (None, None) if public => problems.push(
                "auth.jwt_public_key or auth.jwt_jwks is needed for the RS and ES algorithms".to_owned(),
            ),
            (Some(_), Some(_)) => {
                problems.push("auth: give jwt_public_key or jwt_jwks, not both".to_owned());
            }
            _ => {}
        }
        let keys = [&self.jwt_secret, &self.jwt_public_key, &self.jwt_jwks];
        if self.jwt_algorithms.is_empty() && keys.iter().any(|key| key.is_some()) {
            problems.push(format!(
                "auth.jwt_algorithms is needed for tokens to be taken: name the signatures that this key is for, of {}",
                JWT_ALGORITHMS.join(", ")
            ));
        }
        if let Some(place) = &self.jwt_jwks
            && place.starts_with("http://")
        {
            problems.push(format!(
                "auth.jwt_jwks: {place} would let anybody on the way put a key in: use https, or a file"
            ));
        }
        for (name, value) in [
            ("auth.jwt_leeway_seconds", self.jwt_leeway_seconds),
            ("auth.jwt_jwks_max_age_seconds", self.jwt_jwks_max_age_seconds),
        ] {
            if !(0.0..=86_400.0).contains(&value) {
                problems.push(format!("{name} is a number from 0 to 86400, not {value}"));
            }
        }
        for name in &self.default_roles {
            if !self.roles.contains_key(name) {
                problems.push(format!("auth.default_roles: auth.roles has no '{name}'"));
            }
        }
        problems
    }
}
