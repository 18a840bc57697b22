use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::facts::Facts;
use crate::request::{Operation, Origin, User};

fn pod(namespace: &str, labels: &Value) -> Request {
    let object = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "p", "namespace": namespace, "labels": labels, "annotations": {"a/b": "c"}}});
    Request::from_object(Arc::new(object), Origin::CommandLine, 0)
}

fn select(rule: &Value, request: &Request) -> Selection {
    let facts = Facts::default();
    Selector::compile(rule)
        .unwrap()
        .select(request, &FactView::new(&facts))
}

fn selected(rule: &Value, request: &Request) -> bool {
    matches!(select(rule, request), Selection::Selected { .. })
}

#[test]
fn the_clause_that_chose_is_named() {
    let rule =
        json!({"match": {"any": [{"resources": {"kinds": ["Job"]}}, {"resources": {"kinds": ["Pod"]}}]}});
    assert_eq!(
        select(&rule, &pod("default", &json!({}))),
        Selection::Selected {
            clause: "match.any[1]".to_owned()
        }
    );
}

#[test]
fn all_needs_every_filter_and_an_empty_filter_never_matches() {
    let request = pod("prod", &json!({"app": "x"}));
    let both = json!({"match": {"all": [{"resources": {"kinds": ["Pod"]}}, {"resources": {"namespaces": ["pr*"]}}]}});
    assert!(selected(&both, &request));
    let empty = json!({"match": {"any": [{"resources": {}}]}});
    assert!(!selected(&empty, &request));
}

#[test]
fn an_exclude_needs_a_user_to_exclude_by_user() {
    let rule = json!({"match": {"any": [{"resources": {"kinds": ["Pod"]}}]},
        "exclude": {"any": [{"subjects": [{"kind": "User", "name": "ann"}]}]}});
    let request = pod("default", &json!({}));
    assert!(selected(&rule, &request));
    let ann = User {
        info: json!({"username": "ann"}),
        ..User::default()
    };
    assert!(!selected(&rule, &request.by(ann)));
}

#[test]
fn users_in_match_are_dropped_without_a_user() {
    let rule =
        json!({"match": {"any": [{"resources": {"kinds": ["Pod"]}, "clusterRoles": ["cluster-admin"]}]}});
    let request = pod("default", &json!({}));
    assert!(selected(&rule, &request));
    let nobody = User {
        info: json!({"username": "x"}),
        ..User::default()
    };
    assert!(!selected(&rule, &request.by(nobody)));
}

#[test]
fn an_empty_filter_in_exclude_all_excludes_nothing() {
    let rule = json!({"match": {"any": [{"resources": {"kinds": ["Pod"]}}]},
        "exclude": {"all": [{"resources": {"kinds": ["Pod"]}}, {"resources": {}}]}});
    assert!(selected(&rule, &pod("default", &json!({}))));
}

#[test]
fn annotations_match_by_wildcards() {
    let rule = |value: &str| json!({"match": {"any": [{"resources": {"annotations": {"a/*": value}}}]}});
    assert!(selected(&rule("?"), &pod("default", &json!({}))));
    assert!(!selected(&rule("d"), &pod("default", &json!({}))));
}

#[test]
fn a_deletion_is_matched_by_its_old_object() {
    let rule = json!({"match": {"any": [{"resources": {"kinds": ["Pod"], "operations": ["DELETE"]}}]}});
    let request = pod("default", &json!({}));
    assert!(!selected(&rule, &request));
    assert!(selected(&rule, &request.under_operation(Operation::Delete)));
}

#[test]
fn labels_of_the_namespace_are_asked_for_only_where_the_kind_fits() {
    let rule = json!({"match": {"any": [{"resources": {"kinds": ["Job"], "namespaceSelector": {"matchLabels": {"a": "b"}}}}]}});
    assert_eq!(select(&rule, &pod("default", &json!({}))), Selection::NotSelected);
    let rule = json!({"match": {"any": [{"resources": {"kinds": ["Pod"], "namespaceSelector": {"matchLabels": {"a": "b"}}}}]}});
    assert_eq!(select(&rule, &pod("default", &json!({}))), Selection::Pending);
}

/// CVE-2025-46342: Kyverno dropped the error of its namespace lister and so did not apply the rule.
#[test]
fn a_failed_namespace_lookup_never_hides_a_rule() {
    let rule = json!({"match": {"any": [{"resources": {"kinds": ["Pod"], "namespaceSelector": {"matchLabels": {"a": "b"}}}}]}});
    let mut facts = Facts::default();
    facts.insert(
        FactRequest::NamespaceLabels {
            name: "default".to_owned(),
        },
        Err(FactError::Failed("the API server is away".to_owned())),
    );
    let selection = Selector::compile(&rule)
        .unwrap()
        .select(&pod("default", &json!({})), &FactView::new(&facts));
    assert!(matches!(selection, Selection::Unjudgeable { .. }));
}
