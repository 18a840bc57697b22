//! Policies in Common Expression Language, from their texts to decisions: what each kind says, what it asks, and what it
//! never gives away.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "what a test does not answer it answers all alike"
)]

use std::sync::Arc;

use serde_json::{Value, json};
use vouchsafe_policy_engine::facts::Asker;
use vouchsafe_policy_engine::{Decision, Evaluation, Fact, FactError, FactRequest, Facts, RuleOutcome};

use crate::judging::{decide, decide_alone, engine, load, request, words};
use crate::pods::{deployment, pod};

/// A `ValidatingPolicy` about Pods, with these fields in its `spec`.
fn policy(fields: &Value) -> Value {
    policy_of("ValidatingPolicy", "", fields)
}

fn policy_of(kind: &str, namespace: &str, fields: &Value) -> Value {
    let mut policy = json!({
        "apiVersion": "policies.kyverno.io/v1", "kind": kind, "metadata": { "name": "p", "namespace": namespace },
        "spec": { "matchConstraints": { "resourceRules": [
            { "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE", "UPDATE"] }] } },
    });
    for (field, value) in fields.as_object().unwrap() {
        policy["spec"][field] = value.clone();
    }
    policy
}

fn validations(expression: &str) -> Value {
    json!({ "validations": [{ "expression": expression, "message": "no" }] })
}

fn about_pod(fields: &Value) -> Decision {
    decide_alone(&engine(&policy(fields).to_string()), &pod("shop", &["nginx"]))
}

fn faults(document: &Value) -> Vec<String> {
    let loaded = load(&document.to_string());
    assert!(loaded.policies.is_empty());
    loaded.faults.iter().map(ToString::to_string).collect()
}

#[test]
fn a_violation_refuses_in_the_words_of_its_kind() {
    let decision = about_pod(&validations("object.metadata.name == 'db'"));
    assert_eq!(words(&decision), ["p/ Fail: no"]);
    assert_eq!(decision.denial().unwrap(), "Policy p failed: no");
    let decision = about_pod(&validations("object.metadata.name == 'web'"));
    assert_eq!(words(&decision), ["p/ Pass: success"]);
    assert!(decision.is_allowed());
}

#[test]
fn an_expression_that_fails_is_an_error_that_refuses_whatever_the_failure_policy() {
    let mut fields = validations("object.spec.nodeName == 'n'");
    fields["failurePolicy"] = json!("Ignore");
    let decision = about_pod(&fields);
    assert_eq!(words(&decision), ["p/ Error: error: no such key: nodeName"]);
    assert_eq!(
        decision.denial().unwrap(),
        "Policy p error: error: no such key: nodeName"
    );
}

#[test]
fn actions_say_whether_a_violation_refuses_warns_or_is_written_down() {
    let with = |actions: Value| {
        let mut fields = validations("false");
        fields["validationActions"] = actions;
        about_pod(&fields)
    };
    assert!(!with(json!([])).is_allowed());
    assert!(!with(json!(["Deny", "Audit"])).is_allowed());
    let audit = with(json!(["Audit"]));
    assert!(audit.is_allowed() && audit.warnings().is_empty());
    let warn = with(json!(["Warn"]));
    assert!(warn.is_allowed());
    assert_eq!(warn.warnings(), ["Policy p failed: no"]);
}

#[test]
fn a_condition_that_is_false_skips_and_one_that_fails_depends_on_the_failure_policy() {
    let with = |conditions: Value, failure_policy: &str| {
        let mut fields = validations("false");
        fields["matchConditions"] = conditions;
        fields["failurePolicy"] = json!(failure_policy);
        words(&about_pod(&fields))
    };
    let broken = json!({ "name": "broken", "expression": "object.spec.nodeName == ''" });
    let no = json!({ "name": "no", "expression": "false" });
    assert_eq!(with(json!([broken, no]), "Fail"), ["p/ Skip: skip"]);
    assert_eq!(with(json!([broken]), "Ignore"), ["p/ Skip: skip"]);
    assert_eq!(
        with(json!([broken]), "Fail"),
        ["p/evaluation Error: failed to load context: no such key: nodeName"]
    );
}

