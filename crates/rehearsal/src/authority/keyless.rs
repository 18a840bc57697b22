//! Signing with the whole throw-away stack: what cosign does keyless, and what it does with a key and a log.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::certificate_log::CertificateLog;
use super::entry::{Recorded, dsse_body, hashedrekord_body, hashedrekord_v2_body, intoto_body};
use super::fulcio::{Credential, Fulcio, Identity, LeafOptions, Sct};
use super::rekor::Rekor;
use super::rekor_tiles::RekorTiles;
use super::signer::Signer;
use super::timestamp::TimestampAuthority;
use crate::bundle::{
    BUNDLE_V03, Bundle, PublicKeyHint, RawCertificate, SignedTimestamp, Timestamps, VerificationMaterial,
};
use crate::dsse::{Envelope, pae};
use crate::error::RehearsalError;
use crate::layer::{self, Layer};
use crate::statement::Statement;

/// Everybody who vouches.
#[derive(Debug)]
pub struct Authority {
    /// The certificate authority.
    pub fulcio: Fulcio,
    /// The certificate log.
    pub certificate_log: CertificateLog,
    /// The transparency log of version 1.
    pub rekor: Rekor,
    /// The transparency log of version 2.
    pub rekor_tiles: RekorTiles,
    /// The timestamp authority.
    pub timestamps: TimestampAuthority,
}

/// Which log a bundle is recorded in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogVersion {
    /// Version 1: promise and proof, entry as here.
    V1(EntryKind),
    /// Version 2: proof, and a timestamp beside it.
    V2,
}

/// How a version 1 log records an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// `dsse` 0.0.1, as cosign does since 2.4.
    Dsse,
    /// `intoto` 0.0.2, as cosign did before.
    Intoto,
}

impl Authority {
    /// Fresh keys everywhere, all valid from `from`.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] and [`RehearsalError::Der`].
    pub fn new(from: SystemTime) -> Result<Self, RehearsalError> {
        Ok(Self {
            fulcio: Fulcio::new(from)?,
            certificate_log: CertificateLog::new()?,
            rekor: Rekor::new("rekor.rehearsal.example")?,
            rekor_tiles: RekorTiles::new("log.rehearsal.example")?,
            timestamps: TimestampAuthority::new(from)?,
        })
    }

    /// A leaf for `identity` with an SCT, valid for ten minutes from `at`.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] and [`RehearsalError::Der`].
    pub fn credential(&self, identity: &Identity, at: SystemTime) -> Result<Credential, RehearsalError> {
        self.fulcio.issue(
            identity,
            Sct::By(&self.certificate_log),
            at,
            &LeafOptions::default(),
        )
    }

    /// A claim, signed and recorded in the version 1 log at `at`.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] and [`RehearsalError::Der`].
    pub fn signature_layer(
        &self,
        signer: Signer<'_>,
        payload: Vec<u8>,
        at: SystemTime,
    ) -> Result<Layer, RehearsalError> {
        let signature = signer.key().sign(&payload)?;
        let body = hashedrekord_body(&payload, &signature, signer)?;
        let recorded = self.rekor.record("hashedrekord", "0.0.1", body, at)?;
        let layer = Layer::signed(payload, &signature);
        decorated(layer, signer, &recorded)
    }

    /// An attestation, signed and recorded in the version 1 log (`dsse` 0.0.1) at `at`.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] and [`RehearsalError::Der`].
    pub fn attestation_layer(
        &self,
        signer: Signer<'_>,
        statement: &Statement,
        at: SystemTime,
    ) -> Result<Layer, RehearsalError> {
        let envelope = Envelope::sign(signer.key(), statement)?;
        let recorded = self
            .rekor
            .record("dsse", "0.0.1", dsse_body(&envelope, signer)?, at)?;
        let layer = Layer::attestation(&envelope, &statement.predicate_type)?;
        decorated(layer, signer, &recorded)
    }

