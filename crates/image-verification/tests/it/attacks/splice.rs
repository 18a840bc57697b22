//! Evidence of one signature put beside another: log entries, promises, timestamps.
//!
//! The spliced part is genuine and the log vouches for it; only its body says that it belongs elsewhere.

use image_trust::{ArtifactKind, LogDemand, ReasonCode};
use rehearsal::Algorithm;
use rehearsal::authority::{EntryKind, LogVersion, Signer};
use rehearsal::layer::{self, Layer};

use crate::genuine::stamp;
use crate::workshop::*;

/// CVE-2022-23649: cosign took any log entry with a valid promise as proof that *this* signature was logged.
#[test]
fn a_promise_for_another_signature_of_the_same_key_proves_nothing_cve_2022_23649() {
    let signer = Signer::Key(key(Algorithm::P256));
    let logged = AUTHORITY
        .signature_layer(signer, claim(&[]), signing_time())
        .expect("a layer");
    let other = AUTHORITY
        .signature_layer(signer, claim(&[("env", "test")]), signing_time())
        .expect("a layer");
    let spliced = logged
        .clone()
        .with(layer::BUNDLE, &other.annotations[layer::BUNDLE]);
    let demand = || key_demand(signer.key(), LogDemand::default());
    assert!(signed([layer_artifact(&logged)], demand(), judging_time()).is_ok());
    let refusal = signed([layer_artifact(&spliced)], demand(), judging_time()).expect_err("spliced");
    assert_eq!(refusal.code, ReasonCode::LogMissing);
}

/// CVE-2026-22703: on the old path the entry's body was never compared with key and signature. Every path is tried:
/// classic signature, classic attestation, bundles with each kind of entry; by key and by certificate.
#[test]
fn an_entry_of_another_artifact_is_refused_on_every_path_cve_2026_22703() {
    let credential = credential();
    for signer in [
        Signer::Key(key(Algorithm::P256)),
        Signer::Certificate(&credential),
    ] {
        let demand = || match signer {
            Signer::Key(key) => key_demand(key, LogDemand::default()),
            Signer::Certificate(_) => keyless_demand(identity()),
        };
        let one = AUTHORITY
            .signature_layer(signer, claim(&[]), signing_time())
            .expect("a layer");
        let other = AUTHORITY
            .signature_layer(signer, claim(&[("a", "b")]), signing_time())
            .expect("a layer");
        let spliced = one.clone().with(layer::BUNDLE, &other.annotations[layer::BUNDLE]);
        assert!(signed([layer_artifact(&one)], demand(), judging_time()).is_ok());
        assert!(signed([layer_artifact(&spliced)], demand(), judging_time()).is_err());

        let (this, that) = (
            attestation_statement(PREDICATE),
            attestation_statement("https://example.com/other/v1"),
        );
        let one = AUTHORITY
            .attestation_layer(signer, &this, signing_time())
            .expect("a layer");
        let other = AUTHORITY
            .attestation_layer(signer, &that, signing_time())
            .expect("a layer");
        let spliced = one.clone().with(layer::BUNDLE, &other.annotations[layer::BUNDLE]);
        assert!(attested([layer_artifact(&one)], demand(), judging_time()).is_ok());
        assert!(attested([layer_artifact(&spliced)], demand(), judging_time()).is_err());

        for log in [
            LogVersion::V1(EntryKind::Dsse),
            LogVersion::V1(EntryKind::Intoto),
            LogVersion::V2,
        ] {
            let bundle = |statement| {
                AUTHORITY
                    .bundle(signer, statement, log, signing_time())
                    .expect("a bundle")
            };
            let (one, other) = (bundle(&this), bundle(&that));
            let mut spliced = one.clone();
            spliced.verification_material.tlog_entries = other.verification_material.tlog_entries;
            assert!(
                attested([bundle_artifact(&one)], demand(), judging_time()).is_ok(),
                "{log:?}"
            );
            assert!(
                attested([bundle_artifact(&spliced)], demand(), judging_time()).is_err(),
                "{log:?}"
            );
        }
    }
}