#[test]
fn a_message_may_be_an_expression_over_variables() {
    let decision = about_pod(&json!({
        "variables": [
            { "name": "images", "expression": "object.spec.containers.map(c, c.image)" },
            { "name": "first", "expression": "variables.images[0]" },
            { "name": "unused", "expression": "1 / 0" }],
        "validations": [{ "expression": "variables.first != 'nginx'", "messageExpression": "string(variables.first) + ' is out'" }],
        "auditAnnotations": [{ "key": "image", "valueExpression": "string(variables.first)" }],
    }));
    assert_eq!(words(&decision), ["p/ Fail: nginx is out"]);
    let properties = &decision.results[0].verdict.properties;
    assert!(properties.contains(&("image".to_owned(), "nginx".to_owned())));
    assert!(properties.contains(&("cel.validationIndex".to_owned(), "0".to_owned())));
}

#[test]
fn a_policy_about_pods_speaks_of_what_makes_pods() {
    let engine =
        engine(&policy(&validations("object.spec.containers.all(c, c.image != 'nginx')")).to_string());
    let decision = decide_alone(&engine, &deployment("shop", &["nginx"]));
    assert_eq!(words(&decision), ["p/ Fail: no"]);
}

#[test]
fn faults_are_told_with_their_place_when_the_policy_is_loaded() {
    let document = policy(&json!({
        "variables": [{ "name": "a", "expression": "objekt.spec" }],
        "matchConditions": [{ "name": "n", "expression": "variables.a == 1" }],
        "validations": [{ "expression": "true" }],
    }));
    let told = faults(&document).join("\n");
    assert!(
        told.contains("spec.matchConditions[0].expression: undeclared reference to 'variables'"),
        "{told}"
    );
    assert!(
        told.contains("spec.variables[0].expression: undeclared reference to 'objekt'"),
        "{told}"
    );
    assert!(told.contains("(did you mean `object`?)"), "{told}");
    let document = policy(&json!({ "validations": [{ "expression": "object.metadata.name" }] }));
    assert!(faults(&document)[0].contains("output is expected to be of type bool"));
}

#[test]
fn what_expressions_ask_is_asked_in_one_round() {
    let text = policy(&json!({
        "variables": [
            { "name": "cm", "expression": "resource.get('v1', 'configmaps', 'shop', 'allowed')" },
            { "name": "pods", "expression": "resource.list('v1', 'pods', 'shop')" }],
        "validations": [
            { "expression": "variables.cm.data.x == 'y' && globalContext.get('gone') == null" },
            { "expression": "variables.pods.items.size() == 0" },
            { "expression": "http.get('https://policy.example').allowed == true" }],
    }));
    let engine = engine(&text.to_string());
    let Evaluation::Needs(wanted) = engine.evaluate(&request(&pod("shop", &["nginx"])), &Facts::default())
    else {
        unreachable!("facts are missing");
    };
    assert_eq!(wanted.len(), 4, "{wanted:#?}");
    let decision = decide(
        &engine,
        &request(&pod("shop", &["nginx"])),
        |question| match question {
            FactRequest::KubernetesCall { url_path, .. } if url_path.ends_with("/configmaps/allowed") => {
                Ok(Fact::Json(Arc::new(json!({ "data": { "x": "y" } }))))
            }
            FactRequest::KubernetesCall { url_path, .. } => {
                assert_eq!(url_path, "/api/v1/namespaces/shop/pods");
                Ok(Fact::Json(Arc::new(json!({ "items": [] }))))
            }
            FactRequest::HttpCall { .. } => Ok(Fact::Json(Arc::new(
                json!({ "status": 200, "body": { "allowed": true } }),
            ))),
            _ => Err(FactError::Absent("none".to_owned())),
        },
    );
    assert_eq!(words(&decision), ["p/ Pass: success"]);
}

#[test]
fn an_object_that_is_not_there_is_null_and_one_that_cant_be_read_is_an_error() {
    let engine = engine(
        &policy(&validations(
            "dyn(resource.get('v1', 'secrets', 'shop', 's')) == null",
        ))
        .to_string(),
    );
    let ask = |error: fn(String) -> FactError| {
        let decision = decide(&engine, &request(&pod("shop", &["nginx"])), |_| {
            Err(error("no".to_owned()))
        });
        decision.results[0].verdict.outcome
    };
    assert_eq!(ask(FactError::Absent), RuleOutcome::Pass);
    assert_eq!(ask(FactError::Failed), RuleOutcome::Error);
}

