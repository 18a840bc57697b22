//! A matrix of genuine artifacts: layout × signer × log × timestamp × digest algorithm.
//!
//! In: an authority, an identity, an image, a time. Out: for each [`Shape`] an artifact as a real signer makes it. Our own
//! verifier must accept each, and refuse it with anything changed; cosign must accept each that it can be asked about.

use std::collections::BTreeMap;
use std::fmt;
use std::time::SystemTime;

use serde_json::json;

use crate::authority::{Authority, Credential, EntryKind, Identity, LeafOptions, LogVersion, Sct, Signer};
use crate::bundle::{Bundle, CertificateChain, RawCertificate};
use crate::dsse::Envelope;
use crate::error::RehearsalError;
use crate::keys::{Algorithm, SigningKey};
use crate::layer::{self, Layer};
use crate::simple_signing;
use crate::statement::Statement;

/// The predicate type of the matrix's attestations.
pub const PREDICATE: &str = "https://example.com/reviewed/v1";

/// Where an artifact lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// A layer under cosign's tags.
    Layer,
    /// A bundle that refers to its image.
    Bundle,
}

/// Who signs, and what must be demanded of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A key.
    Key(Algorithm),
    /// A certificate of an authority that the verifier is given itself.
    Own(Algorithm),
    /// A certificate of the trusted root's authority.
    Keyless(Algorithm),
}

/// One artifact of the matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Where it lies.
    pub layout: Layout,
    /// Who signs.
    pub holder: Holder,
    /// An attestation, or the image's signature.
    pub is_attestation: bool,
    /// The log that it is recorded in.
    pub log: Option<LogVersion>,
    /// Whether a timestamp was asked for; log version 2 brings one in any case.
    pub is_stamped: bool,
}

/// An artifact.
#[derive(Clone, Debug)]
pub enum Made {
    /// As a layer.
    Layer(Layer),
    /// As a bundle.
    Bundle(Box<Bundle>),
}

const CERTIFIED: [Algorithm; 4] = [
    Algorithm::P256,
    Algorithm::P384,
    Algorithm::P521,
    Algorithm::Rsa2048,
];
const LAYER_LOGS: [Option<LogVersion>; 2] = [None, Some(LogVersion::V1(EntryKind::Dsse))];
const BUNDLE_LOGS: [Option<LogVersion>; 4] = [
    None,
    Some(LogVersion::V1(EntryKind::Dsse)),
    Some(LogVersion::V1(EntryKind::Intoto)),
    Some(LogVersion::V2),
];

impl Shape {
    /// Every shape that there can be.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let holders = Algorithm::ALL
            .map(Holder::Key)
            .into_iter()
            .chain(CERTIFIED.map(Holder::Own))
            .chain(CERTIFIED.map(Holder::Keyless));
        let places: Vec<(Layout, Option<LogVersion>)> = LAYER_LOGS
            .map(|log| (Layout::Layer, log))
            .into_iter()
            .chain(BUNDLE_LOGS.map(|log| (Layout::Bundle, log)))
            .collect();
        let mut all = Vec::new();
        for holder in holders {
            for is_attestation in [false, true] {
                for is_stamped in [false, true] {
                    all.extend(places.iter().map(|&(layout, log)| Self {
                        layout,
                        holder,
                        is_attestation,
                        log,
                        is_stamped,
                    }));
                }
            }
        }
        all.retain(|shape| shape.can_be());
        all
    }

    /// Logs record a `hashedrekord` whose signature they can verify by the digest alone. Pure Ed25519 has none such.
    fn can_be(&self) -> bool {
        let is_of_digest = match (self.layout, self.log) {
            (Layout::Layer, Some(_)) => !self.is_attestation,
            (Layout::Bundle, Some(LogVersion::V2)) => true,
            (Layout::Bundle, Some(LogVersion::V1(_)) | None) | (Layout::Layer, None) => false,
        };
        !(is_of_digest && self.holder == Holder::Key(Algorithm::Ed25519))
    }

    /// Whether the artifact has a timestamp.
    #[must_use]
    pub fn has_timestamp(self) -> bool {
        self.is_stamped || self.log == Some(LogVersion::V2)
    }

    /// Whether anything proves when it was signed; else a certificate counts only while it lasts.
    #[must_use]
    pub fn proves_time(self) -> bool {
        self.has_timestamp() || self.log.is_some()
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let layout = match self.layout {
            Layout::Layer => "layer",
            Layout::Bundle => "bundle",
        };
        let what = if self.is_attestation {
            "attestation"
        } else {
            "signature"
        };
        let log = match self.log {
            None => "unlogged",
            Some(LogVersion::V1(EntryKind::Dsse)) => "log 1",
            Some(LogVersion::V1(EntryKind::Intoto)) => "log 1 as intoto",
            Some(LogVersion::V2) => "log 2",
        };
        let stamped = if self.is_stamped { "stamped" } else { "unstamped" };
        match self.holder {
            Holder::Key(algorithm) => write!(out, "{layout} {what}, key {algorithm:?}, {log}, {stamped}"),
            Holder::Own(algorithm) => {
                write!(
                    out,
                    "{layout} {what}, own authority {algorithm:?}, {log}, {stamped}"
                )
            }
            Holder::Keyless(algorithm) => {
                write!(out, "{layout} {what}, keyless {algorithm:?}, {log}, {stamped}")
            }
        }
    }
}

