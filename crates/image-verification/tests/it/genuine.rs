//! A matrix of genuine artifacts: layout × signer × log × timestamp × digest algorithm. Each must be accepted.

use std::sync::{Arc, LazyLock};

use image_trust::{ArtifactKind, Authority as Demanded, LogDemand, SctDemand, SignerDemand, SignerFinding};
use jiff::Timestamp;
use rehearsal::authority::{Identity as Named, LogVersion};
use rehearsal::bundle::Bundle;
use rehearsal::matrix::{Holder, Made, Matrix, Shape};

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

/// Everybody who signs the matrix.
static MATRIX: LazyLock<Matrix<'static>> = LazyLock::new(|| {
    Matrix::new(&AUTHORITY, &Named::email(SUBJECT, ISSUER), signing_time()).expect("signers")
});

/// Every genuine artifact.
pub(crate) fn matrix() -> Vec<Genuine> {
    Shape::all().into_iter().map(genuine).collect()
}

/// The artifact of this shape with the strictest demand that it meets.
fn genuine(shape: Shape) -> Genuine {
    let made = MATRIX
        .make(shape, NAME, &digest().to_string())
        .expect("an artifact");
    let demand = match shape.holder {
        Holder::Key(_) => keyed(shape),
        Holder::Own(_) | Holder::Keyless(_) => named(shape),
    };
    Genuine {
        name: shape.to_string(),
        artifact: match made {
            Made::Layer(layer) => layer_artifact(&layer),
            Made::Bundle(bundle) => bundle_artifact(&bundle),
        },
        demand,
        is_attestation: shape.is_attestation,
        // Where nothing proves a time, the certificate must be valid when it is judged.
        at: if shape.proves_time() || matches!(shape.holder, Holder::Key(_)) {
            judging_time()
        } else {
            soon()
        },
    }
}

/// What is demanded of the log, by the trust root's keys.
fn root_log(shape: Shape) -> LogDemand {
    if shape.log.is_some() {
        LogDemand::default()
    } else {
        unlogged()
    }
}

fn tsa_chain(shape: Shape) -> Option<Arc<str>> {
    shape
        .has_timestamp()
        .then(|| AUTHORITY.timestamps.chain_pem().into())
}

fn keyed(shape: Shape) -> SignerDemand {
    let signer = MATRIX.signer(shape.holder).expect("a signer");
    let mut demand = key_demand(signer.key(), root_log(shape));
    if let Demanded::Key { tsa_chain: chain, .. } = &mut demand.authority {
        *chain = tsa_chain(shape);
    }
    demand
}

fn named(shape: Shape) -> SignerDemand {
    let authority = &*AUTHORITY;
    let is_own = matches!(shape.holder, Holder::Own(_));
    let log_key = match shape.log {
        None | Some(LogVersion::V1(_)) => authority.rekor.key(),
        Some(LogVersion::V2) => authority.rekor_tiles.key(),
    };
    let own_log = LogDemand {
        key: shape.log.is_some().then(|| log_key.public_pem().into()),
        ..root_log(shape)
    };
    let own_sct = SctDemand {
        key: Some(authority.certificate_log.key().public_pem().into()),
        ..SctDemand::default()
    };
    signer(Demanded::Keyless {
        identity: identity(),
        roots: is_own.then(|| authority.fulcio.root().pem().into()),
        log: if is_own { own_log } else { root_log(shape) },
        sct: if is_own { own_sct } else { SctDemand::default() },
        tsa_chain: tsa_chain(shape),
    })
}

/// Puts a timestamp of the bundle's signature into it.
pub(crate) fn stamp(bundle: &mut Bundle) {
    AUTHORITY
        .stamp_bundle(bundle, signing_time())
        .expect("a timestamp");
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
