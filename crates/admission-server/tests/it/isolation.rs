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

/// A policy of the namespace `tenant` that costs what an expression may, ten times over.
fn computing(at: usize) -> String {
    let validation = "{expression: 'lists.range(900).all(a, lists.range(100).all(b, a + b >= 0))'}";
    let validations = [validation; 12].join(", ");
    format!(
        "---\napiVersion: policies.kyverno.io/v1\nkind: NamespacedValidatingPolicy\n\
         metadata: {{name: costly-{at}, namespace: tenant}}\n\
         spec: {{matchConstraints: {{{POD_RULES}}}, validations: [{validations}]}}\n"
    )
}
