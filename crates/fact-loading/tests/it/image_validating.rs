//! `ImageValidatingPolicy` over the whole stack: what signed and attested images become, what strangers can do, and that any
//! number of policies on one request is judged together.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image_trust::ReasonCode;
use policy_engine::RuleOutcome;
use rehearsal::authority::{Identity, Signer};
use rehearsal::notary::{NotaryAuthority, Wrapping};
use rehearsal::oci::{Descriptor, EMPTY, EMPTY_BYTES, IMAGE_MANIFEST, Manifest};
use rehearsal::registry::Options;
use rehearsal::repository::{PushedImage, Shelf};
use rehearsal::{Algorithm, Authority, SigningKey};
use serde_json::{Value, json};

use crate::office::Office;
use crate::policies::pod;
use crate::stage::{AMPLE, Review, Stage, engine};
use crate::town::Town;
use crate::tuf::{Edition, Keys};
use crate::workshop::{
    AUTHORITY, ISSUER, NAME, REVIEW, SUBJECT, claim, credential, fresh_key, logged_signature, signing_time,
};

const SIGNED: &str = "images.containers.all(image, verifyImageSignatures(image, [attestors.a]) > 0)";
const ATTESTED: &str = "images.containers.all(image, verifyAttestationSignatures(image, attestations.review, [attestors.a]) > 0)";
const CLEAN: &str =
    "images.containers.all(image, extractPayload(image, attestations.review).predicate.clean == true)";

/// A policy `name` with the attestor `a`, the attestation `review`, and these validations.
fn policy(name: &str, attestor: &Value, validations: &[&str]) -> Value {
    let mut attestor = attestor.clone();
    attestor["name"] = "a".into();
    let validations: Vec<Value> = validations
        .iter()
        .map(|expression| json!({ "expression": expression, "message": "not as it should be" }))
        .collect();
    json!({
        "apiVersion": "policies.kyverno.io/v1", "kind": "ImageValidatingPolicy", "metadata": { "name": name },
        "spec": {
            "matchConstraints": { "resourceRules": [{
                "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["pods"],
            }]},
            "matchImageReferences": [{ "glob": "registry.example.com/*" }],
            "attestors": [attestor],
            "attestations": [{ "name": "review", "intoto": { "type": REVIEW } }],
            "validations": validations,
        },
    })
}

/// The key, no log entry demanded.
fn of_key(key: &SigningKey) -> Value {
    json!({ "cosign": { "key": { "data": key.public_pem() }, "ctlog": { "insecureIgnoreTlog": true } } })
}

fn keyless(identity: &Value) -> Value {
    json!({ "cosign": { "keyless": { "identities": [identity] } } })
}

fn texts(policies: &[Value]) -> Vec<String> {
    policies.iter().map(Value::to_string).collect()
}

#[tokio::test]
async fn a_signed_image_is_admitted_and_pinned_and_an_unsigned_one_refused_with_its_reason() {
    let stage = Stage::new().await;
    let signed = stage.signed_image("signed");
    stage.image("unsigned");
    let policies = texts(&[policy("p", &of_key(&stage.key), &[SIGNED])]);
    stage.run(&policies, &["signed"]).await.pinned_to(signed.digest());
    let refused = stage.run(&policies, &["signed", "unsigned"]).await;
    refused.refused_for(ReasonCode::Unsigned);
    refused.refused_with("not as it should be");
    let denial = refused.decisions.last().unwrap().denial().unwrap();
    assert!(
        denial.starts_with("Policy p failed: not as it should be"),
        "{denial}"
    );
}

