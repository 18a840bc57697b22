//! The three policies that must always work, verbatim.

use std::sync::Arc;

use image_reference::Digest;
use image_trust::{Authority, ImageFindings, Proof, ReasonCode, Refusal, SignerFinding, Statement};
use serde_json::json;
use vouchsafe_policy_engine::decision::MOST_DENIAL_BYTES;
use vouchsafe_policy_engine::request::Origin;
use vouchsafe_policy_engine::{Decision, Fact, FactError, FactRequest, Request, RuleOutcome};

use crate::judging::{AT_NS, decide, decide_alone, engine, load, request, words};
use crate::pods::{deployment, pod};

const REGISTRIES: &str = include_str!("scenarios/restrict-image-registries.yaml");
const SIGNATURES: &str = include_str!("scenarios/check-image-signatures.yaml");
const VULNERABILITIES: &str = include_str!("scenarios/check-vulnerabilities.yaml");

/// A key of P-256, as `cosign.pub` holds it.
const KEY: &str = "\
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAErlJURPqZDd4UDzOhaDPczvymDz/a
zqxLCVcR85ypzdBsIZki/3aTlZqMw/ZziMakCiKGo7UzASeek9HeYWXpqA==
-----END PUBLIC KEY-----
";
const PLACEHOLDER: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEyourPublicKeyContentHere...";

#[test]
fn a_pod_from_another_registry_is_refused_with_the_policy_s_message() {
    let engine = engine(REGISTRIES);
    let refused = decide_alone(&engine, &pod("demo", &["docker.io/library/nginx:1"]));
    assert!(!refused.is_allowed());
    let denial = refused.denial().unwrap();
    let message = "validation error: Images must be pulled from approved registries (gcr.io or my.private.registry). rule \
                   validate-registries failed at path /spec/containers/0/image/";
    assert!(denial.contains(message), "{denial}");
    assert!(
        denial.starts_with("\n\nresource Pod/demo/web was blocked due to the following policies"),
        "{denial}"
    );
    for image in ["gcr.io/acme/api:1", "my.private.registry/team/api@sha256:00"] {
        assert!(
            decide_alone(&engine, &pod("demo", &[image])).is_allowed(),
            "{image}"
        );
    }
    let second = decide_alone(&engine, &pod("demo", &["gcr.io/a", "evil.example/gcr.io/a"]));
    assert!(second.denial().unwrap().contains("/spec/containers/1/image/"));
}

/// The policy names controllers beside Pods, so none of its rules is generated for them, and its pattern is not there
/// in their kinds: every one is refused, as Kyverno does.
#[test]
fn a_deployment_is_refused_whatever_its_images() {
    let engine = engine(REGISTRIES);
    let decision = decide_alone(&engine, &deployment("demo", &["gcr.io/acme/api:1"]));
    assert!(
        decision
            .denial()
            .unwrap()
            .contains("failed at path /spec/containers/"),
        "{:#?}",
        words(&decision)
    );
    assert_eq!(decision.results.len(), 1);
}

#[test]
fn a_placeholder_for_a_key_is_a_fault_that_names_its_field() {
    let loaded = load(SIGNATURES);
    assert!(loaded.policies.is_empty());
    let fault = loaded
        .faults
        .iter()
        .find(|fault| fault.path.to_string().ends_with("keys.publicKeys"))
        .unwrap();
    assert_eq!(
        fault.path.to_string(),
        "spec.rules[0].verifyImages[0].attestors[0].entries[0].keys.publicKeys"
    );
    assert!(fault.place.is_some());
}

fn with_key() -> String {
    let body = KEY
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect::<Vec<_>>();
    let text = SIGNATURES.replace(PLACEHOLDER, &body.join("\n                "));
    assert_ne!(text, SIGNATURES);
    text
}

/// What a registry and a key would find; `signed` is the answer to the one signer demanded.
fn judged(text: &str, namespace: &str, signed: &SignerFinding) -> (Decision, usize) {
    let asked = std::cell::Cell::new(0);
    let image = "registry.example.com/shop/api:1.4";
    let decision = decide(&engine(text), &request(&pod(namespace, &[image])), |question| {
        asked.set(asked.get() + 1);
        let FactRequest::ImageFindings {
            image: canonical,
            demand,
            ..
        } = question
        else {
            unreachable!("{question:?}")
        };
        assert_eq!(canonical, image);
        let key = demand.signers.first().map(|signer| &signer.authority);
        assert!(
            demand.attestations.is_empty() && matches!(key, Some(Authority::Key { .. })),
            "{demand:?}"
        );
        Ok(Fact::Findings(Arc::new(findings(
            canonical,
            vec![signed.clone()],
            Vec::new(),
        ))))
    });
    (decision, asked.get())
}

