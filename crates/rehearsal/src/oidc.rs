//! An OIDC issuer that vouches for whomever it is told to: what a CI system is to Fulcio.
//!
//! In: claims. Out: identity tokens (RS256, the one algorithm that cosign takes), and over HTTP the discovery document and the key that verify them.
//! Source: `OpenID` Connect Discovery 1.0 §3, §4; RFC 7517; RFC 7515.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use der::asn1::UintRef;
use der::{Decode as _, Reader as _, SliceReader};
use serde_json::{Map, Value, json};
use spki::SubjectPublicKeyInfoRef;

use crate::error::RehearsalError;
use crate::instant::unix_seconds;
use crate::keys::{Algorithm, SigningKey};
use crate::service::{Answer, Service};

/// How long a token is good for.
const LIFETIME: Duration = Duration::from_secs(600);
/// Whom tokens are for: Fulcio's client id.
const AUDIENCE: &str = "sigstore";
const KEY_ID: &str = "rehearsal";

/// The issuer.
#[derive(Debug)]
pub struct OidcIssuer {
    url: String,
    key: SigningKey,
}

impl OidcIssuer {
    /// An issuer called `url`, which is where it must then be served.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] where the library has no randomness.
    pub fn new(url: &str) -> Result<Self, RehearsalError> {
        Ok(Self {
            url: url.to_owned(),
            key: SigningKey::generate(Algorithm::Rsa2048)?,
        })
    }

    /// The issuer's name, as certificates carry it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A token with these claims (`sub` among them), good for ten minutes from `at`.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] where the library refuses, [`RehearsalError::Json`] never in practice.
    pub fn token(&self, claims: &Map<String, Value>, at: SystemTime) -> Result<String, RehearsalError> {
        let mut payload = claims.clone();
        payload.insert("iss".to_owned(), self.url.clone().into());
        payload.insert("aud".to_owned(), AUDIENCE.into());
        payload.insert("iat".to_owned(), unix_seconds(at).into());
        payload.insert("exp".to_owned(), unix_seconds(at + LIFETIME).into());
        let header = json!({ "alg": "RS256", "kid": KEY_ID, "typ": "JWT" });
        let part = |value: &[u8]| URL_SAFE_NO_PAD.encode(value);
        let signed = format!(
            "{}.{}",
            part(header.to_string().as_bytes()),
            part(&serde_json::to_vec(&payload)?)
        );
        let signature = self.key.sign(signed.as_bytes())?;
        Ok(format!("{signed}.{}", part(&signature)))
    }

    fn discovery(&self) -> Value {
        let url = &self.url;
        json!({
            "issuer": url,
            "authorization_endpoint": format!("{url}/auth"),
            "token_endpoint": format!("{url}/token"),
            "jwks_uri": format!("{url}/keys"),
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        })
    }

    fn keys(&self) -> Result<Value, der::Error> {
        let key = SubjectPublicKeyInfoRef::from_der(self.key.public_der())?;
        let numbers = key.subject_public_key.as_bytes().unwrap_or_default();
        let [modulus, exponent] = SliceReader::new(numbers)?.sequence(|key| {
            let mut number = || -> der::Result<String> {
                Ok(URL_SAFE_NO_PAD.encode(key.decode::<UintRef<'_>>()?.as_bytes()))
            };
            Ok([number()?, number()?])
        })?;
        Ok(json!({ "keys": [
            { "kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID, "n": modulus, "e": exponent }
        ]}))
    }
}

impl Service for OidcIssuer {
    fn answer(&self, _method: &str, path: &str, _body: &[u8]) -> Answer {
        match path {
            "/.well-known/openid-configuration" => Answer::json(&self.discovery()),
            "/keys" => match self.keys() {
                Ok(keys) => Answer::json(&keys),
                Err(cause) => Answer::of(500, "text/plain", cause.to_string()),
            },
            _ => Answer::not_found(),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};

    use super::*;

    #[test]
    fn a_token_verifies_with_the_key_that_the_issuer_serves() {
        let issuer = OidcIssuer::new("http://127.0.0.1:1").unwrap();
        let claims = Map::from_iter([("sub".to_owned(), Value::from("ci"))]);
        let token = issuer.token(&claims, SystemTime::UNIX_EPOCH).unwrap();
        let answer = issuer.answer("GET", "/keys", b"");
        let keys: Value = serde_json::from_slice(&answer.body).unwrap();
        let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
        let number = |name: &str| decoded(keys["keys"][0][name].as_str().unwrap());
        let key = RsaPublicKeyComponents {
            n: number("n"),
            e: number("e"),
        };
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let verify = |message: &str| {
            key.verify(
                &RSA_PKCS1_2048_8192_SHA256,
                message.as_bytes(),
                &decoded(signature),
            )
        };
        assert!(verify(signed).is_ok());
        assert!(verify("another").is_err());
    }
}