#[tokio::test]
async fn conditions_on_a_payload_hold_for_every_statement_that_was_verified() {
    let stage = Stage::new().await;
    let policies = texts(&[policy("p", &of_key(&stage.key), &[ATTESTED, CLEAN])]);
    for (tag, said, is_admitted) in [
        ("clean", &[true][..], true),
        ("dirty", &[false], false),
        ("renewed", &[false, true], false),
        ("spoilt", &[true, false], false),
        ("twice", &[true, true], true),
    ] {
        for bundled in [false, true] {
            let tag = format!("{tag}-{bundled}");
            let image = stage.image(&tag);
            for (number, clean) in said.iter().enumerate() {
                let predicate = json!({ "clean": clean, "number": number });
                let (repository, key) = (&stage.repository, &stage.key);
                if bundled {
                    repository.attest_bundle(&image, key, REVIEW, predicate).unwrap();
                } else {
                    repository.attest(&image, key, REVIEW, predicate).unwrap();
                }
            }
            let ruling = stage.run(&policies, &[&tag]).await;
            assert_eq!(ruling.is_admitted(), is_admitted, "{tag}: {:#?}", ruling.words());
        }
    }
}

/// Kyverno 1.19 takes any bundle by the attestor for a signature, whatever it says.
#[tokio::test]
async fn an_attestation_is_no_signature() {
    let stage = Stage::new().await;
    let image = stage.image("attested");
    stage
        .repository
        .attest_bundle(&image, &stage.key, REVIEW, json!({ "malware": true }))
        .unwrap();
    let policies = texts(&[policy("p", &of_key(&stage.key), &[SIGNED])]);
    stage
        .run(&policies, &["attested"])
        .await
        .refused_for(ReasonCode::Unsigned);
}

/// Attack: whoever may push attaches a bundle of their own to a signed image. Kyverno 1.19 then looks at bundles alone, and
/// refuses the image; and where the stranger attests what a policy asks for, it must not be believed either.
#[tokio::test]
async fn a_strangers_bundle_changes_nothing() {
    let stage = Stage::new().await;
    let image = stage.signed_image("signed");
    let stranger = fresh_key();
    stage
        .repository
        .attest_bundle(&image, &stranger, REVIEW, json!({ "clean": true }))
        .unwrap();
    stage
        .repository
        .sign_bundle(&image, &stranger, &Default::default())
        .unwrap();
    let signed = texts(&[policy("p", &of_key(&stage.key), &[SIGNED])]);
    stage.run(&signed, &["signed"]).await.admitted();
    let clean = texts(&[policy("p", &of_key(&stage.key), &[ATTESTED, CLEAN])]);
    assert!(!stage.run(&clean, &["signed"]).await.is_admitted());
    let unasked = texts(&[policy("p", &of_key(&stage.key), &[SIGNED, CLEAN])]);
    stage
        .run(&unasked, &["signed"])
        .await
        .refused_with("cannot be fetch before verifying");
}

/// Kyverno 1.19 has `subjectExpression` and `additionalExtensions` in its API and reads neither.
#[tokio::test]
async fn keyless_identities_are_compared_exactly_and_every_field_counts() {
    let stage = Stage::new().await;
    let image = stage.image("keyless");
    let ci = credential(SUBJECT);
    let layer = logged_signature(Signer::Certificate(&ci), &image, &[]);
    stage.repository.attach(&image, Shelf::Signatures, layer).unwrap();
    let trigger = stage.image("trigger");
    let identity = Identity::email(SUBJECT, ISSUER).claim(2, "push");
    let pushed = AUTHORITY.credential(&identity, signing_time()).unwrap();
    let layer = logged_signature(Signer::Certificate(&pushed), &trigger, &[]);
    stage
        .repository
        .attach(&trigger, Shelf::Signatures, layer)
        .unwrap();
    for (identity, is_admitted) in [
        (json!({ "subject": SUBJECT, "issuer": ISSUER }), true),
        (json!({ "subject": "*@acme.example", "issuer": ISSUER }), false),
        (json!({ "subjectRegExp": "@acme", "issuer": ISSUER }), true),
        (
            json!({ "subjectRegExp": "@acme", "issuer": "https://other" }),
            false,
        ),
        (
            json!({ "subjectExpression": "'ci@acme.example'", "issuer": ISSUER }),
            true,
        ),
        (
            json!({ "subjectExpression": "'ci@acme'", "issuer": ISSUER }),
            false,
        ),
        (
            json!({ "subjectExpression": "object.metadata.name + '@acme.example'", "issuer": ISSUER }),
            false,
        ),
    ] {
        let policies = texts(&[policy("p", &keyless(&identity), &[SIGNED])]);
        let ruling = stage.run(&policies, &["keyless"]).await;
        assert_eq!(
            ruling.is_admitted(),
            is_admitted,
            "{identity}: {:#?}",
            ruling.words()
        );
    }
    let mut attestor = keyless(&json!({ "subject": SUBJECT, "issuer": ISSUER }));
    attestor["cosign"]["keyless"]["additionalExtensions"] = json!({ "githubWorkflowTrigger": "push" });
    let policies = texts(&[policy("p", &attestor, &[SIGNED])]);
    stage.run(&policies, &["trigger"]).await.admitted();
    stage
        .run(&policies, &["keyless"])
        .await
        .refused_for(ReasonCode::WrongIdentity);
}

