//! Entries of an attestor set that one signature can satisfy together: then `count` counts one signer several times.

use std::collections::BTreeSet;

use policy_types::kyverno_io::attestors::{Attestor, Keyless};
use regex::RegexBuilder;
use scalars::wildcard;

/// Entries of a set that are compared with each other, in number.
const MOST_COMPARED: usize = 100;
/// Bytes that a compiled expression may take; one that takes more is compared by its text alone.
const MOST_REGEX_BYTES: usize = 1024 * 1024;

/// The first two entries that one signature can satisfy.
pub(crate) fn overlapping(entries: &[Attestor]) -> Option<(usize, usize)> {
    let entries = entries.get(..MOST_COMPARED).unwrap_or(entries);
    let pairs = entries.iter().enumerate().flat_map(|(at, one)| {
        entries
            .iter()
            .enumerate()
            .skip(at.saturating_add(1))
            .map(move |(other_at, other)| ((at, one), (other_at, other)))
    });
    pairs
        .into_iter()
        .find(|((_, one), (_, other))| may_be_one(one, other))
        .map(|((one, _), (other, _))| (one, other))
}

fn may_be_one(one: &Attestor, other: &Attestor) -> bool {
    match (&one.keyless, &other.keyless) {
        (Some(one), Some(other)) => may_be_one_identity(one, other),
        (None, None) => share_a_key(one, other) || are_one_authority(one, other),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn may_be_one_identity(one: &Keyless, other: &Keyless) -> bool {
    one.roots == other.roots
        && Half::of(&one.subject, &one.subject_reg_exp)
            .meets(&Half::of(&other.subject, &other.subject_reg_exp))
        && Half::of(&one.issuer, &one.issuer_reg_exp).meets(&Half::of(&other.issuer, &other.issuer_reg_exp))
        && one.additional_extensions.iter().all(|(name, value)| {
            let others = other.additional_extensions.get(name);
            others.is_none_or(|others| value == others || wildcards_meet(value, others))
        })
}

/// One half of an identity: a wildcard, an expression, both or neither.
#[derive(PartialEq)]
struct Half<'k> {
    name: &'k str,
    expression: &'k str,
}

impl<'k> Half<'k> {
    fn of(name: &'k str, expression: &'k str) -> Self {
        Self { name, expression }
    }

    fn is_open(&self) -> bool {
        self.name.is_empty() && self.expression.is_empty()
    }

    /// Whether one name may satisfy both. Two expressions that are not the same are not told: nobody can say.
    fn meets(&self, other: &Self) -> bool {
        self.is_open()
            || other.is_open()
            || self == other
            || wildcards_meet(self.name, other.name)
            || matches(self.expression, other.name)
            || matches(other.expression, self.name)
    }
}

/// Whether one wildcard matches the other's text: what the other matches may then match both.
fn wildcards_meet(one: &str, other: &str) -> bool {
    !one.is_empty() && !other.is_empty() && (wildcard::matches(one, other) || wildcard::matches(other, one))
}

/// Whether an expression matches a name that is no wildcard.
fn matches(expression: &str, name: &str) -> bool {
    let is_name = !name.is_empty() && !name.contains(['*', '?']);
    if expression.is_empty() || !is_name {
        return false;
    }
    let compiled = RegexBuilder::new(expression).size_limit(MOST_REGEX_BYTES).build();
    compiled.is_ok_and(|expression| expression.is_match(name))
}

/// Whether a key stands in both: the same text, reference or Secret.
fn share_a_key(one: &Attestor, other: &Attestor) -> bool {
    let keys = |entry: &Attestor| -> BTreeSet<String> {
        let Some(keys) = &entry.keys else {
            return BTreeSet::new();
        };
        let texts = keys.public_keys.split_inclusive("-----END PUBLIC KEY-----");
        let mut found: BTreeSet<String> = texts.map(|text| text.split_whitespace().collect()).collect();
        found.insert(keys.kms.trim().to_owned());
        found.extend(keys.secret.as_ref().map(|secret| format!("{secret:?}")));
        found.remove("");
        found
    };
    !keys(one).is_disjoint(&keys(other))
}

fn are_one_authority(one: &Attestor, other: &Attestor) -> bool {
    let texts = |entry: &Attestor| {
        let certificates = entry.certificates.as_ref()?;
        Some((
            certificates.cert.trim().to_owned(),
            certificates.cert_chain.trim().to_owned(),
        ))
    };
    one.certificates.is_some() && texts(one) == texts(other)
}
