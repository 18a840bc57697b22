//! X.509 certificates and requests, as the JSON that Go makes of them.
//!
//! In: PEM, the first block counts. Out: an object with the fields of Go's `x509.Certificate` or
//! `x509.CertificateRequest`; bytes are base64, what is absent is null. RSA keys only, as in Kyverno: `PublicKey` holds
//! the modulus `N` in decimal and the exponent `E`.
//! Never verifies anything: a certificate that decodes is not one that is trusted.
//!
//! Behaviour: Kyverno 1.19 `jpX509Decode`, Go's crypto/x509 (parser.go), encoding/pem.

mod pem;
mod names;
mod keys;
mod extensions;

use crate::call::{Call, Function, Outcome};
use crate::error::{ArgumentType as T, ValueFault};
use crate::term::Term;
use der::{Decode, Encode};
use names::{base64, name, oid};
use serde_json::{Map, Value, json};
use x509_cert::certificate::{Certificate, Version};
use x509_cert::ext::Extension;
use x509_cert::request::{CertReq, ExtensionReq};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

pub(super) static FUNCTIONS: &[Function] = &[Function {
    name: "x509_decode",
    arguments: &[&[T::String]],
    variadic: false,
    returns: T::Object,
    note: "the fields of a certificate or a certificate request in PEM, with an RSA key",
    run: x509_decode,
}];

/// An object of JSON.
type Object = Map<String, Value>;

const MALFORMED: ValueFault = ValueFault::Certificate("x509: malformed certificate");
const MALFORMED_REQUEST: ValueFault = ValueFault::Certificate("x509: malformed certificate request");

fn x509_decode<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let text = call.text(0)?;
    // each byte comes back up to four times, in base64
    call.budget.bytes(text.len().saturating_mul(4))?;
    let block = pem::first_block(text).ok_or(ValueFault::Certificate("failed to decode PEM block"))?;
    let object = match block.label.as_str() {
        "CERTIFICATE" => certificate(&block.bytes)?,
        "CERTIFICATE REQUEST" => request(&block.bytes)?,
        _ => {
            let text = "PEM block neither contains a CERTIFICATE or CERTIFICATE REQUEST";
            return Err(ValueFault::Certificate(text).into());
        }
    };
    Ok(Term::from_owned(Value::Object(object)))
}

fn certificate(bytes: &[u8]) -> Result<Object, ValueFault> {
    let certificate = Certificate::from_der(bytes).map_err(|_| MALFORMED)?;
    let tbs = &certificate.tbs_certificate;
    let encoded = |part: Result<Vec<u8>, der::Error>| part.map(|bytes| base64(&bytes)).map_err(|_| MALFORMED);
    let mut object = Object::new();
    set(&mut object, "Raw", base64(bytes));
    set(&mut object, "RawTBSCertificate", encoded(tbs.to_der())?);
    set(
        &mut object,
        "RawSubjectPublicKeyInfo",
        encoded(tbs.subject_public_key_info.to_der())?,
    );
    set(&mut object, "RawSubject", encoded(tbs.subject.to_der())?);
    set(&mut object, "RawIssuer", encoded(tbs.issuer.to_der())?);
    set(
        &mut object,
        "Signature",
        base64(certificate.signature.raw_bytes()),
    );
    set(
        &mut object,
        "SignatureAlgorithm",
        keys::signature_algorithm(&certificate.signature_algorithm),
    );
    public_key(&mut object, &tbs.subject_public_key_info)?;
    let version = match tbs.version {
        Version::V1 => 1,
        Version::V2 => 2,
        Version::V3 => 3,
    };
    set(&mut object, "Version", version);
    set(
        &mut object,
        "SerialNumber",
        keys::as_float(tbs.serial_number.as_bytes()),
    );
    set(&mut object, "Issuer", name(&tbs.issuer));
    set(&mut object, "Subject", name(&tbs.subject));
    set(
        &mut object,
        "NotBefore",
        tbs.validity.not_before.to_date_time().to_string(),
    );
    set(
        &mut object,
        "NotAfter",
        tbs.validity.not_after.to_date_time().to_string(),
    );
    let extensions = tbs.extensions.as_deref().unwrap_or_default();
    set(&mut object, "Extensions", list(extensions.iter().map(extension)));
    set(&mut object, "ExtraExtensions", Value::Null);
    extensions::certificate_fields(&mut object, extensions).map_err(|_| MALFORMED)?;
    Ok(object)
}

