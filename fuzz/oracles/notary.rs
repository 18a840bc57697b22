//! Notary Project envelopes, their countersignatures, and what revocation sources answer.

use std::hint::black_box;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use image_reference::{DefaultRegistry, Digest, ImageReference};
use image_trust::{
    Artifact, ArtifactKind, Authority as Demanded, Evidence, ImageDemand, Layouts, NotaryTrust,
    RegistryAccess, SignerDemand,
};
use image_verification::{
    PreparedEvidence, ResolvedKeys, RevocationAnswers, RevocationSource, TrustMaterial,
    judge_with_revocation, next_update, revocation_sources,
};
use rehearsal::authority::TimestampAuthority;
use rehearsal::notary::{Claim, NotaryAuthority, SignerOptions, Stamp, Wrapping, countersigned};
use rehearsal::revocation::{Period, RevocationPlaces, Scope, Status};
use rehearsal::{Algorithm, Authority};

const WRAPPINGS: [Wrapping; 2] = [Wrapping::Jws, Wrapping::Cose];
const LIST: &str = "http://lists.example/ca.crl";
const RESPONDER: &str = "http://ocsp.example";

/// A signer whose certificate names a list and a responder, what it signed, and what they answer.
struct Workshop {
    /// One for each wrapping, countersigned.
    genuine: Vec<Vec<u8>>,
    /// Pieces that each of them must hold to be what was signed.
    signed: Vec<Vec<Vec<u8>>>,
    list: Arc<[u8]>,
    response: Arc<[u8]>,
    trust: TrustMaterial,
    demand: ImageDemand,
}

static WORKSHOP: LazyLock<Workshop> =
    LazyLock::new(|| build().unwrap_or_else(|error| panic!("no workshop: {error}")));

fn signing_time() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_750_000_000)
}

fn judging_time() -> jiff::Timestamp {
    let at = jiff::Timestamp::try_from(signing_time() + Duration::from_secs(3_600));
    at.unwrap_or_else(|error| panic!("{error}"))
}

fn digest() -> Digest {
    Digest::sha256_of(b"the image")
}

fn build() -> Result<Workshop, Box<dyn std::error::Error>> {
    let beginning = signing_time() - Duration::from_secs(86_400);
    let authority = NotaryAuthority::new(beginning)?;
    let timestamps = TimestampAuthority::new(beginning)?;
    let options = SignerOptions {
        revocation: RevocationPlaces {
            lists: vec![LIST.to_owned()],
            responders: vec![RESPONDER.to_owned()],
        },
        ..SignerOptions::default()
    };
    let signer = authority.signer_with("fuzz", Algorithm::P256, &options)?;
    let leaf = signer.chain.first().ok_or("no leaf")?;
    let claim = Claim {
        media_type: "application/vnd.oci.image.manifest.v1+json".to_owned(),
        digest: digest().to_string(),
        size: 20,
        annotations: Default::default(),
        scheme: "notary.x509".to_owned(),
        signed_at: signing_time(),
        expiry: None,
        critical: Default::default(),
    };
    let stamp = Stamp {
        authority: &timestamps,
        at: signing_time(),
        instead: None,
    };
    let (mut genuine, mut signed) = (Vec::new(), Vec::new());
    for wrapping in WRAPPINGS {
        let envelope = countersigned(&signer, &claim, wrapping, stamp)?;
        signed.push(pieces(&envelope, wrapping, leaf.der()));
        genuine.push(envelope);
    }
    let period = Period {
        from: signing_time(),
        until: Some(signing_time() + Duration::from_secs(86_400)),
    };
    let mut trust = NotaryTrust::strict(authority.root().pem());
    trust.timestamp_authorities = Some(timestamps.root().pem().into());
    let workshop = Workshop {
        genuine,
        signed,
        list: authority.revoker().list(&[], period, Scope::Everything)?.into(),
        response: authority.revoker().response(leaf, Status::Good, period)?.into(),
        trust: TrustMaterial::from_trusted_root(&Authority::new(beginning)?.trusted_root()?)?,
        demand: ImageDemand {
            layouts: Layouts::Notary,
            signers: vec![SignerDemand {
                authority: Demanded::Notary(trust),
                annotations: Default::default(),
                repository: None,
            }],
            attestations: Vec::new(),
            access: RegistryAccess::default(),
        },
    };
    for (envelope, wrapping) in workshop.genuine.iter().zip(WRAPPINGS) {
        let is_accepted = workshop.accepts(envelope.clone(), wrapping, &workshop.list, &workshop.response);
        assert!(is_accepted, "genuine evidence must verify, or nothing is tested");
    }
    Ok(workshop)
}

