//! Signatures of tokens (RFC 7518), and the keys that check them. What a key is decides what it checks: a public key is never taken for a
//! secret, whatever a token says of itself.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use spki::der::{Decode, Document};
use spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Algorithm {
    Hs256,
    Hs384,
    Hs512,
    Rs256,
    Rs384,
    Rs512,
    Es256,
    Es384,
    Es512,
}

impl Algorithm {
    /// By its name in the header of a token; none for everything else, `none` included.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "HS256" => Self::Hs256,
            "HS384" => Self::Hs384,
            "HS512" => Self::Hs512,
            "RS256" => Self::Rs256,
            "RS384" => Self::Rs384,
            "RS512" => Self::Rs512,
            "ES256" => Self::Es256,
            "ES384" => Self::Es384,
            "ES512" => Self::Es512,
            _ => return None,
        })
    }
}

/// A key that checks signatures.
#[derive(Clone)]
pub(super) enum Key {
    Secret(Vec<u8>),
    /// Modulus and exponent, big endian.
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// Uncompressed points.
    P256(Vec<u8>),
    P384(Vec<u8>),
    P521(Vec<u8>),
}

/// A key is not shown.
impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Secret(_) => "Secret",
            Self::Rsa { .. } => "Rsa",
            Self::P256(_) => "P256",
            Self::P384(_) => "P384",
            Self::P521(_) => "P521",
        })
    }
}

/// A key of a set (RFC 7517).
#[derive(Debug, Deserialize)]
pub(super) struct Jwk {
    kty: String,
    #[serde(default)]
    crv: String,
    #[serde(default)]
    pub(super) kid: Option<String>,
    #[serde(default, rename = "use")]
    purpose: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default)]
    n: String,
    #[serde(default)]
    e: String,
    #[serde(default)]
    x: String,
    #[serde(default)]
    y: String,
}

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

impl Key {
    /// A public key in PEM, `-----BEGIN PUBLIC KEY-----`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn from_pem(text: &str) -> Result<Self, String> {
        let (label, document) = Document::from_pem(text).map_err(|error| format!("no PEM: {error}"))?;
        if label != "PUBLIC KEY" {
            return Err(format!(
                "it is a {label}, and a PUBLIC KEY is needed (openssl pkey -in key.pem -pubout)"
            ));
        }
        let info = SubjectPublicKeyInfoRef::from_der(document.as_bytes())
            .map_err(|error| format!("no public key: {error}"))?;
        let bits = info
            .subject_public_key
            .as_bytes()
            .ok_or("no public key: its bits are no bytes")?;
        if info.algorithm.oid == RSA {
            let key =
                pkcs1::RsaPublicKeyRef::from_der(bits).map_err(|error| format!("no RSA key: {error}"))?;
            return Ok(Self::Rsa {
                n: key.modulus.as_bytes().to_vec(),
                e: key.public_exponent.as_bytes().to_vec(),
            });
        }
        if info.algorithm.oid != EC {
            return Err("it is neither an RSA nor an EC key".to_owned());
        }
        match info.algorithm.parameters_oid() {
            Ok(P256) => Ok(Self::P256(bits.to_vec())),
            Ok(P384) => Ok(Self::P384(bits.to_vec())),
            Ok(P521) => Ok(Self::P521(bits.to_vec())),
            _ => Err("its curve is none of P-256, P-384, P-521".to_owned()),
        }
    }

    /// A public key of a set; none for what does not check signatures, or is of another kind.
    pub(super) fn from_jwk(jwk: &Jwk) -> Option<Self> {
        if jwk.purpose.as_deref().is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let bytes = |text: &str| {
            URL_SAFE_NO_PAD
                .decode(text)
                .ok()
                .filter(|bytes| !bytes.is_empty())
        };
        let number = |text: &str| {
            let bytes = bytes(text)?;
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            bytes.get(zeros..).map(<[u8]>::to_vec)
        };
        // A coordinate may come without its leading zeros.
        let point = |size: usize| {
            let mut point = vec![4];
            for text in [&jwk.x, &jwk.y] {
                let coordinate = bytes(text)?;
                point.resize(point.len() + size.checked_sub(coordinate.len())?, 0);
                point.extend(coordinate);
            }
            Some(point)
        };
        let key = match (jwk.kty.as_str(), jwk.crv.as_str()) {
            ("RSA", _) => Self::Rsa {
                n: number(&jwk.n)?,
                e: number(&jwk.e)?,
            },
            ("EC", "P-256") => Self::P256(point(32)?),
            ("EC", "P-384") => Self::P384(point(48)?),
            ("EC", "P-521") => Self::P521(point(66)?),
            // A secret in a set that others can read would be none.
            _ => return None,
        };
        match &jwk.alg {
            Some(name) if !Algorithm::named(name).is_some_and(|algorithm| key.checks(algorithm)) => None,
            _ => Some(key),
        }
    }

    /// Whether this kind of key checks signatures of this kind.
    pub(super) fn checks(&self, algorithm: Algorithm) -> bool {
        matches!(
            (self, algorithm),
            (
                Self::Secret(_),
                Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512
            ) | (
                Self::Rsa { .. },
                Algorithm::Rs256 | Algorithm::Rs384 | Algorithm::Rs512
            ) | (Self::P256(_), Algorithm::Es256)
                | (Self::P384(_), Algorithm::Es384)
                | (Self::P521(_), Algorithm::Es512)
        )
    }

    /// Whether this is the signature of a message.
    pub(super) fn is_signature(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let hmac = |secret: &[u8], hash: hmac::Algorithm| {
            hmac::verify(&hmac::Key::new(hash, secret), message, signature).is_ok()
        };
        let rsa = |n: &[u8], e: &[u8], parameters: &'static RsaParameters| {
            RsaPublicKeyComponents { n, e }
                .verify(parameters, message, signature)
                .is_ok()
        };
        match (self, algorithm) {
            (Self::Secret(secret), Algorithm::Hs256) => hmac(secret, hmac::HMAC_SHA256),
            (Self::Secret(secret), Algorithm::Hs384) => hmac(secret, hmac::HMAC_SHA384),
            (Self::Secret(secret), Algorithm::Hs512) => hmac(secret, hmac::HMAC_SHA512),
            (Self::Rsa { n, e }, Algorithm::Rs256) => rsa(n, e, &RSA_PKCS1_2048_8192_SHA256),
            (Self::Rsa { n, e }, Algorithm::Rs384) => rsa(n, e, &RSA_PKCS1_2048_8192_SHA384),
            (Self::Rsa { n, e }, Algorithm::Rs512) => rsa(n, e, &RSA_PKCS1_2048_8192_SHA512),
            (Self::P256(point), Algorithm::Es256) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                .verify(message, signature)
                .is_ok(),
            (Self::P384(point), Algorithm::Es384) => UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point)
                .verify(message, signature)
                .is_ok(),
            (Self::P521(point), Algorithm::Es512) => is_p521_signature(point, message, signature),
            _ => false,
        }
    }
}

/// ring has no P-521.
fn is_p521_signature(point: &[u8], message: &[u8], signature: &[u8]) -> bool {
    use p521::ecdsa::signature::Verifier;
    use p521::ecdsa::{Signature, VerifyingKey};
    let (Ok(key), Ok(signature)) = (
        VerifyingKey::from_sec1_bytes(point),
        Signature::from_slice(signature),
    ) else {
        return false;
    };
    key.verify(message, &signature).is_ok()
}
