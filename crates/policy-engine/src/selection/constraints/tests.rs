use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::facts::Facts;
use crate::request::Origin;

fn pod(metadata: &Value) -> Request {
    let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata});
    Request::from_object(Arc::new(object), Origin::CommandLine, 0)
}

fn selects(constraints: &Value, request: &Request) -> bool {
    let facts = Facts::default();
    let compiled = MatchConstraints::compile(constraints).unwrap();
    match compiled.select(request, &FactView::new(&facts)) {
        Selection::Selected { .. } => true,
        Selection::NotSelected => false,
        other @ (Selection::Pending | Selection::Unjudgeable { .. }) => panic!("{other:?}"),
    }
}

fn rule(fields: &[(&str, Value)]) -> Value {
    let mut rule =
        json!({"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]});
    for (key, value) in fields {
        rule[*key] = value.clone();
    }
    json!({"resourceRules": [rule]})
}

#[test]
fn a_rule_speaks_of_a_resource_by_group_version_plural_name_and_operation() {
    let request = pod(&json!({"name": "p", "namespace": "shop"}));
    assert!(selects(&rule(&[]), &request));
    assert!(selects(&rule(&[("resources", json!(["*"]))]), &request));
    assert!(selects(&rule(&[("operations", json!(["*"]))]), &request));
    assert!(selects(&rule(&[("scope", json!("Namespaced"))]), &request));
    assert!(!selects(&rule(&[("scope", json!("Cluster"))]), &request));
    assert!(!selects(&rule(&[("apiGroups", json!(["apps"]))]), &request));
    assert!(!selects(&rule(&[("resources", json!(["pods/exec"]))]), &request));
    assert!(!selects(&rule(&[("operations", json!(["UPDATE"]))]), &request));
    assert!(!selects(&rule(&[("operations", json!([]))]), &request));
}

#[test]
fn a_star_means_resources_and_not_their_subresources() {
    let mut request = pod(&json!({"name": "p", "namespace": "shop"}));
    request.subresource = "status".into();
    assert!(!selects(&rule(&[("resources", json!(["*"]))]), &request));
    assert!(selects(&rule(&[("resources", json!(["*/*"]))]), &request));
    assert!(selects(&rule(&[("resources", json!(["*/status"]))]), &request));
}

#[test]
fn a_name_that_the_api_server_will_make_is_matched_by_its_beginning() {
    let named = rule(&[("resourceNames", json!(["web"]))]);
    assert!(selects(&named, &pod(&json!({"name": "web"}))));
    assert!(!selects(&named, &pod(&json!({"name": "web-1"}))));
    assert!(selects(&named, &pod(&json!({"generateName": "web-"}))));
    assert!(!selects(&named, &pod(&json!({"generateName": "db-"}))));
}

#[test]
fn an_object_selector_is_met_by_the_new_object_or_the_old_one() {
    let mut constraints = rule(&[("operations", json!(["UPDATE"]))]);
    constraints["objectSelector"] = json!({"matchLabels": {"app": "web"}});
    let mut request = pod(&json!({"name": "p"}));
    request.operation = Operation::Update;
    assert!(!selects(&constraints, &request));
    request.old_object = Some(Arc::new(json!({"metadata": {"labels": {"app": "web"}}})));
    assert!(selects(&constraints, &request));
}

#[test]
fn what_stands_in_no_namespace_is_never_exempt_by_a_namespace_selector() {
    let mut constraints = rule(&[]);
    constraints["namespaceSelector"] = json!({"matchLabels": {"env": "prod"}});
    assert!(selects(&constraints, &pod(&json!({"name": "p"}))));
}

#[test]
fn a_namespace_is_selected_by_its_own_labels() {
    let mut constraints = rule(&[("resources", json!(["namespaces"]))]);
    constraints["namespaceSelector"] = json!({"matchLabels": {"env": "prod"}});
    let namespace = |labels: &Value| {
        let object =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n", "labels": labels}});
        Request::from_object(Arc::new(object), Origin::CommandLine, 0)
    };
    assert!(selects(&constraints, &namespace(&json!({"env": "prod"}))));
    assert!(!selects(&constraints, &namespace(&json!({"env": "dev"}))));
}

#[test]
fn labels_of_a_namespace_are_asked_for_only_where_the_rest_matches() {
    let mut constraints = rule(&[]);
    constraints["namespaceSelector"] = json!({"matchLabels": {"env": "prod"}});
    let compiled = MatchConstraints::compile(&constraints).unwrap();
    let facts = Facts::default();
    let view = FactView::new(&facts);
    let request = pod(&json!({"name": "p", "namespace": "shop"}));
    assert_eq!(compiled.select(&request, &view), Selection::Pending);
    assert_eq!(view.into_wanted().len(), 1);
    let view = FactView::new(&facts);
    let mut other = request;
    other.operation = Operation::Delete;
    assert_eq!(compiled.select(&other, &view), Selection::NotSelected);
    assert!(view.into_wanted().is_empty());
}

#[test]
fn a_wildcard_in_a_label_is_refused() {
    let constraints = json!({"objectSelector": {"matchLabels": {"app": "web*"}}});
    let errors = MatchConstraints::compile(&constraints).unwrap_err();
    assert_eq!(errors[0].path, "objectSelector.matchLabels");
}