/// The attack: the author of a policy in `team-a` reads what is not theirs, by functions that take a name they choose.
#[test]
fn a_namespaced_policy_reads_its_own_namespace_and_calls_nobody() {
    let asked = |expression: &str| {
        let text = policy_of("NamespacedValidatingPolicy", "team-a", &validations(expression));
        let engine = engine(&text.to_string());
        let request = request(&pod("team-a", &["nginx"]));
        match engine.evaluate(&request, &Facts::default()) {
            Evaluation::Needs(wanted) => Ok(wanted.into_iter().next().unwrap()),
            Evaluation::Complete(decision) => Err(decision.results[0].message()),
        }
    };
    let FactRequest::KubernetesCall { asker, url_path, .. } =
        asked("dyn(resource.get('v1', 'secrets', 'mine')) == null").unwrap()
    else {
        unreachable!("an object is read from the API");
    };
    assert_eq!(url_path, "/api/v1/namespaces/team-a/secrets/mine");
    assert_eq!(
        asker,
        Asker {
            policy_namespace: Some("team-a".to_owned()),
            object_namespace: "team-a".to_owned()
        }
    );
    for escape in [
        "dyn(resource.get('v1', 'secrets', '../../kube-system/secrets/x')) == null",
        "dyn(resource.get('v1', 'secrets/x?', 'x')) == null",
        "dyn(resource.get('v1/../..', 'secrets', 'x')) == null",
        "dyn(resource.list('v1', 'secrets', {'a': 'b&limit=1'})) == null",
        "dyn(http.get('http://metadata.internal')) == null",
        "globalContext.get('secrets') == null",
    ] {
        assert!(asked(escape).unwrap_err().starts_with("error: "), "{escape}");
    }
    let loaded = load(
        &policy_of(
            "NamespacedValidatingPolicy",
            "team-a",
            &validations("resource.get('v1', 'secrets', 'kube-system', 'x') == null"),
        )
        .to_string(),
    );
    assert!(
        loaded.faults[0].message.contains("no matching overload"),
        "{:?}",
        loaded.faults
    );
}

#[test]
fn a_namespaced_policy_speaks_of_its_namespace_alone() {
    let engine =
        engine(&policy_of("NamespacedValidatingPolicy", "team-a", &validations("false")).to_string());
    assert!(
        decide_alone(&engine, &pod("team-b", &["nginx"]))
            .results
            .is_empty()
    );
    assert_eq!(decide_alone(&engine, &pod("team-a", &["nginx"])).results.len(), 1);
}

fn exception(fields: &Value) -> Value {
    let mut exception = json!({
        "apiVersion": "policies.kyverno.io/v1", "kind": "PolicyException", "metadata": { "name": "e", "namespace": "ops" },
        "spec": { "policyRefs": [{ "name": "p", "kind": "ValidatingPolicy" }] },
    });
    for (field, value) in fields.as_object().unwrap() {
        exception["spec"][field] = value.clone();
    }
    exception
}

fn excepted(expression: &str, exceptions: &[Value]) -> Vec<String> {
    let mut documents = vec![policy(&validations(expression)).to_string()];
    documents.extend(exceptions.iter().map(Value::to_string));
    let engine = engine(&documents.join("\n---\n"));
    words(&decide_alone(&engine, &pod("shop", &["nginx"])))
}

#[test]
fn an_exception_exempts_wholly_where_its_conditions_hold() {
    let condition =
        |expression: &str| json!({ "matchConditions": [{ "name": "c", "expression": expression }] });
    let skipped = "p/exception Skip: rule is skipped due to policy exception: ops/e";
    assert_eq!(excepted("false", &[exception(&json!({}))]), [skipped]);
    assert_eq!(
        excepted("false", &[exception(&condition("object.metadata.name == 'web'"))]),
        [skipped]
    );
    assert_eq!(
        excepted("false", &[exception(&condition("object.metadata.name == 'db'"))]),
        ["p/ Fail: no"]
    );
    assert_eq!(
        excepted("false", &[exception(&json!({ "reportResult": "pass" }))]),
        ["p/exception Pass: rule is passed due to policy exception: ops/e"]
    );
}

