//! A matrix of genuine artifacts: layout × signer × log × timestamp × digest algorithm. Each must be accepted.

use image_trust::{ArtifactKind, Authority as Demanded, LogDemand, SctDemand, SignerDemand, SignerFinding};
use jiff::Timestamp;
use rehearsal::Algorithm;
use rehearsal::authority::{Credential, EntryKind, Identity as Named, LeafOptions, LogVersion, Sct, Signer};
use rehearsal::bundle::{Bundle, CertificateChain, RawCertificate};
use rehearsal::dsse::Envelope;
use rehearsal::layer::{self, Layer};
use rehearsal::statement::Statement;

use crate::workshop::*;

/// One genuine artifact and the demand that it meets.
pub(crate) struct Genuine {
    pub(crate) name: String,
    pub(crate) artifact: ArtifactKind,
    pub(crate) demand: SignerDemand,
    pub(crate) is_attestation: bool,
    pub(crate) at: Timestamp,
}

impl Genuine {
    /// Judges another artifact as this one is judged.
    pub(crate) fn judge(&self, artifact: ArtifactKind) -> SignerFinding {
        let judge = if self.is_attestation { attested } else { signed };
        judge([artifact], self.demand.clone(), self.at)
    }
}

/// Who signs the matrix.
#[derive(Clone, Copy)]
enum Who<'w> {
    Key(Algorithm),
    /// A certificate of an authority that the policy names itself.
    Own(&'w Credential),
    /// A certificate of the trust root's authority.
    Keyless(&'w Credential),
}

const LAYER_LOGS: [Option<LogVersion>; 2] = [None, Some(LogVersion::V1(EntryKind::Dsse))];
const BUNDLE_LOGS: [Option<LogVersion>; 4] = [
    None,
    Some(LogVersion::V1(EntryKind::Dsse)),
    Some(LogVersion::V1(EntryKind::Intoto)),
    Some(LogVersion::V2),
];

/// Every genuine artifact.
pub(crate) fn matrix() -> Vec<Genuine> {
    let issue = |algorithm| {
        let options = LeafOptions {
            algorithm,
            ..LeafOptions::default()
        };
        let (authority, named) = (&*AUTHORITY, Named::email(SUBJECT, ISSUER));
        authority
            .fulcio
            .issue(
                &named,
                Sct::By(&authority.certificate_log),
                signing_time(),
                &options,
            )
            .expect("a leaf")
    };
    let credentials: Vec<Credential> = [
        Algorithm::P256,
        Algorithm::P384,
        Algorithm::P521,
        Algorithm::Rsa2048,
    ]
    .map(issue)
    .into();
    let whos = Algorithm::ALL
        .map(Who::Key)
        .into_iter()
        .chain(credentials.iter().map(Who::Own))
        .chain(credentials.iter().map(Who::Keyless));
    let mut all = Vec::new();
    for who in whos {
        for is_attestation in [false, true] {
            for is_stamped in [false, true] {
                all.extend(
                    LAYER_LOGS
                        .iter()
                        .map(|log| in_layer(who, is_attestation, *log, is_stamped)),
                );
                all.extend(
                    BUNDLE_LOGS
                        .iter()
                        .map(|log| in_bundle(who, is_attestation, *log, is_stamped)),
                );
            }
        }
    }
    all
}

fn in_layer(who: Who<'_>, is_attestation: bool, log: Option<LogVersion>, is_stamped: bool) -> Genuine {
    let (authority, signer) = (&*AUTHORITY, who.signer());
    let statement = attestation_statement(PREDICATE);
    let layer = match (is_attestation, log) {
        (false, Some(_)) => authority.signature_layer(signer, claim(&[]), signing_time()),
        (true, Some(_)) => authority.attestation_layer(signer, &statement, signing_time()),
        (false, None) => {
            Layer::signature(signer.key(), claim(&[])).map(|layer| with_certificate(layer, signer))
        }
        (true, None) => Envelope::sign(signer.key(), &statement)
            .and_then(|envelope| Layer::attestation(&envelope, PREDICATE))
            .map(|layer| with_certificate(layer, signer)),
    };
    let mut layer = layer.expect("a layer");
    if is_stamped {
        layer = authority.stamped(layer, signing_time()).expect("a timestamp");
    }
    who.genuine("layer", layer_artifact(&layer), is_attestation, log, is_stamped)
}

fn in_bundle(who: Who<'_>, is_attestation: bool, log: Option<LogVersion>, is_stamped: bool) -> Genuine {
    let (authority, signer) = (&*AUTHORITY, who.signer());
    let statement: Statement = if is_attestation {
        attestation_statement(PREDICATE)
    } else {
        signature_statement(&[])
    };
    let mut bundle = match log {
        Some(log) => authority
            .bundle(signer, &statement, log, signing_time())
            .expect("a bundle"),
        None => Bundle::sign(signer.key(), &statement).expect("a bundle"),
    };
    if let Signer::Certificate(credential) = signer {
        bundle.verification_material.public_key = None;
        bundle.verification_material.certificate = Some(RawCertificate::of(credential.certificate.der()));
    }
    if let Who::Own(credential) = who {
        // As cosign writes it for an authority of one's own: the whole chain, in a bundle of version 0.3.
        bundle.verification_material.certificate = None;
        let chain = std::iter::once(&credential.certificate).chain(&credential.chain);
        let certificates = chain
            .map(|certificate| RawCertificate::of(certificate.der()))
            .collect();
        bundle.verification_material.x509_certificate_chain = Some(CertificateChain { certificates });
    }
    if is_stamped {
        stamp(&mut bundle);
    }
    let has_timestamp = bundle.verification_material.timestamp_verification_data.is_some();
    who.genuine(
        "bundle",
        bundle_artifact(&bundle),
        is_attestation,
        log,
        has_timestamp,
    )
}

/// Puts a timestamp of the bundle's signature into it.
pub(crate) fn stamp(bundle: &mut Bundle) {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let envelope = bundle.dsse_envelope.as_ref().expect("an envelope");
    let signature = STANDARD
        .decode(&envelope.signatures.first().expect("a signature").sig)
        .expect("base64");
    let token = AUTHORITY
        .timestamps
        .stamp(&signature, signing_time())
        .expect("a timestamp");
    bundle.verification_material.timestamp_verification_data = Some(rehearsal::bundle::Timestamps {
        rfc3161_timestamps: vec![rehearsal::bundle::SignedTimestamp {
            signed_timestamp: STANDARD.encode(token),
        }],
    });
}

fn with_certificate(layer: Layer, signer: Signer<'_>) -> Layer {
    match signer {
        Signer::Key(_) => layer,
        Signer::Certificate(credential) => layer
            .with(layer::CERTIFICATE, credential.certificate.pem())
            .with(layer::CHAIN, credential.chain_pem()),
    }
}

impl Who<'_> {
    fn signer(&self) -> Signer<'_> {
        match self {
            Self::Key(algorithm) => Signer::Key(key(*algorithm)),
            Self::Own(credential) | Self::Keyless(credential) => Signer::Certificate(credential),
        }
    }

    /// The artifact with the strictest demand that it meets.
    fn genuine(
        self,
        layout: &str,
        artifact: ArtifactKind,
        is_attestation: bool,
        log: Option<LogVersion>,
        has_timestamp: bool,
    ) -> Genuine {
        let authority = &*AUTHORITY;
        let log_key = match log {
            None | Some(LogVersion::V1(_)) => authority.rekor.key(),
            Some(LogVersion::V2) => authority.rekor_tiles.key(),
        };
        let own_log = match log {
            None => unlogged(),
            Some(_) => LogDemand {
                key: Some(log_key.public_pem().into()),
                ..LogDemand::default()
            },
        };
        let root_log = if log.is_some() {
            LogDemand::default()
        } else {
            unlogged()
        };
        let tsa_chain = has_timestamp.then(|| authority.timestamps.chain_pem().into());
        let (who, demand) = match self {
            Self::Key(algorithm) => {
                let mut demand = key_demand(key(algorithm), root_log);
                if let Demanded::Key { tsa_chain: chain, .. } = &mut demand.authority {
                    *chain = tsa_chain;
                }
                (format!("key {algorithm:?}"), demand)
            }
            Self::Own(credential) => {
                let roots = Some(authority.fulcio.root().pem().into());
                let sct_key = Some(authority.certificate_log.key().public_pem().into());
                let sct = SctDemand {
                    key: sct_key,
                    ..SctDemand::default()
                };
                let demand = Demanded::Keyless {
                    identity: identity(),
                    roots,
                    log: own_log,
                    sct,
                    tsa_chain,
                };
                (
                    format!("own authority {:?}", credential.key.algorithm()),
                    signer(demand),
                )
            }
            Self::Keyless(credential) => {
                let (roots, sct) = (None, SctDemand::default());
                let demand = Demanded::Keyless {
                    identity: identity(),
                    roots,
                    log: root_log,
                    sct,
                    tsa_chain,
                };
                (
                    format!("keyless {:?}", credential.key.algorithm()),
                    signer(demand),
                )
            }
        };
        let what = if is_attestation {
            "attestation"
        } else {
            "signature"
        };
        let stamped = if has_timestamp { "stamped" } else { "unstamped" };
        // Where nothing proves a time, the certificate must be valid when it is judged.
        let proves_time = has_timestamp || matches!(log, Some(LogVersion::V1(_)));
        Genuine {
            name: format!("{layout} {what}, {who}, log {log:?}, {stamped}"),
            artifact,
            demand,
            is_attestation,
            at: if proves_time || matches!(self, Self::Key(_)) {
                judging_time()
            } else {
                soon()
            },
        }
    }
}

#[test]
fn every_genuine_artifact_is_accepted() {
    let matrix = matrix();
    assert!(matrix.len() >= 200, "the matrix has {} cases", matrix.len());
    let refused: Vec<String> = matrix
        .iter()
        .filter_map(|genuine| {
            let refusal = genuine.judge(genuine.artifact.clone()).err()?;
            Some(format!(
                "{}: {} {:?}",
                genuine.name, refusal.message, refusal.found
            ))
        })
        .collect();
    assert!(
        refused.is_empty(),
        "{} of {} refused:\n{}",
        refused.len(),
        matrix.len(),
        refused.join("\n")
    );
}