/// The policy of Kyverno's documentation: a Notary signature, and a bill of materials beside the image that the same signer
/// signed. Kyverno 1.19 hands out the first artifact of the type, signed or not.
#[tokio::test]
async fn notary_signatures_and_signed_referrers_are_read_and_unsigned_ones_never() {
    let stage = Stage::new().await;
    let began = signing_time() - Duration::from_secs(86_400);
    let signer = NotaryAuthority::self_signed("acme", Algorithm::P256, began).unwrap();
    let stranger = NotaryAuthority::self_signed("stranger", Algorithm::P256, began).unwrap();
    let attestor = json!({ "notary": { "certs": { "value": signer.chain[0].pem() } } });
    let signed = "images.containers.map(image, verifyImageSignatures(image, [attestors.a])).all(e, e > 0)";
    let attested = "images.containers.map(image, verifyAttestationSignatures(image, attestations.sbom, [attestors.a])).all(e, e > 0)";
    let read = "images.containers.map(image, extractPayload(image, attestations.sbom).bomFormat == 'CycloneDX').all(e, e)";
    let policies = |validations: &[&str]| {
        let mut policy = policy("p", &attestor, validations);
        policy["spec"]["attestations"] =
            json!([{ "name": "sbom", "referrer": { "type": "sbom/cyclone-dx" } }]);
        texts(&[policy])
    };
    for (tag, by, format, is_admitted) in [
        ("good", Some(&signer), "CycloneDX", true),
        ("other-format", Some(&signer), "SPDX", false),
        ("other-signer", Some(&stranger), "CycloneDX", false),
        ("unsigned", None, "CycloneDX", false),
    ] {
        let image = stage.image(tag);
        stage.repository.notarize(&image, &signer, Wrapping::Jws).unwrap();
        let bill = bill_of_materials(&stage, &image, format);
        if let Some(by) = by {
            stage.repository.notarize(&bill, by, Wrapping::Cose).unwrap();
        }
        stage.run(&policies(&[signed]), &[tag]).await.admitted();
        let ruling = stage.run(&policies(&[signed, attested, read]), &[tag]).await;
        assert_eq!(ruling.is_admitted(), is_admitted, "{tag}: {:#?}", ruling.words());
        let unasked = stage.run(&policies(&[signed, read]), &[tag]).await;
        unasked.refused_with("before verifying");
    }
    let bare = stage.image("bare");
    stage
        .repository
        .notarize(&bare, &stranger, Wrapping::Jws)
        .unwrap();
    assert!(!stage.run(&policies(&[signed]), &["bare"]).await.is_admitted());
}

