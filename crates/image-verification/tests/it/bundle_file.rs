//! Bundles as files, as the Sigstore conformance suite asks about them.

use image_trust::ReasonCode;
use rehearsal::Algorithm;
use rehearsal::authority::{EntryKind, LogVersion, Signer};
use vouchsafe_image_verification::{BundleIdentity, BundlePolicy, SignedArtifact, verify_bundle_file};

use crate::workshop::*;

const MANIFEST: &[u8] = b"the image's manifest";

fn person(subject: &str, issuer: &str) -> BundlePolicy {
    BundlePolicy::Identity(BundleIdentity {
        subject: Some(subject.to_owned()),
        issuer: Some(issuer.to_owned()),
        ..BundleIdentity::default()
    })
}

fn judge(bundle: &[u8], policy: &BundlePolicy) -> Result<String, ReasonCode> {
    verify_bundle_file(
        bundle,
        SignedArtifact::Bytes(MANIFEST),
        policy,
        &TRUST,
        judging_time(),
    )
    .map_err(|refusal| refusal.code)
}

#[test]
fn a_bundle_is_accepted_for_its_identity_and_for_no_other() {
    let credential = credential();
    for log in [LogVersion::V1(EntryKind::Dsse), LogVersion::V2] {
        let bundle = AUTHORITY
            .bundle(
                Signer::Certificate(&credential),
                &attestation_statement(PREDICATE),
                log,
                signing_time(),
            )
            .expect("a bundle")
            .to_json()
            .expect("JSON");
        let signed_by = judge(&bundle, &person(SUBJECT, ISSUER));
        assert_eq!(signed_by, Ok(format!("{SUBJECT} of issuer {ISSUER}")));
        assert_eq!(
            judge(&bundle, &person("mallory@evil.example", ISSUER)),
            Err(ReasonCode::WrongIdentity)
        );
        assert_eq!(
            judge(&bundle, &person(SUBJECT, "https://evil.example")),
            Err(ReasonCode::WrongIdentity)
        );
        // A command line means what it says: stars are stars.
        assert_eq!(
            judge(&bundle, &person("*", ISSUER)),
            Err(ReasonCode::WrongIdentity)
        );
        assert_eq!(judge(&bundle, &person("", ISSUER)), Err(ReasonCode::PolicyError));
        let regexps = BundlePolicy::Identity(BundleIdentity {
            subject_regexp: Some("^dev@".to_owned()),
            issuer_regexp: Some("acme\\.example$".to_owned()),
            ..BundleIdentity::default()
        });
        assert!(judge(&bundle, &regexps).is_ok());
    }
}

#[test]
fn a_bundle_is_about_its_artifact_and_about_no_other() {
    let key = key(Algorithm::P256);
    let log = LogVersion::V1(EntryKind::Dsse);
    let bundle = AUTHORITY
        .bundle(
            Signer::Key(key),
            &attestation_statement(PREDICATE),
            log,
            signing_time(),
        )
        .expect("a bundle")
        .to_json()
        .expect("JSON");
    let policy = BundlePolicy::Key(key.public_pem().into());
    let other = BundlePolicy::Key(crate::workshop::key(Algorithm::P384).public_pem().into());
    assert!(judge(&bundle, &policy).is_ok());
    assert!(judge(&bundle, &other).is_err());
    assert!(judge(&bundle, &person(SUBJECT, ISSUER)).is_err());
    let by = |artifact| verify_bundle_file(&bundle, artifact, &policy, &TRUST, judging_time()).is_ok();
    let sha256: [u8; 32] = hex::decode(digest().hex())
        .expect("hex")
        .try_into()
        .expect("32 bytes");
    assert!(by(SignedArtifact::Sha256(sha256)));
    assert!(!by(SignedArtifact::Sha256([0; 32])));
    assert!(!by(SignedArtifact::Bytes(b"another")));
}

#[test]
fn a_bundle_without_a_log_entry_or_a_media_type_is_refused() {
    let key = key(Algorithm::P256);
    let policy = BundlePolicy::Key(key.public_pem().into());
    let unlogged = rehearsal::bundle::Bundle::sign(key, &attestation_statement(PREDICATE)).expect("a bundle");
    assert_eq!(
        judge(&unlogged.to_json().expect("JSON"), &policy),
        Err(ReasonCode::LogMissing)
    );
    let log = LogVersion::V1(EntryKind::Dsse);
    let bundle = AUTHORITY
        .bundle(
            Signer::Key(key),
            &attestation_statement(PREDICATE),
            log,
            signing_time(),
        )
        .expect("a bundle");
    let mut json: serde_json::Value = serde_json::from_slice(&bundle.to_json().expect("JSON")).expect("JSON");
    assert!(judge(json.to_string().as_bytes(), &policy).is_ok());
    json.as_object_mut().expect("an object").remove("mediaType");
    assert_eq!(
        judge(json.to_string().as_bytes(), &policy),
        Err(ReasonCode::Malformed)
    );
}

