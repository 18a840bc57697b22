//! Pull secrets of service accounts: the API server writes them into Pods, and a template is judged before there is a Pod.

use image_trust::ReasonCode;
use serde_json::{Value, json};

use crate::attacks::stolen_credentials::{free_port, guarded_in};
use crate::policies::{images_policy, key};
use crate::stage::Stage;

/// A stage whose registry wants what the secret `pull` of `prod` holds, which its account `ci` has.
async fn stage() -> Stage {
    let accounts = |town: crate::town::Town| {
        town.and_account("prod", "ci", "pull")
            .and_account("other", "ci", "pull")
    };
    guarded_in(free_port(), accounts).await
}

/// A Deployment of `namespace` whose template has `more` beside its one image.
fn deployment(image: &str, namespace: &str, more: &Value) -> Value {
    json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "shop", "namespace": namespace },
        "spec": { "template": { "spec": template(image, more) } } })
}

fn template(image: &str, more: &Value) -> Value {
    let mut spec = more.clone();
    spec["containers"] = json!([{ "name": "c", "image": image }]);
    spec
}

fn policies(stage: &Stage) -> [String; 1] {
    let entry =
        json!({ "imageReferences": ["127.0.0.1:*/*"], "attestors": [{ "entries": [key(&stage.key)] }] });
    [images_policy("p", &[entry])]
}

#[tokio::test]
async fn a_template_is_judged_with_the_pull_secrets_of_its_service_account() {
    let stage = stage().await;
    stage.signed_image("1");
    let image = format!("{}/app:1", stage.registry.host());
    let runs_as = json!({ "serviceAccountName": "ci" });
    stage
        .create(&policies(&stage), &deployment(&image, "prod", &runs_as))
        .await
        .admitted();
    let job = json!({ "apiVersion": "batch/v1", "kind": "CronJob", "metadata": { "name": "shop", "namespace": "prod" },
        "spec": { "jobTemplate": { "spec": { "template": { "spec": template(&image, &runs_as) } } } } });
    stage.create(&policies(&stage), &job).await.admitted();
    let asked = stage.town.asked();
    assert!(
        asked
            .iter()
            .any(|one| one == "GET /api/v1/namespaces/prod/serviceaccounts/ci"),
        "{asked:#?}"
    );
}

/// Another account of the same namespace, and the account of that name in another namespace, whose secret is not there:
/// neither opens the registry, and what it holds was not read before either.
#[tokio::test]
async fn no_other_account_s_pull_secrets_serve_a_template() {
    let stage = stage().await;
    stage.signed_image("1");
    let image = format!("{}/app:1", stage.registry.host());
    let (ci, default) = (json!({ "serviceAccountName": "ci" }), json!({}));
    for (namespace, runs_as) in [("other", &ci), ("prod", &default)] {
        stage
            .create(&policies(&stage), &deployment(&image, namespace, runs_as))
            .await
            .refused_for(ReasonCode::RegistryAuth);
    }
    stage
        .create(&policies(&stage), &deployment(&image, "prod", &ci))
        .await
        .admitted();
    stage
        .create(&policies(&stage), &deployment(&image, "other", &ci))
        .await
        .refused_for(ReasonCode::RegistryAuth);
}

/// As in Kubernetes the account's secrets are none beside the template's own, but in their stead.
#[tokio::test]
async fn a_template_that_names_secrets_has_those_alone() {
    let stage = stage().await;
    stage.signed_image("1");
    let image = format!("{}/app:1", stage.registry.host());
    let named =
        |secret: &str| json!({ "serviceAccountName": "ci", "imagePullSecrets": [{ "name": secret }] });
    stage
        .create(&policies(&stage), &deployment(&image, "prod", &named("none")))
        .await
        .refused_for(ReasonCode::RegistryAuth);
    stage
        .create(&policies(&stage), &deployment(&image, "prod", &named("pull")))
        .await
        .admitted();
    let asked = stage.town.asked();
    assert!(
        !asked.iter().any(|one| one.contains("serviceaccounts")),
        "{asked:#?}"
    );
}
