use super::*;
use crate::context::scope::rehearsal::Rehearsal;
use crate::facts::{FactError, FactRequest};
use crate::request::Operation;
use serde_json::json;

/// A rule's verdict as `outcome: message`, or `none`.
fn judged(validate: &Value, rehearsal: &Rehearsal) -> String {
    judged_under(validate, rehearsal, FailureAction::Audit)
}

fn judged_under(validate: &Value, rehearsal: &Rehearsal, action: FailureAction) -> String {
    let rule = ValidateRule::compile(validate).expect("a rule");
    let entries = ContextEntries::default();
    let update = UpdatePolicy {
        action,
        identity: RuleIdentity::default(),
        entries: &entries,
        preconditions: None,
        selects: &|_| Ok(true),
    };
    match rehearsal.run(|scope| rule.check(scope, "r", &update)) {
        Ok(Some(verdict)) => format!("{:?}: {}", verdict.outcome, verdict.message),
        Ok(None) => "none".to_owned(),
        Err(Pending) => panic!("pending"),
    }
}

fn pod(image: &str) -> Rehearsal {
    Rehearsal::of(
        json!({"kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": [{"name": "c", "image": image}]}}),
    )
}

fn tagged() -> Value {
    json!({"spec": {"containers": [{"image": "!*:latest"}]}})
}

#[test]
fn a_pattern_passes_fails_with_a_path_or_skips() {
    let rule = json!({"message": "no latest", "pattern": tagged()});
    assert_eq!(judged(&rule, &pod("a:1")), "Pass: validation rule 'r' passed.");
    assert_eq!(
        judged(&rule, &pod("a:latest")),
        "Fail: validation error: no latest. rule r failed at path /spec/containers/0/image/"
    );
    assert_eq!(
        judged(&json!({"pattern": tagged()}), &pod("a:latest")),
        "Fail: validation error: rule r failed at path /spec/containers/0/image/"
    );
    assert_eq!(
        judged(
            &json!({"message": "stop.", "pattern": tagged()}),
            &pod("a:latest")
        ),
        "Fail: validation error: stop. rule r failed at path /spec/containers/0/image/"
    );
    assert_eq!(
        judged(&json!({"pattern": {"(kind)": "Job"}}), &pod("a")),
        "Skip: conditional anchor mismatch: resource value 'Pod' does not match 'Job' at path /kind/"
    );
    assert_eq!(
        judged(
            &json!({"message": "m", "pattern": {"spec": {"=(x)": {"^(b)": [{"c": 1}]}}, "z": 1}}),
            &Rehearsal::of(json!({"spec": {"x": {}}}))
        ),
        "Error: validation error: m. rule r execution error: resource value '<nil>' does not match '1' at path /z/"
    );
}

#[test]
fn variables_of_a_pattern_are_replaced_first_and_those_of_a_message_only_when_it_is_needed() {
    let rule = json!({"message": "{{ unknown }}", "pattern": {"metadata": {"name": "{{ request.object.metadata.name }}"}}});
    assert_eq!(judged(&rule, &pod("a")), "Pass: validation rule 'r' passed.");
    let rule = json!({"message": "{{ unknown }}", "pattern": {"metadata": {"name": "x"}}});
    assert_eq!(
        judged(&rule, &pod("a")),
        "Fail: validation error: variables substitution error in rule r execution error: resource value 'web' does not match 'x' at path /metadata/name/"
    );
    let rule = json!({"pattern": {"metadata": {"name": "web", "x": "{{ unknown }}"}}});
    assert_eq!(
        judged(&rule, &pod("a")),
        "Error: variable substitution failed: failed to resolve unknown at path /metadata/x: JMESPath query failed: Unknown key \"unknown\" in path"
    );
}

