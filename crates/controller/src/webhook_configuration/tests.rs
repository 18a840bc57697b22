use std::collections::BTreeSet;

use cluster::{ObjectName, ServedResource};
use policy_engine::policy::PolicyKind;
use policy_engine::request::Operation;

use super::*;
use crate::webhook_demand::RuleDemand;

fn served() -> ServedResources {
    let one = |resource: &str, kind: &str| ServedResource {
        group: String::new(),
        version: "v1".to_owned(),
        resource: resource.to_owned(),
        subresource: String::new(),
        kind: kind.to_owned(),
        is_namespaced: true,
        is_preferred: true,
    };
    [one("pods", "Pod"), one("secrets", "Secret")]
        .into_iter()
        .collect()
}

fn demand(kind: &str, fails: bool) -> WebhookDemand {
    WebhookDemand {
        fails,
        rules: vec![RuleDemand {
            kinds: BTreeMap::from([(kind.to_owned(), BTreeSet::from([Operation::Create]))]),
            in_mutating: false,
            in_validating: true,
        }],
        ..WebhookDemand::default()
    }
}

fn id(name: &str) -> PolicyId {
    let (namespace, own) = name.split_once('/').unwrap_or(("", name));
    PolicyId {
        kind: if namespace.is_empty() {
            PolicyKind::ClusterPolicy
        } else {
            PolicyKind::Policy
        },
        name: ObjectName {
            namespace: namespace.to_owned(),
            name: own.to_owned(),
        },
    }
}

fn written(demands: &[(&str, WebhookDemand)]) -> Vec<Value> {
    let demands = demands.iter().map(|(name, demand)| (id(name), demand));
    let identity = Identity {
        namespace: "vouchsafe".to_owned(),
        service: "vouchsafe-svc".to_owned(),
        service_port: 443,
        replica: "a".to_owned(),
        webhook_url: None,
    };
    let frame = Frame {
        identity: &identity,
        exempt_namespaces: &["kube-system".to_owned()],
        settings: &WebhookSettings::default(),
        ca_bundle: "QQ==",
    };
    Demanded::of(demands, &served())
        .validating
        .to_json(Call::Validating, frame)
}

fn names(webhooks: &[Value]) -> Vec<&str> {
    webhooks
        .iter()
        .map(|webhook| webhook["name"].as_str().unwrap())
        .collect()
}

#[test]
fn policies_share_a_webhook_by_what_their_errors_mean() {
    let alone = WebhookDemand {
        is_alone: true,
        timeout_seconds: 30,
        namespace: Some("shop".to_owned()),
        match_conditions: vec![json!({"name": "c", "expression": "true"})],
        ..demand("Pod", true)
    };
    let all = written(&[
        ("a", demand("Pod", true)),
        ("b", demand("Secret", true)),
        ("c", demand("Pod", false)),
        ("shop/d", alone),
    ]);
    assert_eq!(
        names(&all),
        [
            "validate.vouchsafe.svc-fail",
            "validate.vouchsafe.svc-fail-policy-shop.d",
            "validate.vouchsafe.svc-ignore"
        ]
    );
    assert_eq!(all[0]["rules"][0]["resources"], json!(["pods", "secrets"]));
    assert_eq!(all[0]["failurePolicy"], "Fail");
    assert_eq!(all[0]["timeoutSeconds"], 10);
    assert_eq!(all[1]["timeoutSeconds"], 30);
    assert_eq!(
        all[1]["clientConfig"]["service"]["path"],
        "/validate/fail/finegrained/shop/d"
    );
    assert_eq!(
        all[1]["namespaceSelector"]["matchExpressions"][2]["values"],
        json!(["shop"])
    );
    assert_eq!(
        all[1]["matchConditions"],
        json!([{"name": "vouchsafe.dev/policy-0", "expression": "true"}])
    );
    assert_eq!(all[2]["failurePolicy"], "Ignore");
    assert!(all[2].get("matchConditions").is_none());
}

/// The API server would refuse the whole configuration: whoever may write one policy must not be able to do that.
#[test]
fn no_names_or_number_of_conditions_keep_other_webhooks_from_being_registered() {
    let condition = |name: &str| json!({"name": name, "expression": "true"});
    let mut match_conditions = vec![
        condition(""),
        condition("a b"),
        condition("twice"),
        condition("twice"),
    ];
    match_conditions.extend((0..MOST_CONDITIONS).map(|_| condition("more")));
    let alone = WebhookDemand {
        is_alone: true,
        match_conditions,
        ..demand("Pod", true)
    };
    let all = written(&[("a", alone)]);
    let conditions = all[0]["matchConditions"].as_array().unwrap();
    let names: BTreeSet<&str> = conditions
        .iter()
        .map(|condition| condition["name"].as_str().unwrap())
        .collect();
    assert_eq!((conditions.len(), names.len()), (64, 64));
}

/// All replicas are gone and the webhooks are in place with `Fail`: our own Pods must be startable all the same.
#[test]
fn nothing_in_our_own_namespace_is_called_about() {
    for webhook in written(&[("a", demand("*", true)), ("b", demand("*", false))]) {
        assert_eq!(
            webhook["namespaceSelector"]["matchExpressions"],
            json!([
                {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"]},
                {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["vouchsafe"]}
            ])
        );
    }
}

#[test]
fn what_the_api_server_adds_is_no_difference() {
    let wanted = written(&[("a", demand("Pod", true))]);
    let mut there = wanted.clone();
    there[0]["addedByTheServer"] = json!("x");
    assert!(!change(&there, wanted.clone(), true).is_needed);
    there[0]["timeoutSeconds"] = json!(1);
    assert!(change(&there, wanted.clone(), true).is_needed);
    for selector in ["namespaceSelector", "objectSelector"] {
        let mut narrowed = wanted.clone();
        narrowed[0][selector]["matchLabels"] = json!({"only": "here"});
        assert!(change(&narrowed, wanted.clone(), true).is_needed, "{selector}");
    }
    let mut conditioned = wanted.clone();
    conditioned[0]["matchConditions"] = json!([{"name": "never", "expression": "false"}]);
    assert!(change(&conditioned, wanted, true).is_needed);
}

/// A replica that is a moment behind must not take away what another has just added.
#[test]
fn a_replica_that_is_behind_widens_and_does_not_narrow() {
    let newer = written(&[
        ("a", demand("Pod", true)),
        ("b", demand("Secret", true)),
        ("c", demand("Pod", false)),
    ]);
    let older = written(&[("a", demand("Pod", true))]);
    let late = change(&newer, older.clone(), false);
    assert!(!late.is_needed && late.is_wider, "{late:?}");
    let early = change(&older, newer.clone(), false);
    assert!(early.is_needed && !early.is_wider);
    assert_eq!(early.webhooks, newer);
    let in_time = change(&newer, older.clone(), true);
    assert!(in_time.is_needed && !in_time.is_wider);
    assert_eq!(in_time.webhooks, older);
}

#[test]
fn a_kind_that_is_not_served_is_told_by_policy() {
    let one = demand("Widget", true);
    let demanded = Demanded::of([(id("a"), &one)], &served());
    assert_eq!(demanded.missing[&id("a")], ["Widget"]);
    assert_eq!(demanded.validating, Entries::default());
}
