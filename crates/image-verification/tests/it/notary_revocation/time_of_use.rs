//! Keys that were taken back for a time after they signed, and who may say when that was.

use std::time::Duration;

use image_trust::{ArtifactKind, NotaryTrust, ReasonCode};
use rehearsal::authority::TimestampAuthority;
use rehearsal::notary::{Claim, NotarySigner, Stamp, Wrapping, countersigned, envelope};
use rehearsal::revocation::{Scope, Status};
use vouchsafe_image_verification::RevocationSource;

use super::{LIST, NOTARY, demand_of, judged, list, of_now, places, refused, signer};
use crate::notary::about;
use crate::workshop::{beginning, digest, signing_time};

fn stamped(signer: &NotarySigner, authority: &TimestampAuthority) -> ArtifactKind {
    let stamp = Stamp {
        authority,
        at: signing_time(),
        instead: None,
    };
    let wrapping = Wrapping::Cose;
    ArtifactKind::Notary {
        media_type: wrapping.media_type().to_owned(),
        envelope: countersigned(signer, &about(&digest()), wrapping, stamp).expect("an envelope"),
    }
}

/// Demands a countersignature of `authority`.
fn trust_with(authority: &TimestampAuthority) -> NotaryTrust {
    NotaryTrust {
        timestamp_authorities: Some(authority.root().pem().into()),
        ..NotaryTrust::strict(NOTARY.root().pem())
    }
}

/// Taken back for what it signs from ten minutes after our signature on.
fn ten_minutes_later() -> Status {
    Status::RevokedFrom(signing_time() + Duration::from_secs(600))
}

#[test]
fn a_certificate_taken_back_for_later_stands_where_its_signature_is_proven_to_be_older() {
    let signer = signer(places(&[LIST], &[]));
    let authority = TimestampAuthority::new(beginning()).expect("an authority");
    let stamped = stamped(&signer, &authority);
    let mut trust = trust_with(&authority);
    let later = ten_minutes_later();
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
    for (status, verdict) in [(Status::Good, None), (Status::Revoked, Some(ReasonCode::Revoked))] {
        let says = [(authority.leaf(), status)];
        let answer = authority
            .revoker()
            .list(&says, of_now(), Scope::Everything)
            .expect("a list");
        let demand = demand_of(trust_with(&authority));
        let findings = judged(stamped(&signer, &authority), &demand, |_| Some(answer.clone()));
        assert_eq!(refused(&findings), verdict, "{status:?}");
    }
}

/// The attack: a signing authority's key is stolen and taken back. The thief dates what they sign before the theft, as
/// nobody else says when it was made.
#[test]
fn a_signing_authority_that_was_taken_back_is_not_excused_by_the_date_it_writes() {
    let signer = signer(places(&[LIST], &[]));
    let claim = Claim {
        scheme: "notary.x509.signingAuthority".to_owned(),
        ..about(&digest())
    };
    let trust = NotaryTrust {
        signing_authorities: Some(NOTARY.root().pem().into()),
        ..NotaryTrust::strict(NOTARY.root().pem())
    };
    for (status, expected) in [
        (Status::Good, None),
        (ten_minutes_later(), Some(ReasonCode::Revoked)),
    ] {
        let artifact = ArtifactKind::Notary {
            media_type: Wrapping::Jws.media_type().to_owned(),
            envelope: envelope(&signer, &claim, Wrapping::Jws).expect("an envelope"),
        };
        let say = |_: &RevocationSource| Some(list(&signer, status, of_now()));
        let findings = judged(artifact, &demand_of(trust.clone()), say);
        assert_eq!(refused(&findings), expected, "{status:?}");
    }
}