/// An artifact beside `image`, unsigned.
fn bill_of_materials(stage: &Stage, image: &PushedImage, format: &str) -> PushedImage {
    let content = stage.repository.content();
    let bytes = json!({ "bomFormat": format }).to_string().into_bytes();
    let layer = Descriptor::of("application/json", &bytes);
    content.put_blob(bytes);
    content.put_blob(EMPTY_BYTES);
    let mut manifest = Manifest::new(Descriptor::of(EMPTY, EMPTY_BYTES), vec![layer]);
    manifest.artifact_type = Some("sbom/cyclone-dx".to_owned());
    let digest = stage.repository.refer(image, manifest).unwrap();
    let stored = content.manifest("app", &digest).unwrap();
    PushedImage {
        descriptor: Descriptor::of(IMAGE_MANIFEST, &stored.bytes),
    }
}

/// A trust root of the attestor's own: who it names is believed, and who the program believes is not.
#[tokio::test]
async fn an_attestor_with_a_trusted_root_believes_nobody_else() {
    let stage = Stage::new().await;
    let private = Authority::new(signing_time() - Duration::from_secs(86_400)).unwrap();
    let identity = Identity::email(SUBJECT, ISSUER);
    let theirs = private.credential(&identity, signing_time()).unwrap();
    let image = stage.image("private");
    let layer = private
        .signature_layer(Signer::Certificate(&theirs), claim(&image, &[]), signing_time())
        .unwrap();
    stage.repository.attach(&image, Shelf::Signatures, layer).unwrap();
    let image = stage.image("public");
    let layer = logged_signature(Signer::Certificate(&credential(SUBJECT)), &image, &[]);
    stage.repository.attach(&image, Shelf::Signatures, layer).unwrap();
    let anyone = json!({ "subject": SUBJECT, "issuer": ISSUER });
    let mut rooted = keyless(&anyone);
    rooted["cosign"]["trustedRoot"] = json!({ "value": private.trusted_root().unwrap() });
    let own = texts(&[policy("p", &rooted, &[SIGNED])]);
    stage.run(&own, &["private"]).await.admitted();
    stage
        .run(&own, &["public"])
        .await
        .refused_for(ReasonCode::UntrustedCertificate);
    let of_program = texts(&[policy("p", &keyless(&anyone), &[SIGNED])]);
    stage.run(&of_program, &["public"]).await.admitted();
    assert!(!stage.run(&of_program, &["private"]).await.is_admitted());
}

/// The same by a TUF repository, verified from the root that the policy pins; one that can't be asked is an error, and never
/// the program's own root instead.
#[tokio::test]
async fn an_attestor_with_a_tuf_repository_believes_what_that_vouches_for() {
    let private = Authority::new(signing_time() - Duration::from_secs(86_400)).unwrap();
    let keys = Keys::fresh();
    let edition = Edition {
        timestamp_expires: "2999-01-01T00:00:00Z",
        snapshot_expires: "2999-01-01T00:00:00Z",
        ..Edition::number(1, &private.trusted_root().unwrap())
    };
    let files = keys.files(&edition);
    let mirror = Office::open(move |request| {
        let found = files.get(request.path().trim_start_matches('/'));
        found.map_or((404, String::new()), |bytes| {
            (200, String::from_utf8(bytes.clone()).unwrap())
        })
    })
    .await;
    let stage = Stage::with(Options::default(), Town::default(), true).await;
    for (tag, authority) in [("private", &private), ("public", &*AUTHORITY)] {
        let identity = Identity::email(SUBJECT, ISSUER);
        let credential = authority.credential(&identity, signing_time()).unwrap();
        let image = stage.image(tag);
        let signer = Signer::Certificate(&credential);
        let layer = authority.signature_layer(signer, claim(&image, &[]), signing_time());
        stage
            .repository
            .attach(&image, Shelf::Signatures, layer.unwrap())
            .unwrap();
    }
    let by = |mirror: &str, pinned: &Keys| {
        let mut attestor = keyless(&json!({ "subject": SUBJECT, "issuer": ISSUER }));
        let data = STANDARD.encode(pinned.root(1, None));
        attestor["cosign"]["tuf"] = json!({ "mirror": mirror, "root": { "data": data } });
        texts(&[policy("p", &attestor, &[SIGNED])])
    };
    let good = by(&mirror.url(), &keys);
    stage.run(&good, &["private"]).await.admitted();
    stage
        .run(&good, &["public"])
        .await
        .refused_for(ReasonCode::UntrustedCertificate);
    assert_eq!(mirror.count("/timestamp.json"), 1, "it is asked once");
    for unusable in [by(&mirror.url(), &Keys::fresh()), by("http://127.0.0.1:1", &keys)] {
        let ruling = stage.run(&unusable, &["public"]).await;
        ruling.refused_for(ReasonCode::KeyUnavailable);
        ruling.refused_with("failed to fetch the trust root");
    }
}

