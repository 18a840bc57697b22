//! Certificates, keys and logs outside of their time.

use std::time::Duration;

use image_trust::{Authority as Demanded, LogDemand, ReasonCode, SctDemand, SignerDemand};
use rehearsal::Algorithm;
use rehearsal::authority::{
    EntryKind, Fulcio, Identity as Named, LeafOptions, LogVersion, Sct, Signer, TimestampAuthority,
};
use rehearsal::layer::{self, Layer};
use vouchsafe_image_verification::{ResolvedKeys, TrustMaterial, verify};

use crate::genuine::stamp;
use crate::workshop::*;

const TEN_YEARS: Duration = Duration::from_secs(3_653 * 86_400);

fn own_roots(fulcio: &Fulcio, log: LogDemand, tsa_chain: Option<String>) -> SignerDemand {
    signer(Demanded::Keyless {
        identity: identity(),
        roots: Some(format!("{}{}", fulcio.intermediate().pem(), fulcio.root().pem()).into()),
        log,
        sct: without_sct(),
        tsa_chain: tsa_chain.map(Into::into),
    })
}

/// CVE-2026-24122: only the leaf's beginning was looked at, so that an authority that had expired still vouched where the
/// log was waived. Every certificate of the chain must be valid at the judged time.
#[test]
fn an_expired_authority_vouches_for_nobody_cve_2026_24122() {
    let expired = Fulcio::new(signing_time() - TEN_YEARS - Duration::from_secs(1)).expect("an authority");
    let alive = Fulcio::new(beginning()).expect("an authority");
    for (fulcio, is_alive) in [(&alive, true), (&expired, false)] {
        let (named, options) = (Named::email(SUBJECT, ISSUER), LeafOptions::default());
        let credential = fulcio
            .issue(&named, Sct::None, signing_time(), &options)
            .expect("a leaf");
        let layer = Layer::signature(&credential.key, claim(&[]))
            .expect("a layer")
            .with(layer::CERTIFICATE, credential.certificate.pem())
            .with(layer::CHAIN, credential.chain_pem());
        let verdict = signed(
            [layer_artifact(&layer)],
            own_roots(fulcio, unlogged(), None),
            soon(),
        );
        assert_eq!(verdict.is_ok(), is_alive);
        if let Err(refusal) = verdict {
            assert_eq!(refusal.code, ReasonCode::Expired);
        }
    }
}

/// CVE-2022-36056: an expired certificate passed where nothing proved when it had signed.
#[test]
fn an_expired_certificate_without_a_proven_time_is_refused_cve_2022_36056() {
    let credential = credential();
    let layer = Layer::signature(&credential.key, claim(&[]))
        .expect("a layer")
        .with(layer::CERTIFICATE, credential.certificate.pem())
        .with(layer::CHAIN, credential.chain_pem());
    let demand = || own_roots(&AUTHORITY.fulcio, unlogged(), None);
    assert!(signed([layer_artifact(&layer)], demand(), soon()).is_ok());
    let refusal = signed([layer_artifact(&layer)], demand(), judging_time()).expect_err("expired");
    assert_eq!(refusal.code, ReasonCode::Expired);
    assert!(
        refusal
            .message
            .ends_with("expected a signed timestamp to verify an expired certificate")
    );
}

/// A key found after its certificate ended signs, and somebody writes an earlier time into the unsigned field.
#[test]
fn a_backdated_log_time_is_refused_even_when_the_log_is_waived() {
    let credential = credential();
    let late = signing_time() + Duration::from_secs(3_000);
    let signer = Signer::Certificate(&credential);
    let bundle = AUTHORITY
        .bundle(
            signer,
            &signature_statement(&[]),
            LogVersion::V1(EntryKind::Dsse),
            late,
        )
        .expect("a bundle");
    for log in [LogDemand::default(), unlogged()] {
        let judge = |bundle| {
            let demand = own_roots(&AUTHORITY.fulcio, log.clone(), None);
            signed([bundle_artifact(bundle)], demand, judging_time())
        };
        let code = judge(&bundle).expect_err("late").code;
        assert_eq!(code, ReasonCode::Expired);
        let mut backdated = bundle.clone();
        let entry = &mut backdated.verification_material.tlog_entries[0];
        let early = signing_time() + Duration::from_secs(60);
        entry.integrated_time = Some(rehearsal::instant::unix_seconds(early).to_string());
        assert!(judge(&backdated).is_err());
        let genuine = AUTHORITY
            .bundle(
                signer,
                &signature_statement(&[]),
                LogVersion::V1(EntryKind::Dsse),
                early,
            )
            .expect("a bundle");
        assert!(judge(&genuine).is_ok());
    }
}

