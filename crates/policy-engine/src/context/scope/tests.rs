use super::rehearsal::Rehearsal;
use super::*;
use crate::facts::FactRequest;
use crate::request::GivenValues;
use serde_json::json;

fn value(rehearsal: &Rehearsal, expression: &str) -> Result<Value, Halt> {
    rehearsal.run(|scope| {
        scope
            .search(&Query::compile(expression).unwrap())
            .map(Cow::into_owned)
    })
}

#[test]
fn the_request_has_its_object_operation_and_user() {
    let rehearsal = Rehearsal::plain().by("system:serviceaccount:ci:builder");
    for (expression, expected) in [
        ("request.operation", json!("CREATE")),
        ("request.namespace", json!("shop")),
        ("request.object.metadata.name", json!("web")),
        (
            "request.userInfo.username",
            json!("system:serviceaccount:ci:builder"),
        ),
        ("request.roles", json!(null)),
        ("serviceAccountName", json!("builder")),
        ("serviceAccountNamespace", json!("ci")),
        (
            "keys(request)",
            json!([
                "clusterRoles",
                "namespace",
                "object",
                "operation",
                "roles",
                "userInfo"
            ]),
        ),
    ] {
        assert_eq!(value(&rehearsal, expression), Ok(expected), "{expression}");
    }
    assert!(value(&Rehearsal::plain(), "serviceAccountName").is_err());
}

#[test]
fn in_admission_what_is_absent_is_null_and_what_was_sent_is_there() {
    let mut rehearsal = Rehearsal::plain();
    rehearsal.request.envelope = Some(std::sync::Arc::new(
        json!({"uid": "u", "kind": {"kind": "Pod"}, "dryRun": false}),
    ));
    for (expression, expected) in [
        ("request.uid", json!("u")),
        ("request.kind.kind", json!("Pod")),
        ("request.oldObject", json!(null)),
        ("request.oldObject.metadata.name", json!(null)),
        ("request.options", json!(null)),
        ("request.operation", json!("CREATE")),
        (
            "keys(request)",
            json!([
                "dryRun",
                "kind",
                "namespace",
                "object",
                "oldObject",
                "operation",
                "options",
                "uid"
            ]),
        ),
        ("[request][0].uid", json!("u")),
        (
            "request.object.metadata.name == @.request.object.metadata.name",
            json!(true),
        ),
    ] {
        assert_eq!(value(&rehearsal, expression), Ok(expected), "{expression}");
    }
    let without = Rehearsal::plain();
    assert!(value(&without, "request.oldObject.metadata.name").is_err());
    assert_eq!(
        value(&without, "request").map(|request| request["object"]["kind"].clone()),
        Ok(json!("Pod"))
    );
}

#[test]
fn images_are_the_parts_of_their_references() {
    let pod = json!({"kind": "Pod", "spec": {"containers": [
        {"name": "a", "image": "nginx"},
        {"name": "b-c", "image": "reg.io:5000/x/y@sha256:0000000000000000000000000000000000000000000000000000000000000000"}]}});
    let rehearsal = Rehearsal::of(pod);
    assert_eq!(
        value(&rehearsal, "images.containers.a"),
        Ok(
            json!({"registry": "docker.io", "path": "nginx", "name": "nginx", "tag": "latest",
            "reference": "docker.io/nginx:latest", "referenceWithTag": "docker.io/nginx:latest",
            "jsonPointer": "/spec/containers/0/image"})
        )
    );
    assert_eq!(
        value(&rehearsal, "images.containers.\"b-c\".registry"),
        Ok(json!("reg.io:5000"))
    );
    assert!(value(&rehearsal, "images.containers.\"b-c\".tag").is_err());
    assert!(value(&Rehearsal::of(json!({"kind": "Service"})), "images").is_err());
}

/// The attack: one image that can't be read is left out of `images`, and a rule over all images does not see it.
#[test]
fn an_unreadable_image_is_an_error_and_no_gap() {
    let pod = json!({"kind": "Pod", "spec": {"containers": [
        {"name": "a", "image": "nginx"}, {"name": "b", "image": "docker.io/Foo"}]}});
    let Err(Halt::Failed(why)) = value(&Rehearsal::of(pod), "images.containers.*.registry") else {
        panic!("passed")
    };
    assert!(why.starts_with("invalid image 'docker.io/Foo'"), "{why}");
}

