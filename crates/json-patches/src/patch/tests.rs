use super::*;
use crate::diff::diff;
use proptest::prelude::*;
use serde_json::json;

fn document() -> Value {
    json!({"metadata": {"name": "x"}, "l": [1, 2], "n": null, "s": "t"})
}

fn applied(patch: &Value) -> Result<Value, String> {
    let patch = Patch::from_value(patch).map_err(|error| error.to_string())?;
    patch
        .apply(&document(), Leniency::Kyverno)
        .map_err(|error| error.to_string())
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "so that cases read `one(json!(..))`"
)]
fn one(operation: Value) -> Result<Value, String> {
    applied(&json!([operation]))
}

#[test]
fn parents_are_created_on_add_maps_for_words_and_padded_lists_for_numbers() {
    let added = |path: &str| one(json!({"op": "add", "path": path, "value": 9}));
    let at = |pointer: &str, path: &str| added(path).unwrap().pointer(pointer).cloned();
    assert_eq!(
        at("/metadata/annotations", "/metadata/annotations/a~1b"),
        Some(json!({"a/b": 9}))
    );
    assert_eq!(at("/x", "/x/0/y"), Some(json!([{"y": 9}])));
    assert_eq!(at("/x", "/x/2/y"), Some(json!([null, null, {"y": 9}])));
    assert_eq!(
        at("/l", "/l/5/x"),
        Some(json!([1, 2, null, null, null, {"x": 9}]))
    );
    assert_eq!(at("/n", "/n/x"), Some(json!({"x": 9})));
    assert_eq!(at("/a~1b", "/a~1b/c"), Some(json!({"c": 9})));
}

#[test]
fn indices_may_count_from_the_end() {
    let list = |operation: Value| one(operation).unwrap()["l"].clone();
    assert_eq!(
        list(json!({"op": "add", "path": "/l/-1", "value": 9})),
        json!([1, 2, 9])
    );
    assert_eq!(
        list(json!({"op": "add", "path": "/l/-", "value": 9})),
        json!([1, 2, 9])
    );
    assert_eq!(
        list(json!({"op": "add", "path": "/l/-2", "value": 9})),
        json!([1, 9, 2])
    );
    assert_eq!(list(json!({"op": "remove", "path": "/l/-1"})), json!([1]));
    assert_eq!(
        list(json!({"op": "replace", "path": "/l/-2", "value": 9})),
        json!([9, 2])
    );
}

#[test]
fn removing_what_is_missing_does_nothing_for_kyverno_and_fails_for_kubernetes() {
    for path in ["/q/r", "/l/9", "/l/-9", "/metadata/labels", ""] {
        assert_eq!(
            one(json!({"op": "remove", "path": path})),
            Ok(document()),
            "{path}"
        );
    }
    let patch = Patch::from_value(&json!([{"op": "remove", "path": "/metadata/labels"}])).unwrap();
    assert!(patch.apply(&document(), Leniency::Kubernetes).is_err());
    let patch = Patch::from_value(&json!([{"op": "add", "path": "/metadata/labels/a", "value": 1}])).unwrap();
    assert!(patch.apply(&document(), Leniency::Kubernetes).is_err());
}

#[test]
fn values_move_copy_and_are_tested() {
    let moved = one(json!({"op": "move", "from": "/l/0", "path": "/z"})).unwrap();
    assert_eq!((&moved["l"], &moved["z"]), (&json!([2]), &json!(1)));
    let copied = one(json!({"op": "copy", "from": "/l", "path": "/metadata/l"})).unwrap();
    assert_eq!(
        (&copied["l"], &copied["metadata"]["l"]),
        (&json!([1, 2]), &json!([1, 2]))
    );
    assert_eq!(
        one(json!({"op": "test", "path": "/metadata/name", "value": "x"})),
        Ok(document())
    );
    assert_eq!(
        one(json!({"op": "test", "path": "/missing", "value": null})),
        Ok(document())
    );
    assert_eq!(
        one(json!({"op": "add", "path": "", "value": {"a": 1}})),
        Ok(json!({"a": 1}))
    );
}