#[test]
fn one_pattern_of_several_is_enough() {
    let any = |patterns: Value| json!({"message": "m", "anyPattern": patterns});
    let (good, bad, other) = (
        json!({"kind": "Pod"}),
        json!({"kind": "Job"}),
        json!({"(kind)": "Job"}),
    );
    assert_eq!(
        judged(&any(json!([bad, good])), &pod("a")),
        "Pass: validation rule 'r' anyPattern[1] passed."
    );
    assert_eq!(
        judged(&any(json!([bad, other])), &pod("a")),
        "Fail: validation error: m. rule r[0] failed at path /kind/"
    );
    assert_eq!(
        judged(&any(json!([other])), &pod("a")),
        "Skip: rule r[0] skipped: conditional anchor mismatch: resource value 'Pod' does not match 'Job' at path /kind/"
    );
    assert_eq!(
        judged(&json!({"anyPattern": [bad, bad]}), &pod("a")),
        "Fail: validation error: rule r[0] failed at path /kind/ rule r[1] failed at path /kind/"
    );
}

fn deny(message: &str, of_condition: &str, value: &str) -> Value {
    json!({"message": message, "deny": {"conditions": {"all": [
        {"key": "{{ request.object.metadata.name }}", "operator": "Equals", "value": value, "message": of_condition}]}}})
}

#[test]
fn deny_fails_where_its_conditions_are_met() {
    assert_eq!(
        judged(&deny("m", "", "other"), &pod("a")),
        "Pass: validation rule 'r' passed."
    );
    assert_eq!(
        judged(&deny("m {{ request.object.kind }}", "c", "web"), &pod("a")),
        "Fail: m Pod; c"
    );
    assert_eq!(
        judged(&deny("", "", "web"), &pod("a")),
        "Fail: validation error: rule r failed"
    );
    assert_eq!(judged(&deny("{{ unknown }}", "c", "web"), &pod("a")), "Fail: c");
    assert_eq!(
        judged(&deny("{{ request.object.spec }}", "", "web"), &pod("a")),
        "Fail: the produced message didn't resolve to a string, check your policy definition."
    );
    assert_eq!(
        judged(&json!({"deny": {}}), &pod("a")),
        "Fail: validation error: rule r failed"
    );
    let unknown = json!({"deny": {"conditions": [{"key": "{{ x }}", "operator": "Equals", "value": 1}]}});
    assert!(
        judged(&unknown, &pod("a"))
            .starts_with("Error: failed to check deny conditions: failed to substitute")
    );
}

#[test]
fn on_delete_patterns_say_nothing_and_deny_sees_the_old_object() {
    let deleting = || pod("a:latest").under(Operation::Delete);
    assert_eq!(judged(&json!({"pattern": tagged()}), &deleting()), "none");
    assert_eq!(judged(&json!({"anyPattern": [tagged()]}), &deleting()), "none");
    assert_eq!(judged(&deny("m", "", "web"), &deleting()), "Fail: m");
    let looped = json!({"foreach": [{"list": "request.oldObject.spec.containers", "pattern": {"image": "!*:latest"}}]});
    assert_eq!(
        judged(&looped, &deleting()),
        "Fail: validation failure: validation error: rule r failed at path /image/"
    );
}

fn two(first: &str, second: &str) -> Rehearsal {
    Rehearsal::of(
        json!({"kind": "Pod", "spec": {"containers": [{"name": "a", "image": first}, {"name": "b", "image": second}]}}),
    )
}

#[test]
fn a_loop_judges_each_element_until_one_fails() {
    let rule = json!({"message": "no", "foreach": [{"list": "request.object.spec.containers", "pattern": {"image": "!*:latest"}}]});
    assert_eq!(judged(&rule, &two("x:1", "y:1")), "Pass: rule passed");
    assert_eq!(
        judged(&rule, &two("x:1", "y:latest")),
        "Fail: validation failure: validation error: no. rule r failed at path /image/"
    );
    let none =
        json!({"foreach": [{"list": "request.object.spec.initContainers", "pattern": {"image": "x"}}]});
    assert_eq!(judged(&none, &two("x", "y")), "none");
    let wrong = json!({"foreach": [{"list": "length(request.object.spec.none)", "pattern": {"image": "x"}}]});
    assert!(
        judged(&wrong, &two("x", "y")).starts_with("Error: failed to evaluate list: JMESPath query failed: ")
    );
}