#[test]
fn an_exception_that_has_expired_or_cant_be_judged_exempts_from_nothing() {
    let expired = exception(&json!({ "expiresAt": "2020-01-01T00:00:00Z" }));
    assert_eq!(excepted("false", &[expired]), ["p/ Fail: no"]);
    let broken =
        exception(&json!({ "matchConditions": [{ "name": "c", "expression": "object.spec.nope" == "x" }] }));
    assert!(load(&broken.to_string()).exceptions.is_empty());
    let broken = json!({ "matchConditions": [{ "name": "c", "expression": "object.spec.nope == 'x'" }] });
    assert_eq!(
        excepted("false", &[exception(&broken)]),
        ["p/evaluation Error: failed to load context: no such key: nope"]
    );
    let mut other = exception(&json!({}));
    other["spec"]["policyRefs"][0]["kind"] = json!("ImageValidatingPolicy");
    assert_eq!(excepted("false", &[other]), ["p/ Fail: no"]);
}

#[test]
fn an_exception_for_some_images_only_tells_the_policy_of_them() {
    let images = exception(&json!({ "images": ["nginx"] }));
    let expression = "object.spec.containers.all(c, c.image in exceptions.allowedImages)";
    assert_eq!(excepted(expression, &[images]), ["p/ Pass: success"]);
    assert_eq!(excepted(expression, &[]), ["p/ Fail: no"]);
}

/// `validate.cel`, as the rule of a classic policy.
fn rule(cel: &Value) -> String {
    json!({
        "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": { "name": "p" },
        "spec": { "validationFailureAction": "Enforce", "background": false, "rules": [{
            "name": "r", "match": { "any": [{ "resources": { "kinds": ["Pod"] } }] },
            "validate": { "message": "no", "cel": cel } }] },
    })
    .to_string()
}

#[test]
fn a_classic_rule_may_be_written_in_expressions() {
    let about = |expression: &str| {
        let engine = engine(&rule(&json!({ "expressions": [{ "expression": expression }] })));
        words(&decide_alone(&engine, &pod("shop", &["nginx"])))
    };
    assert_eq!(
        about("object.metadata.name == 'web'"),
        ["p/r Pass: Validation rule 'r' passed."]
    );
    assert_eq!(about("object.metadata.name == 'db'"), ["p/r Fail: no"]);
    assert_eq!(
        about("object.spec.nope == 1"),
        ["p/r Fail: expression 'object.spec.nope == 1' resulted in error: no such key: nope"]
    );
}

#[test]
fn params_are_objects_of_the_cluster_and_each_has_its_say() {
    let engine = engine(&rule(&json!({
        "paramKind": { "apiVersion": "v1", "kind": "ConfigMap" },
        "paramRef": { "selector": { "matchLabels": { "limits": "pods" } }, "parameterNotFoundAction": "Deny" },
        "expressions": [{ "expression": "object.metadata.name != params.data.forbidden" }],
    })));
    let with = |items: Value| {
        let decision = decide(
            &engine,
            &request(&pod("shop", &["nginx"])),
            |question| match question {
                FactRequest::KubernetesCall { url_path, .. } if url_path == "/api/v1" => {
                    Ok(Fact::Json(Arc::new(
                        json!({ "resources": [{ "name": "configmaps", "kind": "ConfigMap", "namespaced": true }] }),
                    )))
                }
                FactRequest::KubernetesCall { url_path, .. } => {
                    assert_eq!(url_path, "/api/v1/namespaces/shop/configmaps");
                    Ok(Fact::Json(Arc::new(json!({ "items": items }))))
                }
                other => unreachable!("{other:?}"),
            },
        );
        words(&decision)
    };
    let config = |label: &str, forbidden: &str| json!({ "metadata": { "labels": { "limits": label } }, "data": { "forbidden": forbidden } });
    assert_eq!(
        with(json!([config("pods", "db"), config("pods", "web")])),
        ["p/r Fail: no"]
    );
    assert_eq!(
        with(json!([config("pods", "db"), config("other", "web")])),
        ["p/r Pass: Validation rule 'r' passed."]
    );
    assert_eq!(
        with(json!([])),
        ["p/r Error: error in parameterized resource: no params found"]
    );
}

