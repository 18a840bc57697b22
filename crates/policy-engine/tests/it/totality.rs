//! Nothing that anyone sends makes the engine panic: reviews, policies, objects.

use proptest::prelude::*;
use serde_json::{Value, json};
use vouchsafe_policy_engine::request::Stage;
use vouchsafe_policy_engine::{Engine, EngineOptions, FactError, LoadedPolicies, Request};

use crate::judging::{AT_NS, decide, request};
use crate::pods::pod;

const POLICIES: [&str; 4] = [
    include_str!("scenarios/restrict-image-registries.yaml"),
    include_str!("scenarios/check-image-signatures.yaml"),
    include_str!("scenarios/check-vulnerabilities.yaml"),
    include_str!("scenarios/every-kind-of-rule.yaml"),
];

/// Words that mean something to a review or an object.
const WORDS: [&str; 24] = [
    "apiVersion",
    "admission.k8s.io/v1",
    "request",
    "uid",
    "object",
    "oldObject",
    "kind",
    "Pod",
    "Deployment",
    "operation",
    "CREATE",
    "UPDATE",
    "DELETE",
    "metadata",
    "name",
    "namespace",
    "annotations",
    "spec",
    "containers",
    "template",
    "image",
    "userInfo",
    "volumes",
    "reference",
];

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(&WORDS[..]).prop_map(Value::from),
        "[ -~]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(prop::sample::select(&WORDS[..]), inner, 0..6).prop_map(|fields| {
                fields
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value))
                    .collect()
            }),
        ]
    })
}

/// Judges whatever loaded, whatever the object, with every question failing: each rule has an outcome, none panics.
fn judge(text: &str, object: &Value) {
    let Ok(documents) = manifest::read(text.as_bytes(), "any") else {
        return;
    };
    let loaded = LoadedPolicies::load(documents);
    let engine = Engine::new(loaded.to_set(), EngineOptions::default());
    let decision = decide(&engine, &request(object), |_| {
        Err(FactError::Failed("none".to_owned()))
    });
    drop((decision.denial(), decision.warnings()));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn no_bytes_make_the_review_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(Request::from_admission_review(&bytes, Stage::Mutate, AT_NS));
    }

    #[test]
    fn no_json_makes_the_review_decoder_or_a_rule_panic(inner in value(), object in value(), whole in value()) {
        let body = json!({ "apiVersion": "admission.k8s.io/v1", "request": {
            "uid": "1", "operation": "UPDATE", "kind": { "group": "", "version": "v1", "kind": "Pod" },
            "object": object, "oldObject": inner, "userInfo": whole,
        }});
        let request = Request::from_admission_review(body.to_string().as_bytes(), Stage::Validate, AT_NS);
        if let Ok(request) = request {
            for text in POLICIES {
                let loaded = LoadedPolicies::load(manifest::read(text.as_bytes(), "policy").unwrap());
                let engine = Engine::new(loaded.to_set(), EngineOptions::default());
                drop(decide(&engine, &request, |_| Err(FactError::Failed("none".to_owned()))));
            }
        }
        drop(Request::from_admission_review(whole.to_string().as_bytes(), Stage::Mutate, i128::MIN));
    }

    #[test]
    fn no_cut_or_exchanged_text_makes_the_policy_loader_panic(
        which in any::<prop::sample::Index>(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..4),
        word in prop::sample::select(vec![
            "{{", "}}", "{{ request.object }}", "*", "!", "-", ": ", "\n", "[", "{", "&a ", "*a", "null", "1", "|", "\u{e9}", "'",
        ]),
    ) {
        let mut lines: Vec<String> = which.get(&POLICIES).lines().map(str::to_owned).collect();
        for (from, to) in cuts {
            let (from, to) = (from.index(lines.len()), to.index(lines.len()));
            lines.swap(from, to);
            let at = lines[from].len() / 2;
            if lines[from].is_char_boundary(at) {
                lines[from].insert_str(at, word);
            }
        }
        judge(&lines.join("\n"), &pod("production", &["registry.example.com/a:1", "nginx"]));
    }

    #[test]
    fn no_value_in_the_place_of_another_makes_the_policy_loader_panic(
        which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), new in value(),
    ) {
        let mut documents = manifest::read(which.get(&POLICIES).as_bytes(), "policy").unwrap();
        let document = &mut documents[0].value;
        let mut pointers = Vec::new();
        places(document, String::new(), &mut pointers);
        *document.pointer_mut(at.get::<String>(&pointers)).unwrap() = new;
        judge(&document.to_string(), &pod("production", &["registry.example.com/a:1"]));
    }
}

fn places(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields {
                places(
                    inner,
                    format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")),
                    found,
                );
            }
        }
        Value::Array(items) => {
            for (number, inner) in items.iter().enumerate() {
                places(inner, format!("{at}/{number}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    found.push(at);
}