/// Two policies on one request hang Kyverno 1.19. A hundred are asked about together here: an image is fetched once,
/// whatever the number of policies, and one policy that refuses is enough.
#[tokio::test]
async fn a_hundred_policies_on_one_request_are_right_and_take_the_time_of_one() {
    let latency = Duration::from_millis(100);
    let options = Options {
        latency,
        ..Options::default()
    };
    let stage = Stage::with(options, Town::default(), false).await;
    stage.signed_image("signed");
    stage.signed_image("beside");
    let other = of_key(&fresh_key());
    let review = Review::create(&pod(&[&format!("{NAME}:signed"), &format!("{NAME}:beside")]));
    let mut requests = Vec::new();
    for count in [1, 2, 10, 100] {
        let stage = Stage::beside(&stage);
        let mut policies: Vec<Value> = (0..count)
            .map(|number| policy(&format!("p{number}"), &of_key(&stage.key), &[SIGNED]))
            .collect();
        drop(stage.registry.take_requests());
        let compiled = engine(&texts(&policies));
        let began = Instant::now();
        let ruling = stage.judge(&compiled, &review, AMPLE).await;
        let trips = began.elapsed().as_secs_f64() / latency.as_secs_f64();
        ruling.admitted();
        let passed = ruling
            .words()
            .iter()
            .filter(|words| words.contains("Pass"))
            .count();
        assert_eq!(passed, count);
        // One after the other they would take three hundred.
        assert!(trips < 60.0, "{count} policies: {trips} round trips");
        requests.push(stage.registry.take_requests().len());
        policies.push(policy("refuses", &other, &[SIGNED]));
        let refused = stage.run(&texts(&policies), &["signed", "beside"]).await;
        refused.refused_for(ReasonCode::WrongSigner);
        assert_eq!(refused.refusals().len(), 1);
    }
    assert_eq!(requests.first(), requests.last(), "{requests:?}");
}

#[tokio::test]
async fn an_image_that_no_policy_verified_is_refused_where_one_requires_it() {
    let stage = Stage::new().await;
    stage.signed_image("signed");
    let catch_all = policy("catch-all", &of_key(&fresh_key()), &["true"]);
    let alone = stage
        .run(&texts(std::slice::from_ref(&catch_all)), &["signed"])
        .await;
    alone.refused_with("is not verified: no policy performed a signature or attestation check on it");
    let verifies = policy("verifies", &of_key(&stage.key), &[SIGNED]);
    stage
        .run(&texts(&[catch_all.clone(), verifies.clone()]), &["signed"])
        .await
        .admitted();
    // What an expression makes of a count of nobody proves nothing.
    let tolerant = policy(
        "tolerant",
        &of_key(&fresh_key()),
        &[&SIGNED.replace("> 0", ">= 0")],
    );
    let tolerated = stage.run(&texts(&[tolerant]), &["signed"]).await;
    tolerated.refused_with("failed signature or attestation verification");
    // Attack: the tenant of a namespace signs with a key of their own, and has a policy there that verifies it.
    let mut tenants = verifies;
    tenants["kind"] = "NamespacedImageValidatingPolicy".into();
    tenants["metadata"]["namespace"] = "prod".into();
    stage
        .run(&texts(&[catch_all, tenants]), &["signed"])
        .await
        .refused_with("no policy performed");
}