#[test]
fn an_element_is_left_out_by_its_preconditions_even_where_they_cannot_be_told() {
    let looped = |key: &str| {
        json!({"message": "{{ element.name }}", "foreach": [{"list": "request.object.spec.containers",
            "preconditions": {"all": [{"key": key, "operator": "Equals", "value": "b"}]},
            "deny": {"conditions": {"all": [{"key": "{{ elementIndex }}", "operator": "Equals", "value": 1}]}}}]})
    };
    assert_eq!(
        judged(&looped("{{ element.name }}"), &two("x", "y")),
        "Fail: validation failure: b"
    );
    assert_eq!(judged(&looped("{{ element.none }}"), &two("x", "y")), "none");
}

/// The attack: the registry or API server that a precondition asks is kept from answering, and the element is left out.
#[test]
fn an_element_whose_preconditions_failed_to_load_is_an_error_and_not_left_out() {
    let rule = json!({"foreach": [{"list": "request.object.spec.containers",
        "context": [{"name": "cm", "configMap": {"name": "x", "namespace": "y"}}],
        "preconditions": {"all": [{"key": "{{ cm.data.a }}", "operator": "Equals", "value": "b"}]},
        "deny": {}}]});
    let question = FactRequest::ConfigMap {
        asker: crate::facts::Asker::default(),
        namespace: "y".to_owned(),
        name: "x".to_owned(),
    };
    let rehearsal = two("x", "y").knowing(
        question,
        Err(FactError::Failed("Unknown key: timeout".to_owned())),
    );
    let verdict = judged(&rule, &rehearsal);
    assert!(
        verdict.starts_with("Error: validation failure: failed to evaluate preconditions: "),
        "{verdict}"
    );
}

#[test]
fn loops_nest_and_patterns_of_scalars_look_at_what_is_around() {
    let rehearsal = Rehearsal::of(json!({"spec": {"c": [{"name": "a", "add": ["X", "Y"]}, {"name": "b"}]}}));
    let rule = json!({"message": "{{ element0.name }}{{ element1 }}{{ elementIndex0 }}{{ elementIndex1 }}", "foreach": [{
        "list": "request.object.spec.c",
        "foreach": [{"list": "element.add", "deny": {"conditions": {"all": [
            {"key": "{{ element }}", "operator": "Equals", "value": "Y"}]}}}]}]});
    assert_eq!(
        judged(&rule, &rehearsal),
        "Fail: validation failure: validation failure: aY01"
    );
    let scalar = json!({"foreach": [{"list": "request.object.spec.c[].add[]", "pattern": {"spec": {"c": [{"name": "a"}]}}}]});
    assert!(judged(&scalar, &rehearsal).ends_with("failed at path /spec/c/1/name/"));
    let scoped = json!({"foreach": [{"list": "request.object.spec.c[].add[]", "elementScope": true, "pattern": {"a": 1}}]});
    assert_eq!(
        judged(&scoped, &rehearsal),
        "Error: failed to process foreach: cannot use elementScope=true foreach rules for elements that are not maps, expected type=map got type=string"
    );
    let unscoped = json!({"foreach": [{"list": "request.object.spec.c", "elementScope": false, "pattern": {"spec": {"c": "?*"}}}]});
    assert!(judged(&unscoped, &rehearsal).ends_with("failed at path /spec/c/"));
}

#[test]
fn all_facts_of_a_loop_are_asked_for_in_one_round_and_in_any_number_of_rounds_the_verdict_is_one() {
    let rule = json!({"message": "m", "foreach": [{"list": "request.object.spec.containers",
        "context": [{"name": "cm", "configMap": {"name": "{{ element.name }}", "namespace": "y"}}],
        "deny": {"conditions": {"all": [{"key": "{{ cm.data.a }}", "operator": "Equals", "value": "bad"}]}}}]});
    let question = |name: &str| FactRequest::ConfigMap {
        asker: crate::facts::Asker::default(),
        namespace: "y".to_owned(),
        name: name.to_owned(),
    };
    let compiled = ValidateRule::compile(&rule).unwrap();
    let entries = ContextEntries::default();
    let update = UpdatePolicy {
        action: FailureAction::Audit,
        identity: RuleIdentity::default(),
        entries: &entries,
        preconditions: None,
        selects: &|_| Ok(true),
    };
    let (found, wanted) = two("x", "y").asking(|scope| compiled.check(scope, "r", &update));
    assert_eq!(found, Err(Pending));
    assert_eq!(
        wanted.into_iter().collect::<Vec<_>>(),
        [question("a"), question("b")]
    );
    let answers = [
        (question("a"), json!({"data": {"a": "good"}})),
        (question("b"), json!({"data": {"a": "bad"}})),
    ];
    let mut half = two("x", "y").knowing(answers[1].0.clone(), Ok(answers[1].1.clone()));
    // the later element fails, but the earlier one may fail with another message
    let (found, wanted) = half.asking(|scope| compiled.check(scope, "r", &update));
    assert_eq!((found, wanted.len()), (Err(Pending), 1));
    half = half.knowing(answers[0].0.clone(), Ok(answers[0].1.clone()));
    assert_eq!(judged(&rule, &half), "Fail: validation failure: m");
}

