//! Credentials of one registry or tenant, asked for by another.

use image_trust::ReasonCode;
use rehearsal::Registry;
use rehearsal::registry::{Access, Fault, Misbehaviour, Options, Target};
use serde_json::{Value, json};

use crate::canary::Canary;
use crate::policies::{images_policy, key, pod};
use crate::stage::Stage;
use crate::town::Town;

const USER: &str = "robot";
const PASSWORD: &str = "hunter2-hunter2";

fn entry(stage: &Stage) -> Value {
    json!({ "imageReferences": ["127.0.0.1:*/*"], "attestors": [{ "entries": [key(&stage.key)] }] })
}

/// A Pod of `namespace` that pulls with its secret `pull`.
fn pulling(image: &str, namespace: &str) -> Value {
    let mut object = pod(&[image]);
    object["metadata"]["namespace"] = namespace.into();
    object["spec"]["imagePullSecrets"] = json!([{ "name": "pull" }]);
    object
}

fn docker_config(host: &str) -> String {
    json!({ "auths": { host: { "username": USER, "password": PASSWORD } } }).to_string()
}

/// A stage whose registry wants a password that the secret `pull` of `prod` holds. The port is not known before the
/// registry listens, and the secret is written before: it is for every port of this machine.
async fn guarded(port: u16) -> Stage {
    guarded_in(port, |town| town).await
}

/// The same, with more in its cluster.
pub(crate) async fn guarded_in(port: u16, furnish: impl FnOnce(Town) -> Town) -> Stage {
    let access = Access::Basic {
        user: USER.to_owned(),
        password: PASSWORD.to_owned(),
    };
    let options = Options {
        access,
        address: ([127, 0, 0, 1], port).into(),
        ..Options::default()
    };
    let town = Town::with_secret(
        "prod/pull",
        ".dockerconfigjson",
        docker_config(&format!("127.0.0.1:{port}")),
    );
    Stage::with(options, furnish(town), false).await
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// CVE-2019-10214, CVE-2024-3727: the registry answers a question for a blob with a redirect to a host of the attacker.
/// It is followed, as registries keep blobs elsewhere, but goes without `Authorization`; the content is believed for its
/// digest alone.
#[tokio::test]
async fn a_redirect_to_another_host_carries_no_credentials() {
    let stage = guarded(free_port()).await;
    let signed = stage.signed_image("1");
    let thief = Registry::start(stage.registry.content().clone(), Options::default())
        .await
        .unwrap();
    // Every blob of the image; there is one: the claim.
    let manifest = stage.registry.content().manifest(
        "app",
        &rehearsal::repository::Shelf::Signatures.tag(signed.digest()),
    );
    let manifest: Value = serde_json::from_slice(&manifest.unwrap().bytes).unwrap();
    let blob = manifest["layers"][0]["digest"].as_str().unwrap();
    let elsewhere = Misbehaviour::RedirectTo(format!("{}/v2/app/blobs/{blob}", thief.url()));
    stage.registry.misbehave(Fault::new(Target::Blobs, elsewhere));
    let image = format!("{}/app:1", stage.registry.host());
    let ruling = stage
        .create(&[images_policy("p", &[entry(&stage)])], &pulling(&image, "prod"))
        .await;
    ruling.pinned_to(signed.digest());
    let stolen = thief.requests();
    assert_eq!(stolen.len(), 1, "the redirect was followed: {stolen:#?}");
    assert!(
        stolen.iter().all(|request| request.authorization.is_none()),
        "{stolen:#?}"
    );
    let shown = stage
        .registry
        .requests()
        .iter()
        .filter(|request| request.authorization.is_some())
        .count();
    assert!(shown > 0, "the registry itself got them");
}

/// CVE-2026-48978: the registry names the attacker's host as its token server. Nothing is sent there, not even a
/// question, as credentials are configured for this registry.
#[tokio::test]
async fn a_token_server_of_another_owner_is_asked_nothing_cve_2026_48978() {
    let thief = Canary::start(
        "200 OK",
        &[("content-type", "application/json")],
        r#"{"token":"t"}"#,
    )
    .await;
    let plain = format!("http://{}/token", thief.host().replace("127.0.0.1", "localhost"));
    for (realm, why) in [
        (plain.as_str(), "it is not HTTPS"),
        (
            "https://auth.evil.example/token",
            "credentials are not sent to another owner's host",
        ),
        (
            "https://169.254.169.254/token",
            "it is this machine or a metadata service",
        ),
    ] {
        let challenge = format!("Bearer realm=\"{realm}\",service=\"x\"");
        let door = Canary::start("401 Unauthorized", &[("www-authenticate", &challenge)], "").await;
        let town = Town::with_secret("prod/pull", ".dockerconfigjson", docker_config(door.host()));
        let stage = Stage::with(Options::default(), town, false).await;
        let image = format!("{}/app:1", door.host());
        let ruling = stage
            .create(&[images_policy("p", &[entry(&stage)])], &pulling(&image, "prod"))
            .await;
        ruling.refused_for(ReasonCode::RegistryProtocol);
        ruling.refused_with(why);
        assert!(!door.heads().is_empty());
        assert!(
            door.heads().iter().all(|head| !head.contains("authorization")),
            "no password for an untrusted realm"
        );
    }
    assert!(thief.heads().is_empty(), "{:#?}", thief.heads());
}

/// A tenant who may not pull an image asks for it after one who may: what was found with the other's credentials is not
/// theirs, though both ask about the same image, by the same policy, in the same minute.
#[tokio::test]
async fn what_one_tenant_s_credentials_found_is_not_shown_to_another() {
    let stage = guarded(free_port()).await;
    let signed = stage.signed_image("1");
    let image = format!("{}/app@{}", stage.registry.host(), signed.digest());
    let policies = [images_policy("p", &[entry(&stage)])];
    stage.create(&policies, &pulling(&image, "prod")).await.admitted();
    stage
        .create(&policies, &pulling(&image, "other"))
        .await
        .refused_for(ReasonCode::RegistryAuth);
    stage
        .create(&policies, &pod(&[&image]))
        .await
        .refused_for(ReasonCode::RegistryAuth);
}