#[tokio::test]
async fn an_image_that_can_not_be_asked_about_is_an_error_that_refuses_whatever_the_failure_policy() {
    let stage = Stage::new().await;
    let mut policy = policy("p", &of_key(&stage.key), &[SIGNED]);
    policy["spec"]["failurePolicy"] = "Ignore".into();
    policy["spec"]["validationConfigurations"] = json!({ "mutateDigest": false, "verifyDigest": false });
    let ruling = stage.run(&texts(&[policy.clone()]), &["missing"]).await;
    let outcome = ruling.refusals().first().unwrap().verdict.outcome;
    assert_eq!(outcome, RuleOutcome::Error, "{:#?}", ruling.words());
    // One whose digest can't be had is not admitted without it.
    policy["spec"]["validationConfigurations"] = json!({ "verifyDigest": false });
    let ruling = stage.run(&texts(&[policy]), &["missing"]).await;
    ruling.refused_with("failed to update digest: failed to resolve digest for image");
}

/// Attack: an image that the pattern does not name, in a volume or under another name of its registry.
#[tokio::test]
async fn images_of_volumes_are_images_too() {
    let stage = Stage::new().await;
    stage.signed_image("signed");
    stage.image("unsigned");
    let policies = texts(&[policy("p", &of_key(&stage.key), &[SIGNED])]);
    let mut mounted = pod(&[&format!("{NAME}:signed")]);
    mounted["spec"]["volumes"] =
        json!([{ "name": "v", "image": { "reference": format!("{NAME}:unsigned") } }]);
    stage
        .create(&policies, &mounted)
        .await
        .refused_with("is not verified");
}

#[tokio::test]
async fn a_policy_that_is_audited_refuses_nothing_and_is_reported() {
    let stage = Stage::new().await;
    stage.image("unsigned");
    let mut policy = policy("p", &of_key(&stage.key), &[SIGNED]);
    policy["spec"]["validationActions"] = json!(["Audit"]);
    let ruling = stage.run(&texts(&[policy.clone()]), &["unsigned"]).await;
    assert!(ruling.is_admitted());
    assert!(ruling.words()[0].contains("Fail"), "{:#?}", ruling.words());
    policy["spec"]["validationActions"] = json!(["Warn"]);
    let ruling = stage.run(&texts(&[policy]), &["unsigned"]).await;
    assert!(ruling.is_admitted());
    let warnings = ruling.decisions.last().unwrap().warnings();
    assert!(
        warnings[0].starts_with("Policy p failed: not as it should be"),
        "{warnings:?}"
    );
}

/// Autogeneration rewrites the policy for what has a Pod template; its images are found there by themselves.
#[tokio::test]
async fn a_policy_for_pods_holds_for_deployments_too() {
    let stage = Stage::new().await;
    stage.signed_image("signed");
    stage.image("unsigned");
    let engine = engine(&texts(&[policy("p", &of_key(&stage.key), &[SIGNED])]));
    for (tag, is_admitted) in [("signed", true), ("unsigned", false)] {
        let template = pod(&[&format!("{NAME}:{tag}")]);
        let deployment = json!({ "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": { "name": "web", "namespace": "prod" },
            "spec": { "template": { "metadata": {}, "spec": template["spec"] } } });
        let ruling = stage.judge(&engine, &Review::create(&deployment), AMPLE).await;
        assert_eq!(ruling.is_admitted(), is_admitted, "{:#?}", ruling.words());
        assert!(!ruling.words().is_empty());
    }
}