fn updating(old: &str, new: &str) -> Rehearsal {
    let mut rehearsal = pod(new).under(Operation::Update);
    rehearsal.request.old_object = pod(old).request.object;
    rehearsal
}

#[test]
fn an_update_that_violates_as_before_is_skipped_where_failures_block() {
    let rule = json!({"message": "m", "pattern": tagged()});
    let skipped = "Skip: skipping the rule evaluation as pre-existing violations are allowed";
    let failed = "Fail: validation error: m. rule r failed at path /spec/containers/0/image/";
    assert_eq!(
        judged_under(&rule, &updating("a:latest", "b:latest"), FailureAction::Enforce),
        skipped
    );
    assert_eq!(
        judged_under(&rule, &updating("a:1", "b:latest"), FailureAction::Enforce),
        failed
    );
    assert_eq!(
        judged_under(&rule, &updating("a:latest", "b:latest"), FailureAction::Audit),
        failed
    );
    let strict = json!({"message": "m", "allowExistingViolations": false, "pattern": tagged()});
    assert_eq!(
        judged_under(&strict, &updating("a:latest", "b:latest"), FailureAction::Enforce),
        failed
    );
    // a deletion or creation has nothing before it
    assert_eq!(
        judged_under(&rule, &pod("a:latest"), FailureAction::Enforce),
        failed
    );
}

/// The attack: a rule that forbids a subresource forbids what was done through it before, too, and that is no excuse: else
/// `kubectl debug` and `kubectl scale` would pass a rule that denies them outright.
#[test]
fn a_rule_about_a_subresource_is_not_excused_by_the_object_it_belongs_to() {
    let compiled = ValidateRule::compile(&json!({"message": "m", "deny": {}})).unwrap();
    let entries = ContextEntries::default();
    let mut rehearsal = updating("a", "b");
    rehearsal.request.subresource = "ephemeralcontainers".into();
    let update = UpdatePolicy {
        action: FailureAction::Enforce,
        identity: RuleIdentity::default(),
        entries: &entries,
        preconditions: None,
        selects: &|request| Ok(&*request.subresource == "ephemeralcontainers"),
    };
    let (found, _) = rehearsal.asking(|scope| compiled.check(scope, "r", &update));
    assert_eq!(found.unwrap().unwrap().outcome, RuleOutcome::Fail);
}

/// The same attack, on a rule that speaks of the subresource by a precondition or by a condition of its own.
#[test]
fn a_condition_about_a_subresource_is_not_excused_by_the_object_it_belongs_to() {
    let named = json!([{"key": "{{ request.subResource || '' }}", "operator": "Equals", "value": "ephemeralcontainers"}]);
    let preconditions = Conditions::compile(&json!({"all": named})).unwrap();
    let entries = ContextEntries::default();
    let mut rehearsal = updating("a", "b");
    rehearsal.request.subresource = "ephemeralcontainers".into();
    rehearsal.request.envelope = Some(std::sync::Arc::new(json!({"subResource": "ephemeralcontainers"})));
    for (deny, preconditions) in [
        (json!({}), Some(&preconditions)),
        (json!({"conditions": {"all": named}}), None),
    ] {
        let compiled = ValidateRule::compile(&json!({"message": "m", "deny": deny})).unwrap();
        let update = UpdatePolicy {
            action: FailureAction::Enforce,
            identity: RuleIdentity::default(),
            entries: &entries,
            preconditions,
            selects: &|_| Ok(true),
        };
        let (found, _) = rehearsal.asking(|scope| compiled.check(scope, "r", &update));
        assert_eq!(found.unwrap().unwrap().outcome, RuleOutcome::Fail, "{deny}");
    }
}

