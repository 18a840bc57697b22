use super::*;
use proptest::prelude::*;
use serde_json::json;

/// A stand-in for the pattern matcher: `*` accepts any scalar, a map demands each of its keys, else equality.
fn matches(found: &Value, pattern: &Value) -> Result<(), Mismatch> {
    let is_met = match (found, pattern) {
        (Value::Object(found), Value::Object(pattern)) => pattern.iter().all(|(key, pattern)| {
            let key = key.trim_start_matches(['(', '<']).trim_end_matches(')');
            found
                .get(key)
                .is_some_and(|found| matches(found, pattern).is_ok())
        }),
        (_, pattern) if pattern == "*" => true,
        (found, pattern) => found == pattern,
    };
    if is_met {
        Ok(())
    } else {
        Err(Mismatch {
            reason: format!("{found} is not {pattern}"),
        })
    }
}

fn outcome(resource: &Value, patch: &Value) -> Result<Outcome, StrategicError> {
    apply(resource, patch, &matches)
}

fn merged(resource: &Value, patch: &Value) -> Value {
    match outcome(resource, patch) {
        Ok(Outcome::Merged(value)) => value,
        other => panic!("{other:?}"),
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "so that cases read `pod(json!(..))`"
)]
fn pod(spec: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec})
}

/// The spec of a Pod with `spec`, patched by `patch` of its spec.
#[expect(
    clippy::needless_pass_by_value,
    reason = "so that cases read `patched(json!(..), json!(..))`"
)]
fn patched(spec: Value, patch: Value) -> Value {
    merged(&pod(spec), &json!({"spec": patch}))["spec"].clone()
}

#[test]
fn elements_with_the_same_name_are_merged_and_patched_ones_come_first() {
    let spec = patched(
        json!({"containers": [{"name": "a"}, {"name": "b", "image": "old"}]}),
        json!({"containers": [{"name": "b", "image": "new"}, {"name": "c"}]}),
    );
    assert_eq!(
        spec["containers"],
        json!([{"name": "b", "image": "new"}, {"name": "c"}, {"name": "a"}])
    );
}

#[test]
fn lists_without_a_merge_key_and_lists_of_unknown_kinds_are_replaced() {
    let spec = patched(
        json!({"tolerations": [{"key": "a"}]}),
        json!({"tolerations": [{"key": "b"}]}),
    );
    assert_eq!(spec["tolerations"], json!([{"key": "b"}]));
    let rollout =
        json!({"apiVersion": "argoproj.io/v1", "kind": "Rollout", "spec": {"containers": [{"name": "a"}]}});
    let patch = json!({"spec": {"containers": [{"name": "b"}]}});
    assert_eq!(
        merged(&rollout, &patch)["spec"]["containers"],
        json!([{"name": "b"}])
    );
}

#[test]
fn sets_of_scalars_are_united() {
    let object = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"finalizers": ["a", "b"]}});
    let patch = json!({"metadata": {"finalizers": ["c", "b"]}});
    assert_eq!(
        merged(&object, &patch)["metadata"]["finalizers"],
        json!(["c", "b", "a"])
    );
}

#[test]
fn templates_of_controllers_are_merged_like_pods() {
    for (api_version, kind, path) in [
        ("apps/v1", "Deployment", "/spec/template/spec"),
        ("v1", "ReplicationController", "/spec/template/spec"),
        ("batch/v1", "Job", "/spec/template/spec"),
        ("batch/v1", "CronJob", "/spec/jobTemplate/spec/template/spec"),
        ("v1", "PodTemplate", "/template/spec"),
    ] {
        let nest = |spec: Value| {
            path.split('/')
                .rev()
                .filter(|key| !key.is_empty())
                .fold(spec, |inner, key| json!({key: inner}))
        };
        let mut object = nest(json!({"containers": [{"name": "a"}]}));
        object["apiVersion"] = json!(api_version);
        object["kind"] = json!(kind);
        let result = merged(&object, &nest(json!({"containers": [{"name": "b"}]})));
        let names = result.pointer(path).unwrap()["containers"].clone();
        assert_eq!(names, json!([{"name": "b"}, {"name": "a"}]), "{kind}");
    }
}

#[test]
fn null_removes_and_scalars_keep_being_strings_where_they_were() {
    let spec = patched(
        json!({"nodeSelector": {"x": "false", "y": "z"}, "priority": 1}),
        json!({"nodeSelector": {"x": true, "y": null}, "priority": "2", "new": {"gone": null, "stays": false}}),
    );
    assert_eq!(
        spec,
        json!({"nodeSelector": {"x": "true"}, "priority": "2", "new": {"stays": false}})
    );
}

