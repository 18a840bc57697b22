use std::sync::Arc;

use image_reference::Digest;
use image_trust::{ImageFindings, Proof, Refusal, SignerFinding, Statement};
use serde_json::json;

use super::*;
use crate::facts::{Fact, FactError, FactRequest, Facts};
use crate::request::Origin;

const PEM: &str = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";

/// A policy with an attestor `key` and an in-toto attestation `scan`, and these validations.
fn policy(validations: &[&str], more: &Json) -> ImageValidatingRule {
    let validations: Vec<Json> = validations.iter().map(|one| json!({"expression": one})).collect();
    let mut spec = json!({
        "attestors": [{"name": "key", "cosign": {"key": {"data": PEM}, "ctlog": {"insecureIgnoreTlog": true}}},
                      {"name": "other", "cosign": {"key": {"data": PEM}}}],
        "attestations": [{"name": "scan", "intoto": {"type": "scan/v1"}}],
        "validationConfigurations": {"verifyDigest": false},
        "validations": validations,
    });
    for (field, value) in more.as_object().into_iter().flatten() {
        spec[field] = value.clone();
    }
    ImageValidatingRule::compile(&spec, Scope::Cluster).unwrap()
}

fn pod(images: &[&str]) -> Request {
    let containers: Vec<Json> = images
        .iter()
        .enumerate()
        .map(|(at, image)| json!({"name": format!("c{at}"), "image": image}))
        .collect();
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop"},
        "spec": {"containers": containers, "imagePullSecrets": [{"name": "pull"}]}});
    Request::from_object(Arc::new(pod), Origin::Admission, 0)
}

/// What the world says of every question: one answer for each signer, by its place.
type World<'w> = &'w dyn Fn(&str, usize) -> SignerFinding;

fn proof(statements: &[Json]) -> SignerFinding {
    let statement = |predicate: &Json| {
        Arc::new(Statement {
            predicate_type: "scan/v1".to_owned(),
            predicate: predicate.clone(),
            subject: json!([{"name": "app"}]),
            origin: String::new(),
            annotations: BTreeMap::new(),
        })
    };
    let statements = statements.iter().map(statement).collect();
    Ok(Proof::minted(
        Digest::sha256_of(b""),
        "key".to_owned(),
        "tag".to_owned(),
        statements,
    ))
}

fn refused(code: ReasonCode) -> SignerFinding {
    Err(Refusal::new(code, "no signatures found"))
}

fn answer(question: &FactRequest, world: World<'_>) -> Result<Fact, FactError> {
    let FactRequest::ImageFindings { image, demand, .. } = question else {
        return Ok(Fact::Digest(Digest::sha256_of(b"")));
    };
    let all = |count: usize| (0..count).map(|at| world(image, at)).collect::<Vec<_>>();
    Ok(Fact::Findings(Arc::new(ImageFindings {
        image: ImageReference::parse(image, &DefaultRegistry::default()).unwrap(),
        digest: Digest::sha256_of(b""),
        signers: all(demand.signers.len()),
        attestations: demand
            .attestations
            .iter()
            .map(|one| all(one.signers.len()))
            .collect(),
        predicate_types: Vec::new(),
        examined: Vec::new(),
    })))
}

struct Trial {
    verdict: ImageValidatingVerdict,
    rounds: usize,
    questions: usize,
}

fn judge(rule: &ImageValidatingRule, request: &Request, world: World<'_>) -> Trial {
    judge_by(rule, request, &|question| answer(question, world))
}

fn judge_by(
    rule: &ImageValidatingRule,
    request: &Request,
    answer: &dyn Fn(&FactRequest) -> Result<Fact, FactError>,
) -> Trial {
    let mut facts = Facts::default();
    let registry = DefaultRegistry::default();
    for rounds in 0..8 {
        let view = FactView::new(&facts);
        let judged = rule.judge(&ImageOccasion {
            request,
            view: &view,
            registry: &registry,
            asker: Asker::default(),
            exemptions: Vec::new(),
        });
        let wanted = view.into_wanted();
        match judged {
            Ok(verdict) => {
                return Trial {
                    verdict: verdict.unwrap(),
                    rounds,
                    questions: facts.len(),
                };
            }
            Err(Pending) => {
                assert!(!wanted.is_empty());
                for question in wanted {
                    let found = answer(&question);
                    facts.insert(question, found);
                }
            }
        }
    }
    panic!("no verdict")
}

fn outcome(rule: &ImageValidatingRule, request: &Request, world: World<'_>) -> (RuleOutcome, String) {
    let verdict = judge(rule, request, world).verdict.verdict;
    (verdict.outcome, verdict.message)
}

const SIGNED: &str =
    "images.containers.map(image, verifyImageSignatures(image, [attestors.key])).all(e, e > 0)";
