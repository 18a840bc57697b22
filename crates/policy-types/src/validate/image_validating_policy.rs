//! What the schema of an `ImageValidatingPolicy` cannot tell: that each attestor says who, exactly once, and completely.
//!
//! Where Kyverno 1.19 takes the first of several answers (a key beside identities, a regular expression beside a name) or
//! none (an identity without a name), the policy is refused: it demands less than it seems to.

use std::collections::BTreeSet;

use manifest::{Document, FieldPath};
use serde::Deserialize;

use super::public_keys;
use crate::policies_kyverno_io::image_validating_policy::{
    Attestation, Attestor, Certificate, Cosign, CtLog, Identity, ImagesSpec, Key, Keyless,
    MatchImageReference, Notary, TextOrExpression,
};
use crate::report::Report;

/// Checks the part of `spec` about images.
pub(super) fn validate(document: &Document, report: &mut Report) {
    let path = FieldPath::root().key("spec");
    let Some(Ok(spec)) = document.value.get("spec").map(ImagesSpec::deserialize) else {
        return;
    };
    for (index, reference) in spec.match_image_references.iter().enumerate() {
        image_reference(reference, &path.key("matchImageReferences").index(index), report);
    }
    let names = spec.images.iter().map(|extractor| extractor.name.as_str());
    distinct(names, &path.key("images"), report);
    let names = spec.attestors.iter().map(|attestor| attestor.name.as_str());
    distinct(names, &path.key("attestors"), report);
    for (index, one) in spec.attestors.iter().enumerate() {
        attestor(one, &path.key("attestors").index(index), report);
    }
    let names = spec
        .attestations
        .iter()
        .map(|attestation| attestation.name.as_str());
    distinct(names, &path.key("attestations"), report);
    for (index, one) in spec.attestations.iter().enumerate() {
        attestation(one, &path.key("attestations").index(index), report);
    }
}

fn distinct<'n>(names: impl Iterator<Item = &'n str>, path: &FieldPath, report: &mut Report) {
    let mut seen = BTreeSet::new();
    for (index, name) in names.enumerate() {
        let path = path.index(index).key("name");
        if name.is_empty() {
            report.invalid(&path, "a name is required");
        } else if !seen.insert(name) {
            report.invalid(&path, format!("`{name}` is there twice"));
        }
    }
}

fn image_reference(reference: &MatchImageReference, path: &FieldPath, report: &mut Report) {
    if reference.glob.is_empty() == reference.expression.is_empty() {
        report.invalid(path, "either glob or expression must be set");
    }
}

fn attestor(attestor: &Attestor, path: &FieldPath, report: &mut Report) {
    match (&attestor.cosign, &attestor.notary) {
        (Some(cosign), None) => validate_cosign(cosign, &path.key("cosign"), report),
        (None, Some(notary)) => validate_notary(notary, &path.key("notary"), report),
        (None, None) | (Some(_), Some(_)) => {
            report.invalid(path, "exactly one of cosign and notary is required");
        }
    }
}

fn validate_cosign(cosign: &Cosign, path: &FieldPath, report: &mut Report) {
    match (&cosign.key, &cosign.keyless, &cosign.certificate) {
        (Some(key), None, None) => validate_key(key, &path.key("key"), report),
        (None, Some(keyless), None) => validate_keyless(keyless, &path.key("keyless"), report),
        (None, None, Some(certificate)) => {
            validate_certificate(certificate, &path.key("certificate"), report);
        }
        _ => report.invalid(path, "exactly one of key, keyless and certificate is required"),
    }
    if let Some(ctlog) = &cosign.ctlog {
        validate_logs(ctlog, &path.key("ctlog"), report);
    }
    if let Some(root) = &cosign.trusted_root {
        one_of_two(root, &path.key("trustedRoot"), report);
    }
    if let Some(source) = &cosign.source {
        for (index, secret) in source.pull_secrets.iter().enumerate() {
            if secret.name.is_empty() {
                let path = path.key("source").key("PullSecrets").index(index).key("name");
                report.invalid(&path, "a name is required");
            }
        }
    }
}

fn validate_key(key: &Key, path: &FieldPath, report: &mut Report) {
    let set = [&key.data, &key.kms, &key.expression]
        .into_iter()
        .filter(|field| !field.is_empty());
    if set.count() != 1 {
        report.invalid(path, "exactly one of data, kms and expression is required");
    }
    if key.data.is_empty() {
        return;
    }
    let path = path.key("data");
    match key.data.matches("-----BEGIN ").count() {
        0 => report.invalid(
            &path,
            "holds no PEM public key; a reference to a key belongs in `kms`",
        ),
        1 => public_keys::validate_public_keys(&key.data, &path, report),
        _ => report.invalid(
            &path,
            "holds several keys, of which only the first would count: name an attestor for each",
        ),
    }
}

fn validate_keyless(keyless: &Keyless, path: &FieldPath, report: &mut Report) {
    if keyless.identities.is_empty() {
        report.invalid(
            &path.key("identities"),
            "an identity is required: without one anybody with a certificate would be trusted",
        );
    }
    for (index, one) in keyless.identities.iter().enumerate() {
        identity(one, &path.key("identities").index(index), report);
    }
    public_keys::validate_certificates(&keyless.roots, &path.key("roots"), report);
}