/// Everybody who signs the matrix.
#[derive(Debug)]
pub struct Matrix<'a> {
    authority: &'a Authority,
    keys: Vec<SigningKey>,
    credentials: Vec<Credential>,
    at: SystemTime,
}

impl<'a> Matrix<'a> {
    /// Fresh keys, and certificates for `identity` by `authority`, which last ten minutes from `at`, when all is signed.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] and [`RehearsalError::Der`].
    pub fn new(
        authority: &'a Authority,
        identity: &Identity,
        at: SystemTime,
    ) -> Result<Self, RehearsalError> {
        let issue = |algorithm| {
            let options = LeafOptions {
                algorithm,
                ..LeafOptions::default()
            };
            let sct = Sct::By(&authority.certificate_log);
            authority.fulcio.issue(identity, sct, at, &options)
        };
        Ok(Self {
            authority,
            keys: Algorithm::ALL
                .into_iter()
                .map(SigningKey::generate)
                .collect::<Result<_, _>>()?,
            credentials: CERTIFIED.into_iter().map(issue).collect::<Result<_, _>>()?,
            at,
        })
    }

    /// Who vouches for the certificates, logs and timestamps.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        self.authority
    }

    /// Who signs for `holder`.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] where no shape of the matrix has such a holder.
    pub fn signer(&self, holder: Holder) -> Result<Signer<'_>, RehearsalError> {
        let found = match holder {
            Holder::Key(algorithm) => self
                .keys
                .iter()
                .find(|key| key.algorithm() == algorithm)
                .map(Signer::Key),
            Holder::Own(algorithm) | Holder::Keyless(algorithm) => self
                .credentials
                .iter()
                .find(|credential| credential.key.algorithm() == algorithm)
                .map(Signer::Certificate),
        };
        found.ok_or(RehearsalError::Crypto(
            "sign with a kind of key that the matrix lacks",
        ))
    }

    /// The artifact of `shape` about the image `name` with `digest`.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`], [`RehearsalError::Der`] and [`RehearsalError::Json`].
    pub fn make(&self, shape: Shape, name: &str, digest: &str) -> Result<Made, RehearsalError> {
        match shape.layout {
            Layout::Layer => self.layer(shape, name, digest).map(Made::Layer),
            Layout::Bundle => self
                .bundle(shape, name, digest)
                .map(|bundle| Made::Bundle(Box::new(bundle))),
        }
    }

    fn layer(&self, shape: Shape, name: &str, digest: &str) -> Result<Layer, RehearsalError> {
        let (authority, signer, at) = (self.authority, self.signer(shape.holder)?, self.at);
        let layer = if shape.is_attestation {
            let statement = attestation(name, digest);
            match shape.log {
                Some(_) => authority.attestation_layer(signer, &statement, at)?,
                None => {
                    let envelope = Envelope::sign(signer.key(), &statement)?;
                    with_certificate(Layer::attestation(&envelope, PREDICATE)?, signer)
                }
            }
        } else {
            let claim = simple_signing::payload(name, digest, &BTreeMap::new())?;
            match shape.log {
                Some(_) => authority.signature_layer(signer, claim, at)?,
                None => with_certificate(Layer::signature(signer.key(), claim)?, signer),
            }
        };
        if shape.is_stamped {
            return authority.stamped(layer, at);
        }
        Ok(layer)
    }

    fn bundle(&self, shape: Shape, name: &str, digest: &str) -> Result<Bundle, RehearsalError> {
        let (authority, signer, at) = (self.authority, self.signer(shape.holder)?, self.at);
        let statement = if shape.is_attestation {
            attestation(name, digest)
        } else {
            Statement::signature(digest, &BTreeMap::new())
        };
        let mut bundle = match shape.log {
            Some(log) => authority.bundle(signer, &statement, log, at)?,
            None => Bundle::sign(signer.key(), &statement)?,
        };
        let material = &mut bundle.verification_material;
        if let Signer::Certificate(credential) = signer {
            material.public_key = None;
            material.certificate = Some(RawCertificate::of(credential.certificate.der()));
            if matches!(shape.holder, Holder::Own(_)) {
                // As cosign writes it for an authority of one's own: the chain, in a bundle of version 0.3. Its root is left
                // out, as the verifier has it.
                material.certificate = None;
                let root = self.authority.fulcio.root().der();
                let above = credential.chain.iter().filter(|one| one.der() != root);
                let chain = std::iter::once(&credential.certificate).chain(above);
                let certificates = chain
                    .map(|certificate| RawCertificate::of(certificate.der()))
                    .collect();
                material.x509_certificate_chain = Some(CertificateChain { certificates });
            }
        }
        if shape.is_stamped {
            authority.stamp_bundle(&mut bundle, at)?;
        }
        Ok(bundle)
    }
}

fn attestation(name: &str, digest: &str) -> Statement {
    Statement::attestation(name, digest, PREDICATE, json!({ "reviewed": true }))
}

fn with_certificate(layer: Layer, signer: Signer<'_>) -> Layer {
    match signer {
        Signer::Key(_) => layer,
        Signer::Certificate(credential) => layer
            .with(layer::CERTIFICATE, credential.certificate.pem())
            .with(layer::CHAIN, credential.chain_pem()),
    }
}