const ATTESTED: &str = "images.containers.map(image, verifyAttestationSignatures(image, attestations.scan, [attestors.key])).all(e, e > 0)";

#[test]
fn signed_images_pass_and_an_unsigned_one_fails_with_its_reason() {
    let rule = policy(&[SIGNED], &json!({}));
    let pod = pod(&["ghcr.io/a/good:1", "ghcr.io/a/bad:1"]);
    assert_eq!(outcome(&rule, &pod, &|_, _| proof(&[])).0, RuleOutcome::Pass);
    let trial = judge(&rule, &pod, &|image, _| {
        if image.contains("bad") {
            refused(ReasonCode::Unsigned)
        } else {
            proof(&[])
        }
    });
    let verdict = trial.verdict.verdict;
    assert_eq!(verdict.outcome, RuleOutcome::Fail);
    assert_eq!(verdict.reason.unwrap().0, ReasonCode::Unsigned);
}

#[test]
fn the_questions_of_all_images_and_all_validations_are_asked_in_one_round() {
    let rule = policy(&[SIGNED, ATTESTED], &json!({}));
    let trial = judge(&rule, &pod(&["a/one", "a/two", "a/three"]), &|_, _| {
        proof(&[json!({})])
    });
    assert_eq!((trial.rounds, trial.questions), (1, 6));
}

#[test]
fn a_count_is_of_the_attestors_that_were_proven() {
    let rule = policy(
        &["verifyImageSignatures(images.containers[0], [attestors.key, attestors.other]) == 1"],
        &json!({}),
    );
    let world: World<'_> = &|_, at| {
        if at == 0 {
            refused(ReasonCode::WrongSigner)
        } else {
            proof(&[])
        }
    };
    assert_eq!(outcome(&rule, &pod(&["a/b"]), world).0, RuleOutcome::Pass);
}

/// Attack: a policy refuses what a revoked key signed (`== 0`), and the registry is made not to answer. What could not be
/// looked at must not count as nobody.
#[test]
fn what_could_not_be_looked_at_is_an_error_and_not_nobody() {
    let rule = policy(
        &["verifyImageSignatures(images.containers[0], [attestors.key]) == 0"],
        &json!({}),
    );
    let pod = pod(&["a/b"]);
    let (outcome_, message) = outcome(&rule, &pod, &|_, _| refused(ReasonCode::RegistryTimeout));
    assert_eq!(outcome_, RuleOutcome::Error, "{message}");
    assert_eq!(
        outcome(&rule, &pod, &|_, _| refused(ReasonCode::Unsigned)).0,
        RuleOutcome::Pass
    );
}

#[test]
fn an_image_that_the_policy_does_not_mean_is_neither_listed_nor_verified() {
    let more = json!({"matchImageReferences": [{"glob": "ghcr.io/*"}]});
    let rule = policy(
        &[
            "verifyImageSignatures('quay.io/a/b', [attestors.key]) == 0",
            "size(images.containers) == 1",
        ],
        &more,
    );
    let trial = judge(&rule, &pod(&["quay.io/a/b", "ghcr.io/a/b"]), &|_, _| proof(&[]));
    assert_eq!(trial.verdict.verdict.outcome, RuleOutcome::Pass);
    assert_eq!(trial.questions, 0);
}

/// Attack: anybody with push rights attaches an attestation that says what the policy wants to hear.
#[test]
fn a_payload_that_nobody_verified_is_never_handed_out() {
    let extract = "extractPayload(images.containers[0], attestations.scan).predicate.clean == true";
    let unverified = policy(&[extract], &json!({}));
    let world: World<'_> = &|_, _| proof(&[json!({"clean": true})]);
    let (outcome_, message) = outcome(&unverified, &pod(&["a/b"]), world);
    assert_eq!(outcome_, RuleOutcome::Error);
    assert!(message.contains("cannot be fetch before verifying"), "{message}");
    let refused_ = policy(
        &[
            "true || 1 == 1",
            "verifyAttestationSignatures(images.containers[0], attestations.scan, [attestors.key]) >= 0",
            extract,
        ],
        &json!({}),
    );
    let world: World<'_> = &|_, _| refused(ReasonCode::WrongSigner);
    assert_eq!(outcome(&refused_, &pod(&["a/b"]), world).0, RuleOutcome::Error);
}