fn identity(identity: &Identity, path: &FieldPath, report: &mut Report) {
    let issuers = [&identity.issuer, &identity.issuer_regexp];
    let subjects = [
        &identity.subject,
        &identity.subject_regexp,
        &identity.subject_expression,
    ];
    let set = |fields: &[&String]| fields.iter().filter(|field| !field.is_empty()).count();
    let (issuers, subjects) = (set(&issuers), set(&subjects));
    if issuers > 1 {
        report.invalid(path, "only one of issuer and issuerRegExp may be set");
    }
    if subjects > 1 {
        report.invalid(
            path,
            "only one of subject, subjectRegExp and subjectExpression may be set",
        );
    }
    if issuers == 0 && subjects == 0 {
        report.invalid(
            path,
            "an issuer or a subject is required: this identity would be anybody's (if that is meant, write `subjectRegExp: .*`)",
        );
    }
}

fn validate_certificate(certificate: &Certificate, path: &FieldPath, report: &mut Report) {
    if certificate.cert.is_none() && certificate.cert_chain.is_none() {
        report.invalid(path, "cert or certChain required");
    }
    for (field, value) in [
        ("cert", &certificate.cert),
        ("certChain", &certificate.cert_chain),
    ] {
        certificates(value.as_ref(), &path.key(field), report);
    }
}

fn validate_notary(notary: &Notary, path: &FieldPath, report: &mut Report) {
    if notary.certs.is_none() {
        report.invalid(path, "certs are required");
    }
    certificates(notary.certs.as_ref(), &path.key("certs"), report);
    certificates(notary.tsa_certs.as_ref(), &path.key("tsaCerts"), report);
}

fn certificates(value: Option<&TextOrExpression>, path: &FieldPath, report: &mut Report) {
    if let Some(value) = value {
        one_of_two(value, path, report);
        public_keys::validate_certificates(&value.value, &path.key("value"), report);
    }
}

fn one_of_two(value: &TextOrExpression, path: &FieldPath, report: &mut Report) {
    if value.value.is_empty() == value.expression.is_empty() {
        report.invalid(path, "exactly one of value and expression is required");
    }
}

fn validate_logs(ctlog: &CtLog, path: &FieldPath, report: &mut Report) {
    public_keys::validate_log_key(&ctlog.rekor_pub_key, &path.key("rekorPubKey"), report);
    public_keys::validate_log_key(&ctlog.ct_log_pub_key, &path.key("ctLogPubKey"), report);
    public_keys::validate_certificates(&ctlog.tsa_cert_chain, &path.key("tsaCertChain"), report);
}

fn attestation(attestation: &Attestation, path: &FieldPath, report: &mut Report) {
    let kind = match (&attestation.intoto, &attestation.referrer) {
        (Some(intoto), None) => ("intoto", intoto),
        (None, Some(referrer)) => ("referrer", referrer),
        (None, None) | (Some(_), Some(_)) => {
            report.invalid(path, "exactly one of intoto and referrer is required");
            return;
        }
    };
    if kind.1.kind.is_empty() {
        report.invalid(&path.key(kind.0).key("type"), "a type is required");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn faults(spec: &Value) -> Vec<String> {
        let document = Document::without_text(json!({"spec": spec}), "");
        let mut report = Report::new(&document);
        validate(&document, &mut report);
        report.faults.iter().map(ToString::to_string).collect()
    }

    fn of_attestor(cosign: &Value) -> Vec<String> {
        faults(&json!({"attestors": [{"name": "a", "cosign": cosign}]}))
    }

    #[test]
    fn an_identity_that_names_nobody_is_refused() {
        let empty = of_attestor(&json!({"keyless": {"identities": []}}));
        assert!(
            empty[0].starts_with("spec.attestors[0].cosign.keyless.identities: an identity is required"),
            "{empty:?}"
        );
        let nobody = of_attestor(&json!({"keyless": {"identities": [{}]}}));
        assert!(
            nobody[0].contains("an issuer or a subject is required"),
            "{nobody:?}"
        );
        let anybody = of_attestor(&json!({"keyless": {"identities": [{"subjectRegExp": ".*"}]}}));
        assert_eq!(anybody, [] as [String; 0]);
    }

    #[test]
    fn two_answers_where_one_would_be_passed_over_are_refused() {
        for (cosign, told) in [
            (
                json!({"key": {"kms": "awskms:///x"}, "keyless": {"identities": [{"issuer": "i"}]}}),
                "exactly one of key, keyless and certificate is required",
            ),
            (
                json!({"key": {"kms": "awskms:///x", "expression": "variables.key"}}),
                "exactly one of data, kms and expression is required",
            ),
            (
                json!({"keyless": {"identities": [{"subject": "s", "subjectRegExp": "r"}]}}),
                "only one of subject, subjectRegExp and subjectExpression may be set",
            ),
            (
                json!({"certificate": {"cert": {"value": "x", "expression": "y"}}}),
                "exactly one of value and expression is required",
            ),
        ] {
            let found = of_attestor(&cosign);
            assert!(found.iter().any(|fault| fault.contains(told)), "{found:?}");
        }
    }

    #[test]
    fn names_of_attestors_are_distinct() {
        let notary = json!({"certs": {"expression": "variables.c"}});
        let found =
            faults(&json!({"attestors": [{"name": "a", "notary": notary}, {"name": "a", "notary": notary}]}));
        assert_eq!(found, ["spec.attestors[1].name: `a` is there twice"]);
    }
}
