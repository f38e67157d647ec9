//! The interface inside a host that has a server already, in any language: no second port, no routes written twice.
//!
//! A [`Mount`] takes the head of a request and gives an [`Exchange`]. The host takes [`Event`]s out of it until the last, and does
//! what each says: give more of the body, decide, begin the answer, send a piece of it. So both bodies stream, nothing more is taken
//! than the other side reads, and one thread is enough. The next event is waited for on the calling thread, or handed on.

mod exchange;
mod head;

pub use exchange::{Event, Exchange};

use crate::app::router;
use crate::auth::{Auth, Guard, Roles};
use crate::openapi::described;
use crate::options::Options;
use axum::Router;
use head::Head;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use tasker_core::bridge::{Engine, Once};
use tasker_core::cluster::declared_production;
use tasker_core::model::AuthSettings;
use tasker_core::{Client, Error, Result};

/// The paths that take nothing of whoever asks, such as those of probes: a host need not find out who that is.
pub fn open_paths() -> Vec<String> {
    Guard::new(&described()).open_paths()
}

/// The interface as a host mounts it. It opens at first use, in each process for itself.
#[derive(Debug)]
pub struct Mount {
    options: MountOptions,
    made: Once<Made>,
}

#[derive(Debug, Clone)]
struct Made {
    router: Router,
    roles: Arc<Roles>,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct MountOptions {
    /// Whether the host says who asks, with each request.
    principals: bool,
    /// Whether everybody may do everything where the host does not say who asks; `auth.allow_unauthenticated` unless given.
    allow_unauthenticated: Option<bool>,
    /// The largest body of a request, in bytes.
    body_bytes: usize,
    /// The largest body of a bulk creation in one transaction, in bytes.
    bulk_bytes: usize,
    /// How long a request may take, in seconds.
    timeout_seconds: f64,
}

impl Default for MountOptions {
    fn default() -> Self {
        let options = Options::default();
        Self {
            principals: false,
            allow_unauthenticated: None,
            body_bytes: options.body_bytes,
            bulk_bytes: options.bulk_bytes,
            timeout_seconds: options.timeout.as_secs_f64(),
        }
    }
}

impl Mount {
    /// Makes a mount from the text of a JSON object: `principals` (whether the host says who asks), `allow_unauthenticated`,
    /// `body_bytes`, `bulk_bytes`, `timeout_seconds`. Nothing is opened yet.
    ///
    /// # Errors
    /// `InvalidArgument`.
    pub fn new(options: &str) -> Result<Self> {
        let options: MountOptions = serde_json::from_str(options).map_err(|error| {
            Error::invalid_argument(format!("the options of a mount: {error}")).with_source(error)
        })?;
        Duration::try_from_secs_f64(options.timeout_seconds)
            .ok()
            .filter(|timeout| !timeout.is_zero())
            .ok_or_else(|| {
                Error::invalid_argument(format!(
                    "the options of a mount: timeout_seconds is a number above 0, not {}",
                    options.timeout_seconds
                ))
            })?;
        Ok(Self {
            options,
            made: Once::new(),
        })
    }

    /// Begins a request. `head` is the text of a JSON object:
    ///
    /// - `method`, and `target`: the path below the mount and the query, percent-encoded as they came, such as `/tasks?limit=5`
    /// - `prefix`: the path that this is mounted under, for links; empty, or `/tasker`
    /// - `headers`: a list of pairs of texts; a list of bytes where a value is no UTF-8
    /// - `from`: the address of the client
    /// - `principal`: who asks, or null where the host knows nobody: `name`, `roles`, `permissions`, `decides` (whether the host wants
    ///   to be asked about everything instead), `ambient` (whether a cookie says so, and no CSRF token was checked; unless given, whether there is a cookie)
    ///
    /// # Errors
    /// `InvalidArgument`, `ConfigInvalid`; as [`Engine::client`].
    pub fn begin(&self, engine: &Engine, head: &str) -> Result<Exchange> {
        let made = self.made.get_or_make(|| self.make(engine.client()?))?;
        let head: Head = serde_json::from_str(head).map_err(|error| {
            Error::invalid_argument(format!("the head of a request: {error}")).with_source(error)
        })?;
        Exchange::begin(made.router, head, &made.roles)
    }

    fn make(&self, client: Client) -> Result<Made> {
        let auth = &client.settings().auth;
        let roles = Arc::new(Roles::new(auth.roles.clone(), auth.default_roles.clone())?);
        let options = Options {
            auth: self.auth(
                &client.settings().auth,
                declared_production(&|name| std::env::var(name).ok()).is_some(),
            )?,
            body_bytes: self.options.body_bytes,
            bulk_bytes: self.options.bulk_bytes,
            timeout: Duration::try_from_secs_f64(self.options.timeout_seconds).unwrap_or_default(),
            ..Options::default()
        };
        Ok(Made {
            router: router(client, options),
            roles,
        })
    }

    /// `decisions.md` 45: without a principal it answers in development only.
    fn auth(&self, settings: &AuthSettings, production: bool) -> Result<Auth> {
        let allowed = self
            .options
            .allow_unauthenticated
            .unwrap_or(settings.allow_unauthenticated);
        if settings.is_on() {
            return Auth::checked(settings);
        }
        Ok(if self.options.principals || (production && !allowed) {
            Auth::host()
        } else {
            Auth::open()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Mount;
    use tasker_core::model::AuthSettings;

    #[test]
    fn in_production_nobody_gets_in_whom_nobody_knows_unless_that_is_allowed() {
        for (options, keys, allowed, production, who) in [
            ("{}", false, false, false, "Open"),
            ("{}", false, false, true, "Host"),
            ("{}", false, true, true, "Open"),
            (r#"{"allow_unauthenticated": true}"#, false, false, true, "Open"),
            (r#"{"allow_unauthenticated": false}"#, false, true, true, "Host"),
            (r#"{"allow_unauthenticated": false}"#, false, true, false, "Open"),
            (r#"{"principals": true}"#, false, true, false, "Host"),
            (r#"{"principals": true}"#, false, true, true, "Host"),
            (
                r#"{"principals": true, "allow_unauthenticated": true}"#,
                true,
                true,
                true,
                "Checked",
            ),
            ("{}", true, true, false, "Checked"),
        ] {
            let settings = AuthSettings {
                api_keys: keys,
                allow_unauthenticated: allowed,
                ..AuthSettings::default()
            };
            let Ok(mount) = Mount::new(options) else {
                panic!("{options} are options");
            };
            let Ok(auth) = mount.auth(&settings, production) else {
                panic!("{settings:?} can be had");
            };
            let told = format!("{auth:?}");
            assert!(
                told.starts_with(&format!("Auth({who}")),
                "{options} {keys} {allowed} {production}: {told}"
            );
        }
    }
}
