//! A panic ends the request that caused it, and nothing else.

use crate::house::{Moody, MoodyCluster, Setup, ask, denial, pod_review, policy_that_asks, webhook};
use crate::reload::POD_RULES;

/// Somebody finds an object that makes the server panic and sends it again and again. The request must be denied, as
/// nobody consented to it, and the requests of everybody else must be answered as if nothing had happened.
#[tokio::test]
async fn a_request_that_makes_the_server_panic_is_denied_alone() {
    let setup = Setup {
        cluster: MoodyCluster::new(Moody::Panicking),
        ..Setup::default()
    };
    let webhook = setup.webhook(&policy_that_asks("Ignore"));
    let response = ask(&webhook, "/validate", &pod_review("d", "a")).await;
    assert!(denial(&response).contains("unforeseen"), "{response}");
    let response = ask(&webhook, "/validate", &pod_review("d", "a")).await;
    assert_eq!(response["allowed"], true, "{response}");
}

/// Policies of one tenant compute for as long as they may, on a server that has one thread for requests. Those of
/// everybody else are answered meanwhile.
#[tokio::test]
async fn a_tenant_whose_policies_compute_for_long_holds_up_nobody_else() {
    let costly: String = (0..2).map(computing).collect();
    let webhook = webhook(&costly);
    let (of_tenant, of_another) = (pod_review("tenant", "a"), pod_review("d", "a"));
    let response = tokio::select! {
        biased;
        response = ask(&webhook, "/validate", &of_tenant) => panic!("{response}"),
        response = ask(&webhook, "/validate", &of_another) => response,
    };
    assert_eq!(response["allowed"], true, "{response}");
    let response = ask(&webhook, "/validate", &of_tenant).await;
    assert!(denial(&response).contains("cost limit exceeded"), "{response}");
}

/// One tenant asks many times at once about policies that compute for as long as they may. The policies of another compute too,
/// for less long, and get their turn before the first of these has ended. (Of three others, lest one shares a turn by chance.)
#[tokio::test]
async fn a_tenant_who_asks_much_at_once_leaves_turns_to_others() {
    let modest = ["modest-a", "modest-b", "modest-c"];
    let mut policies: String = modest.map(|namespace| policy(namespace, 0, 1, 300)).concat();
    policies.extend((0..2).map(|at| policy("greedy", at, 12, 900)));
    let webhook = webhook(&policies);
    let (of_greedy, reviews) = (
        pod_review("greedy", "a"),
        modest.map(|namespace| pod_review(namespace, "a")),
    );
    let all = (0..8).map(|_| Box::pin(ask(&webhook, "/validate", &of_greedy)));
    let others = reviews
        .iter()
        .map(|review| Box::pin(ask(&webhook, "/validate", review)));
    let response = tokio::select! {
        biased;
        (response, ..) = futures_util::future::select_all(all) => panic!("{response}"),
        (response, ..) = futures_util::future::select_all(others) => response,
    };
    assert_eq!(response["allowed"], true, "{response}");
}

/// A policy of the namespace `tenant` that costs what an expression may, ten times over.
fn computing(at: usize) -> String {
    policy("tenant", at, 12, 900)
}

/// A policy of `namespace` with so many validations, each of as many hundred steps as `loops`.
fn policy(namespace: &str, at: usize, validations: usize, loops: usize) -> String {
    let validation =
        format!("{{expression: 'lists.range({loops}).all(a, lists.range(100).all(b, a + b >= 0))'}}");
    let validations = vec![validation; validations].join(", ");
    format!(
        "---\napiVersion: policies.kyverno.io/v1\nkind: NamespacedValidatingPolicy\n\
         metadata: {{name: costly-{at}, namespace: {namespace}}}\n\
         spec: {{matchConstraints: {{{POD_RULES}}}, validations: [{validations}]}}\n"
    )
}