/// What a log or a timestamp authority signs for tomorrow is a lie or a broken clock.
#[test]
fn a_time_in_the_future_is_refused() {
    let credential = credential();
    let signer = Signer::Certificate(&credential);
    let before = timestamp(signing_time() - Duration::from_secs(1));
    for log in [LogVersion::V1(EntryKind::Dsse), LogVersion::V2] {
        let bundle = AUTHORITY
            .bundle(signer, &signature_statement(&[]), log, signing_time())
            .expect("a bundle");
        assert!(
            signed(
                [bundle_artifact(&bundle)],
                keyless_demand(identity()),
                judging_time()
            )
            .is_ok()
        );
        assert!(signed([bundle_artifact(&bundle)], keyless_demand(identity()), before).is_err());
    }
}

/// CVE-2026-54787: a log key retired in the trust root still vouched for what was made after its end.
#[test]
fn a_log_key_outside_its_window_vouches_for_nothing_cve_2026_54787() {
    let credential = credential();
    let signer = Signer::Certificate(&credential);
    let instant = |offset: i64| {
        let seconds = judging_time().as_second() - 3_600 + offset;
        jiff::Timestamp::from_second(seconds).expect("a time").to_string()
    };
    let windows = [
        (instant(-100), Some(instant(100)), true),
        (instant(-100), Some(instant(-1)), false),
        (instant(1), None, false),
    ];
    for kind in [
        "tlogs",
        "ctlogs",
        "certificateAuthorities",
        "timestampAuthorities",
    ] {
        for (start, end, is_trusted) in &windows {
            let mut root: serde_json::Value =
                serde_json::from_str(&AUTHORITY.trusted_root().expect("a root")).expect("JSON");
            for entry in root[kind].as_array_mut().expect("entries") {
                let place = if entry["publicKey"].is_object() {
                    &mut entry["publicKey"]
                } else {
                    entry
                };
                place["validFor"] = serde_json::json!({ "start": start, "end": end });
            }
            let trust = TrustMaterial::from_trusted_root(&root.to_string()).expect("a root");
            for log in [LogVersion::V1(EntryKind::Dsse), LogVersion::V2] {
                let statement = signature_statement(&[]);
                let mut bundle = AUTHORITY
                    .bundle(signer, &statement, log, signing_time())
                    .expect("a bundle");
                stamp(&mut bundle);
                let demand = image_trust::ImageDemand {
                    layouts: image_trust::Layouts::Sigstore,
                    signers: vec![keyless_demand(identity())],
                    attestations: Vec::new(),
                    access: image_trust::RegistryAccess::default(),
                };
                let evidence = evidence([bundle_artifact(&bundle)]);
                let found = verify(&evidence, &demand, &ResolvedKeys::new(), &trust, judging_time());
                assert_eq!(
                    found.signers[0].is_ok(),
                    *is_trusted,
                    "{kind} {start} {end:?} {log:?}"
                );
            }
        }
    }
}

