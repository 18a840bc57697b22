use std::sync::Arc;

use policy_engine::request::Stage;
use serde_json::json;

use super::*;

fn request(kind: &str, namespace: &str, name: &str) -> Request {
    let review = json!({"apiVersion": "admission.k8s.io/v1", "request": {
        "uid": "u", "operation": "CREATE", "kind": {"group": "", "version": "v1", "kind": kind},
        "namespace": namespace, "name": name, "object": {"metadata": {"name": name}},
        "userInfo": {"username": "ann", "groups": ["system:nodes", "devs"]}}});
    Request::from_admission_review(&serde_json::to_vec(&review).unwrap(), Stage::Validate, 0).unwrap()
}

fn settings(data: &Value) -> Settings {
    let (settings, faults) = Settings::parse(data);
    assert!(faults.is_empty(), "{faults:?}");
    settings
}

#[test]
fn filters_name_kind_namespace_and_name_and_a_namespace_by_its_own_name() {
    let settings = settings(&json!({"resourceFilters":
        "[Event,*,*][*/*,kube-system,*] [Node/?*,*,*]\n[Secret,shop,tls-*] [,x,y]"}));
    for (kind, namespace, name, filtered) in [
        ("Event", "shop", "a", true),
        ("Pod", "kube-system", "a", true),
        ("Namespace", "", "kube-system", true),
        ("Namespace", "", "shop", false),
        ("Pod", "shop", "a", false),
        ("Node", "", "a", false),
        ("Secret", "shop", "tls-1", true),
        ("Secret", "shop", "other", false),
        ("Pod", "x", "y", false),
    ] {
        assert_eq!(
            settings.filters(&request(kind, namespace, name)),
            filtered,
            "{kind}/{namespace}/{name}"
        );
    }
    let status = Request {
        subresource: "status".into(),
        ..request("Node", "", "a")
    };
    assert!(settings.filters(&status));
}

/// `[Pod` with its rest forgotten would exempt every Pod.
#[test]
fn a_filter_that_is_never_closed_exempts_nothing() {
    let settings = settings(&json!({"resourceFilters": "[Pod [Event,*,*] [Secret,shop,a"}));
    assert!(settings.filters(&request("Event", "shop", "a")));
    assert!(!settings.filters(&request("Pod", "shop", "a")));
    assert!(!settings.filters(&request("Secret", "shop", "a")));
}

#[test]
fn a_setting_that_is_too_long_is_told_and_exempts_nothing() {
    let long = "[Pod,shop,*]".repeat(MOST_SETTING_BYTES);
    let (settings, faults) = Settings::parse(&json!({"resourceFilters": long, "excludeGroups": "devs"}));
    assert_eq!(faults.len(), 1);
    assert!(faults[0].starts_with("resourceFilters: longer"), "{faults:?}");
    assert!(!settings.filters(&request("Pod", "shop", "a")));
    assert!(settings.excludes(&request("Pod", "shop", "a"), true));
}

#[test]
fn what_is_set_and_not_done_is_told() {
    let told = |data: &Value| Settings::parse(data).1;
    let kyvernos =
        json!({"generateSuccessEvents": "false", "maxContextSize": "2Mi", "updateRequestThreshold": "1000"});
    assert_eq!(told(&kyvernos), Vec::<String>::new());
    let others = told(&json!({"maxContextSize": "8Mi"}));
    assert_eq!(others.len(), 1, "{others:?}");
}

#[test]
fn whoever_is_included_is_judged_although_excluded() {
    let excluding = |groups: &str, names: &str| {
        settings(&json!({"excludeGroups": groups, "excludeUsernames": names}))
            .excludes(&request("Pod", "shop", "a"), true)
    };
    assert!(excluding("system:nodes", ""));
    assert!(excluding("system:*, x", ""));
    assert!(excluding("", "a?n"));
    assert!(!excluding("system:nodes", "!ann"));
    assert!(!excluding("", ""));
    assert!(!excluding(",, !", ""));
}

#[test]
fn roles_exclude_as_far_as_they_are_known() {
    let settings = settings(&json!({"excludeClusterRoles": "cluster-admin"}));
    assert!(settings.names_roles());
    let mut asked = request("Pod", "shop", "a");
    assert!(!settings.excludes(&asked, true));
    let mut user = (**asked.user.as_ref().unwrap()).clone();
    user.cluster_roles = vec!["cluster-admin".to_owned()];
    asked.user = Some(Arc::new(user));
    assert!(settings.excludes(&asked, true));
}

#[test]
fn nobody_is_excluded_who_may_be_included_by_a_role_that_is_not_known() {
    let settings = settings(&json!({"excludeGroups": "devs", "excludeClusterRoles": "!cluster-admin"}));
    let asked = request("Pod", "shop", "a");
    assert!(!settings.excludes(&asked, false));
    assert!(settings.excludes(&asked, true));
}

#[test]
fn a_setting_that_cannot_be_read_is_told_and_exempts_nothing() {
    let (settings, faults) = Settings::parse(&json!({"webhooks": "{", "defaultRegistry": "bad host!",
        "resourceFilters": "[Pod,shop,*]"}));
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert_eq!(settings.webhooks, WebhookSettings::default());
    assert!(settings.filters(&request("Pod", "shop", "a")));
}

#[test]
fn selectors_of_webhooks_become_expressions() {
    let settings = settings(&json!({"webhooks":
        r#"{"namespaceSelector":{"matchExpressions":[{"key":"a","operator":"Exists"}],"matchLabels":{"b":"c"}}}"#,
        "webhookAnnotations": r#"{"admissions.enforcer/disabled":"true"}"#}));
    assert_eq!(
        settings.webhooks.namespace_expressions,
        [
            json!({"key": "a", "operator": "Exists"}),
            json!({"key": "b", "operator": "In", "values": ["c"]})
        ]
    );
    assert_eq!(
        settings.webhooks.annotations["admissions.enforcer/disabled"],
        "true"
    );
}

#[test]
fn passes_are_told_of_where_that_is_asked_for_and_of_the_actions_that_are_named() {
    let told = |data: &Value| settings(data).success_events;
    assert_eq!(
        told(&json!({"successEventActions": "Resource Passed"})),
        SuccessEvents::None
    );
    let all = json!({"generateSuccessEvents": "true"});
    assert_eq!(told(&all), SuccessEvents::Of(BTreeSet::new()));
    let some = json!({"generateSuccessEvents": "true", "successEventActions": "Resource Mutated, "});
    assert_eq!(
        told(&some),
        SuccessEvents::Of(BTreeSet::from(["Resource Mutated".to_owned()]))
    );
}