    /// Adds the timestamp of `layer`'s own signature: `cosign sign --timestamp-server-url`.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] and [`RehearsalError::Der`].
    pub fn stamped(&self, layer: Layer, at: SystemTime) -> Result<Layer, RehearsalError> {
        let signature = layer
            .annotations
            .get(layer::SIGNATURE)
            .map(String::as_str)
            .unwrap_or_default();
        // An attestation's signature is inside the envelope; cosign stamps the layer then.
        let stamped = match signature {
            "" => layer.bytes.clone(),
            text => STANDARD.decode(text).unwrap_or_default(),
        };
        let response = STANDARD.encode(self.timestamps.stamp(&stamped, at)?);
        Ok(layer.with(
            layer::TIMESTAMP,
            format!("{{\"SignedRFC3161Timestamp\":\"{response}\"}}"),
        ))
    }

    /// Puts a timestamp of `bundle`'s signature into it, in the stead of any other.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] and [`RehearsalError::Der`].
    pub fn stamp_bundle(&self, bundle: &mut Bundle, at: SystemTime) -> Result<(), RehearsalError> {
        let envelope = bundle.dsse_envelope.as_ref();
        let signature = envelope
            .and_then(|envelope| envelope.signatures.first())
            .map(|first| first.sig.as_str())
            .unwrap_or_default();
        let signature = STANDARD.decode(signature).unwrap_or_default();
        bundle.verification_material.timestamp_verification_data = Some(self.timestamps_of(&signature, at)?);
        Ok(())
    }

    fn timestamps_of(&self, signature: &[u8], at: SystemTime) -> Result<Timestamps, RehearsalError> {
        let signed_timestamp = STANDARD.encode(self.timestamps.stamp(signature, at)?);
        Ok(Timestamps {
            rfc3161_timestamps: vec![SignedTimestamp { signed_timestamp }],
        })
    }

    /// A statement, signed and recorded at `at`, as a version 0.3 bundle.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] and [`RehearsalError::Der`].
    pub fn bundle(
        &self,
        signer: Signer<'_>,
        statement: &Statement,
        log: LogVersion,
        at: SystemTime,
    ) -> Result<Bundle, RehearsalError> {
        let payload = serde_json::to_vec(statement)?;
        let message = pae(crate::dsse::IN_TOTO, &payload);
        let envelope = Envelope::sign(signer.key(), statement)?;
        let signature = envelope
            .signatures
            .first()
            .map(|first| first.sig.as_str())
            .unwrap_or_default();
        let signature = STANDARD.decode(signature).unwrap_or_default();
        let recorded = match log {
            LogVersion::V1(EntryKind::Dsse) => {
                self.rekor
                    .record("dsse", "0.0.1", dsse_body(&envelope, signer)?, at)?
            }
            LogVersion::V1(EntryKind::Intoto) => {
                self.rekor
                    .record("intoto", "0.0.2", intoto_body(&envelope, signer)?, at)?
            }
            LogVersion::V2 => self
                .rekor_tiles
                .record(hashedrekord_v2_body(&message, &signature, signer)?)?,
        };
        let timestamps = match log {
            LogVersion::V1(_) => None,
            LogVersion::V2 => Some(self.timestamps_of(&signature, at)?),
        };
        let mut material = VerificationMaterial {
            tlog_entries: vec![recorded.in_bundle()],
            timestamp_verification_data: timestamps,
            ..VerificationMaterial::default()
        };
        match signer {
            Signer::Key(key) => material.public_key = Some(PublicKeyHint { hint: key.hint() }),
            Signer::Certificate(credential) => {
                material.certificate = Some(RawCertificate::of(credential.certificate.der()));
            }
        }
        Ok(Bundle {
            media_type: BUNDLE_V03.to_owned(),
            verification_material: material,
            dsse_envelope: Some(envelope),
            message_signature: None,
        })
    }
}

fn decorated(layer: Layer, signer: Signer<'_>, recorded: &Recorded) -> Result<Layer, RehearsalError> {
    let layer = layer.with(layer::BUNDLE, recorded.in_annotation()?);
    Ok(match signer {
        Signer::Key(_) => layer,
        Signer::Certificate(credential) => layer
            .with(layer::CERTIFICATE, credential.certificate.pem())
            .with(layer::CHAIN, credential.chain_pem()),
    })
}
