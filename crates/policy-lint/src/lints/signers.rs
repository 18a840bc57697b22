//! Every attestor set of a rule, wherever it stands: for signatures, for attestations, within other sets.

use manifest::FieldPath;
use policy_types::kyverno_io::attestors::{Attestor, AttestorSet};
use policy_types::kyverno_io::rule::Rule;

/// Every set of the rule with its path, nested ones included.
pub(crate) fn sets<'r>(rule: &'r Rule, path: &FieldPath) -> Vec<(&'r AttestorSet, FieldPath)> {
    let mut found = Vec::new();
    for (index, entry) in rule.verify_images.iter().enumerate() {
        let path = path.key("verifyImages").index(index);
        below(&entry.attestors, &path.key("attestors"), &mut found);
        for (index, attestation) in entry.attestations.iter().enumerate() {
            let path = path.key("attestations").index(index).key("attestors");
            below(&attestation.attestors, &path, &mut found);
        }
    }
    found
}

fn below<'r>(sets: &'r [AttestorSet], path: &FieldPath, found: &mut Vec<(&'r AttestorSet, FieldPath)>) {
    for (index, set) in sets.iter().enumerate() {
        with_nested(set, path.index(index), found);
    }
}

/// A set and those in it. Recursion is bounded by the depth of the document.
fn with_nested<'r>(set: &'r AttestorSet, path: FieldPath, found: &mut Vec<(&'r AttestorSet, FieldPath)>) {
    for (index, entry) in set.entries.iter().enumerate() {
        if let Some(inner) = &entry.attestor {
            with_nested(inner, path.key("entries").index(index).key("attestor"), found);
        }
    }
    found.push((set, path));
}

/// How many keys a PEM text holds.
pub(crate) fn key_count(pem: &str) -> usize {
    pem.matches("-----BEGIN PUBLIC KEY-----").count()
}

/// How many signatures an entry may ask for: one for each key.
pub(crate) fn weight(entry: &Attestor) -> usize {
    entry
        .keys
        .as_ref()
        .map_or(1, |keys| key_count(&keys.public_keys).max(1))
}
