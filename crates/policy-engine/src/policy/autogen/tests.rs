use super::*;

fn pod_rule(body: &Value) -> Value {
    let mut rule = json!({"name": "r", "match": {"any": [{"resources": {"kinds": ["Pod"]}}]}});
    rule.as_object_mut()
        .unwrap()
        .extend(body.as_object().unwrap().clone());
    rule
}

fn names(rules: &[Value], annotations: Option<&Value>) -> Vec<String> {
    generate(rules, annotations)
        .iter()
        .map(|g| g.rule["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_pod_rule_gives_one_rule_for_controllers_and_one_for_cron_jobs() {
    let rule = pod_rule(&json!({"validate": {"message": "m", "pattern": {"spec": {"x": 1}}}}));
    let generated = generate(&[rule], None);
    assert_eq!(generated[0].rule["name"], "autogen-r");
    assert_eq!(
        generated[0].rule["validate"]["pattern"],
        json!({"spec": {"template": {"spec": {"x": 1}}}})
    );
    assert_eq!(
        generated[0].rule["match"]["any"][0]["resources"]["kinds"],
        json!([
            "apps/v1/DaemonSet",
            "apps/v1/Deployment",
            "batch/v1/Job",
            "apps/v1/ReplicaSet",
            "v1/ReplicationController",
            "apps/v1/StatefulSet"
        ])
    );
    assert_eq!(generated[1].rule["name"], "autogen-cronjob-r");
    assert_eq!(
        generated[1].rule["validate"]["pattern"],
        json!({"spec": {"jobTemplate": {"spec": {"template": {"spec": {"x": 1}}}}}})
    );
    assert_eq!(
        generated[1].rule["match"]["any"][0]["resources"]["kinds"],
        json!(["batch/v1/CronJob"])
    );
}

#[test]
fn paths_into_the_object_move_into_the_template() {
    let rule = pod_rule(
        &json!({"preconditions": {"all": [{"key": "{{request.object.spec.a}}", "operator": "Equals",
        "value": "{{request.oldObject.metadata.name}}"}]}, "validate": {"deny": {}}}),
    );
    let generated = generate(&[rule], None);
    let condition = &generated[0].rule["preconditions"]["all"][0];
    assert_eq!(condition["key"], "{{request.object.spec.template.spec.a}}");
    assert_eq!(
        condition["value"],
        "{{request.oldObject.spec.template.metadata.name}}"
    );
    let condition = &generated[1].rule["preconditions"]["all"][0];
    assert_eq!(
        condition["key"],
        "{{request.object.spec.jobTemplate.spec.template.spec.a}}"
    );
}

#[test]
fn pods_beside_other_kinds_turn_the_whole_policy_off() {
    let mixed = json!({"name": "m", "match": {"any": [{"resources": {"kinds": ["Pod", "Deployment"]}}]}, "validate": {"deny": {}}});
    assert!(names(&[mixed, pod_rule(&json!({"validate": {"deny": {}}}))], None).is_empty());
}

#[test]
fn a_versioned_pod_kind_alone_gives_no_rules() {
    let rule = json!({"name": "r", "match": {"any": [{"resources": {"kinds": ["v1/Pod"]}}]}, "validate": {"deny": {}}});
    assert!(names(&[rule], None).is_empty());
}

#[test]
fn the_annotation_chooses_controllers() {
    let rules = [pod_rule(&json!({"verifyImages": []}))];
    let choose = |list: &str| names(&rules, Some(&json!({CONTROLLERS_ANNOTATION: list})));
    assert_eq!(choose("none"), Vec::<String>::new());
    assert_eq!(choose("Deployment"), ["autogen-r"]);
    assert_eq!(choose("CronJob"), ["autogen-cronjob-r"]);
    assert_eq!(choose("Deployment,CronJob"), ["autogen-r", "autogen-cronjob-r"]);
}

#[test]
fn a_selector_or_a_json_patch_anywhere_turns_the_policy_off() {
    let good = pod_rule(&json!({"validate": {"deny": {}}}));
    let selector = json!({"name": "s", "match": {"resources": {"kinds": ["Pod"], "selector": {}}}, "validate": {"deny": {}}});
    assert!(names(&[good.clone(), selector], None).is_empty());
    let patch = pod_rule(&json!({"mutate": {"patchesJson6902": "- op: remove\n  path: /x"}}));
    assert!(names(&[good, patch], None).is_empty());
}

#[test]
fn names_are_cut_at_63_bytes() {
    let long = "x".repeat(62);
    assert_eq!(generated_name("autogen", &long).len(), 63);
}

#[test]
fn references_in_messages_point_into_the_wrapped_pattern() {
    assert_eq!(
        shift_references("see $(./../pattern/spec/a) and $(x)", "pattern", "spec/template"),
        "see $(./../pattern/spec/template/spec/a) and $(x)"
    );
}

#[test]
fn expressions_call_the_object_by_its_short_name() {
    let cel = json!({"expressions": [{"expression": "object.spec.x == request.oldObject.metadata.y"}]});
    let generated = generate(&[pod_rule(&json!({"validate": {"cel": cel}}))], None);
    assert_eq!(
        generated[0].rule["validate"]["cel"]["expressions"][0]["expression"],
        "object.spec.template.spec.x == request.oldObject.spec.template.metadata.y"
    );
}
