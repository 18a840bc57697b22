use super::*;
use crate::environment::Environment;
use crate::expression::Expression;
use crate::limits::Limits;
use jiff::Timestamp;

/// Every extension Go has fields for, made with openssl; the key is 1024 bits long and thrown away.
const ACME: &str = include_str!("testdata/acme.pem");

fn decoded(pem: &str) -> Result<Value, String> {
    let (document, expression) = (
        json!({ "pem": pem }),
        Expression::compile("x509_decode(pem)").unwrap(),
    );
    let environment = Environment::at(Timestamp::UNIX_EPOCH, 0);
    let decoded = expression.evaluate(&document, &environment, Limits::default());
    decoded
        .map(|term| term.to_json().unwrap())
        .map_err(|error| error.to_string())
}

#[test]
fn a_certificate_has_the_fields_of_gos_json() {
    let certificate = decoded(ACME).unwrap();
    for (pointer, value) in [
        ("/Version", json!(3)),
        ("/Subject/CommonName", json!("api.acme.io")),
        ("/Subject/Country", json!(["DE"])),
        ("/Subject/Names/0", json!({"Type": [2, 5, 4, 6], "Value": "DE"})),
        ("/Issuer/ExtraNames", Value::Null),
        ("/PublicKey/E", json!(65537)),
        ("/SignatureAlgorithm", json!(4)),
        ("/KeyUsage", json!(97)),
        ("/ExtKeyUsage", json!([1, 2])),
        ("/UnknownExtKeyUsage", json!([[1, 3, 6, 1, 4, 1, 57264, 1, 1]])),
        ("/DNSNames", json!(["api.acme.io", "*.acme.io"])),
        ("/EmailAddresses", json!(["a@acme.io"])),
        ("/IPAddresses", json!(["10.0.0.1", "2001:db8::1"])),
        ("/URIs/0/Host", json!("acme.io:8443")),
        (
            "/PermittedIPRanges",
            json!([{"IP": "10.0.0.0", "Mask": "/wAAAA=="}]),
        ),
        ("/MaxPathLenZero", json!(true)),
        ("/RequireExplicitPolicy", json!(3)),
        ("/Policies", json!(["1.2.3.4", "2.23.140.1.2.1"])),
        ("/UnhandledCriticalExtensions", json!([[1, 2, 3, 4, 5]])),
        ("/ExtraExtensions", Value::Null),
    ] {
        assert_eq!(certificate.pointer(pointer), Some(&value), "{pointer}");
    }
    let modulus = certificate
        .pointer("/PublicKey/N")
        .and_then(Value::as_str)
        .unwrap();
    assert!(
        (300..=309).contains(&modulus.len()) && modulus.bytes().all(|b| b.is_ascii_digit()),
        "{modulus}"
    );
}

#[test]
fn what_is_no_certificate_with_an_rsa_key_is_an_error() {
    let broken = ACME.replacen("MII", "AII", 1);
    let cut = ACME.lines().take(5).collect::<Vec<_>>().join("\n");
    for (pem, error) in [
        ("", "failed to decode PEM block"),
        (cut.as_str(), "failed to decode PEM block"),
        (broken.as_str(), "x509: malformed certificate"),
        (
            "-----BEGIN X-----\nAAAA\n-----END X-----\n",
            "PEM block neither contains a CERTIFICATE or CERTIFICATE REQUEST",
        ),
        (
            "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
            "x509: malformed certificate request",
        ),
    ] {
        assert_eq!(decoded(pem), Err(error.to_owned()));
    }
}

#[test]
fn text_around_the_block_and_headers_in_it_are_passed_over() {
    let wrapped = ACME.replacen("-----\n", "-----\nProc-Type: 4\n\n", 1);
    assert_eq!(decoded(&format!("subject: x\n{wrapped}trailer")), decoded(ACME));
}