#[test]
fn an_admission_policy_applies_where_it_is_bound() {
    let policy = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": { "name": "v" },
        "spec": {
            "matchConstraints": { "resourceRules": [
                { "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"] }] },
            "validations": [{ "expression": "object.metadata.name == 'db'" }] },
    });
    let binding = |names: &str, actions: Value| {
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": { "name": "b" },
            "spec": { "policyName": "v", "validationActions": actions, "matchResources": { "resourceRules": [
                { "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["*"],
                  "resourceNames": [names] }] } },
        })
    };
    let decided = |documents: &[Value]| {
        let texts: Vec<String> = documents.iter().map(Value::to_string).collect();
        decide_alone(&engine(&texts.join("\n---\n")), &pod("shop", &["nginx"]))
    };
    let unbound = decided(std::slice::from_ref(&policy));
    assert_eq!(
        words(&unbound),
        ["v/v Fail: failed expression: object.metadata.name == 'db'"]
    );
    assert!(!unbound.is_allowed());
    let elsewhere = decided(&[policy.clone(), binding("other", json!(["Deny"]))]);
    assert!(elsewhere.results.is_empty());
    let audited = decided(&[policy.clone(), binding("web", json!(["Audit"]))]);
    assert!(audited.results.len() == 1 && audited.is_allowed());
    let both = decided(&[
        policy,
        binding("web", json!(["Audit"])),
        binding("web", json!(["Deny"])),
    ]);
    assert!(both.results.len() == 1 && !both.is_allowed());
}

#[test]
fn classic_and_expression_policies_refuse_side_by_side() {
    let texts = [
        policy(&validations("false")).to_string(),
        rule(&json!({ "expressions": [{ "expression": "false" }] })),
    ];
    let denial = decide_alone(&engine(&texts.join("\n---\n")), &pod("shop", &["nginx"]))
        .denial()
        .unwrap();
    assert!(
        denial.starts_with("\n\nresource Pod/shop/web was blocked"),
        "{denial}"
    );
    assert!(denial.ends_with("\nPolicy p failed: no"), "{denial}");
}

/// The attack: expressions that cost more together than one may cost, each through a variable of its own, each within
/// another, so that no single evaluation exceeds its limit.
#[test]
fn many_costly_variables_end_at_the_cost_of_the_policy() {
    let mut variables = vec![json!({ "name": "v0", "expression": "0" })];
    for at in 1..36 {
        let before = at - 1;
        let expression = format!(
            "(lists.range(900).all(a, lists.range(100).all(b, a + b >= 0)) ? 1 : 0) + variables.v{before}"
        );
        variables.push(json!({ "name": format!("v{at}"), "expression": expression }));
    }
    let decision = about_pod(&json!({
        "variables": variables, "validations": [{ "expression": "variables.v35 > 0" }],
    }));
    assert_eq!(
        words(&decision),
        ["p/ Error: error: operation cancelled: actual cost limit exceeded"]
    );
}

/// The attack: variables that hold much each, so that all of them together fill the memory of the process.
#[test]
fn what_variables_hold_together_is_bounded() {
    let variables: Vec<Value> = (0..40)
        .map(|at| json!({ "name": format!("v{at}"), "expression": "lists.range(60000).map(x, x)" }))
        .collect();
    let sum: Vec<String> = (0..40).map(|at| format!("variables.v{at}.size()")).collect();
    let decision = about_pod(&json!({
        "variables": variables, "validations": [{ "expression": format!("{} > 0", sum.join(" + ")) }],
    }));
    assert_eq!(decision.results[0].verdict.outcome, RuleOutcome::Error);
    assert!(
        decision.results[0].message().contains("limit exceeded"),
        "{:?}",
        words(&decision)
    );
}

