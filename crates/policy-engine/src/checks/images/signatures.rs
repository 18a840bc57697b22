//! Attestor sets against what was found: who counts, and what is said of those who don't.

use image_trust::{Proof, Refusal, SignerFinding};

use super::attestors::{Attestor, AttestorSet};

/// A set that is not met.
#[derive(Debug)]
pub(super) struct Unmet<'f> {
    /// Kyverno's text: `.attestors[0].entries[0].keys: no signatures found`, several joined by `; `.
    pub(super) text: String,
    /// The refusal of each leaf that was tried, in order.
    pub(super) refusals: Vec<&'f Refusal>,
}

/// Counts one set: entries in order, until enough hold.
///
/// # Errors
/// [`Unmet`] with every leaf that failed.
pub(super) fn meet<'f>(
    set: &AttestorSet,
    findings: &'f [SignerFinding],
    path: &str,
) -> Result<Vec<&'f Proof>, Unmet<'f>> {
    let mut proofs = Vec::new();
    let mut texts = Vec::new();
    let mut refusals = Vec::new();
    let mut met = 0_usize;
    for (index, attestor) in set.entries.iter().enumerate() {
        if met >= set.required {
            break;
        }
        let place = format!("{path}.entries[{index}]");
        match attestor {
            Attestor::Leaf { signer, suffix } => match findings.get(*signer) {
                Some(Ok(proof)) => {
                    proofs.push(proof);
                    met = met.saturating_add(1);
                }
                Some(Err(refusal)) => {
                    texts.push(format!("{place}{suffix}: {}", refusal.message));
                    refusals.push(refusal);
                }
                None => texts.push(format!("{place}{suffix}: no answer was found")),
            },
            Attestor::Nested(nested) => match meet(nested, findings, &format!("{place}.attestor")) {
                Ok(inner) => {
                    proofs.extend(inner);
                    met = met.saturating_add(1);
                }
                Err(unmet) => {
                    texts.push(unmet.text);
                    refusals.extend(unmet.refusals);
                }
            },
        }
    }
    if met >= set.required {
        Ok(proofs)
    } else {
        Err(Unmet {
            text: texts.join("; "),
            refusals,
        })
    }
}

/// What the first leaf of the sets is called, for a failure that concerns no leaf in particular.
pub(super) fn first_place(sets: &[AttestorSet], path: &str) -> String {
    let mut place = format!("{path}[0]");
    let mut set = sets.first();
    while let Some(attestor) = set.and_then(|set| set.entries.first()) {
        place.push_str(".entries[0]");
        match attestor {
            Attestor::Leaf { suffix, .. } => {
                place.push_str(suffix);
                set = None;
            }
            Attestor::Nested(nested) => {
                place.push_str(".attestor");
                set = Some(nested);
            }
        }
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;
    use image_reference::Digest;
    use image_trust::ReasonCode;

    fn found(good: bool) -> SignerFinding {
        if good {
            Ok(Proof::minted(
                Digest::sha256_of(b""),
                String::new(),
                String::new(),
                Vec::new(),
            ))
        } else {
            Err(Refusal::new(ReasonCode::Unsigned, "no signatures found"))
        }
    }

    fn set(required: usize, leaves: usize) -> AttestorSet {
        AttestorSet {
            required,
            entries: (0..leaves)
                .map(|signer| Attestor::Leaf {
                    signer,
                    suffix: ".keys",
                })
                .collect(),
        }
    }

    #[test]
    fn a_set_is_met_by_as_many_as_it_counts() {
        let findings = [found(false), found(true), found(true)];
        assert!(meet(&set(2, 3), &findings, ".attestors[0]").is_ok());
        let unmet = meet(&set(3, 3), &findings, ".attestors[0]").unwrap_err();
        assert_eq!(unmet.text, ".attestors[0].entries[0].keys: no signatures found");
    }

    #[test]
    fn a_leaf_without_an_answer_is_not_met() {
        assert!(meet(&set(1, 1), &[], ".attestors[0]").is_err());
    }

    #[test]
    fn a_nested_set_counts_as_one() {
        let nested = AttestorSet {
            required: 1,
            entries: vec![Attestor::Nested(set(1, 2))],
        };
        assert!(meet(&nested, &[found(false), found(true)], ".attestors[0]").is_ok());
        let unsigned = [found(false), found(false)];
        let unmet = meet(&nested, &unsigned, ".attestors[0]").unwrap_err();
        assert!(
            unmet
                .text
                .starts_with(".attestors[0].entries[0].attestor.entries[0].keys: "),
            "{}",
            unmet.text
        );
        assert_eq!(
            first_place(&[nested], ".attestors"),
            ".attestors[0].entries[0].attestor.entries[0].keys"
        );
    }
}