#[test]
fn ports_meet_by_number_and_protocol_and_stay_in_place() {
    let ports = |present: Value, patch: Value| {
        let of = |ports: Value| json!({"containers": [{"name": "a", "ports": ports}]});
        patched(of(present), of(patch))["containers"][0]["ports"].clone()
    };
    let present = json!([{"containerPort": 80, "protocol": "TCP"}, {"containerPort": 80, "protocol": "UDP"}]);
    assert_eq!(
        ports(
            present,
            json!([{"containerPort": 80, "protocol": "UDP", "name": "dns"}])
        ),
        json!([{"containerPort": 80, "protocol": "TCP"}, {"containerPort": 80, "protocol": "UDP", "name": "dns"}])
    );
    assert_eq!(
        ports(
            json!([{"containerPort": 80, "protocol": "TCP"}]),
            json!([{"containerPort": 80, "name": "http"}])
        ),
        json!([{"containerPort": 80, "protocol": "TCP", "name": "http"}])
    );
}

#[test]
fn an_element_is_deleted_or_replaced_by_its_directive() {
    let present = json!({"containers": [{"name": "a", "image": "i"}, {"name": "b"}]});
    let of = |patch: Value| patched(present.clone(), json!({"containers": patch}))["containers"].clone();
    assert_eq!(
        of(json!([{"name": "a", "$patch": "delete"}])),
        json!([{"name": "b"}])
    );
    assert_eq!(
        of(json!([{"name": "a", "$patch": "replace", "command": ["x"]}])),
        json!([{"name": "a", "command": ["x"]}, {"name": "b"}])
    );
    assert_eq!(
        of(json!([{"$patch": "replace"}, {"name": "c"}])),
        json!([{"name": "c"}])
    );
    assert_eq!(of(json!([{"$patch": "delete"}])), Value::Null);
    let error = outcome(&pod(present.clone()), &json!({"spec": {"$patch": "frob"}})).unwrap_err();
    assert_eq!(error.to_string(), "unknown patch strategy 'frob'");
}

#[test]
fn directives_of_the_api_server_act_instead_of_becoming_fields() {
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"finalizers": ["a", "b"]},
        "spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}});
    let patch = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]},
        "spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}});
    let result = merged(&deployment, &patch);
    assert_eq!(result["spec"]["strategy"], json!({"type": "Recreate"}));
    assert_eq!(result["metadata"], json!({"finalizers": ["b"]}));
    let spec = patched(
        json!({"containers": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}),
        json!({"$setElementOrder/containers": [{"name": "c"}, {"name": "b"}], "containers": [{"name": "b", "image": "x"}]}),
    );
    assert_eq!(
        spec,
        json!({"containers": [{"name": "c"}, {"name": "b", "image": "x"}, {"name": "a"}]})
    );
}

#[test]
fn a_key_to_add_if_absent_never_overwrites() {
    let object = json!({"metadata": {"labels": {"a": "old"}}});
    let patch = json!({"metadata": {"labels": {"+(a)": "new", "+(b)": "new"}}});
    assert_eq!(
        merged(&object, &patch)["metadata"]["labels"],
        json!({"a": "old", "b": "new"})
    );
    let nothing_left = json!({"metadata": {"labels": {"+(a)": "new"}}, "spec": {"x": {}}});
    assert_eq!(
        merged(&object, &nothing_left),
        json!({"metadata": {"labels": {"a": "old"}}, "spec": {"x": {}}})
    );
}

/// Kyverno decides `+(key)` for the first container and reuses the decision for all others, so that a container's own
/// `imagePullPolicy: Never` is overwritten when its neighbour has none.
#[test]
fn each_element_of_a_list_is_judged_by_itself() {
    let patch = json!({"containers": [{"(name)": "*", "+(imagePullPolicy)": "Always"}]});
    let spec = patched(
        json!({"containers": [{"name": "a"}, {"name": "b", "imagePullPolicy": "Never"}, {"name": "c"}]}),
        patch,
    );
    assert_eq!(
        spec["containers"],
        json!([
            {"name": "a", "imagePullPolicy": "Always"},
            {"name": "c", "imagePullPolicy": "Always"},
            {"name": "b", "imagePullPolicy": "Never"},
        ])
    );
}

