//! The extensions Go has fields for.

use super::{Object, list, names, set};
use der::asn1::{Any, ObjectIdentifier};
use der::{Decode, Encode as _, Result, Tag, TagNumber, Tagged as _};
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::constraints::name::GeneralSubtree;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{
    AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints, CertificatePolicies,
    CrlDistributionPoints, ExtendedKeyUsage, InhibitAnyPolicy, KeyUsage, NameConstraints, PolicyConstraints,
    PolicyMappings, SubjectKeyIdentifier,
};

/// Every field that an extension may fill, as it is without one.
const ABSENT: [&str; 23] = [
    "UnhandledCriticalExtensions",
    "ExtKeyUsage",
    "UnknownExtKeyUsage",
    "SubjectKeyId",
    "AuthorityKeyId",
    "OCSPServer",
    "IssuingCertificateURL",
    "DNSNames",
    "EmailAddresses",
    "IPAddresses",
    "URIs",
    "PermittedDNSDomains",
    "ExcludedDNSDomains",
    "PermittedIPRanges",
    "ExcludedIPRanges",
    "PermittedEmailAddresses",
    "ExcludedEmailAddresses",
    "PermittedURIDomains",
    "ExcludedURIDomains",
    "CRLDistributionPoints",
    "PolicyIdentifiers",
    "Policies",
    "PolicyMappings",
];
const ZERO: [&str; 5] = [
    "KeyUsage",
    "MaxPathLen",
    "InhibitAnyPolicy",
    "InhibitPolicyMapping",
    "RequireExplicitPolicy",
];
const FALSE: [&str; 7] = [
    "BasicConstraintsValid",
    "IsCA",
    "MaxPathLenZero",
    "PermittedDNSDomainsCritical",
    "InhibitAnyPolicyZero",
    "InhibitPolicyMappingZero",
    "RequireExplicitPolicyZero",
];

/// Fills the fields of a certificate.
pub(super) fn certificate_fields(object: &mut Object, extensions: &[Extension]) -> Result<()> {
    ABSENT.iter().for_each(|field| set(object, field, Value::Null));
    ZERO.iter().for_each(|field| set(object, field, 0));
    FALSE.iter().for_each(|field| set(object, field, false));
    let mut unhandled = Vec::new();
    for extension in extensions {
        if !read(object, extension)? && extension.critical {
            unhandled.push(names::oid(&extension.extn_id));
        }
    }
    set(object, "UnhandledCriticalExtensions", list(unhandled.into_iter()));
    Ok(())
}

/// Fills the fields of a request: its alternative names.
pub(super) fn request_fields(object: &mut Object, extensions: &[Extension]) -> Result<()> {
    for field in ["DNSNames", "EmailAddresses", "IPAddresses", "URIs"] {
        set(object, field, Value::Null);
    }
    for extension in extensions
        .iter()
        .filter(|extension| extension.extn_id.to_string() == "2.5.29.17")
    {
        read(object, extension)?;
    }
    Ok(())
}

