//! Certificates of Notary signatures that were taken back, or may have been.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use image_trust::{
    ArtifactKind, Authority as Demanded, ImageDemand, ImageFindings, Layouts, NotaryTrust, ReasonCode,
    RegistryAccess, RevocationCheck,
};
use rehearsal::Algorithm;
use rehearsal::authority::TimestampAuthority;
use rehearsal::notary::{
    NotaryAuthority, NotarySigner, SignerOptions, Stamp, Wrapping, countersigned, envelope,
};
use rehearsal::revocation::{Period, RevocationPlaces, Status};
use vouchsafe_image_verification::{
    PreparedEvidence, ResolvedKeys, RevocationAnswers, RevocationSource, judge_with_revocation, next_update,
    revocation_sources,
};

use crate::notary::about;
use crate::workshop::*;

const LIST: &str = "http://lists.acme.example/ca.crl";
const RESPONDER: &str = "http://ocsp.acme.example";

static NOTARY: LazyLock<NotaryAuthority> =
    LazyLock::new(|| NotaryAuthority::new(beginning()).expect("an authority"));

fn places(lists: &[&str], responders: &[&str]) -> RevocationPlaces {
    let owned = |urls: &[&str]| urls.iter().map(|url| (*url).to_owned()).collect();
    RevocationPlaces {
        lists: owned(lists),
        responders: owned(responders),
    }
}

fn signer(places: RevocationPlaces) -> NotarySigner {
    let options = SignerOptions {
        revocation: places,
        ..SignerOptions::default()
    };
    NOTARY
        .signer_with("ci", Algorithm::P256, &options)
        .expect("a signer")
}

fn signature(signer: &NotarySigner) -> ArtifactKind {
    ArtifactKind::Notary {
        media_type: Wrapping::Jws.media_type().to_owned(),
        envelope: envelope(signer, &about(&digest()), Wrapping::Jws).expect("an envelope"),
    }
}

fn demand(check: RevocationCheck) -> ImageDemand {
    let mut trust = NotaryTrust::strict(NOTARY.root().pem());
    trust.revocation = check;
    demand_of(trust)
}

fn demand_of(trust: NotaryTrust) -> ImageDemand {
    ImageDemand {
        layouts: Layouts::Notary,
        signers: vec![crate::workshop::signer(Demanded::Notary(trust))],
        attestations: Vec::new(),
        access: RegistryAccess::default(),
    }
}

/// Asks every source that judging names, and judges by what `say` answers.
fn judged(
    artifact: ArtifactKind,
    demand: &ImageDemand,
    say: impl Fn(&RevocationSource) -> Option<Vec<u8>>,
) -> ImageFindings {
    let evidence = evidence([artifact]);
    let answers: RevocationAnswers = revocation_sources(&evidence, demand, judging_time())
        .into_iter()
        .map(|source| {
            let answer = say(&source).map(Arc::from).ok_or_else(|| "no answer".to_owned());
            (source, answer)
        })
        .collect();
    judge_with_revocation(
        &PreparedEvidence::new(&evidence),
        demand,
        &ResolvedKeys::new(),
        &TRUST,
        &answers,
        judging_time(),
    )
}

/// The code of the refusal, none where it is accepted.
fn refused(findings: &ImageFindings) -> Option<ReasonCode> {
    findings.signers[0].as_ref().err().map(|refusal| refusal.code)
}

fn message(findings: &ImageFindings) -> String {
    findings.signers[0].as_ref().expect_err("refused").message.clone()
}

fn hours_from_signing(from: i64, until: i64) -> Period {
    let at = |hours: i64| {
        let distance = Duration::from_secs(hours.unsigned_abs() * 3600);
        if hours < 0 {
            signing_time() - distance
        } else {
            signing_time() + distance
        }
    };
    Period {
        from: at(from),
        until: Some(at(until)),
    }
}

/// Tests judge an hour after signing.
fn of_now() -> Period {
    hours_from_signing(0, 24)
}

fn list(signer: &NotarySigner, status: Status, period: Period) -> Vec<u8> {
    let says = [(&signer.chain[0], status)];
    NOTARY.revoker().list(&says, period, None).expect("a list")
}

fn response(signer: &NotarySigner, status: Status, period: Period) -> Vec<u8> {
    let about = &signer.chain[0];
    NOTARY
        .revoker()
        .response(about, status, period)
        .expect("a response")
}

fn is_list(source: &RevocationSource) -> bool {
    matches!(source, RevocationSource::List { .. })
}

