//! Fields that are read and never used (CVE-2025-29778: `subjectRegExp` and `issuerRegExp` were ignored).
//!
//! Each field of an attestor is set to a value that the genuine artifact does not meet: the verdict must flip.

use std::sync::Arc;

use image_trust::{Authority as Demanded, DigestAlgorithm, LogDemand, ReasonCode, SctDemand, SignerDemand};
use rehearsal::authority::{Fulcio, Signer};
use rehearsal::layer::{self};
use rehearsal::{Algorithm, SigningKey};

use crate::workshop::*;

/// One change of a demand, and what it changes.
type Flip = (&'static str, fn(&mut SignerDemand));

fn other_key() -> Arc<str> {
    SigningKey::generate(Algorithm::P256)
        .expect("a key")
        .public_pem()
        .into()
}

fn other_root() -> Arc<str> {
    Fulcio::new(beginning())
        .expect("an authority")
        .root()
        .pem()
        .into()
}

fn keyless(
    demand: &mut SignerDemand,
) -> (
    &mut image_trust::Identity,
    &mut Option<Arc<str>>,
    &mut LogDemand,
    &mut SctDemand,
) {
    match &mut demand.authority {
        Demanded::Keyless {
            identity,
            roots,
            log,
            sct,
            ..
        } => (identity, roots, log, sct),
        _ => panic!("keyless is demanded"),
    }
}

#[test]
fn every_field_of_a_keyless_attestor_counts_cve_2025_29778() {
    let credential = credential();
    let layer = AUTHORITY
        .signature_layer(Signer::Certificate(&credential), claim(&[]), signing_time())
        .expect("a layer");
    let artifact = layer_artifact(&layer);
    let demand = keyless_demand(identity());
    assert!(signed([artifact.clone()], demand.clone(), judging_time()).is_ok());
    let flips: [Flip; 9] = [
        ("subject", |demand| {
            keyless(demand).0.subject = Some("nobody".into())
        }),
        ("subjectRegExp", |demand| {
            keyless(demand).0.subject = None;
            keyless(demand).0.subject_regexp = Some("^nobody$".into());
        }),
        ("issuer", |demand| {
            keyless(demand).0.issuer = Some("nobody".into())
        }),
        ("issuerRegExp", |demand| {
            keyless(demand).0.issuer_regexp = Some("^nobody$".into())
        }),
        ("additionalExtensions", |demand| {
            keyless(demand).0.extensions = pairs(&[("oidcIssuer", "nobody")])
        }),
        ("roots", |demand| *keyless(demand).1 = Some(other_root())),
        ("rekor.pubkey", |demand| keyless(demand).2.key = Some(other_key())),
        ("ctlog.pubkey", |demand| keyless(demand).3.key = Some(other_key())),
        ("annotations", |demand| {
            demand.annotations = pairs(&[("env", "prod")])
        }),
    ];
    for (field, flip) in flips {
        let mut flipped = demand.clone();
        flip(&mut flipped);
        assert!(
            signed([artifact.clone()], flipped, judging_time()).is_err(),
            "{field} is ignored"
        );
    }
}

#[test]
fn every_field_of_a_key_attestor_counts() {
    let signer = Signer::Key(key(Algorithm::P256));
    let layer = AUTHORITY
        .signature_layer(signer, claim(&[]), signing_time())
        .expect("a layer");
    let layer = AUTHORITY.stamped(layer, signing_time()).expect("a timestamp");
    let artifact = layer_artifact(&layer);
    let mut demand = key_demand(signer.key(), LogDemand::default());
    if let Demanded::Key { tsa_chain, .. } = &mut demand.authority {
        *tsa_chain = Some(AUTHORITY.timestamps.chain_pem().into());
    }
    assert!(signed([artifact.clone()], demand.clone(), judging_time()).is_ok());
    let flips: [Flip; 5] = [
        ("publicKeys", |demand| {
            if let Demanded::Key { source, .. } = &mut demand.authority {
                *source = image_trust::KeySource::Pem(other_key());
            }
        }),
        ("signatureAlgorithm", |demand| {
            if let Demanded::Key { digest, .. } = &mut demand.authority {
                *digest = DigestAlgorithm::Sha384;
            }
        }),
        ("rekor.pubkey", |demand| {
            if let Demanded::Key { log, .. } = &mut demand.authority {
                log.key = Some(other_key());
            }
        }),
        ("ctlog.tsaCertChain", |demand| {
            if let Demanded::Key { tsa_chain, .. } = &mut demand.authority {
                let stranger =
                    rehearsal::authority::TimestampAuthority::new(beginning()).expect("an authority");
                *tsa_chain = Some(stranger.chain_pem().into());
            }
        }),
        ("annotations", |demand| {
            demand.annotations = pairs(&[("env", "prod")])
        }),
    ];
    for (field, flip) in flips {
        let mut flipped = demand.clone();
        flip(&mut flipped);
        assert!(
            signed([artifact.clone()], flipped, judging_time()).is_err(),
            "{field} is ignored"
        );
    }
}

#[test]
fn every_field_of_a_certificate_attestor_counts() {
    let credential = credential();
    let layer = AUTHORITY
        .signature_layer(Signer::Certificate(&credential), claim(&[]), signing_time())
        .expect("a layer");
    let artifact = layer_artifact(&layer);
    let other = self::credential();
    let chain = credential.chain_pem();
    let pem = |text: &str| Some(Arc::<str>::from(text));
    let judge = |certificate: Option<Arc<str>>, chain: Option<Arc<str>>, log: LogDemand, sct: SctDemand| {
        let demand = signer(Demanded::Certificate {
            certificate,
            chain,
            log,
            sct,
            tsa_chain: None,
        });
        signed([artifact.clone()], demand, judging_time())
    };
    let leaf = credential.certificate.pem();
    let (log, sct) = (LogDemand::default, SctDemand::default);
    assert!(judge(pem(&leaf), None, log(), sct()).is_ok());
    assert!(judge(None, pem(&chain), log(), sct()).is_ok());
    assert!(judge(pem(&leaf), pem(&chain), log(), sct()).is_ok());
    let refused = [
        judge(pem(&other.certificate.pem()), None, log(), sct()),
        judge(pem(&other.certificate.pem()), pem(&chain), log(), sct()),
        judge(None, Some(other_root()), log(), sct()),
        judge(pem(&leaf), Some(other_root()), log(), sct()),
        judge(
            None,
            pem(&chain),
            LogDemand {
                key: Some(other_key()),
                ..log()
            },
            sct(),
        ),
        judge(
            None,
            pem(&chain),
            log(),
            SctDemand {
                key: Some(other_key()),
                ..sct()
            },
        ),
        judge(None, None, log(), sct()),
    ];
    assert!(refused.iter().all(Result::is_err), "{refused:?}");
}

/// What can't be parsed in a policy refuses: a key, a chain, a reference that nobody resolved.
#[test]
fn what_the_policy_names_and_nobody_can_read_refuses() {
    let key = key(Algorithm::P256);
    let layer = layer_artifact(&layer::Layer::signature(key, claim(&[])).expect("a layer"));
    let with = |source| {
        signer(Demanded::Key {
            source,
            digest: DigestAlgorithm::Sha256,
            log: unlogged(),
            tsa_chain: None,
        })
    };
    let code = |demand| {
        signed([layer.clone()], demand, judging_time())
            .expect_err("unreadable")
            .code
    };
    assert_eq!(
        code(with(image_trust::KeySource::Pem("nothing".into()))),
        ReasonCode::PolicyError
    );
    assert_eq!(
        code(with(image_trust::KeySource::Reference("k8s://a/b".into()))),
        ReasonCode::KeyUnavailable
    );
    let mut demand = key_demand(key, unlogged());
    if let Demanded::Key { tsa_chain, .. } = &mut demand.authority {
        *tsa_chain = Some("nothing".into());
    }
    assert_eq!(code(demand), ReasonCode::PolicyError);
}
