//! What the author of a namespaced Policy, or of any policy, makes the engine reach in their stead.

use std::time::Duration;

use image_trust::ReasonCode;
use rehearsal::registry::{Fault, Misbehaviour, Options, Target};
use rehearsal::repository::Shelf;
use serde_json::{Value, json};

use crate::canary::Canary;
use crate::policies::{cluster_policy, images_policy, namespaced_policy, pod, signed_by};
use crate::stage::{AMPLE, Review, Ruling, Stage, engine};
use crate::town::Town;
use crate::workshop::NAME;

/// A rule that passes whatever it reads: a leak would show as a pass.
fn reading(context: &Value) -> Value {
    let mut entry = context.clone();
    entry["name"] = "answer".into();
    json!({ "name": "reads", "context": [entry], "validate": { "message": "refused", "deny": { "conditions": {
        "any": [{ "key": "{{ to_string(answer) }}", "operator": "Equals", "value": "never" }],
    }}}})
}

async fn judged(stage: &Stage, policy: String, time: Duration) -> Ruling {
    let object = pod(&[&format!("{NAME}:1")]);
    stage
        .judge(&engine(&[policy]), &Review::create(&object), time)
        .await
}

/// CVE-2026-22039 and its incomplete fix CVE-2026-41068: a Policy of `prod` reads ConfigMaps, objects and services with
/// the engine's own rights. Every way to ask is in this table; none may ask, and the cluster must not even be asked.
#[tokio::test]
async fn a_namespaced_policy_reads_nothing_of_other_namespaces_cve_2026_22039_cve_2026_41068() {
    let stage = Stage::new().await;
    for context in [
        json!({ "configMap": { "name": "settings", "namespace": "kube-system" } }),
        json!({ "apiCall": { "urlPath": "/api/v1/namespaces/kube-system/configmaps/settings" } }),
        json!({ "apiCall": { "urlPath": "/api/v1/namespaces/prod/../kube-system/configmaps/settings" } }),
        json!({ "apiCall": { "urlPath": "/api/v1/secrets" } }),
        json!({ "apiCall": { "method": "POST", "urlPath": "/apis/authorization.k8s.io/v1/subjectaccessreviews",
            "data": [{ "key": "kind", "value": "SubjectAccessReview" }] } }),
        json!({ "apiCall": { "service": { "url": "http://billing.internal/" } } }),
        json!({ "globalReference": { "name": "all-secrets" } }),
    ] {
        let ruling = judged(&stage, namespaced_policy("prod", &reading(&context)), AMPLE).await;
        assert!(!ruling.is_admitted(), "{context}: {:#?}", ruling.words());
        assert!(
            stage.town.asked().is_empty(),
            "{context}: {:#?}",
            stage.town.asked()
        );
    }
    let own = json!({ "configMap": { "name": "settings", "namespace": "prod" } });
    judged(&stage, namespaced_policy("prod", &reading(&own)), AMPLE)
        .await
        .admitted();
    assert_eq!(stage.town.asked()[0], "configmap prod/settings");
}

/// verify-images §8.22: `publicKeys` may be any reference, so a tenant could make the engine read Secrets, files,
/// environment variables and addresses, and see in the error what is there. All are refused with the same code, and no
/// text of what they hold.
#[tokio::test]
async fn a_namespaced_policy_s_keys_come_from_its_own_namespace_alone() {
    let other = crate::workshop::fresh_key();
    let town = Town::with_secret("kube-system/key", "cosign.pub", other.public_pem());
    let stage = Stage::with(Options::default(), town, true).await;
    let image = stage.image("1");
    stage
        .repository
        .sign(&image, &other, &Default::default())
        .unwrap();
    let canary = Canary::start("200 OK", &[], &other.public_pem()).await;
    let url = format!("http://{}/key.pem", canary.host());
    for reference in ["k8s://kube-system/key", "/etc/passwd", "env://PATH", url.as_str()] {
        let attestor = json!({ "keys": { "publicKeys": reference, "rekor": { "ignoreTlog": true } } });
        let rule = json!({ "name": "images", "verifyImages": [signed_by(&[attestor])] });
        let ruling = judged(&stage, namespaced_policy("prod", &rule), AMPLE).await;
        ruling.refused_for(ReasonCode::KeyUnavailable);
        let words = ruling.words().concat();
        assert!(!words.contains("root:") && !words.contains("/bin"), "{words}");
    }
    assert!(stage.town.asked().is_empty(), "{:#?}", stage.town.asked());
    assert!(canary.heads().is_empty());
    // A policy of the cluster's owner may.
    let attestor =
        json!({ "keys": { "publicKeys": "k8s://kube-system/key", "rekor": { "ignoreTlog": true } } });
    judged(&stage, images_policy("p", &[signed_by(&[attestor])]), AMPLE)
        .await
        .pinned_to(image.digest());
}

/// Pull secrets of another namespace, named by a tenant's policy, are passed over without being read.
#[tokio::test]
async fn a_namespaced_policy_pulls_with_no_other_namespace_s_secret() {
    let stage = Stage::new().await;
    stage.signed_image("1");
    let mut entry = signed_by(&[crate::policies::key(&stage.key)]);
    entry["imageRegistryCredentials"] = json!({ "secrets": ["kube-system/pull"] });
    let rule = json!({ "name": "images", "verifyImages": [entry] });
    judged(&stage, namespaced_policy("prod", &rule), AMPLE)
        .await
        .admitted();
    assert!(stage.town.asked().is_empty(), "{:#?}", stage.town.asked());
}

