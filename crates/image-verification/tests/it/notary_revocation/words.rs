//! Which word counts where several speak, or some are silent.

use image_trust::{Layouts, ReasonCode, RevocationCheck};
use rehearsal::notary::NotarySigner;
use rehearsal::revocation::Status;
use vouchsafe_image_verification::RevocationSource;

use super::{
    LIST, OTHER_LIST, RESPONDER, demand, is_list, judged, list, message, of_now, places, refused, response,
    said, signature, signer, verdict,
};
use crate::workshop::{findings, judging_time};

#[test]
fn a_certificate_stands_where_a_list_or_a_responder_says_so() {
    for (lists, responders) in [
        (vec![LIST], vec![]),
        (vec![], vec![RESPONDER]),
        (vec![LIST], vec![RESPONDER]),
    ] {
        let signer = signer(places(&lists, &responders));
        let say = |source: &RevocationSource| Some(said(&signer, source, Status::Good, of_now()));
        assert_eq!(verdict(&signer, say), None, "{lists:?} {responders:?}");
    }
}

#[test]
fn a_revoked_certificate_is_refused_whoever_says_it() {
    let signer = signer(places(&[LIST], &[RESPONDER]));
    let demand = demand(RevocationCheck::Enforce);
    for lists_say in [true, false] {
        // The other says that it stands, and is not believed over the word that it does not.
        let say = |source: &RevocationSource| {
            let status = if is_list(source) == lists_say {
                Status::Revoked
            } else {
                Status::Good
            };
            Some(said(&signer, source, status, of_now()))
        };
        let findings = judged(signature(&signer), &demand, say);
        assert_eq!(refused(&findings), Some(ReasonCode::Revoked));
        assert!(
            message(&findings).contains("was revoked"),
            "{}",
            message(&findings)
        );
    }
}

/// The attack: who stands before the servers lets nothing through, and a revoked key signs on.
#[test]
fn silence_about_revocation_is_no_consent() {
    let signer = signer(places(&[LIST], &[RESPONDER]));
    let demand = demand(RevocationCheck::Enforce);
    let findings = judged(signature(&signer), &demand, |_| None);
    assert_eq!(refused(&findings), Some(ReasonCode::RevocationUnknown));
    assert!(
        message(&findings).contains("may have been revoked"),
        "{}",
        message(&findings)
    );
    let unknown = judged(signature(&signer), &demand, |source| {
        (!is_list(source)).then(|| response(&signer, Status::Unknown, of_now()))
    });
    assert_eq!(refused(&unknown), Some(ReasonCode::RevocationUnknown));
    // Judged without a word asked, as callers do that know of no revocation.
    let unasked = findings_of(&signer);
    assert_eq!(unasked.expect_err("refused").code, ReasonCode::RevocationUnknown);
}

fn findings_of(signer: &NotarySigner) -> image_trust::SignerFinding {
    let demand = demand(RevocationCheck::Enforce);
    findings(
        [signature(signer)],
        Layouts::Notary,
        demand.signers,
        Vec::new(),
        judging_time(),
    )
    .signers
    .remove(0)
}

#[test]
fn one_source_that_answers_is_enough_where_another_is_silent() {
    let signer = signer(places(&[LIST], &[RESPONDER]));
    for lists_answer in [true, false] {
        let say = |source: &RevocationSource| {
            (is_list(source) == lists_answer).then(|| said(&signer, source, Status::Good, of_now()))
        };
        assert_eq!(verdict(&signer, say), None, "lists answer: {lists_answer}");
    }
}

/// Lists may be split by reason: one that is silent may be the one with the entry.
#[test]
fn every_list_that_a_certificate_names_must_answer() {
    let signer = signer(places(&[LIST, OTHER_LIST], &[]));
    for (silent, expected) in [
        (None, None),
        (Some(LIST), Some(ReasonCode::RevocationUnknown)),
        (Some(OTHER_LIST), Some(ReasonCode::RevocationUnknown)),
    ] {
        let say = |source: &RevocationSource| match source {
            RevocationSource::List { url } if Some(url.as_str()) != silent => {
                Some(list(&signer, Status::Good, of_now()))
            }
            _ => None,
        };
        assert_eq!(verdict(&signer, say), expected, "silent: {silent:?}");
    }
}

/// The attack: one list that can't be had, by whoever stands before it, must not silence the list that names the key; nor
/// a responder that consents.
#[test]
fn a_word_that_it_was_revoked_counts_whoever_is_silent_or_consents_beside_it() {
    let several_lists = signer(places(&[LIST, OTHER_LIST], &[RESPONDER]));
    for silent in [LIST, OTHER_LIST] {
        let say = |source: &RevocationSource| match source {
            RevocationSource::List { url } if url == silent => None,
            RevocationSource::List { .. } => Some(list(&several_lists, Status::Revoked, of_now())),
            RevocationSource::Responder { .. } => Some(response(&several_lists, Status::Good, of_now())),
        };
        assert_eq!(
            verdict(&several_lists, say),
            Some(ReasonCode::Revoked),
            "silent: {silent}"
        );
    }
    let other = "http://ocsp.acme.example/other";
    let several_responders = signer(places(&[], &[RESPONDER, other]));
    for revoking in [RESPONDER, other] {
        let say = |source: &RevocationSource| {
            let RevocationSource::Responder { url, .. } = source else {
                return None;
            };
            let status = if url == revoking {
                Status::Revoked
            } else {
                Status::Good
            };
            Some(response(&several_responders, status, of_now()))
        };
        let verdict = verdict(&several_responders, say);
        assert_eq!(verdict, Some(ReasonCode::Revoked), "{revoking}");
    }
}
