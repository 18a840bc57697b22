//! Image rules there and back.

use serde_json::{Value, json};

use crate::judged::{loaded, policy};

const KEY: &str = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE5ctyLuHDojeaHTlebapmWfE1zCRp\n019rNaXgOmCnnKhTUk9jZpVDjfNRuoEFyBDp2yczhUTnY9vKFXSESQm2cA==\n-----END PUBLIC KEY-----\n";

fn rule(entry: Value) -> Value {
    let mut written = policy(Value::Null);
    written["spec"]["validationFailureAction"] = "Enforce".into();
    let rule = &mut written["spec"]["rules"][0];
    rule.as_object_mut().unwrap().remove("validate");
    rule["verifyImages"] = json!([entry]);
    loaded(&written).1
}

fn entry(more: Value) -> Value {
    let mut entry = json!({"imageReferences": ["ghcr.io/acme/*"]});
    entry
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    entry
}

#[test]
fn a_rule_about_images_comes_back_as_it_was_said() {
    for more in [
        json!({"attestors": [{"count": 1, "entries": [{"keys": {"publicKeys": KEY}}, {"keyless": {
            "issuer": "https://a", "subject": "ci@*", "rekor": {"url": "https://rekor.sigstore.dev"}}}]}]}),
        json!({"type": "Notary", "attestors": [{"entries": [{"certificates": {"cert": "PEM"}}]}]}),
        json!({"attestations": [{"type": "https://slsa.dev/provenance/v1", "attestors": [{"entries": [
            {"keys": {"publicKeys": KEY, "rekor": {"url": "https://r", "ignoreTlog": true}}}]}]}]}),
    ] {
        let given = vouchsafe_policy_migration::migrate(&rule(entry(more)));
        assert_eq!(given.refusals, Vec::new());
        let (_, written) = loaded(&given.policies[0]);
        let back = vouchsafe_policy_migration::migrate_back(&written);
        assert_eq!(back.refusals, Vec::new());
        let (_, back) = loaded(&back.policies[0]);
        let again = vouchsafe_policy_migration::migrate(&back);
        assert_eq!(
            again.policies[0]["spec"]["validations"],
            given.policies[0]["spec"]["validations"]
        );
        assert_eq!(
            again.policies[0]["spec"]["attestors"],
            given.policies[0]["spec"]["attestors"]
        );
    }
}

#[test]
fn what_a_policy_demands_beyond_classic_rules_is_never_lost_on_the_way_back() {
    let attestors = json!({"attestors": [{"entries": [{"keys": {"publicKeys": KEY}}]}]});
    let given = vouchsafe_policy_migration::migrate(&rule(entry(attestors)));
    let mut written = given.policies[0].clone();
    written["spec"]["validations"]
        .as_array_mut()
        .unwrap()
        .push(json!({
            "expression": "images.containers.all(image, image.startsWith('ghcr.io/'))",
        }));
    let (_, document) = loaded(&written);
    let back = vouchsafe_policy_migration::migrate_back(&document);
    assert_eq!(back.policies, Vec::<Value>::new());
    assert_eq!(back.refusals[0].path, "spec.validations");
}

#[test]
fn attestors_that_the_other_kind_lacks_are_refused() {
    for (more, path) in [
        (
            json!({"attestors": [{"entries": [{"keys": {"secret": {"name": "k", "namespace": "n"}}}]}]}),
            "spec.rules[0].verifyImages[0].attestors[0].entries[0].keys.secret",
        ),
        (
            json!({"attestors": [{"entries": [{"attestor": {"entries": [{"keys": {"publicKeys": KEY}}]}}]}]}),
            "spec.rules[0].verifyImages[0].attestors[0].entries[0].attestor",
        ),
        (
            json!({"skipImageReferences": ["nginx*"], "attestors": [{"entries": [{"keys": {"publicKeys": KEY}}]}]}),
            "spec.rules[0].verifyImages[0].skipImageReferences[0]",
        ),
    ] {
        let translation = vouchsafe_policy_migration::migrate(&rule(entry(more)));
        assert_eq!(translation.policies, Vec::<Value>::new());
        assert_eq!(translation.refusals[0].path, path);
    }
}

#[test]
fn a_field_that_is_nowhere_fails_whichever_condition_reads_it() {
    let conditions = json!([{"any": [
        {"key": "{{ a.b }}", "operator": "Equals", "value": "x"},
        {"key": "{{ time_since('','{{at}}','') }}", "operator": "LessThanOrEquals", "value": "168h"},
    ]}]);
    let attestors = json!([{"entries": [{"keys": {"publicKeys": KEY}}]}]);
    let attestation = json!({"type": "t", "attestors": attestors, "conditions": conditions});
    let given = vouchsafe_policy_migration::migrate(&rule(entry(json!({"attestations": [attestation]}))));
    assert_eq!(given.refusals, Vec::new());
    let written = given.policies[0]["spec"]["validations"][0]["expression"]
        .as_str()
        .unwrap();
    let p = "extractPayload(image, attestations.attestation0).predicate";
    let expected = format!(
        "has({p}.a) && has({p}.a.b) && has({p}.at) && ({p}.a.b == 'x' || time.now() - timestamp({p}.at) <= duration('168h'))"
    );
    assert!(written.contains(&expected), "{written}");
}

#[test]
fn a_rule_that_takes_bundles_alone_is_not_loosened() {
    let attestors = json!([{"entries": [{"keys": {"publicKeys": KEY}}]}]);
    let given = vouchsafe_policy_migration::migrate(&rule(entry(
        json!({"type": "SigstoreBundle", "attestors": attestors}),
    )));
    assert_eq!(given.policies, Vec::<Value>::new());
    assert_eq!(given.refusals[0].path, "spec.rules[0].verifyImages[0].type");
}
