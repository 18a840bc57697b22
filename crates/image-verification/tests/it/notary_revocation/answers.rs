//! Which answers count: of now, of whom the issuer named, about this certificate, unchanged.

use std::time::Duration;

use image_trust::{ReasonCode, RevocationCheck};
use rehearsal::Algorithm;
use rehearsal::notary::NotaryAuthority;
use rehearsal::revocation::{Period, Scope, Status};
use vouchsafe_image_verification::RevocationSource;

use super::{
    LIST, NOTARY, OTHER_LIST, RESPONDER, demand, hours_from_signing, is_list, judged, list, message, of_now,
    places, refused, response, said, signature, signer, verdict,
};
use crate::workshop::{beginning, signing_time};

/// The attack: an answer of last week, genuine, from before the key was taken back.
#[test]
fn an_answer_outside_of_its_time_is_no_answer() {
    let signer = signer(places(&[LIST], &[RESPONDER]));
    let without_end = Period {
        from: signing_time(),
        until: None,
    };
    for period in [hours_from_signing(-48, 0), hours_from_signing(2, 24), without_end] {
        let say = |source: &RevocationSource| Some(said(&signer, source, Status::Good, period));
        assert_eq!(
            verdict(&signer, say),
            Some(ReasonCode::RevocationUnknown),
            "{period:?}"
        );
    }
}

/// A responder signs as it is asked, and its clock may be some seconds ahead of ours.
#[test]
fn an_answer_some_minutes_ahead_of_our_clock_is_of_now() {
    let signer = signer(places(&[], &[RESPONDER]));
    for (minutes, is_of_now) in [(4, true), (6, false)] {
        // Tests judge an hour after signing.
        let period = Period {
            from: signing_time() + Duration::from_secs((60 + minutes) * 60),
            until: Some(signing_time() + Duration::from_secs(86_400)),
        };
        let say = |_: &RevocationSource| Some(response(&signer, Status::Good, period));
        assert_eq!(verdict(&signer, say).is_none(), is_of_now, "{minutes}");
    }
}

/// The attack: genuine answers, each of somebody who has no say over this certificate, or about another one.
#[test]
fn an_answer_of_another_authority_or_about_another_certificate_is_no_answer() {
    let signer = signer(places(&[LIST], &[RESPONDER]));
    let neighbour = NOTARY.signer("neighbour", Algorithm::P256).expect("a signer");
    let other = NotaryAuthority::new(beginning()).expect("an authority");
    let lists = [
        other
            .revoker()
            .list(&[], of_now(), Scope::Everything)
            .expect("a list"),
        // Of the right authority, and of another of its parts.
        NOTARY
            .revoker()
            .list(&[], of_now(), Scope::Place(OTHER_LIST))
            .expect("a list"),
    ];
    let responses = [
        other
            .revoker()
            .response(&signer.chain[0], Status::Good, of_now())
            .expect("a response"),
        response(&neighbour, Status::Good, of_now()),
    ];
    for (list, response) in lists.iter().zip(&responses) {
        let say = |source: &RevocationSource| Some(if is_list(source) { list } else { response }.clone());
        assert_eq!(verdict(&signer, say), Some(ReasonCode::RevocationUnknown));
    }
    let here = NOTARY
        .revoker()
        .list(&[], of_now(), Scope::Place(LIST))
        .expect("a list");
    let say = |source: &RevocationSource| is_list(source).then(|| here.clone());
    assert_eq!(verdict(&signer, say), None);
}

/// The attack: a genuine list of the right authority that speaks of something else, or of a part only, offered in the stead
/// of the whole one, in which the certificate stands.
#[test]
fn a_list_of_changes_or_of_a_part_is_no_consent() {
    let signer = signer(places(&[LIST], &[]));
    for (scope, why) in [
        (
            Scope::ChangesSince(7),
            "extension 2.5.29.27, which is not understood",
        ),
        (
            Scope::ChangesAt(OTHER_LIST),
            "changes to the list are told elsewhere",
        ),
        (Scope::OtherAuthorities, "does not speak of such certificates"),
        (Scope::SomeReasons, "does not speak of such certificates"),
    ] {
        let list = NOTARY.revoker().list(&[], of_now(), scope).expect("a list");
        let demand = demand(RevocationCheck::Enforce);
        let findings = judged(signature(&signer), &demand, |_| Some(list.clone()));
        assert_eq!(
            refused(&findings),
            Some(ReasonCode::RevocationUnknown),
            "{scope:?}"
        );
        assert!(
            message(&findings).contains(why),
            "{scope:?}: {}",
            message(&findings)
        );
    }
}

/// `removeFromCRL` belongs to lists of changes (RFC 5280 §5.3.1): a whole list that says so of a certificate is at fault, and
/// no consent.
#[test]
fn a_whole_list_that_takes_back_a_revocation_is_no_consent() {
    let signer = signer(places(&[LIST], &[]));
    let list = list(&signer, Status::TakenBack, of_now());
    let findings = judged(signature(&signer), &demand(RevocationCheck::Enforce), |_| {
        Some(list.clone())
    });
    assert_eq!(refused(&findings), Some(ReasonCode::RevocationUnknown));
    assert!(
        message(&findings).contains("takes back a revocation"),
        "{}",
        message(&findings)
    );
}

#[test]
fn a_responder_that_the_issuer_named_answers_for_it_and_no_other_certificate_does() {
    let signer = signer(places(&[], &[RESPONDER]));
    let (named, unnamed) = (
        NOTARY.revoker().delegate(beginning(), true).expect("a responder"),
        NOTARY.revoker().delegate(beginning(), false).expect("a leaf"),
    );
    let other = NotaryAuthority::new(beginning()).expect("an authority");
    let strange = other.revoker().delegate(beginning(), true).expect("a responder");
    for (delegate, expected) in [
        (&named, None),
        (&unnamed, Some(ReasonCode::RevocationUnknown)),
        (&strange, Some(ReasonCode::RevocationUnknown)),
    ] {
        let answer = NOTARY
            .revoker()
            .delegated(&signer.chain[0], Status::Good, of_now(), delegate)
            .expect("a response");
        assert_eq!(verdict(&signer, |_| Some(answer.clone())), expected);
    }
}

#[test]
fn no_changed_byte_of_an_answer_consents() {
    let signer = signer(places(&[LIST], &[]));
    let by_responder = self::signer(places(&[], &[RESPONDER]));
    for (signer, genuine) in [
        (&signer, list(&signer, Status::Good, of_now())),
        (&by_responder, response(&by_responder, Status::Good, of_now())),
    ] {
        for place in 0..genuine.len() {
            let mut changed = genuine.clone();
            changed[place] ^= 0x01;
            let verdict = verdict(signer, |_| Some(changed.clone()));
            assert_eq!(verdict, Some(ReasonCode::RevocationUnknown), "byte {place}");
        }
    }
}
