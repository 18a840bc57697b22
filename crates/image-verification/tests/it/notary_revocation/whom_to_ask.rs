//! Whom a signature makes the engine ask, and what the operator lets pass.

use std::collections::BTreeSet;
use std::time::SystemTime;

use image_trust::{ArtifactKind, RevocationCheck};
use rehearsal::Algorithm;
use rehearsal::notary::{NotaryAuthority, SignerOptions, Wrapping, envelope};
use rehearsal::revocation::Status;
use vouchsafe_image_verification::{RevocationSource, next_update, revocation_sources};

use super::{LIST, RESPONDER, demand, judged, list, of_now, places, refused, said, signature, signer};
use crate::notary::about;
use crate::workshop::{beginning, evidence, judging_time, timestamp};

#[test]
fn a_certificate_that_names_nobody_stands_and_nobody_is_asked() {
    let signer = signer(places(&[], &[]));
    let demand = demand(RevocationCheck::Enforce);
    let asked = revocation_sources(&evidence([signature(&signer)]), &demand, judging_time());
    assert_eq!(asked, BTreeSet::new());
    assert_eq!(refused(&judged(signature(&signer), &demand, |_| None)), None);
}

/// The attack: a stranger's certificate names an address inside the network, which would then be called.
#[test]
fn only_certificates_of_otherwise_valid_signatures_say_whom_to_ask() {
    let options = SignerOptions {
        revocation: places(&["http://10.0.0.1/"], &["http://169.254.169.254/"]),
        ..SignerOptions::default()
    };
    let other = NotaryAuthority::new(beginning()).expect("an authority");
    let stranger = other
        .signer_with("ci", Algorithm::P256, &options)
        .expect("a signer");
    let mut about_another = about(&image_reference::Digest::sha256_of(b"another"));
    about_another.size = 20;
    let replayed = ArtifactKind::Notary {
        media_type: Wrapping::Jws.media_type().to_owned(),
        envelope: envelope(&signer(places(&[LIST], &[])), &about_another, Wrapping::Jws)
            .expect("an envelope"),
    };
    let demand = demand(RevocationCheck::Enforce);
    for artifact in [signature(&stranger), replayed] {
        let asked = revocation_sources(&evidence([artifact]), &demand, judging_time());
        assert_eq!(asked, BTreeSet::new());
    }
}

#[test]
fn an_answer_says_itself_for_how_long_to_keep_it() {
    let signer = signer(places(&[LIST], &[RESPONDER]));
    let demand = demand(RevocationCheck::Enforce);
    let end: SystemTime = of_now().until.expect("an end");
    for source in revocation_sources(&evidence([signature(&signer)]), &demand, judging_time()) {
        let answer = said(&signer, &source, Status::Revoked, of_now());
        assert_eq!(next_update(&source, &answer), Some(timestamp(end)));
        assert_eq!(next_update(&source, b"junk"), None);
    }
}

#[test]
fn a_policy_that_only_logs_or_skips_revocation_accepts_and_says_what_it_let_pass() {
    let signer = signer(places(&[LIST], &[]));
    let revoked = |_: &RevocationSource| Some(list(&signer, Status::Revoked, of_now()));
    let logged = judged(signature(&signer), &demand(RevocationCheck::Log), revoked);
    assert_eq!(refused(&logged), None);
    let told = logged
        .examined
        .iter()
        .filter_map(|examined| examined.outcome.as_ref().err());
    assert!(
        told.clone().any(|told| told.contains("was revoked")),
        "{:?}",
        told.collect::<Vec<_>>()
    );
    let skipping = demand(RevocationCheck::Skip);
    let asked = revocation_sources(&evidence([signature(&signer)]), &skipping, judging_time());
    assert_eq!(asked, BTreeSet::new());
    let skipped = judged(signature(&signer), &skipping, revoked);
    assert_eq!((refused(&skipped), skipped.examined.len()), (None, 0));
}
