//! What does it cost to judge one image that has one signature? One core; trust material parsed once, evidence anew.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

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
    let Ok((evidence, demand, trust)) = prepared(case) else {
        return;
    };
    let at = Timestamp::try_from(signing_time() + Duration::from_secs(3_600)).unwrap_or_default();
    let keys = ResolvedKeys::new();
    // A refusal would be measured as well, and be faster.
    assert!(
        verify(&evidence, &demand, &keys, &trust, at)
            .signers
            .iter()
            .all(Result::is_ok)
    );
    bencher.bench(|| verify(&evidence, &demand, &keys, &trust, at));
}

fn signing_time() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_750_000_000)
}

fn prepared(case: Case) -> Result<(Evidence, ImageDemand, TrustMaterial), RehearsalError> {
    let at = signing_time();
    let authority = Authority::new(at - Duration::from_secs(86_400))?;
    let key = SigningKey::generate(Algorithm::P256)?;
    let credential = authority.credential(&Named::email("dev@acme.example", "https://acme.example"), at)?;
    let digest = Digest::sha256_of(b"an image");
    let statement = Statement::signature(&digest.to_string(), &BTreeMap::new());
    let signer = Signer::Certificate(&credential);
    let bundle = match case {
        Case::KeyWithoutLog => Bundle::sign(&key, &statement)?,
        Case::KeylessRekor1 => authority.bundle(signer, &statement, LogVersion::V1(EntryKind::Dsse), at)?,
        Case::KeylessRekor2AndTimestamp => authority.bundle(signer, &statement, LogVersion::V2, at)?,
    };
    let demanded = match case {
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
    let demand = ImageDemand {
        layouts: Layouts::Sigstore,
        signers: vec![SignerDemand {
            authority: demanded,
            annotations: BTreeMap::new(),
            repository: None,
        }],
        attestations: Vec::new(),
        access: RegistryAccess::default(),
    };
    let failed = |_| RehearsalError::Crypto("prepare the benchmark");
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
    let evidence = Evidence {
        image,
        digest,
        artifacts: vec![Arc::new(artifact)],
        examined: Vec::new(),
    };
    let trust = TrustMaterial::from_trusted_root(&authority.trusted_root()?).map_err(failed)?;
    Ok((evidence, demand, trust))
}
