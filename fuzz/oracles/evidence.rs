//! Signatures, attestations, bundles.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use image_reference::{DefaultRegistry, Digest, ImageReference};
use image_trust::{
    Artifact, ArtifactKind, AttestationDemand, Authority as Demanded, DigestAlgorithm, Evidence, ImageDemand,
    ImageFindings, KeySource, Layouts, LogDemand, LogEntry, Proof, RegistryAccess, SignedMaterial,
    SignerDemand,
};
use image_verification::{ResolvedKeys, TrustMaterial, verify};
use rehearsal::authority::{EntryKind, LogVersion, Signer};
use rehearsal::layer::{self, Layer};
use rehearsal::statement::Statement;
use rehearsal::{Algorithm, Authority, SigningKey};

const PREDICATE: &str = "https://example.com/review/v1";

/// A signer, what it signed, and who must have signed.
struct Workshop {
    genuine: Vec<ArtifactKind>,
    /// What each genuine artifact proves, as [`proven`] says it.
    proves: Vec<Vec<String>>,
    trust: TrustMaterial,
    demands: BTreeMap<&'static str, ImageDemand>,
}

static WORKSHOP: LazyLock<Workshop> =
    LazyLock::new(|| build().unwrap_or_else(|error| panic!("no workshop: {error}")));

fn signing_time() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_750_000_000)
}

fn digest() -> Digest {
    Digest::sha256_of(b"the image")
}

fn demand(key: &SigningKey, layouts: Layouts) -> ImageDemand {
    let signer = SignerDemand {
        authority: Demanded::Key {
            source: KeySource::Pem(key.public_pem().into()),
            digest: DigestAlgorithm::Sha256,
            log: LogDemand::default(),
            tsa_chain: None,
        },
        annotations: BTreeMap::new(),
        repository: None,
    };
    let attestation = AttestationDemand {
        predicate_type: PREDICATE.to_owned(),
        signers: vec![signer.clone()],
    };
    ImageDemand {
        layouts,
        signers: vec![signer],
        attestations: vec![attestation],
        access: RegistryAccess::default(),
    }
}

fn build() -> Result<Workshop, Box<dyn std::error::Error>> {
    let authority = Authority::new(signing_time() - Duration::from_secs(86_400))?;
    let key = SigningKey::generate(Algorithm::P256)?;
    let signer = Signer::Key(&key);
    let claim = rehearsal::simple_signing::payload(
        "registry.example.com/app",
        &digest().to_string(),
        &BTreeMap::new(),
    )?;
    let reviewed = serde_json::json!({ "clean": true });
    let statement = Statement::attestation("app", &digest().to_string(), PREDICATE, reviewed);
    let signature = Statement::signature(&digest().to_string(), &BTreeMap::new());
    let mut genuine = vec![
        layer_artifact(&authority.signature_layer(signer, claim, signing_time())?),
        layer_artifact(&authority.attestation_layer(signer, &statement, signing_time())?),
    ];
    for (statement, log) in [
        (&signature, LogVersion::V1(EntryKind::Dsse)),
        (&statement, LogVersion::V1(EntryKind::Intoto)),
        (&statement, LogVersion::V2),
    ] {
        let json = authority
            .bundle(signer, statement, log, signing_time())?
            .to_json()?;
        genuine.push(ArtifactKind::Bundle { json });
    }
    let layouts = [("sigstore", Layouts::Sigstore), ("bundles", Layouts::BundlesOnly)];
    let mut workshop = Workshop {
        trust: TrustMaterial::from_trusted_root(&authority.trusted_root()?)?,
        demands: layouts
            .map(|(name, layouts)| (name, demand(&key, layouts)))
            .into_iter()
            .collect(),
        proves: Vec::new(),
        genuine,
    };
    for artifact in &workshop.genuine {
        let found = proven(&workshop.judge("sigstore", artifact.clone()));
        assert!(
            !found.is_empty(),
            "genuine evidence must verify, or nothing is tested"
        );
        workshop.proves.push(found);
    }
    Ok(workshop)
}

fn layer_artifact(layer: &Layer) -> ArtifactKind {
    let annotation = |name: &str| layer.annotations.get(name).cloned();
    let material = SignedMaterial {
        signature: annotation(layer::SIGNATURE).unwrap_or_default(),
        log_entry: annotation(layer::BUNDLE).map(LogEntry),
        annotations: layer.annotations.clone(),
        ..SignedMaterial::default()
    };
    if layer.media_type == layer::SIMPLE_SIGNING {
        ArtifactKind::SimpleSigning {
            payload: layer.bytes.clone(),
            material,
        }
    } else {
        ArtifactKind::Dsse {
            envelope: layer.bytes.clone(),
            material,
        }
    }
}

