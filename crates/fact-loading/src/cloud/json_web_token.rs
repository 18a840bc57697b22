//! JSON Web Tokens signed with RS256: how a Google service account's key proves itself (RFC 7523).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// `claims`, signed with the PKCS#8 key in `pem`.
pub(crate) fn sign(claims: &Value, key_id: &str, pem: &str) -> Result<String, String> {
    let broken = || "the service account's private key can't be read".to_owned();
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = STANDARD.decode(base64.trim()).map_err(|_| broken())?;
    let key = KeyPair::from_pkcs8(&der).map_err(|_| broken())?;
    let head = json!({ "alg": "RS256", "typ": "JWT", "kid": key_id });
    let text = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(head.to_string()),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        text.as_bytes(),
        &mut signature,
    )
    .map_err(|_| broken())?;
    Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
}
