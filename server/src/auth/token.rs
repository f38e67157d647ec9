//! Tokens: JWT (RFC 7519) in compact form, signed (RFC 7515).

use super::keyset::KeySet;
use super::principal::{Grants, Principal};
use super::roles::Roles;
use super::signature::{Algorithm, Key};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tasker_core::model::{AuthSettings, Operator};
use tasker_core::{Error, ErrorKind, Result};

/// No token is longer, in bytes.
const LONGEST: usize = 16 << 10;
/// The end of the year 9999, in seconds since 1970: no time of a token is later.
const LATEST: f64 = 253_402_300_800.0;
/// Keys of one set that are tried for a token that does not name its own.
const TRIED: usize = 16;

/// What tokens are taken.
#[derive(Debug)]
pub(super) struct Tokens {
    algorithms: Vec<Algorithm>,
    secret: Option<Key>,
    public: Option<Public>,
    issuer: Option<String>,
    audience: Vec<String>,
    leeway: f64,
    name_claims: Vec<String>,
    roles_claim: String,
    permissions_claim: String,
}

#[derive(Debug)]
enum Public {
    Key(Key),
    Set(Arc<KeySet>),
}

#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    crit: Option<Value>,
}

/// Why a token is refused.
type Refused = String;

impl Tokens {
    /// What the settings take; none where they take none.
    ///
    /// # Errors
    /// `ConfigInvalid` where a key cannot be read.
    pub(super) fn new(settings: &AuthSettings) -> Result<Option<Self>> {
        if settings.jwt_algorithms.is_empty() {
            return Ok(None);
        }
        let public = match (&settings.jwt_public_key, &settings.jwt_jwks) {
            (Some(text), _) => Some(Public::Key(public_key(text)?)),
            (None, Some(place)) => Some(Public::Set(Arc::new(KeySet::at(
                place,
                settings.jwt_jwks_max_age_seconds,
            )?))),
            (None, None) => None,
        };
        Ok(Some(Self {
            algorithms: settings
                .jwt_algorithms
                .iter()
                .filter_map(|name| Algorithm::named(name))
                .collect(),
            secret: settings
                .jwt_secret
                .as_ref()
                .map(|secret| Key::Secret(secret.clone().into_bytes())),
            public,
            issuer: settings.jwt_issuer.clone(),
            audience: settings.jwt_audience.clone(),
            leeway: settings.jwt_leeway_seconds,
            name_claims: settings.jwt_name_claims.clone(),
            roles_claim: settings.jwt_roles_claim.clone(),
            permissions_claim: settings.jwt_permissions_claim.clone(),
        }))
    }