#[test]
fn a_certificate_stands_where_a_list_or_a_responder_says_so() {
    for (lists, responders) in [
        (vec![LIST], vec![]),
        (vec![], vec![RESPONDER]),
        (vec![LIST], vec![RESPONDER]),
    ] {
        let signer = signer(places(&lists, &responders));
        let say = |source: &RevocationSource| {
            Some(if is_list(source) {
                list(&signer, Status::Good, of_now())
            } else {
                response(&signer, Status::Good, of_now())
            })
        };
        let findings = judged(signature(&signer), &demand(RevocationCheck::Enforce), say);
        assert_eq!(
            refused(&findings),
            None,
            "{lists:?} {responders:?}: {:?}",
            findings.signers
        );
    }
}

#[test]
fn a_certificate_that_names_nobody_stands_and_nobody_is_asked() {
    let signer = signer(places(&[], &[]));
    let demand = demand(RevocationCheck::Enforce);
    let asked = revocation_sources(&evidence([signature(&signer)]), &demand, judging_time());
    assert_eq!(asked, BTreeSet::new());
    assert_eq!(refused(&judged(signature(&signer), &demand, |_| None)), None);
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
            Some(if is_list(source) {
                list(&signer, status, of_now())
            } else {
                response(&signer, status, of_now())
            })
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
            (is_list(source) == lists_answer).then(|| {
                if is_list(source) {
                    list(&signer, Status::Good, of_now())
                } else {
                    response(&signer, Status::Good, of_now())
                }
            })
        };
        let findings = judged(signature(&signer), &demand(RevocationCheck::Enforce), say);
        assert_eq!(refused(&findings), None, "lists answer: {lists_answer}");
    }
}

/// Lists may be split by reason: one that is silent may be the one with the entry.
#[test]
fn every_list_that_a_certificate_names_must_answer() {
    let other = "http://lists.acme.example/other.crl";
    let signer = signer(places(&[LIST, other], &[]));
    for (silent, verdict) in [
        (None, None),
        (Some(LIST), Some(ReasonCode::RevocationUnknown)),
        (Some(other), Some(ReasonCode::RevocationUnknown)),
    ] {
        let say = |source: &RevocationSource| match source {
            RevocationSource::List { url } if Some(url.as_str()) != silent => {
                Some(list(&signer, Status::Good, of_now()))
            }
            _ => None,
        };
        let findings = judged(signature(&signer), &demand(RevocationCheck::Enforce), say);
        assert_eq!(refused(&findings), verdict, "silent: {silent:?}");
    }
}

