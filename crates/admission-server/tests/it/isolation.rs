//! A panic ends the request that caused it, and nothing else.

use crate::house::{Moody, MoodyCluster, Setup, ask, denial, pod_review, policy_that_asks};

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
