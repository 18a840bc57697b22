//! What does it cost to judge one image that has one signature? Trust material parsed once, evidence anew. On one core, and
//! how much of it does a second core take over?

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use divan::counter::ItemsCount;

use image_reference::{DefaultRegistry, Digest, ImageReference};
use image_trust::{
    Artifact, ArtifactKind, Authority as Demanded, DigestAlgorithm, Evidence, Identity, ImageDemand,
    KeySource, Layouts, LogDemand, RegistryAccess, SctDemand, SignerDemand, Waivable,
};
use jiff::Timestamp;
use rehearsal::authority::{EntryKind, Identity as Named, LogVersion, Signer};
use rehearsal::bundle::Bundle;
use rehearsal::statement::Statement;
use rehearsal::{Algorithm, Authority, RehearsalError, SigningKey};
use vouchsafe_image_verification::{ResolvedKeys, TrustMaterial, verify};

/// What is signed how.
#[derive(Clone, Copy, Debug)]
enum Case {
    KeyWithoutLog,
    KeylessRekor1,
    KeylessRekor2AndTimestamp,
}

fn main() {
    divan::main();
}

#[divan::bench(args = [Case::KeyWithoutLog, Case::KeylessRekor1, Case::KeylessRekor2AndTimestamp])]
fn judge_one_image(bencher: divan::Bencher<'_, '_>, case: Case) {
    let Ok(bench) = prepared(case, 1) else { return };
    bencher.bench(|| bench.judge_next());
}

/// Threads that each judge other images: each as fast as one alone, where nothing is shared but what is only read.
#[divan::bench(args = [Case::KeylessRekor1, Case::KeylessRekor2AndTimestamp], threads = [1, 2])]
fn judge_many_images(bencher: divan::Bencher<'_, '_>, case: Case) {
    let Ok(bench) = prepared(case, MANY) else { return };
    bencher
        .counter(ItemsCount::new(1_u32))
        .bench(|| bench.judge_next());
}

/// Images that are judged in turn.
const MANY: usize = 64;

/// Images with one signature each, and what is demanded of each.
struct Bench {
    images: Vec<Evidence>,
    demand: ImageDemand,
    trust: TrustMaterial,
    next: AtomicUsize,
}

impl Bench {
    /// Judges the next image. A refusal would be measured as well, and be faster: it ends the run.
    fn judge_next(&self) {
        let at = Timestamp::try_from(signing_time() + Duration::from_secs(3_600)).unwrap_or_default();
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let Some(evidence) = self.images.get(number % self.images.len()) else {
            return;
        };
        let findings = verify(evidence, &self.demand, &ResolvedKeys::new(), &self.trust, at);
        assert!(findings.signers.iter().all(Result::is_ok), "refused");
    }
}

fn signing_time() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_750_000_000)
}

fn prepared(case: Case, count: usize) -> Result<Bench, RehearsalError> {
    let at = signing_time();
    let authority = Authority::new(at - Duration::from_secs(86_400))?;
    let key = SigningKey::generate(Algorithm::P256)?;
    let images = (0..count)
        .map(|number| {
            // Each image has a signer of its own, as those of a cluster have.
            let name = Named::email("dev@acme.example", "https://acme.example");
            let credential = authority.credential(&name, at)?;
            let digest = Digest::sha256_of(format!("image {number}").as_bytes());
            let statement = Statement::signature(&digest.to_string(), &BTreeMap::new());
            let signer = Signer::Certificate(&credential);
            let bundle = match case {
                Case::KeyWithoutLog => Bundle::sign(&key, &statement)?,
                Case::KeylessRekor1 => {
                    authority.bundle(signer, &statement, LogVersion::V1(EntryKind::Dsse), at)?
                }
                Case::KeylessRekor2AndTimestamp => {
                    authority.bundle(signer, &statement, LogVersion::V2, at)?
                }
            };
            evidence(digest, &bundle)
        })
        .collect::<Result<_, _>>()?;
    let trust = TrustMaterial::from_trusted_root(&authority.trusted_root()?)
        .map_err(|_| RehearsalError::Crypto("prepare the benchmark"))?;
    Ok(Bench {
        images,
        demand: demand(case, &key),
        trust,
        next: AtomicUsize::new(0),
    })
}

fn demand(case: Case, key: &SigningKey) -> ImageDemand {
    let authority = match case {
        Case::KeyWithoutLog => Demanded::Key {
            source: KeySource::Pem(key.public_pem().into()),
            digest: DigestAlgorithm::Sha256,
            log: LogDemand {
                check: Waivable::Waived,
                ..LogDemand::default()
            },
            tsa_chain: None,
        },
        Case::KeylessRekor1 | Case::KeylessRekor2AndTimestamp => Demanded::Keyless {
            identity: Identity {
                subject: Some("dev@acme.example".into()),
                ..Identity::default()
            },
            roots: None,
            log: LogDemand::default(),
            sct: SctDemand::default(),
            tsa_chain: None,
        },
    };
    ImageDemand {
        layouts: Layouts::Sigstore,
        signers: vec![SignerDemand {
            authority,
            annotations: BTreeMap::new(),
            repository: None,
        }],
        attestations: Vec::new(),
        access: RegistryAccess::default(),
    }
}

fn evidence(digest: Digest, bundle: &Bundle) -> Result<Evidence, RehearsalError> {
    let registry =
        DefaultRegistry::new("docker.io", true).map_err(|_| RehearsalError::Crypto("name a registry"))?;
    let image = ImageReference::parse("registry.example.com/app:1", &registry)
        .map_err(|_| RehearsalError::Crypto("name an image"))?;
    let artifact = Artifact {
        origin: "referrer".to_owned(),
        kind: ArtifactKind::Bundle {
            json: bundle.to_json()?,
        },
    };
    Ok(Evidence {
        image,
        digest,
        artifacts: vec![Arc::new(artifact)],
        examined: Vec::new(),
    })
}