#[test]
fn faults_are_told_in_the_words_of_evanphx() {
    for (operation, text) in [
        (
            json!({"op": "add", "path": "/l/5", "value": 9}),
            "error in add for path: '/l/5': Unable to access invalid index: 5: invalid index referenced",
        ),
        (
            json!({"op": "add", "path": "/l/q", "value": 9}),
            "error in add for path: '/l/q': value was not a proper array index: 'q': strconv.Atoi: parsing \"q\": invalid syntax",
        ),
        (
            json!({"op": "add", "path": "/l/q/x", "value": 9}),
            "add operation does not apply: doc is missing path: \"/l/q/x\": missing value",
        ),
        (
            json!({"op": "add", "path": "/s/x", "value": 9}),
            "invalid state detected",
        ),
        (
            json!({"op": "add", "path": "/x/-2/y", "value": 1}),
            "Unable to ensure path for negative index other than -1: -2: invalid index referenced",
        ),
        (
            json!({"op": "replace", "path": "/q", "value": 9}),
            "replace operation does not apply: doc is missing key: /q: missing value",
        ),
        (
            json!({"op": "replace", "path": "/q/r", "value": 9}),
            "replace operation does not apply: doc is missing path: /q/r: missing value",
        ),
        (
            json!({"op": "remove", "path": "/l/x"}),
            "error in remove for path: '/l/x': strconv.Atoi: parsing \"x\": invalid syntax",
        ),
        (
            json!({"op": "test", "path": "/metadata/name", "value": "y"}),
            "testing value /metadata/name failed: test failed",
        ),
        (
            json!({"op": "move", "from": "/q", "path": "/z"}),
            "error in move for path: 'q': unable to get nonexistent key: q: missing value",
        ),
        (
            json!({"op": "copy", "from": "/q", "path": "/z"}),
            "error in copy for from: '/q': unable to get nonexistent key: q: missing value",
        ),
        (
            json!({"op": "copy", "from": "/l", "path": "/no/l"}),
            "copy operation does not apply: doc is missing destination path: /no/l: missing value",
        ),
        (
            json!({"op": "move", "from": "", "path": "/z"}),
            "unable to move entire document to another path: invalid state detected",
        ),
        (
            json!({"op": "frob", "path": "/l"}),
            "failed to decode patches: invalid operation {\"op\":\"frob\",\"path\":\"/l\"}: unsupported operation",
        ),
        (
            json!({"op": "add", "path": "/l"}),
            "failed to decode patches: invalid operation {\"op\":\"add\",\"path\":\"/l\"}: failed to decode 'value': operation, missing value field: missing value",
        ),
    ] {
        assert_eq!(one(operation.clone()), Err(text.to_owned()), "{operation}");
    }
}

#[test]
fn an_error_names_the_operation_and_its_path() {
    let patch = json!([{"op": "remove", "path": "/l"}, {"op": "replace", "path": "/q", "value": 1}]);
    let error = Patch::from_value(&patch)
        .unwrap()
        .apply(&document(), Leniency::Kyverno)
        .unwrap_err();
    assert_eq!((error.index, error.path.as_str()), (Some(1), "/q"));
}

/// `spec/replicas` would set `/replicas` in Kyverno: the author meant another field, and a policy that silently
/// changes the wrong one is worse than one that says so.
#[test]
fn a_path_without_its_leading_slash_is_refused() {
    let error = one(json!({"op": "add", "path": "spec/replicas", "value": 1})).unwrap_err();
    assert_eq!(
        error,
        "a JSON pointer is empty or begins with `/`, not `spec/replicas`"
    );
}

/// A patch is a few bytes; what it makes must not be gigabytes.
#[test]
fn a_patch_cannot_blow_up_the_document_by_padding_or_copying() {
    let padding = one(json!({"op": "add", "path": "/x/999999999/y", "value": 1})).unwrap_err();
    assert!(padding.contains("copying and padding"), "{padding}");
    let doubling = json!({"op": "copy", "from": "/l", "path": "/l/-"});
    let doubled = applied(&Value::Array(vec![doubling; 60])).unwrap_err();
    assert!(
        doubled.contains("copying and padding") || doubled.contains("nested deeper"),
        "{doubled}"
    );
    let deep = "/a".repeat(500);
    assert!(one(json!({"op": "add", "path": deep, "value": 1})).is_err());
}

fn values() -> impl Strategy<Value = Value> {
    let scalars = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2_i64..3).prop_map(Value::from),
        "[a~/]{0,2}".prop_map(Value::from),
    ];
    scalars.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[abc~/]{0,2}", inner, 0..4).prop_map(Value::from_iter),
        ]
    })
}

proptest! {
    #[test]
    fn applying_the_difference_of_two_values_gives_the_second(one in values(), other in values()) {
        let (one, other) = (json!({"v": one}), json!({"v": other}));
        let patch = diff(&one, &other).unwrap();
        prop_assert_eq!(patch.is_empty(), one == other);
        let read_again = Patch::from_value(&patch.to_value()).unwrap();
        prop_assert_eq!(&read_again, &patch);
        for leniency in [Leniency::Kyverno, Leniency::Kubernetes] {
            prop_assert_eq!(patch.apply(&one, leniency).unwrap(), other.clone());
        }
    }
}

#[test]
fn a_changed_image_is_one_replace_and_a_new_map_is_added_whole() {
    let original =
        json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "a", "image": "x:1"}]}});
    let mut changed = original.clone();
    changed["spec"]["containers"][0]["image"] = json!("x:1@sha256:00");
    changed["metadata"]["annotations"] = json!({"kyverno.io/verify-images": "{}"});
    assert_eq!(
        diff(&original, &changed).unwrap().to_value(),
        json!([
            {"op": "add", "path": "/metadata/annotations", "value": {"kyverno.io/verify-images": "{}"}},
            {"op": "replace", "path": "/spec/containers/0/image", "value": "x:1@sha256:00"},
        ])
    );
}