/// Reads one extension; false if Go has no fields for it.
fn read(object: &mut Object, extension: &Extension) -> Result<bool> {
    let bytes = extension.extn_value.as_bytes();
    match extension.extn_id.to_string().as_str() {
        "2.5.29.14" => {
            let key = SubjectKeyIdentifier::from_der(bytes)?;
            set(object, "SubjectKeyId", names::base64(key.0.as_bytes()));
        }
        "2.5.29.15" => set(object, "KeyUsage", KeyUsage::from_der(bytes)?.0.bits()),
        "2.5.29.17" => return alternative_names(object, &general_names(bytes)?),
        "2.5.29.19" => basic_constraints(object, &BasicConstraints::from_der(bytes)?),
        "2.5.29.30" => name_constraints(object, NameConstraints::from_der(bytes)?, extension.critical),
        "2.5.29.31" => {
            let points = CrlDistributionPoints::from_der(bytes)?.0;
            let full = points
                .into_iter()
                .filter_map(|point| match point.distribution_point {
                    Some(DistributionPointName::FullName(names)) => Some(names),
                    Some(DistributionPointName::NameRelativeToCRLIssuer(_)) | None => None,
                });
            set(
                object,
                "CRLDistributionPoints",
                list(full.flatten().filter_map(|name| uri(&name).map(Value::from))),
            );
        }
        "2.5.29.32" => {
            let policies = CertificatePolicies::from_der(bytes)?.0;
            let identifiers = || policies.iter().map(|policy| &policy.policy_identifier);
            set(object, "PolicyIdentifiers", list(identifiers().map(names::oid)));
            set(
                object,
                "Policies",
                list(identifiers().map(|oid| Value::String(oid.to_string()))),
            );
        }
        "2.5.29.33" => {
            let mappings = PolicyMappings::from_der(bytes)?.0;
            let mapping = |from: &ObjectIdentifier, to: &ObjectIdentifier| json!({ "IssuerDomainPolicy": from.to_string(), "SubjectDomainPolicy": to.to_string() });
            let mappings = mappings
                .iter()
                .map(|pair| mapping(&pair.issuer_domain_policy, &pair.subject_domain_policy));
            set(object, "PolicyMappings", list(mappings));
        }
        "2.5.29.35" => {
            let key = AuthorityKeyIdentifier::from_der(bytes)?.key_identifier;
            set(
                object,
                "AuthorityKeyId",
                key.map_or(Value::Null, |key| names::base64(key.as_bytes())),
            );
        }
        "2.5.29.36" => {
            let constraints = PolicyConstraints::from_der(bytes)?;
            count(
                object,
                "RequireExplicitPolicy",
                constraints.require_explicit_policy,
            );
            count(object, "InhibitPolicyMapping", constraints.inhibit_policy_mapping);
        }
        "2.5.29.37" => extended_key_usage(object, &ExtendedKeyUsage::from_der(bytes)?.0),
        "2.5.29.54" => count(
            object,
            "InhibitAnyPolicy",
            Some(InhibitAnyPolicy::from_der(bytes)?.0),
        ),
        "1.3.6.1.5.5.7.1.1" => authority_information(object, &AuthorityInfoAccessSyntax::from_der(bytes)?),
        _ => return Ok(false),
    }
    Ok(true)
}

/// A number with a flag that tells zero from absent.
fn count(object: &mut Object, field: &str, value: Option<u32>) {
    if let Some(value) = value {
        set(object, field, value);
        set(object, &format!("{field}Zero"), value == 0);
    }
}

fn basic_constraints(object: &mut Object, constraints: &BasicConstraints) {
    set(object, "BasicConstraintsValid", true);
    set(object, "IsCA", constraints.ca);
    set(
        object,
        "MaxPathLen",
        constraints.path_len_constraint.map_or(-1, i64::from),
    );
    set(
        object,
        "MaxPathLenZero",
        constraints.path_len_constraint == Some(0),
    );
}

fn extended_key_usage(object: &mut Object, usages: &[ObjectIdentifier]) {
    const KNOWN: [&str; 14] = [
        "2.5.29.37.0",
        "1.3.6.1.5.5.7.3.1",
        "1.3.6.1.5.5.7.3.2",
        "1.3.6.1.5.5.7.3.3",
        "1.3.6.1.5.5.7.3.4",
        "1.3.6.1.5.5.7.3.5",
        "1.3.6.1.5.5.7.3.6",
        "1.3.6.1.5.5.7.3.7",
        "1.3.6.1.5.5.7.3.8",
        "1.3.6.1.5.5.7.3.9",
        "1.3.6.1.4.1.311.10.3.3",
        "2.16.840.1.113730.4.1",
        "1.3.6.1.4.1.311.2.1.22",
        "1.3.6.1.4.1.311.61.1.1",
    ];
    let number = |usage: &ObjectIdentifier| KNOWN.iter().position(|known| *known == usage.to_string());
    set(
        object,
        "ExtKeyUsage",
        list(usages.iter().filter_map(|usage| number(usage).map(Value::from))),
    );
    let unknown = usages.iter().filter(|usage| number(usage).is_none());
    set(object, "UnknownExtKeyUsage", list(unknown.map(names::oid)));
}

fn authority_information(object: &mut Object, accesses: &AuthorityInfoAccessSyntax) {
    let located = |method: &str| {
        let of_method = accesses
            .0
            .iter()
            .filter(|access| access.access_method.to_string() == method);
        list(of_method.filter_map(|access| uri(&access.access_location).map(Value::from)))
    };
    let (ocsp, issuers) = (located("1.3.6.1.5.5.7.48.1"), located("1.3.6.1.5.5.7.48.2"));
    set(object, "OCSPServer", ocsp);
    set(object, "IssuingCertificateURL", issuers);
}

/// The names of the kinds Go reads; others, which may hold anything, are passed over.
fn general_names(bytes: &[u8]) -> Result<Vec<GeneralName>> {
    let read = [TagNumber::N1, TagNumber::N2, TagNumber::N6, TagNumber::N7];
    let is_read =
        |name: &Any| matches!(name.tag(), Tag::ContextSpecific { number, .. } if read.contains(&number));
    let names = Vec::<Any>::from_der(bytes)?.into_iter().filter(is_read);
    names.map(|name| GeneralName::from_der(&name.to_der()?)).collect()
}

