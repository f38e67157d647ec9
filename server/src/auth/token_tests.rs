// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::json;
use tasker_core::model::JWT_ALGORITHMS;

/// Keys and tokens that another implementation made.
fn given() -> Value {
    serde_json::from_str(include_str!("../../tests/tokens/pyjwt.json")).unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn settings() -> AuthSettings {
    AuthSettings {
        jwt_issuer: Some("https://issuer.example".to_owned()),
        jwt_audience: vec!["tasker".to_owned()],
        ..AuthSettings::default()
    }
}

fn of_algorithms(names: &[&str]) -> AuthSettings {
    AuthSettings {
        jwt_algorithms: names.iter().map(|name| (*name).to_owned()).collect(),
        ..settings()
    }
}

/// What takes tokens of one algorithm, by its key alone.
fn taking(name: &str) -> Tokens {
    let given = given();
    let public = given["keys"].get(if name.starts_with("RS") { "RS" } else { name });
    let settings = AuthSettings {
        jwt_secret: name.starts_with("HS").then(|| text(&given["secret"])),
        jwt_public_key: public.map(text),
        ..of_algorithms(&[name])
    };
    Tokens::new(&settings).unwrap().unwrap()
}

fn roles() -> Roles {
    Roles::new(AuthSettings::default().roles, Vec::new()).unwrap()
}

fn grants(principal: &Principal) -> Vec<&str> {
    match &principal.grants {
        Grants::Listed(grants) => grants.iter().map(String::as_str).collect(),
        Grants::Asked(_) => panic!("a token has its grants in itself"),
    }
}

#[tokio::test]
async fn each_algorithm_takes_its_own_tokens_and_no_other() {
    let given = given();
    for name in JWT_ALGORITHMS {
        let tokens = taking(name);
        for other in JWT_ALGORITHMS {
            let token = text(&given["tokens"][other]);
            let taken = tokens.principal(&token, &roles()).await;
            assert_eq!(
                taken.is_ok(),
                name == other,
                "{name} was given {other}: {taken:?}"
            );
        }
        let principal = tokens
            .principal(&text(&given["tokens"][name]), &roles())
            .await
            .unwrap();
        assert_eq!(principal.name.as_deref(), Some("anna"));
        assert_eq!(grants(&principal), ["*:index", "*:show"]);
    }
}

#[tokio::test]
async fn a_token_that_was_changed_anywhere_is_refused() {
    let given = given();
    for name in JWT_ALGORITHMS {
        let tokens = taking(name);
        let token = text(&given["tokens"][name]);
        // The last character of a part may have bits that mean nothing; those must be zero.
        for place in (0..token.len()).step_by(3) {
            let mut bytes = token.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(
                tokens.principal(&changed, &roles()).await.is_err(),
                "{name}: {place}"
            );
        }
        for cut in 0..token.len() {
            assert!(
                tokens.principal(&token[..cut], &roles()).await.is_err(),
                "{name}: cut at {cut}"
            );
        }
        assert!(tokens.principal(&format!("{token}.e30"), &roles()).await.is_err());
        assert!(tokens.principal(&format!("{token}="), &roles()).await.is_err());
    }
}

#[tokio::test]
async fn what_a_token_says_of_itself_is_checked() {
    let given = given();
    let tokens = taking("HS256");
    for (name, case) in given["claims"].as_object().unwrap() {
        let (token, refused) = (text(&case[0]), text(&case[1]));
        match tokens.principal(&token, &roles()).await {
            Ok(principal) => {
                assert!(refused.is_empty(), "{name}: taken as {principal:?}");
            }
            Err(why) => assert!(!refused.is_empty() && why.contains(&refused), "{name}: {why}"),
        }
    }
    let shown = format!("{tokens:?}");
    assert!(shown.contains("secret: Some(Secret)"), "{shown}");
    assert!(!shown.contains(&text(&given["secret"])), "a secret is not shown");
    let principal = tokens
        .principal(&text(&given["claims"]["a number"][0]), &roles())
        .await
        .unwrap();
    assert_eq!(principal.name.as_deref(), Some("7"));
    let principal = tokens
        .principal(&text(&given["claims"]["roles as text"][0]), &roles())
        .await
        .unwrap();
    assert!(grants(&principal).contains(&"*"));
}

fn part(value: &Value) -> String {
    BASE64.encode(value.to_string())
}

/// A token that is signed with this secret, whatever its header says.
fn signed(header: &Value, secret: &[u8]) -> String {
    saying(header, &json!({}), secret)
}

/// The same, and what it says is this besides.
fn saying(header: &Value, more: &Value, secret: &[u8]) -> String {
    let mut claims = json!({"sub": "mallory", "exp": 4_102_444_800_u64, "iss": "https://issuer.example", "aud": "tasker", "roles": ["admin"]});
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let message = format!("{}.{}", part(header), part(&claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let signature = BASE64.encode(hmac::sign(&key, message.as_bytes()));
    format!("{message}.{signature}")
}

#[tokio::test]
async fn a_token_with_a_time_that_there_is_not_or_a_name_that_cannot_be_noted_is_refused() {
    let tokens = taking("HS256");
    let secret = text(&given()["secret"]);
    for (more, told) in [
        (
            json!({"exp": 1e300}),
            "exp of the token is no time between 1970 and 9999",
        ),
        (json!({"exp": 253_402_300_800_u64}), "exp of the token is no time"),
        (json!({"exp": -1}), "exp of the token is no time"),
        (json!({"nbf": -1e300}), "nbf of the token is no time"),
        (json!({"sub": "a\u{0}b"}), "U+0000"),
        (
            json!({"sub": "a".repeat(257)}),
            "257 characters, and 256 are allowed",
        ),
    ] {
        let token = saying(&json!({"alg": "HS256"}), &more, secret.as_bytes());
        let refused = tokens.principal(&token, &roles()).await.unwrap_err();
        assert!(refused.contains(told), "{more}: {refused}");
    }
    let last = json!({"exp": 253_402_300_799_u64, "sub": "a".repeat(256)});
    let token = saying(&json!({"alg": "HS256"}), &last, secret.as_bytes());
    assert!(tokens.principal(&token, &roles()).await.is_ok());
}

#[tokio::test]
async fn tokens_without_a_signature_are_refused() {
    for name in JWT_ALGORITHMS {
        let tokens = taking(name);
        for alg in ["none", "None", "NONE", "nOnE", "", "HS1", "hs256"] {
            let token = signed(&json!({"alg": alg}), b"");
            let ours = signed(&json!({"alg": alg}), text(&given()["secret"]).as_bytes());
            let unsigned = token.rsplit_once('.').unwrap().0;
            for token in [token.clone(), ours, format!("{unsigned}.")] {
                assert!(tokens.principal(&token, &roles()).await.is_err(), "{name}: {alg}");
            }
        }
    }
}

#[tokio::test]
async fn a_public_key_is_never_a_secret() {
    let given = given();
    let settings = AuthSettings {
        jwt_secret: Some(text(&given["secret"])),
        jwt_public_key: Some(text(&given["keys"]["RS"])),
        ..of_algorithms(&["HS256", "RS256"])
    };
    let tokens = Tokens::new(&settings).unwrap().unwrap();
    for name in ["HS256", "RS256"] {
        assert!(
            tokens
                .principal(&text(&given["tokens"][name]), &roles())
                .await
                .is_ok()
        );
    }
    let public = text(&given["keys"]["RS"]);
    for secret in [public.as_str(), public.trim(), ""] {
        let token = signed(&json!({"alg": "HS256", "kid": "key-RS"}), secret.as_bytes());
        assert!(tokens.principal(&token, &roles()).await.is_err());
        let token = signed(&json!({"alg": "RS256", "kid": "key-RS"}), secret.as_bytes());
        assert!(tokens.principal(&token, &roles()).await.is_err());
    }
    // A token that brings its own key.
    let header = json!({"alg": "HS256", "jwk": {"kty": "oct", "k": BASE64.encode("mine")}});
    assert!(
        tokens
            .principal(&signed(&header, b"mine"), &roles())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn tokens_that_are_large_or_deep_are_refused() {
    let tokens = taking("HS256");
    let fits = tokens.principal(&"a".repeat(LONGEST), &roles()).await;
    assert!(fits.unwrap_err().contains("three parts"));
    let long = "a".repeat(LONGEST + 1);
    assert!(
        tokens
            .principal(&long, &roles())
            .await
            .unwrap_err()
            .contains("longer")
    );
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let token = format!("{}.e30.", BASE64.encode(deep));
    assert!(tokens.principal(&token, &roles()).await.is_err());
}

#[tokio::test]
async fn keys_of_a_set_come_and_go() {
    let given = given();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    let settings = AuthSettings {
        jwt_jwks: Some(file.to_str().unwrap().to_owned()),
        // Every look is at the file.
        jwt_jwks_max_age_seconds: 0.0,
        ..of_algorithms(&["RS256", "ES256", "ES384", "ES512"])
    };
    let write = |keys: &[&Value]| std::fs::write(&file, json!({ "keys": keys }).to_string()).unwrap();
    let all: Vec<&Value> = given["jwks"]["keys"].as_array().unwrap().iter().collect();
    let taken = async |tokens: &Tokens, name: &str| {
        tokens
            .principal(&text(&given["tokens"][name]), &roles())
            .await
            .is_ok()
    };

    write(&all);
    let tokens = Tokens::new(&settings).unwrap().unwrap();
    for name in ["RS256", "ES256", "ES384", "ES512"] {
        assert!(taken(&tokens, name).await, "{name}");
    }
    // What a set has besides is passed over.
    let odd = json!({"kty": "OKP", "crv": "Ed25519", "x": "AA"});
    let secret = json!({"kty": "oct", "k": BASE64.encode(text(&given["secret"])), "kid": "key-HS"});
    write(&[&odd, &secret, all[0]]);
    let tokens = Tokens::new(&settings).unwrap().unwrap();
    assert!(taken(&tokens, "RS256").await);
    assert!(!taken(&tokens, "ES256").await, "its key has gone");
    assert!(!taken(&tokens, "HS256").await, "a set has no secrets");
    let gone = tokens.principal(&text(&given["tokens"]["ES256"]), &roles()).await;
    assert!(gone.unwrap_err().contains("a key that is not known here"));

    // A set that cannot be read lets nobody in.
    std::fs::write(&file, "no set").unwrap();
    let tokens = Tokens::new(&settings).unwrap().unwrap();
    assert!(!taken(&tokens, "RS256").await);
}

/// What tokens without restrictions of their own are checked for.
fn checking(settings: AuthSettings) -> Tokens {
    let settings = AuthSettings {
        jwt_algorithms: vec!["HS256".to_owned()],
        jwt_secret: Some("secret".to_owned()),
        jwt_leeway_seconds: 30.0,
        ..settings
    };
    Tokens::new(&settings).unwrap().unwrap()
}

#[test]
fn the_times_of_a_token_are_checked_to_the_second() {
    let tokens = checking(AuthSettings::default());
    for (claims, now, refused) in [
        (json!({"exp": 1000}), 1029.0, ""),
        (json!({"exp": 1000}), 1030.0, "expired"),
        (json!({"exp": 1000.5}), 1030.4, ""),
        (json!({"exp": 1000.5}), 1030.5, "expired"),
        (json!({"exp": -1}), 1.0, "exp of the token is no time"),
        (json!({"exp": null}), 1.0, "exp of the token is no time"),
        (json!({"exp": "1000"}), 1.0, "exp of the token is no time"),
        (json!({}), 1.0, "never expires"),
        (json!({"exp": 2000, "nbf": 1000}), 970.0, ""),
        (json!({"exp": 2000, "nbf": 1000}), 969.0, "not valid yet (nbf)"),
        (
            json!({"exp": 2000, "nbf": []}),
            970.0,
            "nbf of the token is no time",
        ),
        (json!({"exp": 2000, "iat": 1000}), 970.0, ""),
        (json!({"exp": 2000, "iat": 1000}), 969.0, "not valid yet (iat)"),
        (
            json!({"exp": 2000, "iat": true}),
            970.0,
            "iat of the token is no time",
        ),
    ] {
        let checked = tokens.check(claims.as_object().unwrap(), now);
        match checked {
            Ok(()) => assert!(refused.is_empty(), "{claims} at {now}: taken"),
            Err(why) => assert!(
                !refused.is_empty() && why.contains(refused),
                "{claims} at {now}: {why}"
            ),
        }
    }
}

#[test]
fn a_token_is_for_one_of_ours_and_of_our_issuer() {
    let issuer = |name: &str| AuthSettings {
        jwt_issuer: Some(name.to_owned()),
        ..AuthSettings::default()
    };
    let audience = |names: &[&str]| AuthSettings {
        jwt_audience: names.iter().map(|name| (*name).to_owned()).collect(),
        ..AuthSettings::default()
    };
    for (settings, claims, refused) in [
        (AuthSettings::default(), json!({}), ""),
        (AuthSettings::default(), json!({"iss": "anybody"}), ""),
        (issuer("us"), json!({"iss": "us"}), ""),
        (issuer("us"), json!({}), "(iss)"),
        (issuer("us"), json!({"iss": "US"}), "(iss)"),
        (issuer("us"), json!({"iss": ["us"]}), "(iss)"),
        // A token for somebody is not for whoever has no name.
        (AuthSettings::default(), json!({"aud": "tasker"}), "(aud)"),
        (AuthSettings::default(), json!({"aud": []}), "(aud)"),
        (audience(&["a", "b"]), json!({"aud": "b"}), ""),
        (audience(&["a", "b"]), json!({"aud": ["c", "a"]}), ""),
        (audience(&["a", "b"]), json!({"aud": ["c", "d"]}), "(aud)"),
        (audience(&["a", "b"]), json!({"aud": "a b"}), "(aud)"),
        (audience(&["a", "b"]), json!({"aud": [["a"]]}), "(aud)"),
        (audience(&["a", "b"]), json!({}), "(aud)"),
        (
            audience(&["a", "b"]),
            json!({"aud": null}),
            "aud of the token is no text",
        ),
        (
            audience(&["a", "b"]),
            json!({"aud": {"a": "a"}}),
            "aud of the token is no text",
        ),
    ] {
        let tokens = checking(settings);
        let mut all = claims.as_object().unwrap().clone();
        all.insert("exp".to_owned(), json!(2000));
        match tokens.check(&all, 1000.0) {
            Ok(()) => assert!(refused.is_empty(), "{claims}: taken by {tokens:?}"),
            Err(why) => assert!(!refused.is_empty() && why.contains(refused), "{claims}: {why}"),
        }
    }
}

#[tokio::test]
async fn who_a_token_is_of_and_what_it_permits_is_read_from_its_claims() {
    let tokens = checking(AuthSettings::default());
    for (claims, name, permits) in [
        (json!({"sub": "anna"}), Some("anna"), vec![]),
        (json!({"sub": "anna", "user_id": "bob"}), Some("bob"), vec![]),
        (json!({"sub": "anna", "user_id": ""}), Some("anna"), vec![]),
        (json!({"sub": "anna", "user_id": null}), Some("anna"), vec![]),
        (json!({"sub": 7}), Some("7"), vec![]),
        (json!({"sub": ""}), None, vec![]),
        (json!({"sub": ["anna"]}), None, vec![]),
        (json!({"name": "anna"}), None, vec![]),
        (
            json!({"sub": "a", "roles": ["viewer"]}),
            Some("a"),
            vec!["*:index", "*:show"],
        ),
        (
            json!({"sub": "a", "roles": "clerk viewer"}),
            Some("a"),
            vec!["*:index", "*:show"],
        ),
        (json!({"sub": "a", "roles": [["viewer"], 1]}), Some("a"), vec![]),
        (json!({"sub": "a", "roles": {"viewer": true}}), Some("a"), vec![]),
        (
            json!({"sub": "a", "permissions": ["x:y", 1]}),
            Some("a"),
            vec!["x:y"],
        ),
        (
            json!({"sub": "a", "permissions": "x:y z:*"}),
            Some("a"),
            vec!["x:y", "z:*"],
        ),
        (json!({"sub": "a", "scope": "*"}), Some("a"), vec![]),
    ] {
        let mut all = claims.as_object().unwrap().clone();
        all.insert("exp".to_owned(), json!(4_102_444_800_u64));
        let message = format!("{}.{}", part(&json!({"alg": "HS256"})), part(&Value::Object(all)));
        let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"secret"), message.as_bytes());
        let token = format!("{message}.{}", BASE64.encode(signature));
        let principal = tokens.principal(&token, &roles()).await;
        assert_eq!(principal.is_ok(), name.is_some(), "{claims}: {principal:?}");
        if let Ok(principal) = principal {
            assert_eq!(
                (principal.name.as_deref(), grants(&principal)),
                (name, permits),
                "{claims}"
            );
            assert!(!principal.ambient);
        }
    }
}

#[tokio::test]
async fn a_token_that_names_no_key_is_tried_with_some_of_its_kind() {
    let given = given();
    let unnamed = |number: usize| {
        let mut key = given["jwks"]["keys"][number].clone();
        key.as_object_mut().unwrap().remove("kid");
        key
    };
    let (rsa, ec) = (unnamed(0), unnamed(1));
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let pair = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, pair.as_ref(), &random).unwrap();
    let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
    let own = json!({"kty": "EC", "crv": "P-256", "x": BASE64.encode(x), "y": BASE64.encode(y)});
    let claims =
        json!({"sub": "anna", "exp": 4_102_444_800_u64, "iss": "https://issuer.example", "aud": "tasker"});
    let message = format!("{}.{}", part(&json!({"alg": "ES256"})), part(&claims));
    let signature = pair.sign(&random, message.as_bytes()).unwrap();
    let token = format!("{message}.{}", BASE64.encode(signature));
    let folder = tempfile::tempdir().unwrap();
    // Keys of another kind do not count.
    for (name, others, of, taken) in [
        ("some", TRIED - 1, &ec, true),
        ("many", TRIED, &ec, false),
        ("others", TRIED, &rsa, true),
    ] {
        let mut keys = vec![of.clone(); others];
        keys.push(own.clone());
        let file = folder.path().join(name);
        std::fs::write(&file, json!({ "keys": keys }).to_string()).unwrap();
        let settings = AuthSettings {
            jwt_jwks: Some(file.to_str().unwrap().to_owned()),
            ..of_algorithms(&["ES256", "RS256"])
        };
        let tokens = Tokens::new(&settings).unwrap().unwrap();
        let principal = tokens.principal(&token, &roles()).await;
        assert_eq!(principal.is_ok(), taken, "{name}: {principal:?}");

        // Nor does what the set has had at another time.
        std::fs::write(&file, json!({ "keys": [own] }).to_string()).unwrap();
        let Some(Public::Set(set)) = &tokens.public else {
            panic!("there is a set");
        };
        set.ago(11, 11);
        let principal = tokens.principal(&token, &roles()).await;
        assert!(principal.is_ok(), "{name}: {principal:?}");
        std::fs::write(&file, json!({ "keys": [of] }).to_string()).unwrap();
        set.ago(601, 601);
        let principal = tokens.principal(&token, &roles()).await;
        assert!(principal.is_err(), "{name}: {principal:?}");
    }
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let given = given();
    // A key on a curve that is known, for something else than signatures.
    let pem = text(&given["keys"]["ES256"]);
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let mut der = STANDARD.decode(body).unwrap();
    let public_key = [0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    let place = der.windows(7).position(|bytes| bytes == public_key).unwrap();
    der[place + 6] = 2;
    let other = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----",
        STANDARD
            .encode(der)
            .as_bytes()
            .chunks(64)
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect::<Vec<_>>()
            .join("\n")
    );
    for (public, told) in [
        ("/no/such/file.pem".to_owned(), "/no/such/file.pem"),
        (
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----".to_owned(),
            "no PEM",
        ),
        (
            text(&given["keys"]["RS"]).replace("PUBLIC KEY", "PRIVATE KEY"),
            "PUBLIC KEY is needed",
        ),
        (other, "neither an RSA nor an EC key"),
    ] {
        let settings = AuthSettings {
            jwt_public_key: Some(public),
            ..of_algorithms(&["RS256"])
        };
        let refused = Tokens::new(&settings).unwrap_err();
        assert!(refused.message.contains(told), "{refused}");
    }
}
