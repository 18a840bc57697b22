//! What exceptions excuse together is what one of them excuses by itself.

use serde_json::{Value, json};
use vouchsafe_policy_engine::RuleOutcome;

use crate::judging::{decide_alone, engine, outcome, words};
use crate::pods::pod;

/// Two rules that every Pod of the test breaks, and one on Pod security.
fn policies() -> String {
    let rule = |name: &str| {
        json!({
            "name": name, "match": { "any": [{ "resources": { "kinds": ["Pod"] } }] },
            "validate": { "message": "no", "pattern": { "metadata": { "labels": { name: "yes" } } } },
        })
    };
    let security = json!({
        "name": "pss", "match": { "any": [{ "resources": { "kinds": ["Pod"] } }] },
        "validate": { "podSecurity": { "level": "baseline", "version": "latest" } },
    });
    json!({
        "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": { "name": "p" },
        "spec": { "validationFailureAction": "Enforce", "background": false, "rules": [rule("a"), rule("b"), security] },
    })
    .to_string()
}

fn exception(name: &str, rules: &[&str], matched: &Value, further: &Value) -> Value {
    let mut document = json!({
        "apiVersion": "kyverno.io/v2", "kind": "PolicyException", "metadata": { "name": name, "namespace": "ops" },
        "spec": { "exceptions": [{ "policyName": "p", "ruleNames": rules }], "match": { "any": [{ "resources": matched }] } },
    });
    for (field, value) in further.as_object().unwrap() {
        document["spec"][field] = value.clone();
    }
    document
}

/// Exceptions of every kind: that fit and that do not, that name one rule or several, that have conditions which hold,
/// fail, or can't be evaluated, that excuse single controls of Pod security.
fn exceptions() -> Vec<Value> {
    let pods = json!({ "kinds": ["Pod"] });
    let other = json!({ "kinds": ["Pod"], "names": ["other"] });
    let condition = |key: &str| json!({ "conditions": { "all": [{ "key": key, "operator": "Equals", "value": "web" }] } });
    let control = |name: &str| json!({ "podSecurity": [{ "controlName": name }] });
    vec![
        exception("fits-a", &["a"], &pods, &json!({})),
        exception("other-name", &["a", "b"], &other, &json!({})),
        exception(
            "holds",
            &["b"],
            &pods,
            &condition("{{ request.object.metadata.name }}"),
        ),
        exception(
            "fails",
            &["a", "b"],
            &pods,
            &condition("{{ request.object.metadata.namespace }}"),
        ),
        exception(
            "unjudgeable",
            &["a", "b"],
            &pods,
            &condition("{{ request.object.nowhere.at.all }}"),
        ),
        exception("host-namespaces", &["pss"], &pods, &control("Host Namespaces")),
        exception("elsewhere", &["pss"], &other, &json!({})),
    ]
}

fn broken_pod() -> Value {
    let mut object = pod("demo", &["nginx:1"]);
    object["spec"]["hostNetwork"] = true.into();
    object["spec"]["containers"][0]["securityContext"] = json!({ "privileged": true });
    object
}

fn outcomes(chosen: &[&Value]) -> Vec<RuleOutcome> {
    let texts = chosen.iter().map(|exception| exception.to_string());
    let text = [policies()]
        .into_iter()
        .chain(texts)
        .collect::<Vec<_>>()
        .join("\n---\n");
    let decision = decide_alone(&engine(&text), &broken_pod());
    ["a", "b", "pss"]
        .iter()
        .map(|rule| outcome(&decision, rule))
        .collect()
}

/// GHSA-gg4x-fgg2-h9w9: where two exceptions overlapped, Kyverno let the looser of them count for both. Of all subsets of
/// the exceptions above, none excuses a rule that no single one of them excuses, and none takes an excuse away.
#[test]
fn adding_an_exception_never_exempts_what_no_single_exception_exempts_ghsa_gg4x_fgg2_h9w9() {
    let all = exceptions();
    assert_eq!(outcomes(&[]), [RuleOutcome::Fail; 3]);
    let alone: Vec<Vec<RuleOutcome>> = all.iter().map(|one| outcomes(&[one])).collect();
    let excused = |rule: usize| {
        alone
            .iter()
            .filter(|found| found[rule] == RuleOutcome::Skip)
            .count()
    };
    assert_eq!(
        [excused(0), excused(1), excused(2)],
        [1, 1, 0],
        "the test's own exceptions: {alone:#?}"
    );
    for subset in 0_usize..(1 << all.len()) {
        let members: Vec<usize> = (0..all.len()).filter(|at| subset & (1 << at) != 0).collect();
        let chosen: Vec<&Value> = members.iter().map(|at| &all[*at]).collect();
        for (rule, found) in outcomes(&chosen).into_iter().enumerate() {
            let by_one = members.iter().any(|at| alone[*at][rule] == RuleOutcome::Skip);
            let expected = if by_one {
                RuleOutcome::Skip
            } else {
                RuleOutcome::Fail
            };
            assert_eq!(found, expected, "rule {rule} under {members:?}");
        }
    }
}

/// An exception for one container's image excuses that container, not its neighbours (K#17173's class).
#[test]
fn an_exception_for_one_image_excuses_no_other_container() {
    let excused = exception(
        "image",
        &["pss"],
        &json!({ "kinds": ["Pod"] }),
        &json!({ "podSecurity": [
            { "controlName": "Privileged Containers", "images": ["nginx*"] },
        ]}),
    );
    let text = [policies(), excused.to_string()].join("\n---\n");
    let mut object = pod("demo", &["nginx:1", "redis:7"]);
    for at in 0..2 {
        object["spec"]["containers"][at]["securityContext"] = json!({ "privileged": true });
    }
    let decision = decide_alone(&engine(&text), &object);
    assert_eq!(
        outcome(&decision, "pss"),
        RuleOutcome::Fail,
        "{:#?}",
        words(&decision)
    );
    object["spec"]["containers"][1]["securityContext"] = json!({});
    let decision = decide_alone(&engine(&text), &object);
    assert_eq!(
        outcome(&decision, "pss"),
        RuleOutcome::Skip,
        "{:#?}",
        words(&decision)
    );
}
