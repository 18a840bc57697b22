use super::*;
use crate::context::scope::rehearsal::Rehearsal;
use crate::facts::FactRequest;
use crate::request::Operation;
use serde_json::json;

fn object() -> Value {
    json!({
        "kind": "Pod",
        "metadata": {"name": "web", "labels": {"app": "shop", "tricky": "{{ request.object.secret }}", "odd": "a\\{{b"}},
        "spec": {"count": 3, "list": ["a", {"b": null}], "key": "app"},
        "secret": "s3cret",
    })
}

fn substituted(template: &Value) -> Result<Value, Halt> {
    let template = Template::compile(template).expect("a template");
    Rehearsal::of(object()).run(|scope| template.substitute(scope, &JsonPath::root()).map(Cow::into_owned))
}

fn failure(template: &Value) -> String {
    match substituted(template) {
        Err(Halt::Failed(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_string_that_is_one_variable_becomes_its_value_of_any_type() {
    for (text, value) in [
        ("{{ request.object.spec.count }}", json!(3)),
        ("{{request.object.spec.list}}", json!(["a", {"b": null}])),
        ("{{ request.object.spec.list[1].b }}", json!(null)),
        (
            "{{ {a: request.object.kind, b: request.object.spec.key} }}",
            json!({"a": "Pod", "b": "app"}),
        ),
        (
            "{{- request.object.metadata.labels.tricky }}",
            json!("{{ request.object.secret }}"),
        ),
    ] {
        assert_eq!(substituted(&json!(text)), Ok(value), "{text}");
    }
}

#[test]
fn values_are_written_into_strings_around_them() {
    for (text, value) in [
        (
            "{{ request.object.kind }}/{{ request.object.metadata.name }}",
            "Pod/web",
        ),
        ("n={{ request.object.spec.count }}", "n=3"),
        ("l={{ request.object.spec.list }}", r#"l=["a",{"b":null}]"#),
        ("{{request.object.kind}}{{request.object.kind}}", "PodPod"),
        (r"\{{ request.object.kind }}", "{{ request.object.kind }}"),
        (r"{{ request.object.kind }} \{{ x }}", "Pod {{ x }}"),
    ] {
        assert_eq!(substituted(&json!(text)), Ok(json!(value)), "{text}");
    }
}

#[test]
fn variables_nest() {
    let nested = json!("{{ request.object.metadata.labels.{{ request.object.spec.key }} }}");
    assert_eq!(substituted(&nested), Ok(json!("shop")));
}

#[test]
fn a_value_written_into_a_string_is_searched_again_unless_it_is_shallow() {
    let searched = json!("x {{ request.object.metadata.labels.tricky }}");
    assert_eq!(substituted(&searched), Ok(json!("x s3cret")));
    let shallow = json!("x {{- request.object.metadata.labels.tricky }}");
    assert_eq!(substituted(&shallow), Ok(json!("x {{ request.object.secret }}")));
}

#[test]
fn an_unknown_name_is_an_error_that_names_variable_and_place() {
    assert_eq!(
        failure(&json!({"a": [{"b/c": "{{ request.object.spec.none }}"}]})),
        "failed to resolve request.object.spec.none at path /a/0/b\\/c: JMESPath query failed: Unknown key \"none\" in path"
    );
    assert_eq!(
        failure(&json!("{{ foo }}")),
        "failed to resolve foo at path : JMESPath query failed: Unknown key \"foo\" in path"
    );
    assert_eq!(
        substituted(&json!("{{ request.object.spec.none || 'x' }}")),
        Ok(json!("x"))
    );
}

#[test]
fn keys_may_hold_variables_and_must_become_strings() {
    let template = json!({"{{ request.object.spec.key }}": 1, "plain": "{{ request.object.kind }}"});
    assert_eq!(substituted(&template), Ok(json!({"app": 1, "plain": "Pod"})));
    assert_eq!(
        failure(&json!({"{{ request.object.spec.count }}": 1})),
        "expected string after substituting variables in key \"{{ request.object.spec.count }}\""
    );
    assert_eq!(
        substituted(&json!({"{{ `null` }}": 1})),
        Ok(json!({"{{ `null` }}": 1}))
    );
}

#[test]
fn on_delete_the_object_is_the_old_one() {
    let template = Template::compile(&json!("{{ request.object.metadata.name }}")).unwrap();
    let deleting = Rehearsal::of(object()).under(Operation::Delete);
    let found = deleting.run(|scope| template.substitute(scope, &JsonPath::root()).map(Cow::into_owned));
    assert_eq!(found, Ok(json!("web")));
}

#[test]
fn an_at_sign_means_the_same_place_in_the_object() {
    let patch = json!({"metadata": {"name": "{{ @ }}-x"}});
    let at = JsonPath::parse("/mutate/patchStrategicMerge");
    let template = Template::compile_at(&patch, &at).unwrap();
    let found = Rehearsal::of(object()).run(|scope| template.substitute(scope, &at).map(Cow::into_owned));
    assert_eq!(found, Ok(json!({"metadata": {"name": "web-x"}})));
}

#[test]
fn what_holds_no_variable_is_ready_beforehand() {
    let plain = json!({"a": ["b", 1], "c": r"\{{x}}"});
    assert_eq!(
        Template::compile(&plain).unwrap().as_static(),
        Some(&json!({"a": ["b", 1], "c": "{{x}}"}))
    );
    assert!(
        Template::compile(&json!(["{{ a }}"]))
            .unwrap()
            .as_static()
            .is_none()
    );
}

#[test]
fn faults_are_found_when_the_template_is_compiled() {
    let faults =
        Template::compile(&json!({"a": ["{{ b[ }}", "{{ a.{{ ( }} }}"], "c": "$(./nothing)"})).unwrap_err();
    let paths: Vec<_> = faults.iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!(paths, ["a[0]", "a[1]", "c"]);
    // an inner variable stands for null: an index must not be one
    assert!(Template::compile(&json!("{{ a[{{ i }}] }}")).is_err());
    let deep = (0..MAX_TEMPLATE_DEPTH + 5).fold(json!("x"), |inner, _| json!([inner]));
    assert!(Template::compile(&deep).is_err());
}

#[test]
fn every_missing_fact_of_a_template_is_asked_for_in_one_round() {
    let context = json!([
        {"name": "a", "configMap": {"name": "one", "namespace": "x"}},
        {"name": "b", "configMap": {"name": "two", "namespace": "x"}},
        {"name": "c", "configMap": {"name": "never", "namespace": "x"}},
    ]);
    let template =
        Template::compile(&json!({"k": ["{{ a.data.x }}", "v {{ b.data.x }} {{ unknown }}"]})).unwrap();
    let (found, wanted) = Rehearsal::plain()
        .with(context)
        .asking(|scope| template.substitute(scope, &JsonPath::root()).map(Cow::into_owned));
    assert_eq!(found, Err(Halt::Pending));
    let names: Vec<_> = wanted
        .iter()
        .map(|wanted| {
            let FactRequest::ConfigMap { name, .. } = wanted else {
                panic!("{wanted:?}")
            };
            name.as_str()
        })
        .collect();
    assert_eq!(names, ["one", "two"]);
}

/// The attack: each variable holds the one before it twice, so that a few lines expand to more than memory holds
/// (CVE-2026-23881). The fixture is a policy that admission accepts; the limit on context bytes must catch it.
#[test]
fn variables_that_double_one_another_are_refused_and_soon() {
    let mut context = vec![json!({"name": "v0", "variable": {"value": "0123456789".repeat(20)}})];
    for level in 1..30 {
        let value = format!("{{{{v{0}}}}} {{{{v{0}}}}}", level - 1);
        context.push(json!({"name": format!("v{level}"), "variable": { "value": value }}));
    }
    let template = Template::compile(&json!("{{ v29 }}")).unwrap();
    let started = std::time::Instant::now();
    let found = Rehearsal::plain()
        .with(Value::Array(context))
        .run(|scope| template.substitute(scope, &JsonPath::root()).map(Cow::into_owned));
    let Err(Halt::Failed(why)) = found else {
        panic!("expanded")
    };
    assert!(why.contains("context size limit exceeded"), "{why}");
    assert!(
        started.elapsed().as_millis() < 250,
        "took {:?}",
        started.elapsed()
    );
}

/// The attack: a label of the object holds variables that expand to itself, so that substitution never ends.
#[test]
fn a_value_that_names_itself_ends_in_an_error() {
    for label in [
        "{{ request.object.metadata.labels.a }} ",
        "{{ request.object.metadata.labels.a }}{{ request.object.metadata.labels.a }}",
    ] {
        let template = Template::compile(&json!("x {{ request.object.metadata.labels.a }}")).unwrap();
        let started = std::time::Instant::now();
        let found = Rehearsal::of(json!({"metadata": {"labels": {"a": label}}}))
            .run(|scope| template.substitute(scope, &JsonPath::root()).map(Cow::into_owned));
        assert!(matches!(found, Err(Halt::Failed(_))), "{found:?}");
        assert!(
            started.elapsed().as_millis() < 250,
            "took {:?}",
            started.elapsed()
        );
    }
}