/// CVE-2026-39984: the verifier of timestamps took certificates that may not sign them.
#[test]
fn a_certificate_not_made_for_timestamps_signs_none_cve_2026_39984() {
    let credential = credential();
    let signer = Signer::Certificate(&credential);
    let mut bundle = AUTHORITY
        .bundle(signer, &signature_statement(&[]), LogVersion::V2, signing_time())
        .expect("a bundle");
    stamp(&mut bundle);
    let log = || LogDemand {
        key: Some(AUTHORITY.rekor_tiles.key().public_pem().into()),
        ..LogDemand::default()
    };
    let judge = |chain: String| {
        signed(
            [bundle_artifact(&bundle)],
            own_roots(&AUTHORITY.fulcio, log(), Some(chain)),
            judging_time(),
        )
    };
    let stranger = TimestampAuthority::new(beginning()).expect("an authority");
    let (leaf, root) = (
        AUTHORITY.timestamps.leaf().pem(),
        AUTHORITY.timestamps.root().pem(),
    );
    assert!(judge(format!("{leaf}{root}")).is_ok());
    assert!(
        judge(format!("{root}{leaf}")).is_ok(),
        "order is not what makes a chain"
    );
    for wrong in [
        stranger.chain_pem(),
        format!("{leaf}{}", stranger.root().pem()),
        format!("{}{root}", stranger.leaf().pem()),
        format!("{}{}", credential.certificate.pem(), credential.chain_pem()),
        format!("{leaf}{}{root}", stranger.leaf().pem()),
        stranger.root().pem(),
    ] {
        assert!(judge(wrong).is_err());
    }
}

/// A certificate for servers signs no code, whoever issued it.
#[test]
fn a_certificate_not_made_for_code_signing_signs_no_image() {
    let server = der::asn1::ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
    let options = LeafOptions {
        purposes: vec![server],
        ..LeafOptions::default()
    };
    let sct = Sct::By(&AUTHORITY.certificate_log);
    let credential = AUTHORITY
        .fulcio
        .issue(&Named::email(SUBJECT, ISSUER), sct, signing_time(), &options)
        .expect("a leaf");
    let layer = AUTHORITY
        .signature_layer(Signer::Certificate(&credential), claim(&[]), signing_time())
        .expect("a layer");
    let refusal = signed(
        [layer_artifact(&layer)],
        keyless_demand(identity()),
        judging_time(),
    )
    .expect_err("a server's");
    assert_eq!(refusal.code, ReasonCode::UntrustedCertificate);
}

/// Certificates that no log has seen, or whose promise is another certificate's.
#[test]
fn a_certificate_without_its_own_sct_is_refused_where_one_is_demanded() {
    for (sct, is_logged) in [
        (Sct::By(&AUTHORITY.certificate_log), true),
        (Sct::Foreign(&AUTHORITY.certificate_log), false),
        (Sct::None, false),
    ] {
        let (named, options) = (Named::email(SUBJECT, ISSUER), LeafOptions::default());
        let credential = AUTHORITY
            .fulcio
            .issue(&named, sct, signing_time(), &options)
            .expect("a leaf");
        let layer = AUTHORITY
            .signature_layer(Signer::Certificate(&credential), claim(&[]), signing_time())
            .expect("a layer");
        let verdict = signed(
            [layer_artifact(&layer)],
            keyless_demand(identity()),
            judging_time(),
        );
        assert_eq!(verdict.is_ok(), is_logged);
        if let Err(refusal) = verdict {
            assert_eq!(refusal.code, ReasonCode::SctMissing);
        }
        let waived = signer_without_sct();
        assert!(signed([layer_artifact(&layer)], waived, judging_time()).is_ok());
    }
}

fn signer_without_sct() -> SignerDemand {
    let mut demand = keyless_demand(identity());
    if let Demanded::Keyless { sct, .. } = &mut demand.authority {
        *sct = SctDemand { ..without_sct() };
    }
    demand
}

/// A key of P-256 whose entry is in the log of somebody else.
#[test]
fn a_log_that_the_policy_does_not_name_vouches_for_nothing() {
    let signer = Signer::Key(key(Algorithm::P256));
    let layer = AUTHORITY
        .signature_layer(signer, claim(&[]), signing_time())
        .expect("a layer");
    let stranger = rehearsal::SigningKey::generate(Algorithm::P256).expect("a key");
    for (log_key, is_named) in [(AUTHORITY.rekor.key(), true), (&stranger, false)] {
        let log = LogDemand {
            key: Some(log_key.public_pem().into()),
            ..LogDemand::default()
        };
        let verdict = signed(
            [layer_artifact(&layer)],
            key_demand(signer.key(), log),
            judging_time(),
        );
        assert_eq!(verdict.is_ok(), is_named);
    }
}
