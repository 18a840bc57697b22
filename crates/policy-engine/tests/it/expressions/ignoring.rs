//! `failurePolicy: Ignore` passes over what fails in Kyverno too, never over a bound that Kyverno has not: else whoever writes
//! the object chooses by its size which policies judge it.

use serde_json::{Value, json};
use vouchsafe_policy_engine::request::Origin;
use vouchsafe_policy_engine::{Decision, RuleOutcome};

use super::{policy_of, validations};
use crate::judging::{decide, engine, request, words};
use crate::pods::pod;

/// Conditions that Kyverno evaluates, each true of [`large`], and each more than is spent on one policy here.
const BEYOND_OUR_BOUNDS: [&str; 4] = [
    // The allowance of the policy: a state of the pattern may be entered at each byte.
    "!object.metadata.annotations.long.matches('[a-z]*x[a-z]{500}y')",
    // Memory: Kubernetes counts what is replaced, not what comes of it.
    "object.metadata.annotations.long.replace('a', object.metadata.annotations.long).size() > 0",
    // The size of a pattern that comes with the object.
    "!'b'.matches(object.metadata.annotations.pattern)",
    // The cost of one expression, of which Kubernetes counts one for each comparison.
    "object.spec.containers.all(c, object.spec.containers.exists(d, c == d))",
];

/// A Pod whose author tries to be judged by no policy.
fn large() -> Value {
    let mut pod = pod("shop", &vec!["nginx"; 200]);
    let pattern = r"\pL{90}".repeat(9);
    pod["metadata"]["annotations"] = json!({ "long": "a".repeat(200_000), "pattern": pattern });
    for container in pod["spec"]["containers"].as_array_mut().unwrap() {
        container["args"] = json!(vec!["--verbose"; 60]);
    }
    pod
}

fn admitting(policy: &Value) -> Decision {
    let mut request = request(&large());
    request.origin = Origin::Admission;
    decide(&engine(&policy.to_string()), &request, |question| {
        unreachable!("{question:?}")
    })
}

fn on_condition(mut fields: Value, condition: &str) -> Value {
    fields["failurePolicy"] = json!("Ignore");
    fields["matchConditions"] = json!([{ "name": "c", "expression": condition }]);
    fields
}

/// Each condition refuses by an error, and is not passed over.
fn assert_refused(decided: impl Fn(&str) -> Decision) {
    for condition in BEYOND_OUR_BOUNDS {
        let decision = decided(condition);
        assert!(!decision.is_allowed(), "{condition}: {:?}", words(&decision));
        assert_eq!(
            decision.results[0].verdict.outcome,
            RuleOutcome::Error,
            "{condition}: {:?}",
            words(&decision)
        );
    }
}

/// The attack: an annotation so long that a condition spends the allowance; the policy, passed over, admits the Pod.
#[test]
fn an_annotation_that_spends_the_allowance_does_not_skip_a_policy_that_ignores_failures() {
    assert_refused(|condition| {
        let fields = on_condition(validations("false"), condition);
        admitting(&policy_of("ValidatingPolicy", "", &fields))
    });
}

/// The same attack on a policy about images.
#[test]
fn an_annotation_that_spends_the_allowance_does_not_skip_an_image_policy_that_ignores_failures() {
    assert_refused(|condition| {
        let mut fields = on_condition(validations("false"), condition);
        fields["matchImageReferences"] = json!([{ "glob": "*" }]);
        fields["validationConfigurations"] = json!({ "mutateDigest": false, "verifyDigest": false });
        fields["attestors"] = json!([{ "name": "key", "cosign": { "keyless": {
            "identities": [{ "issuer": "https://issuer.example", "subject": "s" }] } } }]);
        admitting(&policy_of("ImageValidatingPolicy", "", &fields))
    });
}

/// The same attack on the conditions of a classic policy's webhook, which otherwise decide whether it is asked at all.
#[test]
fn an_annotation_that_spends_the_allowance_does_not_keep_a_classic_policy_from_being_asked() {
    assert_refused(|condition| {
        admitting(&json!({
            "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": { "name": "p" },
            "spec": { "validationFailureAction": "Enforce", "background": false,
                "webhookConfiguration": {
                    "failurePolicy": "Ignore", "matchConditions": [{ "name": "c", "expression": condition }] },
                "rules": [{
                    "name": "r", "match": { "any": [{ "resources": { "kinds": ["Pod"] } }] },
                    "validate": { "message": "no", "pattern": { "metadata": { "name": "db" } } } }] },
        }))
    });
}

/// The same attack on the preconditions of a classic rule, which fail whatever the failure policy says.
#[test]
fn an_annotation_that_spends_the_allowance_does_not_skip_a_classic_rule_that_ignores_failures() {
    for condition in BEYOND_OUR_BOUNDS {
        let decision = admitting(&json!({
            "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": { "name": "p" },
            "spec": { "validationFailureAction": "Enforce", "background": false, "failurePolicy": "Ignore",
                "rules": [{
                    "name": "r", "match": { "any": [{ "resources": { "kinds": ["Pod"] } }] },
                    "celPreconditions": [{ "name": "c", "expression": condition }],
                    "validate": { "cel": { "expressions": [{ "expression": "false" }] } } }] },
        }));
        assert!(!decision.is_allowed(), "{condition}: {:?}", words(&decision));
    }
}

/// The same attack on Kubernetes' own kind, which only the command line judges: an error, never a skip.
#[test]
fn an_annotation_that_spends_the_allowance_does_not_skip_an_admission_policy_that_ignores_failures() {
    for condition in BEYOND_OUR_BOUNDS {
        let fields = on_condition(validations("false"), condition);
        let mut policy = policy_of("ValidatingAdmissionPolicy", "", &fields);
        policy["apiVersion"] = json!("admissionregistration.k8s.io/v1");
        let decision = decide(&engine(&policy.to_string()), &request(&large()), |question| {
            unreachable!("{question:?}")
        });
        assert_eq!(
            decision.results.first().map(|result| result.verdict.outcome),
            Some(RuleOutcome::Error),
            "{condition}: {:?}",
            words(&decision)
        );
    }
}

#[test]
fn a_condition_beyond_the_cost_that_kyverno_allows_is_passed_over_as_in_kyverno() {
    let costly = "lists.range(900).all(a, lists.range(900).all(b, a + b >= 0))";
    let fields = on_condition(validations("false"), costly);
    let decision = admitting(&policy_of("ValidatingPolicy", "", &fields));
    assert_eq!(words(&decision), ["p/ Skip: skip"]);
}
