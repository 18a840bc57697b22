//! Where tests sign: one image, one authority, and the demands that its signatures meet.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use image_reference::{DefaultRegistry, Digest, ImageReference};
use image_trust::{
    Artifact, ArtifactKind, AttestationDemand, Authority as Demanded, DigestAlgorithm, Evidence, Identity,
    ImageDemand, ImageFindings, KeySource, Layouts, LogDemand, LogEntry, RegistryAccess, SctDemand,
    SignedMaterial, SignerDemand, SignerFinding, Waivable,
};
use jiff::Timestamp;
use rehearsal::authority::{AlternativeName, Credential, Identity as Named};
use rehearsal::bundle::Bundle;
use rehearsal::layer::{self, Layer};
use rehearsal::statement::Statement;
use rehearsal::{Algorithm, Authority, SigningKey};
use vouchsafe_image_verification::{ResolvedKeys, TrustMaterial, verify};

/// The predicate type of the tests' attestations.
pub(crate) use rehearsal::matrix::PREDICATE;
/// The identity that signs.
pub(crate) const SUBJECT: &str = "dev@acme.example";
/// The issuer that vouches for it.
pub(crate) const ISSUER: &str = "https://accounts.acme.example";
/// The image.
pub(crate) const NAME: &str = "registry.example.com/app";

/// The authority that all tests share.
pub(crate) static AUTHORITY: LazyLock<Authority> =
    LazyLock::new(|| Authority::new(beginning()).expect("an authority"));
/// Its trust root.
pub(crate) static TRUST: LazyLock<TrustMaterial> = LazyLock::new(|| {
    TrustMaterial::from_trusted_root(&AUTHORITY.trusted_root().expect("a root")).expect("a readable root")
});
/// One key of each kind, as RSA takes its time.
pub(crate) static KEYS: LazyLock<Vec<SigningKey>> = LazyLock::new(|| {
    Algorithm::ALL
        .into_iter()
        .map(|algorithm| SigningKey::generate(algorithm).expect("a key"))
        .collect()
});

/// Since when the authorities are there: a day before anything is signed.
pub(crate) fn beginning() -> SystemTime {
    signing_time() - Duration::from_secs(86_400)
}

/// When tests sign.
pub(crate) fn signing_time() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_750_000_000)
}

/// When tests judge: an hour after signing, when a certificate of ten minutes has long ended.
pub(crate) fn judging_time() -> Timestamp {
    timestamp(signing_time() + Duration::from_secs(3_600))
}

/// A minute after signing, when it has not.
pub(crate) fn soon() -> Timestamp {
    timestamp(signing_time() + Duration::from_secs(60))
}

/// The time as judgements take it.
pub(crate) fn timestamp(time: SystemTime) -> Timestamp {
    Timestamp::try_from(time).expect("a time")
}

/// The image's digest.
pub(crate) fn digest() -> Digest {
    Digest::sha256_of(b"the image's manifest")
}

/// A key of the kind.
pub(crate) fn key(algorithm: Algorithm) -> &'static SigningKey {
    KEYS.iter()
        .find(|key| key.algorithm() == algorithm)
        .expect("a key of each kind")
}

/// A leaf for [`SUBJECT`] of [`ISSUER`], with an SCT.
pub(crate) fn credential() -> Credential {
    AUTHORITY
        .credential(&Named::email(SUBJECT, ISSUER), signing_time())
        .expect("a credential")
}

/// A leaf without a name.
pub(crate) fn nameless_credential() -> Credential {
    let nobody = Named {
        names: Vec::<AlternativeName>::new(),
        issuer: Some(ISSUER.to_owned()),
        claims: Vec::new(),
    };
    AUTHORITY
        .credential(&nobody, signing_time())
        .expect("a credential")
}

/// The claim of simple signing about the image.
pub(crate) fn claim(annotations: &[(&str, &str)]) -> Vec<u8> {
    rehearsal::simple_signing::payload(NAME, &digest().to_string(), &pairs(annotations)).expect("a claim")
}

/// The statement of a bundle's image signature.
pub(crate) fn signature_statement(annotations: &[(&str, &str)]) -> Statement {
    Statement::signature(&digest().to_string(), &pairs(annotations))
}

/// An attestation of the image.
pub(crate) fn attestation_statement(kind: &str) -> Statement {
    Statement::attestation(
        NAME,
        &digest().to_string(),
        kind,
        serde_json::json!({ "reviewed": true }),
    )
}

