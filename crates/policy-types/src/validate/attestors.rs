//! Attestors: sets that can be satisfied, entries that say who.

use manifest::FieldPath;

use super::public_keys;
use crate::kyverno_io::attestors::{Attestor, AttestorSet, Certificates, CtLog, Keyless, Rekor, StaticKeys};
use crate::report::Report;

/// Signature algorithms Kyverno knows; empty means `sha256`.
const SIGNATURE_ALGORITHMS: [&str; 5] = ["", "sha224", "sha256", "sha384", "sha512"];

/// Checks every set.
pub(super) fn validate(sets: &[AttestorSet], path: &FieldPath, report: &mut Report) {
    for (index, set) in sets.iter().enumerate() {
        validate_set(set, &path.index(index), report);
    }
}

/// Checks one set. Recursion into nested sets is bounded by the depth of the document.
fn validate_set(set: &AttestorSet, path: &FieldPath, report: &mut Report) {
    let entries = u64::try_from(set.entries.len()).unwrap_or(u64::MAX);
    if set.count.is_some_and(|count| count > entries) {
        report.invalid(&path.key("count"), "Count cannot exceed length of entries");
    }
    if set.entries.is_empty() {
        report.invalid(path, "An entry is required");
    }
    for (index, entry) in set.entries.iter().enumerate() {
        validate_entry(entry, &path.key("entries").index(index), report);
    }
}

fn validate_entry(entry: &Attestor, path: &FieldPath, report: &mut Report) {
    let ways = [
        entry.keys.is_some(),
        entry.certificates.is_some(),
        entry.keyless.is_some(),
        entry.attestor.is_some(),
    ];
    if ways.into_iter().filter(|is_there| *is_there).count() != 1 {
        report.invalid(
            path,
            "keys, certificates, keyless, or a nested attestor is required",
        );
    }
    if let Some(keys) = &entry.keys {
        validate_keys(keys, &path.key("keys"), report);
    }
    if let Some(certificates) = &entry.certificates {
        validate_certificates(certificates, &path.key("certificates"), report);
    }
    if let Some(keyless) = &entry.keyless {
        validate_keyless(keyless, &path.key("keyless"), report);
    }
    if let Some(set) = &entry.attestor {
        validate_set(set, &path.key("attestor"), report);
    }
}

fn validate_keys(keys: &StaticKeys, path: &FieldPath, report: &mut Report) {
    if keys.public_keys.is_empty() && keys.kms.is_empty() && keys.secret.is_none() {
        report.invalid(path, "A public key, kms key or secret is required");
    }
    if !keys.public_keys.is_empty() && !SIGNATURE_ALGORITHMS.contains(&keys.signature_algorithm.as_str()) {
        report.invalid(
            &path.key("signatureAlgorithm"),
            "Invalid signature algorithm provided",
        );
    }
    public_keys::validate_public_keys(&keys.public_keys, &path.key("publicKeys"), report);
    validate_logs(keys.rekor.as_ref(), keys.ctlog.as_ref(), path, report);
}

fn validate_certificates(certificates: &Certificates, path: &FieldPath, report: &mut Report) {
    if certificates.cert.is_empty() && certificates.cert_chain.is_empty() {
        report.invalid(path, "cert or certChain required");
    }
    public_keys::validate_certificates(&certificates.cert, &path.key("cert"), report);
    public_keys::validate_certificates(&certificates.cert_chain, &path.key("certChain"), report);
    validate_logs(
        certificates.rekor.as_ref(),
        certificates.ctlog.as_ref(),
        path,
        report,
    );
}

fn validate_keyless(keyless: &Keyless, path: &FieldPath, report: &mut Report) {
    match &keyless.rekor {
        None if keyless.roots.is_empty() => report.invalid(path, "Either Rekor URL or roots are required"),
        Some(rekor) if rekor.url.is_empty() => {
            report.invalid(&path.key("rekor").key("url"), "An URL is required")
        }
        None | Some(_) => {}
    }
    public_keys::validate_certificates(&keyless.roots, &path.key("roots"), report);
    validate_logs(keyless.rekor.as_ref(), keyless.ctlog.as_ref(), path, report);
}

fn validate_logs(rekor: Option<&Rekor>, ctlog: Option<&CtLog>, path: &FieldPath, report: &mut Report) {
    if let Some(rekor) = rekor {
        public_keys::validate_log_key(&rekor.pubkey, &path.key("rekor").key("pubkey"), report);
    }
    if let Some(ctlog) = ctlog {
        public_keys::validate_log_key(&ctlog.pubkey, &path.key("ctlog").key("pubkey"), report);
        public_keys::validate_certificates(
            &ctlog.tsa_cert_chain,
            &path.key("ctlog").key("tsaCertChain"),
            report,
        );
    }
}