impl Workshop {
    fn judge(&self, demand: &str, kind: ArtifactKind) -> ImageFindings {
        let image = ImageReference::parse("registry.example.com/app:1", &DefaultRegistry::default());
        let artifact = Artifact {
            origin: "fuzz".to_owned(),
            kind,
        };
        let evidence = Evidence {
            image: image.unwrap_or_else(|error| panic!("{error}")),
            digest: digest(),
            artifacts: vec![Arc::new(artifact)],
            examined: Vec::new(),
        };
        let at = jiff::Timestamp::try_from(signing_time() + Duration::from_secs(3_600));
        let at = at.unwrap_or_else(|error| panic!("{error}"));
        verify(
            &evidence,
            &self.demands[demand],
            &ResolvedKeys::new(),
            &self.trust,
            at,
        )
    }
}

/// What findings prove: as a signature, and as an attestation with its statements.
fn proven(findings: &ImageFindings) -> Vec<String> {
    let words = |what: &str, proof: &Proof| {
        format!(
            "{what} {} {} {:?}",
            proof.digest(),
            proof.signed_by(),
            proof.statements()
        )
    };
    let signatures = findings
        .signers
        .iter()
        .flatten()
        .map(|proof| words("signature", proof));
    let attestations = findings
        .attestations
        .iter()
        .flatten()
        .flatten()
        .map(|proof| words("attestation", proof));
    signatures.chain(attestations).collect()
}

/// Bytes that nobody signed, as each kind of artifact, prove nothing.
pub(crate) fn no_bytes_are_evidence(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let material = || SignedMaterial {
        signature: text.clone(),
        certificate: Some(text.clone()),
        chain: Some(text.clone()),
        log_entry: Some(LogEntry(text.clone())),
        timestamp: Some(text.clone()),
        annotations: BTreeMap::new(),
    };
    for kind in [
        ArtifactKind::SimpleSigning {
            payload: bytes.to_vec(),
            material: material(),
        },
        ArtifactKind::Dsse {
            envelope: bytes.to_vec(),
            material: material(),
        },
        ArtifactKind::Bundle { json: bytes.to_vec() },
        ArtifactKind::Notary {
            media_type: "application/jose+json".to_owned(),
            envelope: bytes.to_vec(),
        },
        ArtifactKind::Notary {
            media_type: "application/cose".to_owned(),
            envelope: bytes.to_vec(),
        },
    ] {
        for demand in ["sigstore", "bundles"] {
            let found = proven(&WORKSHOP.judge(demand, kind.clone()));
            assert!(found.is_empty(), "{found:?} of {text:?}");
        }
    }
}

/// A field of a genuine artifact with one range of bytes replaced. The input: which artifact, which field, where, how
/// many bytes go, and what comes instead.
fn mutated(bytes: &[u8]) -> Option<(usize, ArtifactKind)> {
    let [which, field, high, low, gone, new @ ..] = bytes else {
        return None;
    };
    let which = usize::from(*which) % WORKSHOP.genuine.len();
    let mut artifact = WORKSHOP.genuine.get(which)?.clone();
    let place = usize::from(u16::from_be_bytes([*high, *low]));
    let splice = |old: &[u8]| {
        let from = place % old.len().saturating_add(1);
        let to = from.saturating_add(usize::from(*gone)).min(old.len());
        let mut changed = old.to_vec();
        changed.splice(from..to, new.iter().copied());
        changed
    };
    let splice_text = |old: &str| String::from_utf8_lossy(&splice(old.as_bytes())).into_owned();
    match &mut artifact {
        ArtifactKind::SimpleSigning {
            payload: content,
            material,
        }
        | ArtifactKind::Dsse {
            envelope: content,
            material,
        } => match (field % 3, &mut material.log_entry) {
            (1, Some(entry)) => entry.0 = splice_text(&entry.0),
            (2, _) => material.signature = splice_text(&material.signature),
            _ => *content = splice(content),
        },
        ArtifactKind::Bundle { json } => *json = splice(json),
        ArtifactKind::Notary { .. } | ArtifactKind::NotaryAttestation { .. } => {}
    }
    Some((which, artifact))
}

/// Whatever is changed in genuine evidence, it proves nothing, or what it proved before: never another statement, another
/// signer, or a signature where there was an attestation.
pub(crate) fn no_mutation_of_genuine_evidence_verifies(bytes: &[u8]) {
    let Some((which, artifact)) = mutated(bytes) else {
        return;
    };
    let before = &WORKSHOP.proves[which];
    for demand in ["sigstore", "bundles"] {
        for found in proven(&WORKSHOP.judge(demand, artifact.clone())) {
            assert!(
                before.contains(&found),
                "artifact {which} proves {found}, not {before:?}"
            );
        }
    }
    // A signed payload or signature that was touched proves nothing at all.
    if let (
        ArtifactKind::SimpleSigning { payload, material },
        Some(ArtifactKind::SimpleSigning {
            payload: signed,
            material: original,
        }),
    ) = (&artifact, WORKSHOP.genuine.get(which))
        && (payload != signed || material.signature.trim() != original.signature.trim())
    {
        assert!(
            proven(&WORKSHOP.judge("sigstore", artifact.clone())).is_empty(),
            "a touched claim was believed"
        );
    }
}