fn digest() -> Digest {
    Digest::sha256_of(b"the image")
}

fn findings(
    image: &str,
    signers: Vec<SignerFinding>,
    attestations: Vec<Vec<SignerFinding>>,
) -> ImageFindings {
    ImageFindings {
        image: image_reference::ImageReference::parse(image, &Default::default()).unwrap(),
        digest: digest(),
        signers,
        attestations,
        predicate_types: Vec::new(),
        examined: Vec::new(),
    }
}

#[test]
fn an_unsigned_image_is_refused_in_production_and_not_even_asked_about_elsewhere() {
    let unsigned = || Err(Refusal::new(ReasonCode::Unsigned, "no signatures found"));
    let (refused, asked) = judged(&with_key(), "production", &unsigned());
    assert_eq!(asked, 1);
    let denial = refused.denial().unwrap();
    assert!(denial.contains("failed to verify image registry.example.com/shop/api:1.4: .attestors[0].entries[0].keys: no signatures found"), "{denial}");
    assert!(denial.contains("UNSIGNED"), "{denial}");
    let (elsewhere, asked) = judged(&with_key(), "staging", &unsigned());
    assert!(elsewhere.is_allowed() && elsewhere.results.is_empty());
    assert_eq!(asked, 0);
}

/// A registry chooses what is found beside an image: of any length, it pushes neither code nor next step out.
#[test]
fn what_is_found_beside_an_image_never_hides_the_code_and_what_to_do() {
    let code = ReasonCode::WrongSigner;
    let mut refusal = Refusal::new(code, "no matching signatures: ".to_owned() + &"é".repeat(2_000));
    refusal.found = vec!["x".repeat(2_000)];
    let (refused, _) = judged(&with_key(), "production", &Err(refusal));
    let denial = refused.denial().unwrap();
    assert!(denial.len() <= MOST_DENIAL_BYTES, "{}", denial.len());
    let end = format!("… (WRONG_SIGNER: …; {})'\n", code.next_step());
    assert!(denial.ends_with(&end), "{denial}");
}

/// Whoever writes the object chooses the words of messages, and other policies may fail beside the one that refuses.
#[test]
fn a_denial_stays_within_its_limit_and_names_the_policy_that_refuses() {
    let policy = |name: &str, action: &str, rules: usize| {
        let rules: String = (0..rules)
            .map(|at| format!("  - name: rule-{at}\n    match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}\n    validate:\n      \
                               failureAction: {action}\n      message: {}\n      deny: {{}}\n", "m".repeat(300)))
            .collect();
        format!(
            "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: {name}}}\nspec:\n  rules:\n{rules}---\n"
        )
    };
    let noisy = policy("audits", "Audit", 60) + &policy("refuses", "Enforce", 1);
    let denial = decide_alone(&engine(&noisy), &pod("demo", &["a:1"]))
        .denial()
        .unwrap();
    assert!(denial.len() <= MOST_DENIAL_BYTES, "{}", denial.len());
    assert!(denial.contains("\nrefuses:\n  rule-0: mmm"), "{denial}");
    let many = decide_alone(&engine(&policy("refuses", "Enforce", 60)), &pod("demo", &["a:1"]));
    let denial = many.denial().unwrap();
    assert!(denial.len() <= MOST_DENIAL_BYTES, "{}", denial.len());
    assert!(
        denial.contains("refuses:") && denial.contains("more lines\n"),
        "{denial}"
    );
}

/// Policies in Common Expression Language refuse in one line together.
#[test]
fn a_denial_by_many_policies_of_one_line_still_says_who_refuses_and_why() {
    let policy = |at: usize| {
        format!(
            "apiVersion: policies.kyverno.io/v1\nkind: ValidatingPolicy\nmetadata: {{name: check-{at}}}\nspec:\n  \
             matchConstraints:\n    resourceRules:\n    - {{apiGroups: [''], apiVersions: [v1], operations: [CREATE], \
             resources: [pods]}}\n  validations:\n  - {{expression: 'false', message: {}}}\n---\n",
            "m".repeat(200)
        )
    };
    let policies: String = (10..40).map(policy).collect();
    let denial = decide_alone(&engine(&policies), &pod("demo", &["a:1"]))
        .denial()
        .unwrap();
    assert!(denial.len() <= MOST_DENIAL_BYTES, "{}", denial.len());
    assert!(
        denial.contains("Policy check-10 failed: mmm") && denial.contains('…'),
        "{denial}"
    );
}