/// CVE-2024-51746: of several entries, one that matched was enough and the others were not looked at.
#[test]
fn an_entry_that_matches_does_not_excuse_one_that_does_not_cve_2024_51746() {
    let signer = Signer::Key(key(Algorithm::P256));
    let bundle = |kind: &str| {
        let statement = attestation_statement(kind);
        AUTHORITY
            .bundle(
                signer,
                &statement,
                LogVersion::V1(EntryKind::Dsse),
                signing_time(),
            )
            .expect("a bundle")
    };
    let (mut one, other) = (bundle(PREDICATE), bundle("https://example.com/other/v1"));
    let demand = || key_demand(signer.key(), LogDemand::default());
    assert!(attested([bundle_artifact(&one)], demand(), judging_time()).is_ok());
    one.verification_material
        .tlog_entries
        .extend(other.verification_material.tlog_entries);
    assert!(attested([bundle_artifact(&one)], demand(), judging_time()).is_err());
}

/// CVE-2026-49834: two entries of one log counted as two logs. Here one entry is demanded, so that a second copy of it
/// must neither help nor hurt; and no number of unsigned entries makes a logged one.
#[test]
fn entries_are_judged_not_counted_cve_2026_49834() {
    let signer = Signer::Key(key(Algorithm::P256));
    let statement = attestation_statement(PREDICATE);
    let log = LogVersion::V1(EntryKind::Dsse);
    let mut bundle = AUTHORITY
        .bundle(signer, &statement, log, signing_time())
        .expect("a bundle");
    let demand = || key_demand(signer.key(), LogDemand::default());
    let entry = bundle.verification_material.tlog_entries[0].clone();
    bundle.verification_material.tlog_entries.push(entry);
    assert!(attested([bundle_artifact(&bundle)], demand(), judging_time()).is_ok());
    for entry in &mut bundle.verification_material.tlog_entries {
        entry.inclusion_promise = None;
        entry.inclusion_proof = None;
    }
    assert!(attested([bundle_artifact(&bundle)], demand(), judging_time()).is_err());
}

/// A timestamp is about one signature; another signature's proves no time for this one.
#[test]
fn a_timestamp_of_another_signature_proves_no_time() {
    let credential = credential();
    let signer = Signer::Certificate(&credential);
    let bundle = |annotations: &[(&str, &str)]| {
        let statement = signature_statement(annotations);
        AUTHORITY
            .bundle(signer, &statement, LogVersion::V2, signing_time())
            .expect("a bundle")
    };
    let (mut one, mut other) = (bundle(&[]), bundle(&[("a", "b")]));
    assert!(
        signed(
            [bundle_artifact(&one)],
            keyless_demand(identity()),
            judging_time()
        )
        .is_ok()
    );
    stamp(&mut other);
    one.verification_material.timestamp_verification_data =
        other.verification_material.timestamp_verification_data;
    let refusal = signed(
        [bundle_artifact(&one)],
        keyless_demand(identity()),
        judging_time(),
    )
    .expect_err("spliced");
    assert_eq!(refusal.code, ReasonCode::TimestampInvalid);
}

/// An entry made for another certificate of the same person lends its time to no other certificate.
#[test]
fn an_entry_by_another_certificate_proves_no_time() {
    let (one, other) = (credential(), credential());
    let payload = claim(&[]);
    let layer = AUTHORITY
        .signature_layer(Signer::Certificate(&one), payload.clone(), signing_time())
        .expect("a layer");
    let foreign = AUTHORITY
        .signature_layer(Signer::Certificate(&other), payload, signing_time())
        .expect("a layer");
    let spliced = layer
        .clone()
        .with(layer::BUNDLE, &foreign.annotations[layer::BUNDLE]);
    assert!(
        signed(
            [layer_artifact(&layer)],
            keyless_demand(identity()),
            judging_time()
        )
        .is_ok()
    );
    assert!(
        signed(
            [layer_artifact(&spliced)],
            keyless_demand(identity()),
            judging_time()
        )
        .is_err()
    );
}

/// Nothing passes without a log entry unless the policy says `ignoreTlog`.
#[test]
fn without_a_log_entry_nothing_passes_unless_the_policy_waives_it() {
    let key = key(Algorithm::P256);
    let layer = layer_artifact(&Layer::signature(key, claim(&[])).expect("a layer"));
    let bundle =
        bundle_artifact(&rehearsal::bundle::Bundle::sign(key, &signature_statement(&[])).expect("a bundle"));
    for artifact in [layer, bundle] {
        let logged = |log| {
            signed(
                [artifact.clone()] as [ArtifactKind; 1],
                key_demand(key, log),
                judging_time(),
            )
        };
        assert_eq!(
            logged(LogDemand::default()).expect_err("unlogged").code,
            ReasonCode::LogMissing
        );
        assert!(logged(unlogged()).is_ok());
    }
}
