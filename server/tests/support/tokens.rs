//! Tokens for tests.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::hmac;
use serde_json::{Value, json};

pub(crate) const SECRET: &str = "a secret of tests that is as long as the hash";

fn message(algorithm: &str, claims: &Value) -> String {
    let mut all = json!({"exp": 4_102_444_800_u64, "iss": "issuer", "aud": "tasker"});
    all.as_object_mut()
        .unwrap()
        .extend(claims.as_object().unwrap().clone());
    let header = json!({"alg": algorithm, "typ": "JWT"});
    format!(
        "{}.{}",
        BASE64.encode(header.to_string()),
        BASE64.encode(all.to_string())
    )
}

/// A token of these claims, for us and of our issuer unless they say otherwise.
pub(crate) fn signed(claims: &Value) -> String {
    signed_with(SECRET, claims)
}

pub(crate) fn signed_with(secret: &str, claims: &Value) -> String {
    let message = message("HS256", claims);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    format!(
        "{message}.{}",
        BASE64.encode(hmac::sign(&key, message.as_bytes()))
    )
}

pub(crate) fn unsigned(claims: &Value) -> String {
    format!("{}.", message("none", claims))
}
