//! When Notary signatures were made: by a timestamp authority's word, a signing authority's, or nobody's.

use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use image_trust::{ArtifactKind, Authority as Demanded, Layouts, NotaryTrust, ReasonCode};
use rehearsal::Algorithm;
use rehearsal::authority::TimestampAuthority;
use rehearsal::notary::{Claim, NotaryAuthority, NotarySigner, Stamp, Wrapping, countersigned, envelope};

use crate::notary::{WRAPPINGS, about};
use crate::workshop::*;

static NOTARY: LazyLock<NotaryAuthority> =
    LazyLock::new(|| NotaryAuthority::new(beginning()).expect("an authority"));
static TIMESTAMPS: LazyLock<TimestampAuthority> =
    LazyLock::new(|| TimestampAuthority::new(beginning()).expect("an authority"));

/// Of a certificate that ends ten minutes after signing: tests judge fifty minutes later.
static SHORT_LIVED: LazyLock<NotarySigner> = LazyLock::new(|| {
    let lifetime = signing_time().duration_since(beginning()).expect("a day") + Duration::from_secs(600);
    NOTARY
        .signer_for("ci", Algorithm::P256, lifetime)
        .expect("a signer")
});

fn artifact(envelope: Vec<u8>, wrapping: Wrapping) -> ArtifactKind {
    ArtifactKind::Notary {
        media_type: wrapping.media_type().to_owned(),
        envelope,
    }
}

fn judge(artifact: ArtifactKind, trust: NotaryTrust) -> Result<String, (ReasonCode, String)> {
    let demand = signer(Demanded::Notary(trust));
    let found = findings(
        [artifact],
        Layouts::Notary,
        vec![demand],
        Vec::new(),
        judging_time(),
    );
    match &found.signers[0] {
        Ok(proof) => Ok(proof.signed_by().to_owned()),
        Err(refusal) => Err((refusal.code, refusal.message.clone())),
    }
}

fn code(verdict: Result<String, (ReasonCode, String)>) -> Option<ReasonCode> {
    verdict.err().map(|(code, _)| code)
}

/// Demands a countersignature.
fn stamped_trust() -> NotaryTrust {
    NotaryTrust {
        timestamp_authorities: Some(TIMESTAMPS.root().pem().into()),
        ..NotaryTrust::strict(NOTARY.root().pem())
    }
}

fn stamped(signer: &NotarySigner, at: SystemTime, wrapping: Wrapping) -> ArtifactKind {
    let stamp = Stamp {
        authority: &TIMESTAMPS,
        at,
        instead: None,
    };
    let envelope = countersigned(signer, &about(&digest()), wrapping, stamp).expect("an envelope");
    artifact(envelope, wrapping)
}

#[test]
fn a_countersigned_signature_counts_after_its_certificate_ended() {
    for wrapping in WRAPPINGS {
        let artifact = stamped(&SHORT_LIVED, signing_time(), wrapping);
        assert_eq!(code(judge(artifact.clone(), stamped_trust())), None);
        // Where the policy names no timestamp authority, the present is when it counts.
        let plain = NotaryTrust::strict(NOTARY.root().pem());
        assert_eq!(code(judge(artifact, plain)), Some(ReasonCode::Expired));
    }
}

/// The attack: the key of an expired certificate signs today, and the signer backdates the signature.
#[test]
fn a_signature_stamped_after_its_certificate_ended_is_refused_whatever_the_signer_claims() {
    for wrapping in WRAPPINGS {
        for (seconds, is_refused) in [(590, false), (600, true), (1_200, true)] {
            // A stamp of the last second may stand for the next one, by its own accuracy.
            let at = signing_time() + Duration::from_secs(seconds);
            let verdict = code(judge(stamped(&SHORT_LIVED, at, wrapping), stamped_trust()));
            assert_eq!(verdict, is_refused.then_some(ReasonCode::Expired), "{seconds}");
        }
    }
}