    /// Who has this token.
    ///
    /// # Errors
    /// Why it is refused, for whoever sent it.
    pub(super) async fn principal(
        &self,
        token: &str,
        roles: &Roles,
    ) -> std::result::Result<Principal, Refused> {
        let claims = self.claims(token).await?;
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0.0, |since| since.as_secs_f64());
        self.check(&claims, now)?;
        let name = self
            .name_claims
            .iter()
            .find_map(|claim| match claims.get(claim)? {
                Value::String(text) if !text.is_empty() => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            })
            .ok_or_else(|| {
                format!(
                    "the token names nobody: it has no {}",
                    self.name_claims.join(" and no ")
                )
            })?;
        check_name(&name)?;
        let own = words(claims.get(&self.roles_claim));
        let permissions = words(claims.get(&self.permissions_claim));
        Ok(Principal {
            name: Some(name),
            grants: Grants::Listed(roles.grants(&own, permissions)),
            ambient: false,
        })
    }

    /// What a token says, once its signature is found to be right.
    async fn claims(&self, token: &str) -> std::result::Result<Map<String, Value>, Refused> {
        if token.len() > LONGEST {
            return Err(format!("the token is longer than {LONGEST} bytes"));
        }
        let mut parts = token.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err("this is no token: it has three parts with dots between them".to_owned());
        };
        let signed = token.get(..header.len() + 1 + payload.len()).unwrap_or_default();
        let header: Header = serde_json::from_slice(&decoded(header, "header")?)
            .map_err(|_| "the header of the token cannot be read".to_owned())?;
        // Extensions that must be understood, and none is (RFC 7515, 4.1.11).
        if header.crit.is_some() {
            return Err("the token wants extensions that there are not (crit)".to_owned());
        }
        let algorithm = Algorithm::named(&header.alg)
            .filter(|algorithm| self.algorithms.contains(algorithm))
            .ok_or_else(|| "the token is signed in a way that is not taken here".to_owned())?;
        let signature = decoded(signature, "signature")?;
        let mut keys = self.keys(algorithm, header.kid.as_deref()).await;
        if keys.is_empty() {
            return Err("the token is signed with a key that is not known here".to_owned());
        }
        let fits = |keys: &[Key]| {
            let mut keys = keys.iter().take(TRIED);
            keys.any(|key| key.is_signature(algorithm, signed.as_bytes(), &signature))
        };
        let mut is_signed = fits(&keys);
        if !is_signed && let (Some(Public::Set(set)), None) = (&self.public, &header.kid) {
            // It names no key: one that is newer than what is known of the set may fit.
            set.read_again().await;
            keys = self.keys(algorithm, None).await;
            is_signed = fits(&keys);
        }
        if !is_signed {
            return Err("the signature of the token is wrong".to_owned());
        }
        serde_json::from_slice(&decoded(payload, "payload")?)
            .map_err(|_| "the payload of the token is no JSON object".to_owned())
    }

    async fn keys(&self, algorithm: Algorithm, kid: Option<&str>) -> Vec<Key> {
        let found = match (&self.secret, &self.public) {
            (Some(secret), _) if secret.checks(algorithm) => vec![secret.clone()],
            (_, Some(Public::Key(key))) => vec![key.clone()],
            (_, Some(Public::Set(set))) => set.keys(kid).await,
            _ => Vec::new(),
        };
        found.into_iter().filter(|key| key.checks(algorithm)).collect()
    }

    /// Checks what a token says about itself, at a time in seconds since 1970 (RFC 7519, 4.1).
    fn check(&self, claims: &Map<String, Value>, now: f64) -> std::result::Result<(), Refused> {
        let time = |claim: &str| match claims.get(claim) {
            None => Ok(None),
            // What JSON has is finite.
            Some(value) => match value.as_f64() {
                Some(time) if (0.0..LATEST).contains(&time) => Ok(Some(time)),
                _ => Err(format!("{claim} of the token is no time between 1970 and 9999")),
            },
        };
        let Some(expires) = time("exp")? else {
            return Err("the token never expires: it needs an exp".to_owned());
        };
        if now >= expires + self.leeway {
            return Err("the token has expired".to_owned());
        }
        for claim in ["nbf", "iat"] {
            if time(claim)?.is_some_and(|from| now + self.leeway < from) {
                return Err(format!("the token is not valid yet ({claim})"));
            }
        }
        if let Some(issuer) = &self.issuer
            && claims.get("iss").and_then(Value::as_str) != Some(issuer)
        {
            return Err("the token was issued by somebody else (iss)".to_owned());
        }
        let audience = match claims.get("aud") {
            None if self.audience.is_empty() => return Ok(()),
            None => Vec::new(),
            Some(Value::String(one)) => vec![one.as_str()],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            Some(_) => return Err("aud of the token is no text, and no list of texts".to_owned()),
        };
        if !audience
            .iter()
            .any(|name| self.audience.iter().any(|own| own == name))
        {
            return Err("the token is for somebody else (aud)".to_owned());
        }
        Ok(())
    }
}

/// The name is kept with whatever its bearer does.
fn check_name(name: &str) -> std::result::Result<(), Refused> {
    Operator::named(name)
        .check_bounds()
        .map_err(|error| format!("the token names somebody who cannot be noted: {}", error.message))
}

fn decoded(part: &str, what: &str) -> std::result::Result<Vec<u8>, Refused> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| format!("the {what} of the token is no base64url"))
}

/// A list of texts, or a text with spaces between them.
fn words(claim: Option<&Value>) -> Vec<String> {
    match claim {
        Some(Value::String(text)) => text.split_whitespace().map(str::to_owned).collect(),
        Some(Value::Array(items)) => items
            .iter()
            .filter_map(|item| item.as_str().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    }
}

fn public_key(text: &str) -> Result<Key> {
    let wrong = |why: String| Error::new(ErrorKind::ConfigInvalid, format!("auth.jwt_public_key: {why}"));
    if text.trim_start().starts_with("-----BEGIN") {
        return Key::from_pem(text.trim()).map_err(wrong);
    }
    let read =
        std::fs::read_to_string(text).map_err(|error| wrong(format!("{text} cannot be read: {error}")))?;
    Key::from_pem(read.trim()).map_err(|error| wrong(format!("{text}: {error}")))
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