/// Kyverno shows the last statement alone; here a stale scan is not hidden by a fresh one, nor the other way round.
#[test]
fn every_verified_statement_of_a_type_must_hold() {
    let clean =
        "images.containers.all(image, extractPayload(image, attestations.scan).predicate.clean == true)";
    let rule = policy(&[ATTESTED, clean], &json!({}));
    let pod = pod(&["a/b", "a/c"]);
    let world: World<'_> = &|_, _| proof(&[json!({"clean": true}), json!({"clean": true, "again": 1})]);
    assert_eq!(outcome(&rule, &pod, world).0, RuleOutcome::Pass);
    for statements in [
        [json!({"clean": true}), json!({"clean": false})],
        [json!({"clean": false}), json!({"clean": true})],
    ] {
        let world: World<'_> = &|image, _| {
            if image.contains("a/c") {
                proof(&statements)
            } else {
                proof(&[json!({"clean": true})])
            }
        };
        assert_eq!(outcome(&rule, &pod, world).0, RuleOutcome::Fail);
    }
}

#[test]
fn an_attestor_can_take_its_key_from_an_expression_and_never_an_empty_one() {
    let attestor = |expression: &str| {
        json!({"variables": [{"name": "pem", "expression": expression}],
        "attestors": [{"name": "key", "cosign": {"key": {"expression": "variables.pem"}}}]})
    };
    let pod = pod(&["a/b"]);
    let good = policy(&[SIGNED], &attestor(&format!("'''{PEM}'''")));
    assert_eq!(outcome(&good, &pod, &|_, _| proof(&[])).0, RuleOutcome::Pass);
    let empty = policy(&[SIGNED], &attestor("''"));
    let (outcome_, message) = outcome(&empty, &pod, &|_, _| proof(&[]));
    assert_eq!(outcome_, RuleOutcome::Error);
    assert!(
        message.contains("attestor key: `variables.pem` gave an empty text"),
        "{message}"
    );
}

#[test]
fn a_required_image_is_listed_with_how_it_stands() {
    let rule = policy(&["true"], &json!({}));
    let evidence = judge(&rule, &pod(&["a/b"]), &|_, _| proof(&[])).verdict.evidence;
    assert_eq!(evidence.required.len(), 1);
    assert!(evidence.standings.is_empty());
    let rule = policy(&[SIGNED], &json!({}));
    let evidence = judge(&rule, &pod(&["a/b"]), &|_, _| proof(&[])).verdict.evidence;
    assert!(evidence.standings.get("docker.io/a/b:latest").unwrap().is_proven);
}

#[test]
fn an_image_without_a_digest_fails_where_one_is_demanded() {
    let rule = policy(&["true"], &json!({"validationConfigurations": {}}));
    let (outcome_, message) = outcome(&rule, &pod(&["a/b:1"]), &|_, _| proof(&[]));
    assert_eq!(
        (outcome_, message.as_str()),
        (RuleOutcome::Fail, "image a/b:1 does not have a digest")
    );
}

#[test]
fn tags_are_pinned_and_the_pull_secrets_of_the_pod_are_used() {
    let rule = policy(&["true"], &json!({}));
    let request = pod(&["a/b:1"]);
    let registry = DefaultRegistry::default();
    let pin = |facts: &Facts| {
        let view = FactView::new(facts);
        let pinned = rule.pin(&ImageOccasion {
            request: &request,
            view: &view,
            registry: &registry,
            asker: Asker::default(),
            exemptions: Vec::new(),
        });
        (pinned, view.into_wanted())
    };
    let mut facts = Facts::default();
    let (pinned, wanted) = pin(&facts);
    assert!(pinned.is_err());
    for question in wanted {
        let FactRequest::ImageDigest { access, .. } = &question else {
            panic!("{question:?}")
        };
        assert_eq!(access.pull_secrets, ["shop/pull"]);
        facts.insert(question, Ok(Fact::Digest(Digest::sha256_of(b""))));
    }
    let pins = pin(&facts).0.unwrap().unwrap().pins;
    assert_eq!(pins[0].pointer, "/spec/containers/0/image");
    assert!(
        pins[0].image.starts_with("docker.io/a/b:1@sha256:"),
        "{}",
        pins[0].image
    );
}

/// Attack: the tag is moved between the call that proves the signature and the one that reads the attestation, so that each
/// speaks of other content (CVE-2022-47633).
#[test]
fn a_tag_that_moves_while_it_is_judged_is_an_error() {
    let rule = policy(&[SIGNED, ATTESTED], &json!({}));
    let trial = judge_by(&rule, &pod(&["a/b"]), &|question| {
        let found = answer(question, &|_, _| proof(&[json!({})]))?;
        let Fact::Findings(findings) = found else {
            return Ok(found);
        };
        let mut findings = (*findings).clone();
        if findings.signers.is_empty() {
            findings.digest = Digest::sha256_of(b"other");
        }
        Ok(Fact::Findings(Arc::new(findings)))
    });
    let verdict = trial.verdict.verdict;
    assert_eq!(verdict.outcome, RuleOutcome::Error);
    assert!(
        verdict.message.contains("its tag moved from"),
        "{}",
        verdict.message
    );
}
