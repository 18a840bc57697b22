//! Certificates of Notary signatures that were taken back, or may have been.

mod answers;
mod time_of_use;
mod whom_to_ask;
mod words;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use image_trust::{
    ArtifactKind, Authority as Demanded, ImageDemand, ImageFindings, Layouts, NotaryTrust, ReasonCode,
    RegistryAccess, RevocationCheck,
};
use rehearsal::Algorithm;
use rehearsal::notary::{NotaryAuthority, NotarySigner, SignerOptions, Wrapping, envelope};
use rehearsal::revocation::{Period, RevocationPlaces, Scope, Status};
use vouchsafe_image_verification::{
    PreparedEvidence, ResolvedKeys, RevocationAnswers, RevocationSource, judge_with_revocation,
    revocation_sources,
};

use crate::notary::about;
use crate::workshop::*;

const LIST: &str = "http://lists.acme.example/ca.crl";
const OTHER_LIST: &str = "http://lists.acme.example/other.crl";
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
    NOTARY
        .revoker()
        .list(&says, period, Scope::Everything)
        .expect("a list")
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

/// What the right authority answers.
fn said(signer: &NotarySigner, source: &RevocationSource, status: Status, period: Period) -> Vec<u8> {
    if is_list(source) {
        list(signer, status, period)
    } else {
        response(signer, status, period)
    }
}

/// Why a signature of `signer` is refused where revocation is enforced; none where it is accepted.
fn verdict(signer: &NotarySigner, say: impl Fn(&RevocationSource) -> Option<Vec<u8>>) -> Option<ReasonCode> {
    refused(&judged(signature(signer), &demand(RevocationCheck::Enforce), say))
}