#[test]
fn a_loop_element_hides_what_is_around_and_nests_by_number() {
    let nothing = ContextEntries::default();
    let (outer, inner) = (json!({"name": "a"}), json!("b"));
    Rehearsal::plain().run(|scope| {
        let first = scope.element(&outer, 2, 0, &nothing);
        let second = first.element(&inner, 1, 1, &nothing);
        for (expression, expected) in [
            ("element", json!("b")),
            ("elementIndex", json!(1)),
            ("element0.name", json!("a")),
            ("elementIndex0", json!(2)),
            ("element1", json!("b")),
            ("request.object.metadata.name", json!("web")),
        ] {
            let query = Query::compile(expression).unwrap();
            assert_eq!(
                second.search(&query).map(Cow::into_owned),
                Ok(expected),
                "{expression}"
            );
        }
        let query = Query::compile("element").unwrap();
        assert_eq!(first.search(&query).map(Cow::into_owned), Ok(outer.clone()));
        assert!(scope.search(&query).is_err());
    });
}

#[test]
fn given_values_are_merged_under_context_entries_and_over_the_request() {
    let mut rehearsal = Rehearsal::plain().with(json!([
        {"name": "cm", "configMap": {"name": "x"}},
        {"name": "var", "variable": {"value": "own"}},
    ]));
    let mut given = GivenValues::default();
    given
        .for_all
        .insert("request.object.metadata.name".to_owned(), json!("given"));
    given.for_all.insert("request.mode".to_owned(), json!("all"));
    given.for_policy.insert(
        "policy".to_owned(),
        json!({"request.mode": "policy"}).as_object().unwrap().clone(),
    );
    let of_rule = json!({"cm.data.\"a.b\"": "1", "var": "given", "other": [1]});
    given.for_rule.insert(
        ("policy".to_owned(), "rule".to_owned()),
        of_rule.as_object().unwrap().clone(),
    );
    let rounds = json!({"var2": ["first", "second"]});
    given.for_each.insert(
        ("policy".to_owned(), "rule".to_owned()),
        rounds.as_object().unwrap().clone(),
    );
    rehearsal.request.given = std::sync::Arc::new(given);
    let absent = FactRequest::ConfigMap {
        asker: Asker::default(),
        namespace: "default".to_owned(),
        name: "x".to_owned(),
    };
    let no_loader = crate::facts::FactError::NoLoader("no cluster".to_owned());
    let rehearsal = rehearsal.knowing(absent, Err(no_loader));
    for (expression, expected) in [
        ("request.object.metadata.name", json!("given")),
        ("request.object.metadata.namespace", json!("shop")),
        ("request.mode", json!("policy")),
        ("cm.data.\"a.b\"", json!("1")),
        ("var", json!("own")),
        ("var2", json!("first")),
        ("other", json!([1])),
    ] {
        assert_eq!(value(&rehearsal, expression), Ok(expected), "{expression}");
    }
}

#[test]
fn merged_values_join_maps_and_replace_the_rest() {
    let predicate = json!({"builder": {"id": "x"}, "request": {"extra": 1, "object": {"kind": "Job"}}});
    let predicate = predicate.as_object().unwrap();
    Rehearsal::plain().run(|scope| {
        let scope = scope.merged(predicate);
        for (expression, expected) in [
            ("builder.id", json!("x")),
            ("request.extra", json!(1)),
            ("request.object.kind", json!("Job")),
            ("request.object.metadata.name", json!("web")),
        ] {
            let query = Query::compile(expression).unwrap();
            assert_eq!(
                scope.search(&query).map(Cow::into_owned),
                Ok(expected),
                "{expression}"
            );
        }
    });
}

#[test]
fn the_whole_document_is_there_without_context_entries() {
    let rehearsal = Rehearsal::plain().with(json!([{"name": "cm", "configMap": {"name": "x"}}]));
    assert_eq!(value(&rehearsal, "keys(@)"), Ok(json!(["request"])));
}
