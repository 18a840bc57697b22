//! Whether the certificates of a Notary signature still stand, as far as the policy asks.

use std::collections::BTreeSet;

use image_trust::RevocationCheck;
use jiff::Timestamp;

use crate::notary::signed::Signed;
use crate::rejection::Rejection;
use crate::revocation::{self, Issued, Moment, RevocationAnswers, RevocationSource};

/// Whom to ask about the certificates of `signed`.
pub(crate) fn sources(signed: &Signed, check: RevocationCheck, into: &mut BTreeSet<RevocationSource>) {
    match check {
        RevocationCheck::Skip => {}
        RevocationCheck::Enforce | RevocationCheck::Log => {
            for issued in revocation::pairs(&signed.chain).chain(revocation::pairs(&signed.timestamp_chain)) {
                issued.sources(into);
            }
        }
    }
}

/// What is to be told of certificates that don't stand, where the policy lets them pass; else the first refuses.
pub(crate) fn judge(
    signed: &Signed,
    check: RevocationCheck,
    answers: &RevocationAnswers,
    at: Timestamp,
) -> Result<Vec<Rejection>, Rejection> {
    let fallen = match check {
        RevocationCheck::Skip => return Ok(Vec::new()),
        RevocationCheck::Enforce | RevocationCheck::Log => fallen(signed, answers, at),
    };
    match (check, fallen.first()) {
        (RevocationCheck::Enforce, Some(first)) => Err(first.clone()),
        (RevocationCheck::Enforce | RevocationCheck::Log | RevocationCheck::Skip, _) => Ok(fallen),
    }
}

fn fallen(signed: &Signed, answers: &RevocationAnswers, at: Timestamp) -> Vec<Rejection> {
    let refusal = |issued: Issued<'_>, used: Option<Timestamp>| {
        let standing = issued.standing(answers, Moment { at, used });
        revocation::refusal(issued.certificate, &standing)
    };
    let signers = revocation::pairs(&signed.chain).filter_map(|issued| refusal(issued, signed.by));
    // A timestamp authority's key that may be another's vouches for no time, not even for its own.
    let authorities = revocation::pairs(&signed.timestamp_chain).filter_map(|issued| refusal(issued, None));
    signers.chain(authorities).collect()
}