fn alternative_names(object: &mut Object, alternatives: &[GeneralName]) -> Result<bool> {
    let of = |read: fn(&GeneralName) -> Option<Value>| list(alternatives.iter().filter_map(read));
    let all = [
        ("DNSNames", of(|name| dns(name).map(Value::from))),
        ("EmailAddresses", of(|name| email(name).map(Value::from))),
        ("URIs", of(|name| uri(name).map(url))),
        (
            "IPAddresses",
            of(|name| address(name).map(|ip| Value::String(ip.to_string()))),
        ),
    ];
    let found = all.iter().any(|(_, names)| !names.is_null());
    all.into_iter()
        .for_each(|(field, names)| set(object, field, names));
    Ok(found)
}

fn name_constraints(object: &mut Object, constraints: NameConstraints, critical: bool) {
    set(object, "PermittedDNSDomainsCritical", critical);
    for (kind, subtrees) in [
        ("Permitted", constraints.permitted_subtrees),
        ("Excluded", constraints.excluded_subtrees),
    ] {
        let subtrees: Vec<GeneralSubtree> = subtrees.unwrap_or_default();
        let of = |read: fn(&GeneralName) -> Option<Value>| {
            list(subtrees.iter().filter_map(|tree| read(&tree.base)))
        };
        set(
            object,
            &format!("{kind}DNSDomains"),
            of(|name| dns(name).map(Value::from)),
        );
        set(
            object,
            &format!("{kind}EmailAddresses"),
            of(|name| email(name).map(Value::from)),
        );
        set(
            object,
            &format!("{kind}URIDomains"),
            of(|name| uri(name).map(Value::from)),
        );
        set(object, &format!("{kind}IPRanges"), of(ip_range));
    }
}

fn dns(name: &GeneralName) -> Option<&str> {
    if let GeneralName::DnsName(name) = name {
        Some(name.as_str())
    } else {
        None
    }
}

fn email(name: &GeneralName) -> Option<&str> {
    if let GeneralName::Rfc822Name(name) = name {
        Some(name.as_str())
    } else {
        None
    }
}

fn uri(name: &GeneralName) -> Option<&str> {
    if let GeneralName::UniformResourceIdentifier(name) = name {
        Some(name.as_str())
    } else {
        None
    }
}

fn address(name: &GeneralName) -> Option<IpAddr> {
    if let GeneralName::IpAddress(bytes) = name {
        ip(bytes.as_bytes())
    } else {
        None
    }
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(|octets| IpAddr::V4(Ipv4Addr::from(octets)));
    let v6 = || <[u8; 16]>::try_from(bytes).map(|octets| IpAddr::V6(Ipv6Addr::from(octets)).to_canonical());
    v4.or_else(|_| v6()).ok()
}

/// An address and a mask of the same length.
fn ip_range(name: &GeneralName) -> Option<Value> {
    let GeneralName::IpAddress(bytes) = name else {
        return None;
    };
    let (network, mask) = bytes.as_bytes().split_at_checked(bytes.as_bytes().len() / 2)?;
    Some(json!({ "IP": ip(network)?.to_string(), "Mask": names::base64(mask) }))
}

/// A URI in the fields of Go's `url.URL`.
fn url(text: &str) -> Value {
    let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
    let (text, query) = text
        .split_once('?')
        .map_or((text, None), |(text, query)| (text, Some(query)));
    let (scheme, rest) = text.split_once(':').unwrap_or(("", text));
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => rest
            .split_at_checked(rest.find('/').unwrap_or(rest.len()))
            .unwrap_or((rest, "")),
        None => ("", rest),
    };
    let (user, host) = authority
        .rsplit_once('@')
        .map_or((None, authority), |(user, host)| (Some(user), host));
    let is_opaque = !rest.starts_with('/') && !scheme.is_empty();
    json!({
        "Scheme": scheme.to_lowercase(),
        "Opaque": if is_opaque { rest } else { "" },
        "User": user.map_or(Value::Null, |_| json!({})),
        "Host": host,
        "Path": if is_opaque { "" } else { path },
        "Fragment": fragment,
        "RawQuery": query.unwrap_or_default(),
        "RawPath": "",
        "RawFragment": "",
        "ForceQuery": query == Some(""),
        "OmitHost": false,
    })
}