#[test]
fn a_signed_image_is_admitted_and_pinned_to_its_digest() {
    let proof = Proof::minted(digest(), "key SHA256:00".to_owned(), "tag".to_owned(), Vec::new());
    let (admitted, _) = judged(&with_key(), "production", &Ok(proof));
    assert!(admitted.is_allowed(), "{:#?}", words(&admitted));
    let patch = &admitted.patch[0];
    assert_eq!(patch["path"], "/spec/containers/0/image");
    assert_eq!(
        patch["value"],
        format!("registry.example.com/shop/api:1.4@{}", digest())
    );
}

/// A registry that can't be reached is an error that says so, never consent; on the command line too, where a tag without
/// a digest would be a failure by itself.
#[test]
fn an_image_that_can_t_be_asked_about_is_an_error_that_says_why() {
    let object = Arc::new(pod("production", &["registry.example.com/a:1"]));
    for origin in [Origin::Admission, Origin::CommandLine] {
        let request = Request::from_object(Arc::clone(&object), origin, AT_NS);
        let decision = decide(&engine(&with_key()), &request, |_| {
            let refusal = Refusal::new(ReasonCode::RegistryUnreachable, "connection refused");
            Err(FactError::Image {
                refusal,
                network: true,
            })
        });
        assert!(!decision.is_allowed());
        let verdict = &decision.results[0].verdict;
        assert_eq!(
            verdict.outcome,
            RuleOutcome::Error,
            "{origin:?}: {:#?}",
            words(&decision)
        );
        assert_eq!(
            verdict.reason.as_ref().unwrap().0,
            ReasonCode::RegistryUnreachable
        );
    }
}

fn scanned(finished: Option<&str>) -> Decision {
    let engine = engine(VULNERABILITIES);
    decide(
        &engine,
        &request(&pod("any", &["registry.example.com/shop/api:1.4"])),
        |question| {
            let FactRequest::ImageFindings { image, demand, .. } = question else {
                unreachable!("{question:?}")
            };
            let wanted = &demand.attestations[0];
            assert_eq!(wanted.predicate_type, "cosign.sigstore.dev/attestation/vuln/v1");
            assert!(
                matches!(&wanted.signers[0].authority, Authority::Keyless { identity, .. } if identity.is_anyone())
            );
            let finding = match finished {
                None => Err(Refusal::new(
                    ReasonCode::AttestationMissing,
                    "no attestations found",
                )),
                Some(at) => {
                    let statement = Statement {
                        predicate_type: "https://cosign.sigstore.dev/attestation/vuln/v1".to_owned(),
                        predicate: json!({ "metadata": { "scanFinishedOn": at } }),
                        subject: json!([]),
                        origin: "tag".to_owned(),
                        annotations: Default::default(),
                    };
                    let statements = vec![Arc::new(statement)];
                    Ok(Proof::minted(
                        digest(),
                        "ci@acme.example".to_owned(),
                        "tag".to_owned(),
                        statements,
                    ))
                }
            };
            Ok(Fact::Findings(Arc::new(findings(
                image,
                Vec::new(),
                vec![vec![finding]],
            ))))
        },
    )
}

#[test]
fn an_image_scanned_within_the_last_week_is_admitted() {
    for fresh in [
        "2025-06-15T15:59:59Z",
        "2025-06-08T16:00:00Z",
        "2025-06-12T00:00:00+02:00",
    ] {
        let decision = scanned(Some(fresh));
        assert!(decision.is_allowed(), "{fresh}: {:#?}", words(&decision));
    }
}

#[test]
fn an_image_scanned_longer_ago_or_never_is_refused() {
    for (finished, code) in [
        (Some("2025-06-08T15:59:59Z"), ReasonCode::AttestationConditions),
        (Some("2024-01-01T00:00:00Z"), ReasonCode::AttestationConditions),
        (Some("yesterday"), ReasonCode::AttestationConditions),
        (Some(""), ReasonCode::AttestationConditions),
        (None, ReasonCode::AttestationMissing),
    ] {
        let decision = scanned(finished);
        assert!(!decision.is_allowed(), "{finished:?}: {:#?}", words(&decision));
        assert_eq!(
            decision.results[0].verdict.reason.as_ref().unwrap().0,
            code,
            "{finished:?}"
        );
    }
}