/// The attack: variables that are computed within one another, deep expressions each, until the stack overflows and takes
/// the process down. As deep as is allowed, they are computed on half of the stack that threads have.
#[test]
fn variables_within_variables_never_use_up_the_stack() {
    let chain = |deep: usize, length: usize| {
        let mut variables = vec![json!({ "name": "v0", "expression": "1" })];
        for at in 1..length {
            let expression = format!(
                "{}variables.v{}{}",
                "(1 + ".repeat(deep),
                at - 1,
                ")".repeat(deep)
            );
            variables.push(json!({ "name": format!("v{at}"), "expression": expression }));
        }
        let last = format!("variables.v{} > 0", length - 1);
        policy(&json!({ "variables": variables, "validations": [{ "expression": last }] }))
    };
    let small = std::thread::Builder::new().stack_size(1024 * 1024);
    let judged = small.spawn(move || {
        let mut allowed = 0;
        for (deep, length) in [(1, 20), (1, 90), (60, 5), (120, 3), (200, 2), (2, 250), (200, 10)] {
            let loaded = load(&chain(deep, length).to_string());
            if loaded.faults.is_empty() {
                let engine = vouchsafe_policy_engine::Engine::new(loaded.to_set(), Default::default());
                assert_eq!(
                    words(&decide_alone(&engine, &pod("shop", &["nginx"]))),
                    ["p/ Pass: success"]
                );
                allowed += 1;
            } else {
                assert!(
                    loaded.faults[0].message.contains("nest deeper"),
                    "{:?}",
                    loaded.faults
                );
            }
        }
        allowed
    });
    assert_eq!(judged.unwrap().join().unwrap(), 5);
}

#[test]
fn match_conditions_of_a_classic_webhook_say_which_requests_it_is_asked_about() {
    let decided = |expression: &str, failure_policy: &str, origin| {
        let text = json!({
            "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": { "name": "p" },
            "spec": { "validationFailureAction": "Audit", "background": false,
                "webhookConfiguration": {
                    "failurePolicy": failure_policy, "matchConditions": [{ "name": "c", "expression": expression }] },
                "rules": [{
                    "name": "r", "match": { "any": [{ "resources": { "kinds": ["Pod"] } }] },
                    "validate": { "message": "no", "pattern": { "metadata": { "name": "db" } } } }] },
        });
        let mut request = request(&pod("shop", &["nginx"]));
        request.origin = origin;
        decide(&engine(&text.to_string()), &request, |question| {
            unreachable!("{question:?}")
        })
    };
    use vouchsafe_policy_engine::request::Origin::{Admission, CommandLine};
    let name = |name: &str| format!("object.metadata.name == '{name}'");
    assert_eq!(words(&decided(&name("web"), "Fail", Admission)).len(), 1);
    assert!(decided(&name("db"), "Fail", Admission).results.is_empty());
    assert_eq!(words(&decided(&name("db"), "Fail", CommandLine)).len(), 1);
    let broken = "object.spec.nodeName == ''";
    assert!(decided(broken, "Ignore", Admission).results.is_empty());
    let refused = decided(broken, "Fail", Admission);
    assert!(!refused.is_allowed());
    assert_eq!(
        words(&refused),
        ["p/r Error: failed to evaluate match conditions: no such key: nodeName"]
    );
}

/// The attack: a namespace full of objects, each of which has an expensive policy judged once more.
#[test]
fn many_params_end_at_the_cost_of_the_policy() {
    let engine = engine(&rule(&json!({
        "paramKind": { "apiVersion": "v1", "kind": "ConfigMap" },
        "paramRef": { "selector": {}, "parameterNotFoundAction": "Deny" },
        "expressions": [{ "expression": "lists.range(900).all(a, lists.range(100).all(b, a + b >= 0))" }],
    })));
    let decision = decide(
        &engine,
        &request(&pod("shop", &["nginx"])),
        |question| match question {
            FactRequest::KubernetesCall { url_path, .. } if url_path == "/api/v1" => {
                Ok(Fact::Json(Arc::new(
                    json!({ "resources": [{ "name": "configmaps", "kind": "ConfigMap", "namespaced": true }] }),
                )))
            }
            _ => Ok(Fact::Json(Arc::new(json!({ "items": vec![json!({}); 1_000] })))),
        },
    );
    assert_eq!(decision.results[0].verdict.outcome, RuleOutcome::Fail);
    assert!(
        decision.results[0]
            .message()
            .ends_with("actual cost limit exceeded"),
        "{:?}",
        words(&decision)
    );
}