/// Each genuine but for one part, which the code must name: who is refused looks there and nowhere else.
#[test]
fn a_refusal_names_the_part_of_the_bundle_that_is_wanting() {
    let (credential, person) = (credential(), person(SUBJECT, ISSUER));
    let made = |log| {
        let signer = Signer::Certificate(&credential);
        let bundle = AUTHORITY
            .bundle(signer, &attestation_statement(PREDICATE), log, signing_time())
            .expect("a bundle");
        serde_json::to_value(bundle).expect("JSON")
    };
    let (log_1, log_2) = (made(LogVersion::V1(EntryKind::Dsse)), made(LogVersion::V2));
    let without = |bundle: &serde_json::Value, field: &str| {
        let mut bundle = bundle.clone();
        let material = bundle["verificationMaterial"].as_object_mut().expect("material");
        material.remove(field);
        bundle
    };
    let mut unproven = log_1.clone();
    let entry = &mut unproven["verificationMaterial"]["tlogEntries"][0];
    entry["inclusionProof"]["rootHash"] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".into();
    for (bundle, code) in [
        (without(&log_1, "tlogEntries"), ReasonCode::LogMissing),
        (unproven, ReasonCode::LogMissing),
        (
            without(&log_2, "timestampVerificationData"),
            ReasonCode::TimestampInvalid,
        ),
    ] {
        assert_eq!(
            judge(bundle.to_string().as_bytes(), &person),
            Err(code),
            "{bundle:#}"
        );
    }
    let other = verify_bundle_file(
        log_1.to_string().as_bytes(),
        SignedArtifact::Bytes(b"another"),
        &person,
        &TRUST,
        judging_time(),
    );
    assert_eq!(other.expect_err("refused").code, ReasonCode::DigestMismatch);
    let strangers = rehearsal::Authority::new(crate::workshop::beginning()).expect("an authority");
    let bundle = strangers
        .bundle(
            Signer::Certificate(&credential),
            &attestation_statement(PREDICATE),
            LogVersion::V1(EntryKind::Dsse),
            signing_time(),
        )
        .expect("a bundle");
    let bundle = bundle.to_json().expect("JSON");
    assert_eq!(judge(&bundle, &person), Err(ReasonCode::LogMissing));
}

/// Two verifiers that were written apart say the same of every bundle here: the library, and this crate's own checks.
#[test]
fn the_library_and_our_own_checks_agree() {
    let credential = credential();
    let statement = attestation_statement(PREDICATE);
    for log in [
        LogVersion::V1(EntryKind::Dsse),
        LogVersion::V1(EntryKind::Intoto),
        LogVersion::V2,
    ] {
        let bundle = AUTHORITY
            .bundle(Signer::Certificate(&credential), &statement, log, signing_time())
            .expect("a bundle");
        let text = String::from_utf8(bundle.to_json().expect("JSON")).expect("text");
        // Every 37th character changed in turn: fields, signatures, certificates, proofs.
        for at in (0..text.len())
            .step_by(37)
            .filter(|at| text.is_char_boundary(*at) && text.is_char_boundary(at + 1))
        {
            let other = if text[at..=at].eq_ignore_ascii_case("b") {
                "C"
            } else {
                "B"
            };
            let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            let library = judge(changed.as_bytes(), &person(SUBJECT, ISSUER));
            let json = changed.clone().into_bytes();
            let artifact = image_trust::ArtifactKind::Bundle { json };
            let own = attested([artifact], keyless_demand(identity()), judging_time());
            assert_eq!(
                library.is_ok(),
                own.is_ok(),
                "{log:?} at {at}: {library:?} {own:?}"
            );
        }
    }
}

/// Two readers could take such a bundle differently, each for what the other did not look at. The format has one of each.
#[test]
fn a_bundle_that_says_two_things_where_one_counts_is_refused() {
    let credential = credential();
    let log = LogVersion::V1(EntryKind::Dsse);
    let statement = attestation_statement(PREDICATE);
    let signer = Signer::Certificate(&credential);
    let bundle = AUTHORITY.bundle(signer, &statement, log, signing_time());
    let genuine = serde_json::to_value(bundle.expect("a bundle")).expect("JSON");
    let policy = person(SUBJECT, ISSUER);
    let judged = |bundle: &serde_json::Value| judge(bundle.to_string().as_bytes(), &policy);
    assert!(judged(&genuine).is_ok());
    let certificate = &genuine["verificationMaterial"]["certificate"];
    let material = |field: &str, value| {
        let mut bundle = genuine.clone();
        bundle["verificationMaterial"][field] = value;
        bundle
    };
    let mut with_message = genuine.clone();
    let signature = &genuine["dsseEnvelope"]["signatures"][0]["sig"];
    with_message["messageSignature"] = serde_json::json!({ "signature": signature });
    for ambiguous in [
        material("publicKey", serde_json::json!({ "hint": "any" })),
        material(
            "x509CertificateChain",
            serde_json::json!({ "certificates": [certificate] }),
        ),
        with_message,
    ] {
        assert_eq!(judged(&ambiguous), Err(ReasonCode::Malformed), "{ambiguous}");
    }
    let twice = genuine.to_string().replacen('{', "{\"dsseEnvelope\":{},", 1);
    assert_eq!(judge(twice.as_bytes(), &policy), Err(ReasonCode::Malformed));
}