#[test]
fn a_demanded_countersignature_that_is_missing_foreign_or_of_the_future_is_refused() {
    let signer = NOTARY.signer("ci", Algorithm::P256).expect("a signer");
    let strange = TimestampAuthority::new(beginning()).expect("an authority");
    let stamps = [
        Stamp {
            authority: &strange,
            at: signing_time(),
            instead: None,
        },
        Stamp {
            authority: &TIMESTAMPS,
            at: signing_time(),
            instead: Some(b"another signature"),
        },
        Stamp {
            authority: &TIMESTAMPS,
            at: signing_time() + Duration::from_secs(7_200),
            instead: None,
        },
    ];
    for wrapping in WRAPPINGS {
        for stamp in stamps {
            let envelope = countersigned(&signer, &about(&digest()), wrapping, stamp).expect("an envelope");
            let verdict = judge(artifact(envelope.clone(), wrapping), stamped_trust());
            assert_eq!(code(verdict), Some(ReasonCode::TimestampInvalid), "{stamp:?}");
            // Nobody asked for it: it proves nothing and spoils nothing.
            let plain = NotaryTrust::strict(NOTARY.root().pem());
            assert_eq!(code(judge(artifact(envelope, wrapping), plain)), None);
        }
        let bare = envelope(&signer, &about(&digest()), wrapping).expect("an envelope");
        let (code, message) = judge(artifact(bare, wrapping), stamped_trust()).expect_err("refused");
        assert_eq!(code, ReasonCode::TimestampInvalid);
        assert!(
            message.contains("no timestamp countersignature was found"),
            "{message}"
        );
    }
}

/// A certificate that signs code must not sign timestamps: whoever holds it could date its own signatures.
#[test]
fn a_countersignature_by_a_certificate_for_code_signing_is_refused() {
    let signer = NOTARY.signer("ci", Algorithm::P256).expect("a signer");
    let trust = NotaryTrust {
        // The store of timestamp authorities holds the code signers' own root.
        timestamp_authorities: Some(NOTARY.root().pem().into()),
        ..NotaryTrust::strict(NOTARY.root().pem())
    };
    let verdict = judge(stamped(&signer, signing_time(), Wrapping::Jws), trust);
    assert_eq!(code(verdict), Some(ReasonCode::TimestampInvalid));
}

fn of_signing_authority(signed_at: SystemTime) -> Claim {
    Claim {
        scheme: "notary.x509.signingAuthority".to_owned(),
        signed_at,
        ..about(&digest())
    }
}

/// The store holds them for `notary.x509` alone, for signing authorities alone, or for both.
fn trust(ca: &NotaryAuthority, signing: Option<&NotaryAuthority>) -> NotaryTrust {
    NotaryTrust {
        signing_authorities: signing.map(|authority| authority.root().pem().into()),
        ..NotaryTrust::strict(ca.root().pem())
    }
}

#[test]
fn a_signing_authority_s_word_is_taken_for_when_it_signed_and_only_its() {
    let other = NotaryAuthority::new(beginning()).expect("an authority");
    for wrapping in WRAPPINGS {
        let by_authority = envelope(&SHORT_LIVED, &of_signing_authority(signing_time()), wrapping);
        let by_authority = artifact(by_authority.expect("an envelope"), wrapping);
        assert_eq!(
            code(judge(by_authority.clone(), trust(&other, Some(&NOTARY)))),
            None
        );
        for (ca, signing) in [(&*NOTARY, None), (&*NOTARY, Some(&other))] {
            let verdict = judge(by_authority.clone(), trust(ca, signing));
            assert_eq!(code(verdict), Some(ReasonCode::UntrustedCertificate));
        }
        // The other way round: a signing authority's certificates are no store for plain signatures.
        let plain = envelope(&SHORT_LIVED, &about(&digest()), wrapping).expect("an envelope");
        let verdict = judge(artifact(plain, wrapping), trust(&other, Some(&NOTARY)));
        assert_eq!(code(verdict), Some(ReasonCode::UntrustedCertificate));
    }
}

#[test]
fn a_signing_authority_that_dates_outside_of_its_certificate_or_ahead_is_refused() {
    for wrapping in WRAPPINGS {
        for (seconds, expected) in [
            (1_200, ReasonCode::Expired),
            (7_200, ReasonCode::TimestampInvalid),
        ] {
            let claim = of_signing_authority(signing_time() + Duration::from_secs(seconds));
            let envelope = envelope(&SHORT_LIVED, &claim, wrapping).expect("an envelope");
            let verdict = judge(artifact(envelope, wrapping), trust(&NOTARY, Some(&NOTARY)));
            assert_eq!(code(verdict), Some(expected), "{seconds}");
        }
    }
}

#[test]
fn an_expired_signature_is_refused_though_it_was_stamped_in_time() {
    let claim = Claim {
        expiry: Some(signing_time() + Duration::from_secs(60)),
        ..about(&digest())
    };
    for wrapping in WRAPPINGS {
        let stamp = Stamp {
            authority: &TIMESTAMPS,
            at: signing_time(),
            instead: None,
        };
        let envelope = countersigned(&SHORT_LIVED, &claim, wrapping, stamp).expect("an envelope");
        let verdict = judge(artifact(envelope, wrapping), stamped_trust());
        assert_eq!(code(verdict), Some(ReasonCode::Expired));
    }
}
