//! Public keys in the forms that services hand them out in, made into PEM.
//!
//! Source: RFC 5480 (EC), RFC 8017 appendix A.1.1 (RSA), RFC 8410 (Ed25519), RFC 7518 section 6 (JSON Web Keys).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;

/// Object identifiers, tag and length included, with their parameters where an algorithm has a constant one.
const EC: &[u8] = &[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];
const P521: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23];
const RSA_WITH_NULL: &[u8] = &[
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];
const ED25519: &[u8] = &[0x06, 0x03, 0x2b, 0x65, 0x70];

/// Bytes of an Ed25519 public key.
const ED25519_BYTES: usize = 32;
/// Longest modulus or coordinate taken, in bytes: RSA of 8,192 bits.
const MOST_NUMBER_BYTES: usize = 1_024;

/// PEM of a `SubjectPublicKeyInfo`, DER.
pub(super) fn pem(spki: &[u8]) -> String {
    let base64 = STANDARD.encode(spki);
    let mut text = String::from("-----BEGIN PUBLIC KEY-----\n");
    let mut rest = base64.as_str();
    while let Some((line, after)) = rest.split_at_checked(64) {
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    if !rest.is_empty() {
        text.push_str(rest);
        text.push('\n');
    }
    text.push_str("-----END PUBLIC KEY-----\n");
    text
}

/// PEM of an Ed25519 key, which Vault hands out as the base64 of its bytes.
pub(super) fn of_ed25519(base64: &str) -> Option<String> {
    let raw = STANDARD.decode(base64.trim()).ok()?;
    (raw.len() == ED25519_BYTES).then(|| pem(&spki(ED25519, &raw)))
}

/// PEM of a JSON Web Key; keys in hardware (`EC-HSM`, `RSA-HSM`) are keys like others.
pub(super) fn of_jwk(key: &Value) -> Option<String> {
    let field = |name: &str| key.get(name).and_then(Value::as_str);
    let number = |name: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(field(name)?.trim_end_matches('=')).ok()?;
        (!bytes.is_empty() && bytes.len() <= MOST_NUMBER_BYTES).then_some(bytes)
    };
    match field("kty")? {
        "EC" | "EC-HSM" => {
            let (curve, size) = match field("crv")? {
                "P-256" => (P256, 32),
                "P-384" => (P384, 48),
                "P-521" => (P521, 66),
                _ => return None,
            };
            let mut point = vec![4];
            for name in ["x", "y"] {
                let coordinate = number(name)?;
                point.extend(vec![0; usize::checked_sub(size, coordinate.len())?]);
                point.extend(coordinate);
            }
            Some(pem(&spki(&[EC, curve].concat(), &point)))
        }
        "RSA" | "RSA-HSM" => {
            let integers = [integer(&number("n")?), integer(&number("e")?)].concat();
            Some(pem(&spki(RSA_WITH_NULL, &element(SEQUENCE, &integers))))
        }
        _ => None,
    }
}

fn spki(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    let bits = [&[0], key].concat();
    let inner = [element(SEQUENCE, algorithm), element(BIT_STRING, &bits)].concat();
    element(SEQUENCE, &inner)
}

/// A number that is not negative, in as few bytes as DER wants.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    let digits = bytes.get(start..).unwrap_or_default();
    let is_negative = digits.first().is_none_or(|first| first & 0x80 != 0);
    let sign: &[u8] = if is_negative { &[0] } else { &[] };
    element(INTEGER, &[sign, digits].concat())
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let start = length.iter().position(|byte| *byte != 0).unwrap_or(length.len());
    let digits = length.get(start..).unwrap_or_default();
    let mut element = vec![tag];
    match digits {
        [] => element.push(0),
        [short] if *short < 0x80 => element.push(*short),
        // At most eight digits: the count fits seven bits.
        long => {
            element.push(0x80 | u8::try_from(long.len()).unwrap_or(u8::MAX));
            element.extend_from_slice(long);
        }
    }
    element.extend_from_slice(content);
    element
}

#[cfg(test)]
mod tests {
    use rehearsal::{Algorithm, SigningKey};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_json_web_key_is_the_same_key_in_pem() {
        for (algorithm, curve, size) in [
            (Algorithm::P256, "P-256", 32),
            (Algorithm::P384, "P-384", 48),
            (Algorithm::P521, "P-521", 66),
        ] {
            let key = SigningKey::generate(algorithm).unwrap();
            let point = &key.public_der()[key.public_der().len() - 2 * size..];
            let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
            let jwk = json!({ "kty": "EC-HSM", "crv": curve, "x": number(&point[..size]), "y": number(&point[size..]) });
            assert_eq!(of_jwk(&jwk).unwrap(), key.public_pem());
        }
    }

    /// The key of RFC 7517 appendix A.1, as openssl writes it.
    #[test]
    fn an_rsa_key_of_the_standard_is_read() {
        let modulus = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let text = of_jwk(&json!({ "kty": "RSA", "n": modulus, "e": "AQAB" })).unwrap();
        assert!(text.starts_with(
            "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0vx7agoebGcQSuuPiLJX\n"
        ));
        assert!(text.contains("\n") && text.trim_end().ends_with("IDAQAB\n-----END PUBLIC KEY-----"));
    }

    #[test]
    fn a_key_that_is_none_is_none() {
        for jwk in [
            json!({}),
            json!({ "kty": "oct", "k": "AA" }),
            json!({ "kty": "EC", "crv": "P-256", "x": "AA" }),
            json!({ "kty": "EC", "crv": "P-256K", "x": "AA", "y": "AA" }),
            json!({ "kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode([1; 33]), "y": "AA" }),
            json!({ "kty": "RSA", "n": "", "e": "AQAB" }),
        ] {
            assert_eq!(of_jwk(&jwk), None, "{jwk}");
        }
        assert_eq!(of_ed25519("AAAA"), None);
        assert!(of_ed25519(&STANDARD.encode([7; 32])).is_some());
    }
}