/// A secret named without a namespace is one of ours, wherever we run: for the cluster's policies, not for a tenant's.
#[tokio::test]
async fn a_pull_secret_without_a_namespace_is_sought_in_our_own_and_by_the_cluster_s_policies_alone() {
    let stage = Stage::new().await;
    let stage = stage.set_up(|options| options.own_namespace = "guards".to_owned());
    stage.signed_image("1");
    let mut entry = signed_by(&[crate::policies::key(&stage.key)]);
    entry["imageRegistryCredentials"] = json!({ "secrets": ["pull"] });
    let rule = json!({ "name": "images", "verifyImages": [entry.clone()] });
    judged(&stage, namespaced_policy("prod", &rule), AMPLE)
        .await
        .admitted();
    assert!(stage.town.asked().is_empty(), "{:#?}", stage.town.asked());
    judged(&stage, images_policy("p", &[entry]), AMPLE)
        .await
        .admitted();
    let asked = stage.town.asked();
    assert!(
        !asked.is_empty() && asked.iter().all(|one| one == "secret guards/pull"),
        "{asked:#?}"
    );
}

/// CVE-2026-4789 and the way around its fix (K#16419): metadata services and the engine's own loopback, by every
/// spelling of their addresses, by name, and by redirect.
#[tokio::test]
async fn services_on_link_local_and_loopback_addresses_are_not_called_cve_2026_4789() {
    let stage = Stage::new().await;
    let canary = Canary::start("200 OK", &[("content-type", "application/json")], "{}").await;
    let port = canary.host().rsplit_once(':').unwrap().1.to_owned();
    for url in [
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://[::ffff:169.254.169.254]/".to_owned(),
        "http://[fd00:ec2::254]/".to_owned(),
        "http://2852039166/".to_owned(),
        "http://0xA9FEA9FE/".to_owned(),
        format!("http://127.0.0.1:{port}/"),
        format!("http://127.1:{port}/"),
        format!("http://[::1]:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://0.0.0.0:{port}/"),
        format!("http://localhost:{port}/"),
        "file:///etc/passwd".to_owned(),
        "gopher://127.0.0.1/".to_owned(),
    ] {
        let context = json!({ "apiCall": { "method": "GET", "service": { "url": url } } });
        let ruling = judged(
            &stage,
            cluster_policy("calls", &reading(&context)),
            Duration::from_secs(5),
        )
        .await;
        assert!(!ruling.is_admitted(), "{url}: {:#?}", ruling.words());
    }
    assert!(canary.heads().is_empty(), "{:#?}", canary.heads());
    let keyed = json!({ "keys": { "publicKeys": format!("http://127.0.0.1:{port}/key"), "rekor": { "ignoreTlog": true } } });
    stage.image("1");
    judged(&stage, images_policy("p", &[signed_by(&[keyed])]), AMPLE)
        .await
        .refused_for(ReasonCode::KeyUnavailable);
    assert!(canary.heads().is_empty());
}

/// A service that may be called sends us on to a metadata service: each target of a redirect is judged like the first.
#[tokio::test]
async fn a_redirect_to_a_metadata_service_is_not_followed() {
    let stage = Stage::with(Options::default(), Town::default(), true).await;
    let away = Canary::start(
        "302 Found",
        &[("location", "http://169.254.169.254/latest/meta-data/")],
        "",
    )
    .await;
    let context =
        json!({ "apiCall": { "method": "GET", "service": { "url": format!("http://{}/", away.host()) } } });
    let ruling = judged(&stage, cluster_policy("calls", &reading(&context)), AMPLE).await;
    ruling.refused_with("169.254.169.254");
    assert_eq!(away.heads().len(), 1);
}

/// CVE-2026-41323, CVE-2026-40868: Kyverno added its service account's token to calls that a policy's author aims.
/// A call carries the headers that the policy writes and no credential besides.
#[tokio::test]
async fn a_call_to_a_service_carries_no_credential_of_ours_cve_2026_41323() {
    let stage = Stage::with(Options::default(), Town::default(), true).await;
    let canary = Canary::start("200 OK", &[("content-type", "application/json")], "{}").await;
    let context = json!({ "apiCall": { "method": "POST", "data": [{ "key": "a", "value": "b" }],
        "service": { "url": format!("http://{}/", canary.host()), "headers": [{ "key": "X-Asked-By", "value": "policy" }] } } });
    judged(&stage, cluster_policy("calls", &reading(&context)), AMPLE)
        .await
        .admitted();
    let heads = canary.heads();
    assert!(!heads.is_empty());
    for head in heads {
        assert!(head.contains("x-asked-by: policy"), "{head}");
        assert!(
            !head.contains("authorization") && !head.contains("cookie") && !head.contains("token"),
            "{head}"
        );
    }
}

/// Whoever writes a Pod chooses the host that we ask, and a hostile registry where we are sent on to: neither may be a
/// metadata service, and the refusal comes at once, not after a connection was tried.
#[tokio::test]
async fn an_image_on_a_metadata_service_is_not_asked_for() {
    let stage = Stage::new().await;
    let mut entry = signed_by(&[crate::policies::key(&stage.key)]);
    entry["imageReferences"] = json!(["*"]);
    let engine = engine(&[images_policy("p", &[entry])]);
    let signed = stage.signed_image("1");
    let away = Misbehaviour::RedirectTo("http://169.254.169.254/latest/meta-data/".to_owned());
    stage.registry.misbehave(Fault::new(
        Target::Manifest(Shelf::Signatures.tag(signed.digest())),
        away,
    ));
    for image in [
        "169.254.169.254/app:1",
        "100.100.100.200:80/app:1",
        "registry.example.com/app:1",
    ] {
        let ruling = stage
            .judge(&engine, &Review::create(&pod(&[image])), Duration::from_secs(4))
            .await;
        ruling.refused_for(ReasonCode::RegistryProtocol);
    }
}
