//! Distinguished names, object identifiers and bytes in Go's JSON.

use super::{Object, list, set};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::Tag;
use der::Tagged as _;
use der::asn1::{Any, ObjectIdentifier};
use serde_json::{Value, json};
use x509_cert::name::Name;

/// Bytes as text.
pub(super) fn base64(bytes: &[u8]) -> Value {
    Value::String(STANDARD.encode(bytes))
}

/// An identifier as the list of its numbers.
pub(super) fn oid(oid: &ObjectIdentifier) -> Value {
    Value::Array(oid.arcs().map(Value::from).collect())
}

/// A name: the attributes Go has fields for, and all of them in order.
pub(super) fn name(name: &Name) -> Value {
    const LISTS: [(&str, &str); 7] = [
        ("2.5.4.6", "Country"),
        ("2.5.4.10", "Organization"),
        ("2.5.4.11", "OrganizationalUnit"),
        ("2.5.4.7", "Locality"),
        ("2.5.4.8", "Province"),
        ("2.5.4.9", "StreetAddress"),
        ("2.5.4.17", "PostalCode"),
    ];
    const TEXTS: [(&str, &str); 2] = [("2.5.4.5", "SerialNumber"), ("2.5.4.3", "CommonName")];
    let attributes: Vec<(ObjectIdentifier, String)> = name
        .0
        .iter()
        .flat_map(|set| set.0.iter())
        .map(|pair| (pair.oid, text(&pair.value)))
        .collect();
    let named = |wanted: &str| {
        let wanted = wanted.to_owned();
        attributes
            .iter()
            .filter(move |(oid, _)| oid.to_string() == wanted)
            .map(|(_, value)| value.clone())
    };
    let mut object = Object::new();
    for (identifier, field) in LISTS {
        set(&mut object, field, list(named(identifier).map(Value::String)));
    }
    for (identifier, field) in TEXTS {
        set(
            &mut object,
            field,
            named(identifier).next_back().unwrap_or_default(),
        );
    }
    let all = attributes
        .iter()
        .map(|(identifier, value)| json!({ "Type": oid(identifier), "Value": value }));
    set(&mut object, "Names", list(all));
    set(&mut object, "ExtraNames", Value::Null);
    Value::Object(object)
}

/// A directory string; two bytes a character if it is of that kind, else UTF-8 as far as it goes.
fn text(value: &Any) -> String {
    let bytes = value.value();
    if value.tag() != Tag::BmpString {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let units: Vec<u16> = bytes
        .chunks_exact(2)
        .map(|pair| {
            pair.iter()
                .fold(0u16, |unit, byte| unit.wrapping_shl(8) | u16::from(*byte))
        })
        .collect();
    String::from_utf16_lossy(&units)
}