/// The attack: an answer of last week, genuine, from before the key was taken back.
#[test]
fn an_answer_outside_of_its_time_is_no_answer() {
    let signer = signer(places(&[LIST], &[RESPONDER]));
    let without_end = Period {
        from: signing_time(),
        until: None,
    };
    for period in [hours_from_signing(-48, 0), hours_from_signing(2, 24), without_end] {
        let say = |source: &RevocationSource| {
            Some(if is_list(source) {
                list(&signer, Status::Good, period)
            } else {
                response(&signer, Status::Good, period)
            })
        };
        let findings = judged(signature(&signer), &demand(RevocationCheck::Enforce), say);
        assert_eq!(
            refused(&findings),
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
        let findings = judged(signature(&signer), &demand(RevocationCheck::Enforce), say);
        assert_eq!(refused(&findings).is_none(), is_of_now, "{minutes}");
    }
}

/// The attack: genuine answers, each of somebody who has no say over this certificate, or about another one.
#[test]
fn an_answer_of_another_authority_or_about_another_certificate_is_no_answer() {
    let signer = signer(places(&[LIST], &[RESPONDER]));
    let neighbour = NOTARY.signer("neighbour", Algorithm::P256).expect("a signer");
    let other = NotaryAuthority::new(beginning()).expect("an authority");
    let elsewhere = "http://lists.acme.example/other.crl";
    let lists = [
        other.revoker().list(&[], of_now(), None).expect("a list"),
        // Of the right authority, and of another of its parts.
        NOTARY
            .revoker()
            .list(&[], of_now(), Some(elsewhere))
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
        let findings = judged(signature(&signer), &demand(RevocationCheck::Enforce), say);
        assert_eq!(refused(&findings), Some(ReasonCode::RevocationUnknown));
    }
    let here = NOTARY.revoker().list(&[], of_now(), Some(LIST)).expect("a list");
    let say = |source: &RevocationSource| is_list(source).then(|| here.clone());
    assert_eq!(
        refused(&judged(
            signature(&signer),
            &demand(RevocationCheck::Enforce),
            say
        )),
        None
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
    for (delegate, verdict) in [
        (&named, None),
        (&unnamed, Some(ReasonCode::RevocationUnknown)),
        (&strange, Some(ReasonCode::RevocationUnknown)),
    ] {
        let answer = NOTARY
            .revoker()
            .delegated(&signer.chain[0], Status::Good, of_now(), delegate)
            .expect("a response");
        let findings = judged(signature(&signer), &demand(RevocationCheck::Enforce), |_| {
            Some(answer.clone())
        });
        assert_eq!(refused(&findings), verdict);
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
fn a_certificate_taken_back_for_later_stands_where_its_signature_is_proven_to_be_older() {
    let signer = signer(places(&[LIST], &[]));
    let authority = TimestampAuthority::new(beginning()).expect("an authority");
    let stamp = Stamp {
        authority: &authority,
        at: signing_time(),
        instead: None,
    };
    let stamped = ArtifactKind::Notary {
        media_type: Wrapping::Jws.media_type().to_owned(),
        envelope: countersigned(&signer, &about(&digest()), Wrapping::Jws, stamp).expect("an envelope"),
    };
    let mut trust = NotaryTrust::strict(NOTARY.root().pem());
    trust.timestamp_authorities = Some(authority.root().pem().into());
    let later = Status::RevokedFrom(signing_time() + Duration::from_secs(600));
    let earlier = Status::RevokedFrom(signing_time() - Duration::from_secs(600));
    let judge = |artifact: ArtifactKind, trust: NotaryTrust, status: Status| {
        let say = |_: &RevocationSource| Some(list(&signer, status, of_now()));
        refused(&judged(artifact, &demand_of(trust), say))
    };
    assert_eq!(judge(stamped.clone(), trust.clone(), later), None);
    assert_eq!(
        judge(stamped.clone(), trust.clone(), earlier),
        Some(ReasonCode::Revoked)
    );
    // Without a proven time the signer's own word is taken for nothing.
    trust.timestamp_authorities = None;
    assert_eq!(judge(stamped, trust, later), Some(ReasonCode::Revoked));
}

/// CVE-2024-56138: the timestamp authority's own certificate was never asked about.
#[test]
fn a_revoked_timestamp_authority_proves_no_time_cve_2024_56138() {
    let signer = signer(places(&[], &[]));
    let authority = TimestampAuthority::telling(beginning(), &places(&[LIST], &[])).expect("an authority");
    let stamp = Stamp {
        authority: &authority,
        at: signing_time(),
        instead: None,
    };
    let mut trust = NotaryTrust::strict(NOTARY.root().pem());
    trust.timestamp_authorities = Some(authority.root().pem().into());
    for (status, verdict) in [(Status::Good, None), (Status::Revoked, Some(ReasonCode::Revoked))] {
        let says = [(authority.leaf(), status)];
        let answer = authority.revoker().list(&says, of_now(), None).expect("a list");
        let stamped = ArtifactKind::Notary {
            media_type: Wrapping::Cose.media_type().to_owned(),
            envelope: countersigned(&signer, &about(&digest()), Wrapping::Cose, stamp).expect("an envelope"),
        };
        let findings = judged(stamped, &demand_of(trust.clone()), |_| Some(answer.clone()));
        assert_eq!(refused(&findings), verdict, "{status:?}");
    }
}

#[test]
fn no_changed_byte_of_an_answer_consents() {
    let signer = signer(places(&[LIST], &[]));
    let by_responder = self::signer(places(&[], &[RESPONDER]));
    let demand = demand(RevocationCheck::Enforce);
    for (signer, genuine) in [
        (&signer, list(&signer, Status::Good, of_now())),
        (&by_responder, response(&by_responder, Status::Good, of_now())),
    ] {
        for place in 0..genuine.len() {
            let mut changed = genuine.clone();
            changed[place] ^= 0x01;
            let findings = judged(signature(signer), &demand, |_| Some(changed.clone()));
            assert_eq!(
                refused(&findings),
                Some(ReasonCode::RevocationUnknown),
                "byte {place}"
            );
        }
    }
}

#[test]
fn an_answer_says_itself_for_how_long_to_keep_it() {
    let signer = signer(places(&[LIST], &[RESPONDER]));
    let demand = demand(RevocationCheck::Enforce);
    let end: SystemTime = of_now().until.expect("an end");
    for source in revocation_sources(&evidence([signature(&signer)]), &demand, judging_time()) {
        let answer = if is_list(&source) {
            list(&signer, Status::Revoked, of_now())
        } else {
            response(&signer, Status::Good, of_now())
        };
        assert_eq!(next_update(&source, &answer), Some(timestamp(end)));
        assert_eq!(next_update(&source, b"junk"), None);
    }
}
