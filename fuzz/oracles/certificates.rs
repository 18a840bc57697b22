//! X.509 certificates beside signatures: names, extensions, timestamps of certificates.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image_reference::{DefaultRegistry, Digest, ImageReference};
use image_trust::{
    Artifact, ArtifactKind, Authority as Demanded, Evidence, Identity, ImageDemand, Layouts, LogDemand,
    LogEntry, RegistryAccess, SctDemand, SignedMaterial, SignerDemand,
};
use image_verification::{ResolvedKeys, TrustMaterial, verify};
use rehearsal::Authority;
use rehearsal::authority::{Identity as Named, Signer};
use rehearsal::layer::{self, Layer};

const SUBJECT: &str = "dev@example.com";
const ISSUER: &str = "https://issuer.example.com";

/// A keyless signature with every extension that is compared.
struct Workshop {
    layer: Layer,
    leaf: Vec<u8>,
    trust: TrustMaterial,
    demand: ImageDemand,
}

static WORKSHOP: LazyLock<Workshop> =
    LazyLock::new(|| build().unwrap_or_else(|error| panic!("no workshop: {error}")));

fn signing_time() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_750_000_000)
}

fn digest() -> Digest {
    Digest::sha256_of(b"the image")
}

fn build() -> Result<Workshop, Box<dyn std::error::Error>> {
    let authority = Authority::new(signing_time() - Duration::from_secs(86_400))?;
    let name = Named::email(SUBJECT, ISSUER)
        .claim(2, "push")
        .claim(11, "github-hosted");
    let credential = authority.credential(&name, signing_time())?;
    let payload = rehearsal::simple_signing::payload("app", &digest().to_string(), &BTreeMap::new())?;
    let layer = authority.signature_layer(Signer::Certificate(&credential), payload, signing_time())?;
    let extensions = [
        ("githubWorkflowTrigger", "push"),
        ("runnerEnvironment", "github-hosted"),
    ];
    let identity = Identity {
        subject: Some(SUBJECT.into()),
        issuer: Some(ISSUER.into()),
        extensions: extensions
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        ..Identity::default()
    };
    let workshop = Workshop {
        leaf: credential.certificate.der().to_vec(),
        layer,
        trust: TrustMaterial::from_trusted_root(&authority.trusted_root()?)?,
        demand: ImageDemand {
            layouts: Layouts::Sigstore,
            signers: vec![SignerDemand {
                authority: Demanded::Keyless {
                    identity,
                    roots: None,
                    log: LogDemand::default(),
                    sct: SctDemand::default(),
                    tsa_chain: None,
                },
                annotations: BTreeMap::new(),
                repository: None,
            }],
            attestations: Vec::new(),
            access: RegistryAccess::default(),
        },
    };
    assert!(
        workshop.accepts(&workshop.leaf),
        "genuine evidence must verify, or nothing is tested"
    );
    Ok(workshop)
}

impl Workshop {
    /// Whether the signature verifies with this certificate beside it.
    fn accepts(&self, leaf: &[u8]) -> bool {
        let annotation = |name: &str| self.layer.annotations.get(name).cloned();
        let pem = format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            STANDARD.encode(leaf)
        );
        let material = SignedMaterial {
            signature: annotation(layer::SIGNATURE).unwrap_or_default(),
            certificate: Some(pem),
            chain: annotation(layer::CHAIN),
            log_entry: annotation(layer::BUNDLE).map(LogEntry),
            ..SignedMaterial::default()
        };
        let image = ImageReference::parse("registry.example.com/app:1", &DefaultRegistry::default());
        let evidence = Evidence {
            image: image.unwrap_or_else(|error| panic!("{error}")),
            digest: digest(),
            artifacts: vec![Arc::new(Artifact {
                origin: "fuzz".to_owned(),
                kind: ArtifactKind::SimpleSigning {
                    payload: self.layer.bytes.clone(),
                    material,
                },
            })],
            examined: Vec::new(),
        };
        let at = jiff::Timestamp::try_from(signing_time() + Duration::from_secs(3_600));
        let at = at.unwrap_or_else(|error| panic!("{error}"));
        let findings = verify(&evidence, &self.demand, &ResolvedKeys::new(), &self.trust, at);
        findings.signers.iter().all(Result::is_ok)
    }
}

/// Bytes that no authority signed are nobody's certificate; a genuine one, changed anywhere, is nobody's either. The input:
/// where, how many bytes go, and what comes instead; and all of it as a certificate.
pub(crate) fn no_bytes_and_no_mutation_are_a_certificate(bytes: &[u8]) {
    let workshop = &*WORKSHOP;
    assert!(!workshop.accepts(bytes), "a stranger's certificate was believed");
    let [high, low, gone, new @ ..] = bytes else {
        return;
    };
    let leaf = &workshop.leaf;
    let place = usize::from(u16::from_be_bytes([*high, *low])) % leaf.len().saturating_add(1);
    let end = place.saturating_add(usize::from(*gone)).min(leaf.len());
    let mut changed = leaf.clone();
    changed.splice(place..end, new.iter().copied());
    assert_eq!(
        workshop.accepts(&changed),
        changed == *leaf,
        "a touched certificate was believed"
    );
}