#[test]
fn a_condition_in_a_list_chooses_elements_and_one_outside_chooses_the_resource() {
    let present = json!({"containers": [{"name": "a", "image": "x"}, {"name": "b", "image": "y"}]});
    let spec = patched(
        present.clone(),
        json!({"containers": [{"(image)": "y", "image": "z"}]}),
    );
    assert_eq!(
        spec["containers"],
        json!([{"name": "b", "image": "z"}, {"name": "a", "image": "x"}])
    );
    let patch = json!({"metadata": {"(name)": "q", "labels": {"a": "b"}}, "spec": {"priority": 1}});
    let Ok(Outcome::NotMet(mismatch)) = outcome(&pod(present.clone()), &patch) else {
        panic!("met")
    };
    assert_eq!(mismatch.reason, r#""p" is not "q""#);
    let missing = json!({"metadata": {"(uid)": "*", "labels": {"a": "b"}}});
    let Ok(Outcome::NotMet(mismatch)) = outcome(&pod(present), &missing) else {
        panic!("met")
    };
    assert_eq!(mismatch.reason, "could not found \"uid\" key in the resource");
}

#[test]
fn several_conditional_elements_may_stand_in_one_list() {
    let spec = patched(
        json!({"containers": [{"name": "a"}, {"name": "b"}]}),
        json!({"containers": [{"(name)": "a", "image": "1"}, {"(name)": "b", "image": "2"}, {"name": "c"}]}),
    );
    assert_eq!(
        spec["containers"],
        json!([{"name": "c"}, {"name": "a", "image": "1"}, {"name": "b", "image": "2"}])
    );
}

#[test]
fn a_global_condition_in_a_list_lets_the_whole_patch_through_or_halts_it() {
    let patch = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"volumes": [{"<(emptyDir)": {}}]}});
    let with = |volume: Value| outcome(&pod(json!({"volumes": [{"name": "v"}, volume]})), &patch).unwrap();
    let Outcome::Merged(value) = with(json!({"name": "w", "emptyDir": {}})) else {
        panic!("not met")
    };
    assert_eq!(value["metadata"]["labels"], json!({"a": "b"}));
    assert!(matches!(
        with(json!({"name": "w", "hostPath": {}})),
        Outcome::NotMet(_)
    ));
    assert!(matches!(
        outcome(&pod(json!({})), &patch).unwrap(),
        Outcome::NotMet(_)
    ));
}

#[test]
fn content_below_a_condition_is_merged_without_its_anchors() {
    let object = pod(json!({"hostNetwork": true, "dnsPolicy": "Default"}));
    let patch = json!({"(spec)": {"(hostNetwork)": true, "+(dnsPolicy)": "x", "+(priority)": 7}});
    assert_eq!(
        merged(&object, &patch)["spec"],
        json!({"hostNetwork": true, "dnsPolicy": "Default", "priority": 7})
    );
}

#[test]
fn anchors_of_validation_are_refused_outside_conditions() {
    let object = pod(json!({"hostNetwork": true}));
    let error = outcome(&object, &json!({"spec": {"=(hostNetwork)": false}})).unwrap_err();
    assert_eq!(
        error,
        StrategicError::UnsupportedAnchor("=(hostNetwork)".to_owned())
    );
}

/// Kyverno empties the list: every container of the Pod is gone after such a patch.
#[test]
fn an_element_without_its_merge_key_never_empties_the_list() {
    let object = pod(json!({"containers": [{"name": "a"}]}));
    let error = outcome(&object, &json!({"spec": {"containers": [{"image": "x"}]}})).unwrap_err();
    assert_eq!(
        error.to_string(),
        "an element at /spec/containers has no merge key `name`"
    );
}

#[test]
fn an_empty_name_is_a_name() {
    let containers = patched(
        json!({"containers": [{"name": "", "image": "x"}]}),
        json!({"containers": [{"(name)": "*", "image": "y"}]}),
    );
    assert_eq!(containers["containers"], json!([{"name": "", "image": "y"}]));
}

#[test]
fn a_patch_of_another_structure_is_an_error() {
    let error = outcome(&pod(json!({})), &json!({"spec": "x"})).unwrap_err();
    assert_eq!(
        error.to_string(),
        "wrong node kind at /spec: expected MappingNode but got ScalarNode"
    );
    assert!(outcome(&pod(json!({})), &json!([])).is_err());
}

fn patches() -> impl Strategy<Value = Value> {
    let text = prop::sample::select(vec!["*", "a", "b"]);
    let key = prop::sample::select(vec!["image", "+(image)", "<(name)", "tag"]);
    let element = (prop::collection::btree_map(key, text.clone(), 0..3), text);
    let element = element.prop_map(|(map, name)| {
        let mut element = Value::from_iter(map);
        element["(name)"] = json!(name);
        element
    });
    let named = "[abc]".prop_map(|name| json!({"name": name, "image": "n"}));
    let list = prop_oneof![
        prop::collection::vec(element, 1),
        prop::collection::vec(named, 1..3)
    ];
    list.prop_map(
        |containers| json!({"metadata": {"labels": {"+(x)": "y"}}, "spec": {"containers": containers}}),
    )
}

proptest! {
    #[test]
    fn a_patch_applied_twice_changes_nothing_more(
        patch in patches(),
        images in prop::collection::vec(prop::option::of("[ab]"), 0..3),
    ) {
        let named = images.iter().zip(["a", "b", "c"]);
        let containers: Vec<_> = named.map(|(image, name)| match image {
            Some(image) => json!({"name": name, "image": image}),
            None => json!({"name": name}),
        }).collect();
        if let Ok(Outcome::Merged(once)) = outcome(&pod(json!({"containers": containers})), &patch) {
            match outcome(&once, &patch) {
                Ok(Outcome::Merged(twice)) => prop_assert_eq!(once, twice),
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}