fn request(bytes: &[u8]) -> Result<Object, ValueFault> {
    let request = CertReq::from_der(bytes).map_err(|_| MALFORMED_REQUEST)?;
    let encoded =
        |part: Result<Vec<u8>, der::Error>| part.map(|bytes| base64(&bytes)).map_err(|_| MALFORMED_REQUEST);
    let mut object = Object::new();
    set(&mut object, "Raw", base64(bytes));
    set(
        &mut object,
        "RawTBSCertificateRequest",
        encoded(request.info.to_der())?,
    );
    set(
        &mut object,
        "RawSubjectPublicKeyInfo",
        encoded(request.info.public_key.to_der())?,
    );
    set(&mut object, "RawSubject", encoded(request.info.subject.to_der())?);
    set(&mut object, "Version", 0);
    set(&mut object, "Signature", base64(request.signature.raw_bytes()));
    set(
        &mut object,
        "SignatureAlgorithm",
        keys::signature_algorithm(&request.algorithm),
    );
    public_key(&mut object, &request.info.public_key)?;
    set(&mut object, "Subject", name(&request.info.subject));
    let mut wanted: Vec<Extension> = Vec::new();
    let mut attributes = Vec::new();
    for attribute in request.info.attributes.iter() {
        if attribute.oid != der::oid::db::rfc5912::ID_EXTENSION_REQ {
            continue;
        }
        let mut sets = Vec::new();
        for value in attribute.values.iter() {
            let request = value.decode_as::<ExtensionReq>().map_err(|_| MALFORMED_REQUEST)?;
            sets.push(Value::Array(request.0.iter().map(requested).collect()));
            wanted.extend(request.0);
        }
        attributes.push(json!({ "Type": oid(&attribute.oid), "Value": sets }));
    }
    set(&mut object, "Attributes", list(attributes.into_iter()));
    set(&mut object, "Extensions", list(wanted.iter().map(extension)));
    set(&mut object, "ExtraExtensions", Value::Null);
    extensions::request_fields(&mut object, &wanted).map_err(|_| MALFORMED_REQUEST)?;
    Ok(object)
}

fn public_key(object: &mut Object, key: &SubjectPublicKeyInfoOwned) -> Result<(), ValueFault> {
    if key.algorithm.oid != der::oid::db::rfc5912::RSA_ENCRYPTION {
        return Err(ValueFault::Certificate("certificate should use rsa algorithm"));
    }
    let (modulus, exponent) = keys::rsa_key(key.subject_public_key.raw_bytes())
        .map_err(|_| ValueFault::Certificate("failed to parse subject public key info"))?;
    set(object, "PublicKeyAlgorithm", 1);
    set(object, "PublicKey", json!({ "N": modulus, "E": exponent }));
    Ok(())
}

fn extension(extension: &Extension) -> Value {
    let value = base64(extension.extn_value.as_bytes());
    json!({ "Id": oid(&extension.extn_id), "Critical": extension.critical, "Value": value })
}

/// An extension of a request as an attribute: Go reads the flag of a critical one for its value.
fn requested(extension: &Extension) -> Value {
    let value = if extension.critical {
        Value::Bool(true)
    } else {
        base64(extension.extn_value.as_bytes())
    };
    json!({ "Type": oid(&extension.extn_id), "Value": value })
}

fn set(object: &mut Object, field: &str, value: impl Into<Value>) {
    object.insert(field.to_owned(), value.into());
}

/// A list, null if it is empty, as Go has it.
fn list(items: impl Iterator<Item = Value>) -> Value {
    let items: Vec<Value> = items.collect();
    if items.is_empty() {
        Value::Null
    } else {
        Value::Array(items)
    }
}

#[cfg(test)]
mod tests;
