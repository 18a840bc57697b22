use super::*;
use crate::context::Scope;
use crate::context::scope::rehearsal::Rehearsal;
use crate::facts::{Asker, FactRequest};
use serde_json::json;

fn search(scope: &Scope<'_>, expression: &str) -> Result<Value, Halt> {
    scope
        .search(&Query::compile(expression).unwrap())
        .map(std::borrow::Cow::into_owned)
}

fn value(rehearsal: &Rehearsal, expression: &str) -> Result<Value, Halt> {
    rehearsal.run(|scope| search(scope, expression))
}

fn failure(rehearsal: &Rehearsal, expression: &str) -> String {
    match value(rehearsal, expression) {
        Err(Halt::Failed(why)) => why,
        other => panic!("{other:?}"),
    }
}

fn config_map(namespace: &str, name: &str) -> FactRequest {
    FactRequest::ConfigMap {
        asker: Asker::default(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }
}

fn call(url_path: &str) -> FactRequest {
    FactRequest::KubernetesCall {
        asker: Asker::default(),
        method: "GET".to_owned(),
        url_path: url_path.to_owned(),
        body: None,
    }
}

#[test]
fn an_entry_sees_what_was_declared_before_it_and_nothing_else() {
    let rehearsal = Rehearsal::plain().with(json!([
        {"name": "a", "variable": {"value": "{{ request.object.metadata.name }}"}},
        {"name": "b", "variable": {"value": {"from": "{{ a }}!"}}},
        {"name": "early", "variable": {"value": "{{ late }}"}},
        {"name": "late", "variable": {"value": 1}},
        {"name": "own", "variable": {"value": "{{ own }}"}},
    ]));
    assert_eq!(value(&rehearsal, "b.from"), Ok(json!("web!")));
    for (name, unknown) in [("early", "late"), ("own", "own")] {
        let why = failure(&rehearsal, name);
        assert!(
            why.contains(&format!("Unknown key \"{unknown}\" in path")),
            "{why}"
        );
    }
}

#[test]
fn an_entry_that_no_variable_names_is_never_asked_for() {
    let rehearsal = Rehearsal::plain().with(json!([
        {"name": "secret", "apiCall": {"urlPath": "/api/v1/secrets"}},
        {"name": "used", "configMap": {"name": "{{ request.object.metadata.name }}", "namespace": "x"}},
    ]));
    let (found, wanted) = rehearsal.asking(|scope| search(scope, "used.data.a || secret"));
    assert_eq!(found, Err(Halt::Pending));
    assert_eq!(wanted.into_iter().collect::<Vec<_>>(), [config_map("x", "web")]);
}

#[test]
fn a_variable_is_a_value_an_expression_or_a_default() {
    let rehearsal = Rehearsal::plain().with(json!([
        {"name": "value", "variable": {"value": {"a": [1, 2]}, "jmesPath": "a[1]"}},
        {"name": "path", "variable": {"jmesPath": "request.object.metadata.name"}},
        {"name": "made", "variable": {"jmesPath": "request.object.metadata.{{ value }}", "default": "d"}},
        {"name": "missing", "variable": {"jmesPath": "request.object.nothing", "default": ["{{ path }}"]}},
        {"name": "empty", "variable": {"value": {"a": null}, "jmesPath": "a", "default": "unused"}},
        {"name": "failed", "variable": {"jmesPath": "request.object.nothing"}},
    ]));
    assert_eq!(value(&rehearsal, "value"), Ok(json!(2)));
    assert_eq!(value(&rehearsal, "path"), Ok(json!("web")));
    assert_eq!(value(&rehearsal, "missing"), Ok(json!(["web"])));
    assert_eq!(
        failure(&rehearsal, "empty"),
        "failed to add context entry for variable empty since it evaluated to nil"
    );
    assert_eq!(
        failure(&rehearsal, "failed || 'x'"),
        "failed to apply jmespath request.object.nothing to variable <nil>: JMESPath query failed: Unknown key \"nothing\" in path"
    );
    // the path is no JMESPath once its variable is replaced
    assert!(failure(&rehearsal, "made").contains("incorrect query"));
}

#[test]
fn a_config_map_is_read_by_name_from_the_default_namespace() {
    let rehearsal = Rehearsal::plain()
        .with(json!([{"name": "cm", "configMap": {"name": "cfg"}}]))
        .knowing(
            config_map("default", "cfg"),
            Ok(json!({"data": {"a": "1"}, "metadata": {"name": "cfg"}})),
        );
    assert_eq!(value(&rehearsal, "cm.data.a"), Ok(json!("1")));
    let failing = Rehearsal::plain()
        .with(json!([{"name": "cm", "configMap": {"name": "cfg"}}]))
        .knowing(
            config_map("default", "cfg"),
            Err(FactError::Failed("not found".to_owned())),
        );
    assert_eq!(
        failure(&failing, "cm.data.a || ''"),
        "failed to retrieve config map for context entry cm: failed to get configmap default/cfg : not found"
    );
}

#[test]
fn an_api_call_is_projected_and_falls_back_to_its_default_as_it_is() {
    let context = json!([{"name": "n", "apiCall": {"urlPath": "/api/v1/nodes", "jmesPath": "items | length(@)", "default": "none"}}]);
    let answered = Rehearsal::plain()
        .with(context.clone())
        .knowing(call("/api/v1/nodes"), Ok(json!({"items": [1, 2]})));
    assert_eq!(value(&answered, "n"), Ok(json!(2)));
    let failed = Rehearsal::plain()
        .with(context)
        .knowing(call("/api/v1/nodes"), Err(FactError::Failed("boom".to_owned())));
    assert_eq!(value(&failed, "n"), Ok(json!("none")));
    let without = Rehearsal::plain()
        .with(json!([{"name": "n", "apiCall": {"urlPath": "/api/v1/nodes"}}]))
        .knowing(call("/api/v1/nodes"), Err(FactError::Failed("boom".to_owned())));
    assert_eq!(failure(&without, "n"), "failed to fetch data for APICall: boom");
}

#[test]
fn a_post_carries_its_data_as_compact_json() {
    let rehearsal = Rehearsal::plain().with(json!([{"name": "r", "apiCall": {
        "urlPath": "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "method": "POST",
        "data": [{"key": "spec", "value": {"user": "{{ request.object.metadata.name }}"}}, {"key": "kind", "value": "X"}]}}]));
    let (_, wanted) = rehearsal.asking(|scope| search(scope, "r"));
    let Some(FactRequest::KubernetesCall { body, method, .. }) = wanted.into_iter().next() else {
        panic!("no call")
    };
    assert_eq!(
        (method.as_str(), body.as_deref()),
        ("POST", Some(r#"{"kind":"X","spec":{"user":"web"}}"#))
    );
}

#[test]
fn a_service_call_carries_headers_and_authorities() {
    let rehearsal = Rehearsal::plain().with(json!([{"name": "s", "apiCall": {"service": {
        "url": "https://svc/{{ request.namespace }}", "caBundle": "PEM",
        "headers": [{"key": "X-Name", "value": "{{ request.object.metadata.name }}"}]}}}]));
    let (_, wanted) = rehearsal.asking(|scope| search(scope, "s"));
    let expected = FactRequest::ServiceCall {
        asker: Asker::default(),
        method: "GET".to_owned(),
        url: "https://svc/shop".to_owned(),
        headers: vec![("X-Name".to_owned(), "web".to_owned())],
        ca_bundle: Some("PEM".to_owned()),
        body: None,
    };
    assert_eq!(wanted.into_iter().collect::<Vec<_>>(), [expected]);
}

#[test]
fn an_entry_without_a_loader_is_absent() {
    let no_loader = || Err(FactError::NoLoader("no cluster".to_owned()));
    let rehearsal = Rehearsal::plain()
        .with(json!([
            {"name": "cm", "configMap": {"name": "cfg"}},
            {"name": "n", "apiCall": {"urlPath": "/api/v1/nodes", "default": 1}},
        ]))
        .knowing(config_map("default", "cfg"), no_loader())
        .knowing(call("/api/v1/nodes"), no_loader());
    for name in ["cm", "n"] {
        assert_eq!(
            failure(&rehearsal, name),
            format!("JMESPath query failed: Unknown key \"{name}\" in path")
        );
        assert_eq!(value(&rehearsal, &format!("{name} || 'x'")), Ok(json!("x")));
    }
}

#[test]
fn entries_together_hold_no_more_than_the_context_may() {
    let large = "x".repeat(1_500_000);
    let rehearsal = Rehearsal::plain()
        .with(json!([{"name": "a", "configMap": {"name": "a"}}, {"name": "b", "configMap": {"name": "b"}}]))
        .knowing(config_map("default", "a"), Ok(json!({ "data": large })))
        .knowing(config_map("default", "b"), Ok(json!({ "data": large })));
    let why = failure(&rehearsal, "[a.data, b.data]");
    assert!(why.starts_with("context size limit exceeded: "), "{why}");
    assert!(why.ends_with(" bytes exceeds limit of 2097152 bytes"), "{why}");
}

#[test]
fn a_missing_fact_is_asked_for_once_however_often_it_is_needed() {
    let mut context = vec![json!({"name": "v0", "configMap": {"name": "cfg"}})];
    for level in 1..30 {
        let value = format!("{{{{ v{0} }}}}{{{{ v{0} }}}}", level - 1);
        context.push(json!({"name": format!("v{level}"), "variable": { "value": value }}));
    }
    let rehearsal = Rehearsal::plain().with(Value::Array(context));
    let started = std::time::Instant::now();
    let (found, wanted) = rehearsal.asking(|scope| search(scope, "v29"));
    assert_eq!((found, wanted.len()), (Err(Halt::Pending), 1));
    assert!(
        started.elapsed().as_millis() < 500,
        "took {:?}",
        started.elapsed()
    );
}

#[test]
fn a_chain_of_entries_without_end_is_refused() {
    let mut context = vec![json!({"name": "v0", "variable": {"value": 1}})];
    for level in 1..200 {
        context.push(
            json!({"name": format!("v{level}"), "variable": {"value": format!("{{{{ v{} }}}}", level - 1)}}),
        );
    }
    let why = failure(&Rehearsal::plain().with(Value::Array(context)), "v199");
    assert!(
        why.contains("context entries and expressions nest deeper than 1000"),
        "{why}"
    );
}

/// The attack: the author of a policy lets entries wait for each other, each from the depths of an expression, until the
/// stack of the thread that judges the request is used up and the process ends.
#[test]
fn entries_that_wait_deep_in_expressions_do_not_use_up_the_stack() {
    let deep =
        |inner: &str, wrap: (&str, &str)| format!("{}{inner}{}", wrap.0.repeat(110), wrap.1.repeat(110));
    for wrap in [("[", "]"), ("not_null(", ")"), ("(", " || `1`)"), ("!", "")] {
        let mut context = vec![json!({"name": "v0", "variable": {"value": [1]}})];
        for level in 1..64 {
            let path = deep(&format!("v{}", level - 1), wrap);
            let value = (0..90).fold(json!(format!("{{{{ {path} }}}}")), |inner, _| json!([inner]));
            context.push(json!({"name": format!("v{level}"), "variable": { "value": value }}));
        }
        let rehearsal = Rehearsal::plain().with(Value::Array(context));
        // half of what threads have by default
        let judged = std::thread::scope(|threads| {
            let judge = || failure(&rehearsal, "v63");
            std::thread::Builder::new()
                .stack_size(1024 * 1024)
                .spawn_scoped(threads, judge)
                .unwrap()
                .join()
        });
        assert!(judged.unwrap().contains("nest deeper than"));
    }
}

#[test]
fn faults_of_entries_are_found_when_they_are_compiled() {
    for (entry, path) in [
        (json!({"variable": {"value": 1}}), "[0].name"),
        (json!({"name": "request", "variable": {"value": 1}}), "[0].name"),
        (json!({"name": "images.x", "variable": {"value": 1}}), "[0].name"),
        (json!({"name": "a"}), "[0]"),
        (
            json!({"name": "a", "variable": {"value": 1}, "configMap": {"name": "x"}}),
            "[0]",
        ),
        (
            json!({"name": "a", "configMap": {"namespace": "x"}}),
            "[0].configMap.name",
        ),
        (
            json!({"name": "a", "variable": {"jmesPath": "a["}}),
            "[0].variable.jmesPath",
        ),
        (
            json!({"name": "a", "variable": {"value": "{{ a[ }}"}}),
            "[0].variable.value",
        ),
        (
            json!({"name": "a", "variable": {"value": 1, "default": 2}}),
            "[0].variable.default",
        ),
        (
            json!({"name": "a", "apiCall": {"urlPath": "/x", "method": "DELETE"}}),
            "[0].apiCall.method",
        ),
        (json!({"name": "a", "apiCall": {}}), "[0].apiCall"),
        (
            json!({"name": "a", "imageRegistry": {}}),
            "[0].imageRegistry.reference",
        ),
    ] {
        let faults = ContextEntries::compile(&json!([entry])).unwrap_err();
        assert_eq!(faults[0].path, path, "{entry}");
    }
}

/// The attack: the author of a policy in one namespace reads another's through whichever loader was forgotten
/// (GHSA-8p9x-46gm-qfx2, then CVE-2026-41068). One line for each loader; a loader without a line does not compile.
#[test]
fn no_loader_of_a_namespaced_policy_reads_outside_of_its_namespace() {
    let attempts = |loader: &Loader| match loader {
        Loader::Variable(_) => vec![],
        Loader::ConfigMap(_) => vec![json!({"configMap": {"name": "x", "namespace": "kube-system"}})],
        Loader::KubernetesCall(_) => vec![
            json!({"apiCall": {"urlPath": "/api/v1/namespaces/kube-system/secrets"}}),
            json!({"apiCall": {"urlPath": "/api/v1/namespaces/{{ request.object.metadata.name }}/secrets"}}),
        ],
        Loader::ServiceCall(_) => vec![json!({"apiCall": {"service": {"url": "http://10.0.0.1/"}}})],
        // an image is read with the credentials of the asker; the loader at the edge confines them
        Loader::ImageRegistry(_) => vec![],
        Loader::GlobalReference(_) => vec![json!({"globalReference": {"name": "all-secrets"}})],
    };
    let one_of_each = ContextEntries::compile(&json!([
        {"name": "a", "variable": {"value": 1}}, {"name": "b", "configMap": {"name": "x"}},
        {"name": "c", "apiCall": {"urlPath": "/x"}}, {"name": "d", "apiCall": {"service": {"url": "http://x"}}},
        {"name": "e", "imageRegistry": {"reference": "x"}}, {"name": "f", "globalReference": {"name": "x"}},
    ]));
    for mut attempt in one_of_each
        .unwrap()
        .iter()
        .flat_map(|entry| attempts(&entry.loader))
    {
        attempt["name"] = json!("stolen");
        let rehearsal = Rehearsal::plain().for_tenant("shop").with(json!([attempt]));
        assert!(
            matches!(value(&rehearsal, "stolen"), Err(Halt::Failed(_))),
            "{attempt}"
        );
    }
    let own = json!([{"name": "cm", "configMap": {"name": "x"}}]);
    let (_, wanted) = Rehearsal::plain()
        .for_tenant("shop")
        .with(own)
        .asking(|scope| search(scope, "cm"));
    assert!(matches!(wanted.first(), Some(FactRequest::ConfigMap { namespace, .. }) if namespace == "shop"));
}