/// What of an envelope is signed, or is what verifies it.
fn pieces(envelope: &[u8], wrapping: Wrapping, leaf: &[u8]) -> Vec<Vec<u8>> {
    match wrapping {
        Wrapping::Jws => {
            let json: serde_json::Value = serde_json::from_slice(envelope).unwrap_or_default();
            let text = |name: &str| json[name].as_str().unwrap_or_default().as_bytes().to_vec();
            vec![text("payload"), text("protected"), text("signature")]
        }
        // The signature stands at the end; the payload holds the digest.
        Wrapping::Cose => vec![
            envelope[envelope.len().saturating_sub(64)..].to_vec(),
            digest().to_string().into_bytes(),
            leaf.to_vec(),
        ],
    }
}

impl Workshop {
    fn accepts(&self, envelope: Vec<u8>, wrapping: Wrapping, list: &[u8], response: &[u8]) -> bool {
        let image = ImageReference::parse("registry.example.com/app:1", &DefaultRegistry::default());
        let evidence = Evidence {
            image: image.unwrap_or_else(|error| panic!("{error}")),
            digest: digest(),
            artifacts: vec![Arc::new(Artifact {
                origin: "fuzz".to_owned(),
                kind: ArtifactKind::Notary {
                    media_type: wrapping.media_type().to_owned(),
                    envelope,
                },
            })],
            examined: Vec::new(),
        };
        let at = judging_time();
        let sources = revocation_sources(&evidence, &self.demand, at);
        let answers: RevocationAnswers = sources
            .into_iter()
            .map(|source| {
                let answer = match &source {
                    RevocationSource::List { .. } => list,
                    RevocationSource::Responder { .. } => response,
                };
                let answer = if answer.is_empty() {
                    Err("silent".to_owned())
                } else {
                    Ok(answer.into())
                };
                (source, answer)
            })
            .collect();
        let prepared = PreparedEvidence::new(&evidence);
        let findings = judge_with_revocation(
            &prepared,
            &self.demand,
            &ResolvedKeys::new(),
            &self.trust,
            &answers,
            at,
        );
        findings.signers.iter().all(Result::is_ok)
    }
}

/// Bytes that nobody signed are no envelope, and no answer about a certificate.
pub(crate) fn no_bytes_are_a_notary_signature_or_an_answer(bytes: &[u8]) {
    let workshop = &*WORKSHOP;
    for (genuine, wrapping) in workshop.genuine.iter().zip(WRAPPINGS) {
        assert!(!workshop.accepts(bytes.to_vec(), wrapping, &workshop.list, &workshop.response));
        assert!(!workshop.accepts(genuine.clone(), wrapping, bytes, b""));
        assert!(!workshop.accepts(genuine.clone(), wrapping, b"", bytes));
    }
    let (url, request) = (LIST.to_owned(), Vec::new());
    // Any answer will do, as long as there is one.
    black_box(next_update(&RevocationSource::List { url: url.clone() }, bytes));
    black_box(next_update(&RevocationSource::Responder { url, request }, bytes));
}

/// Whatever is changed in a genuine envelope, it proves nothing unless all that is signed is still there; whatever is
/// changed in a genuine answer, it is no answer. The input: what, where, how many bytes go, and what comes instead.
pub(crate) fn no_mutation_of_a_notary_signature_verifies(bytes: &[u8]) {
    let [which, high, low, gone, new @ ..] = bytes else {
        return;
    };
    let workshop = &*WORKSHOP;
    let splice = |old: &[u8]| {
        let place = usize::from(u16::from_be_bytes([*high, *low])) % old.len().saturating_add(1);
        let end = place.saturating_add(usize::from(*gone)).min(old.len());
        let mut changed = old.to_vec();
        changed.splice(place..end, new.iter().copied());
        changed
    };
    let (list, response) = (&workshop.list, &workshop.response);
    let number = usize::from(*which) % 4;
    if let (Some(genuine), Some(signed), Some(wrapping)) = (
        workshop.genuine.get(number),
        workshop.signed.get(number),
        WRAPPINGS.get(number),
    ) {
        let changed = splice(genuine);
        if workshop.accepts(changed.clone(), *wrapping, list, response) {
            let holds = |piece: &Vec<u8>| changed.windows(piece.len()).any(|window| window == piece);
            assert!(signed.iter().all(holds), "a touched envelope was believed");
        }
        return;
    }
    let envelope = workshop.genuine.first().cloned().unwrap_or_default();
    let (list, response, is_same) = if number == 2 {
        let changed = splice(list);
        let is_same = changed == **list;
        (changed, Vec::new(), is_same)
    } else {
        let changed = splice(response);
        let is_same = changed == **response;
        (Vec::new(), changed, is_same)
    };
    let is_accepted = workshop.accepts(envelope, Wrapping::Jws, &list, &response);
    assert_eq!(is_accepted, is_same, "a touched answer was believed");
}