/// Pairs as maps.
pub(crate) fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// A layer as evidence.
pub(crate) fn layer_artifact(layer: &Layer) -> ArtifactKind {
    let annotation = |name: &str| layer.annotations.get(name).cloned();
    let material = SignedMaterial {
        signature: annotation(layer::SIGNATURE).unwrap_or_default(),
        certificate: annotation(layer::CERTIFICATE),
        chain: annotation(layer::CHAIN),
        log_entry: annotation(layer::BUNDLE).map(LogEntry),
        timestamp: annotation(layer::TIMESTAMP),
        annotations: layer.annotations.clone(),
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

/// A bundle as evidence.
pub(crate) fn bundle_artifact(bundle: &Bundle) -> ArtifactKind {
    ArtifactKind::Bundle {
        json: bundle.to_json().expect("a bundle"),
    }
}

/// Evidence about the image.
pub(crate) fn evidence(artifacts: impl IntoIterator<Item = ArtifactKind>) -> Evidence {
    let registry = DefaultRegistry::new("docker.io", true).expect("a registry");
    Evidence {
        image: ImageReference::parse(&format!("{NAME}:1.0"), &registry).expect("a reference"),
        digest: digest(),
        artifacts: artifacts
            .into_iter()
            .enumerate()
            .map(|(number, kind)| {
                Arc::new(Artifact {
                    origin: format!("artifact {number}"),
                    kind,
                })
            })
            .collect(),
        examined: Vec::new(),
    }
}

/// Nothing of a log is demanded.
pub(crate) fn unlogged() -> LogDemand {
    LogDemand {
        check: Waivable::Waived,
        ..LogDemand::default()
    }
}

/// No SCT is demanded.
pub(crate) fn without_sct() -> SctDemand {
    SctDemand {
        check: Waivable::Waived,
        key: None,
    }
}

/// The digest algorithm that a key of the kind signs with.
pub(crate) fn usual(algorithm: Algorithm) -> DigestAlgorithm {
    if algorithm == Algorithm::P384 {
        DigestAlgorithm::Sha384
    } else if algorithm == Algorithm::P521 {
        DigestAlgorithm::Sha512
    } else {
        DigestAlgorithm::Sha256
    }
}

/// A signer demanded, without annotations.
pub(crate) fn signer(authority: Demanded) -> SignerDemand {
    SignerDemand {
        authority,
        annotations: BTreeMap::new(),
        repository: None,
    }
}

/// A key demanded.
pub(crate) fn key_demand(key: &SigningKey, log: LogDemand) -> SignerDemand {
    signer(Demanded::Key {
        source: KeySource::Pem(key.public_pem().into()),
        digest: usual(key.algorithm()),
        log,
        tsa_chain: None,
    })
}

/// The identity of [`credential`].
pub(crate) fn identity() -> Identity {
    Identity {
        subject: Some(SUBJECT.into()),
        issuer: Some(ISSUER.into()),
        ..Identity::default()
    }
}

/// An identity demanded, everything of the trust root.
pub(crate) fn keyless_demand(identity: Identity) -> SignerDemand {
    signer(Demanded::Keyless {
        identity,
        roots: None,
        log: LogDemand::default(),
        sct: SctDemand::default(),
        tsa_chain: None,
    })
}

/// What judging the artifacts against the signers finds; the attestations are of type [`PREDICATE`].
pub(crate) fn findings(
    artifacts: impl IntoIterator<Item = ArtifactKind>,
    layouts: Layouts,
    signers: Vec<SignerDemand>,
    attesters: Vec<SignerDemand>,
    at: Timestamp,
) -> ImageFindings {
    let demand = ImageDemand {
        layouts,
        signers,
        attestations: vec![AttestationDemand {
            predicate_type: PREDICATE.to_owned(),
            signers: attesters,
        }],
        access: RegistryAccess::default(),
    };
    verify(&evidence(artifacts), &demand, &ResolvedKeys::new(), &TRUST, at)
}

/// Whether the artifacts hold an image signature of `signer`.
pub(crate) fn signed(
    artifacts: impl IntoIterator<Item = ArtifactKind>,
    signer: SignerDemand,
    at: Timestamp,
) -> SignerFinding {
    findings(artifacts, Layouts::Sigstore, vec![signer], Vec::new(), at)
        .signers
        .remove(0)
}

/// Whether the artifacts hold an attestation of type [`PREDICATE`] by `signer`.
pub(crate) fn attested(
    artifacts: impl IntoIterator<Item = ArtifactKind>,
    signer: SignerDemand,
    at: Timestamp,
) -> SignerFinding {
    findings(artifacts, Layouts::Sigstore, Vec::new(), vec![signer], at)
        .attestations
        .remove(0)
        .remove(0)
}

/// Trust material is shared by every judgement of a process.
#[test]
fn trust_material_is_shared_between_threads() {
    fn is_shared<T: Send + Sync>(_: &T) {}
    is_shared(&*TRUST);
}