/// The attack: an old object that makes the rule fail to evaluate excuses the new violation, as Kyverno's skip on error would.
#[test]
fn an_old_object_that_cannot_be_judged_excuses_nothing() {
    let rule = json!({"message": "m", "deny": {"conditions": {"all": [
        {"key": "{{ request.object.spec.containers[0].image }}", "operator": "Equals", "value": "*:latest"}]}}});
    let mut rehearsal = updating("a:latest", "b:latest");
    rehearsal.request.old_object = Some(std::sync::Arc::new(json!({"kind": "Pod"})));
    assert_eq!(judged_under(&rule, &rehearsal, FailureAction::Enforce), "Fail: m");
}

#[test]
fn pod_security_judges_the_pod_and_exceptions_take_controls_away() {
    let rule =
        ValidateRule::compile(&json!({"podSecurity": {"level": "baseline", "version": "latest"}})).unwrap();
    let hosted = Rehearsal::of(
        json!({"kind": "Pod", "metadata": {"name": "a"}, "spec": {"hostNetwork": true,
        "containers": [{"name": "a", "image": "x"}]}}),
    );
    let entries = ContextEntries::default();
    let update = UpdatePolicy {
        action: FailureAction::Audit,
        identity: RuleIdentity::default(),
        entries: &entries,
        preconditions: None,
        selects: &|_| Ok(true),
    };
    let check = |rehearsal: &Rehearsal, exceptions: &[AppliedException<'_>]| {
        let checked = rehearsal.run(|scope| rule.check_pod_security(scope, "r", exceptions, &update));
        checked
            .expect("no fact is missing")
            .map(|(verdict, used)| (verdict.outcome, verdict.message, used))
    };
    let (outcome, message, _) = check(&hosted, &[]).unwrap();
    assert_eq!(outcome, RuleOutcome::Fail);
    assert!(
        message.starts_with("Validation rule 'r' failed. It violates PodSecurity \"baseline:latest\": "),
        "{message}"
    );
    let controls = ControlExcludes::compile(&json!([{"controlName": "Host Namespaces"}])).unwrap();
    let expected = (
        RuleOutcome::Skip,
        "rule is skipped due to policy exceptions ns/one".to_owned(),
        vec!["ns/one".to_owned()],
    );
    assert_eq!(check(&hosted, &[("ns/one", Some(&controls))]), Some(expected));
    let (outcome, message, _) = check(&hosted, &[("ns/two", None)]).unwrap();
    assert_eq!(
        (outcome, message.as_str()),
        (
            RuleOutcome::Skip,
            "rule is skipped due to policy exception ns/two"
        )
    );
    let (outcome, message, _) = check(&pod("x"), &[]).unwrap();
    assert_eq!(
        (outcome, message.as_str()),
        (RuleOutcome::Pass, "Validation rule 'r' passed.")
    );
    assert_eq!(check(&pod("x").under(Operation::Delete), &[]), None);
}

#[test]
fn faults_of_a_rule_are_found_together() {
    let faults = ValidateRule::compile(&json!({
        "message": "{{ a[ }}",
        "foreach": [{"list": "a[", "context": [{"name": "x"}], "deny": {"conditions": {"any": [{"key": 1}]}}}, {"list": "a"}],
    }));
    let paths: Vec<_> = faults.unwrap_err().into_iter().map(|fault| fault.path).collect();
    assert_eq!(
        paths,
        [
            "message",
            "foreach[0].list",
            "foreach[0].context[0]",
            "foreach[0].deny.conditions.any[0].value",
            "foreach[0].deny.conditions.any[0].operator",
            "foreach[1]",
        ]
    );
    assert!(ValidateRule::compile(&json!({"message": "m"})).is_err());
    assert!(ValidateRule::compile(&json!({"pattern": {}, "deny": {}})).is_err());
    assert!(ValidateRule::compile(&json!({"cel": {"expressions": []}})).is_err());
}
