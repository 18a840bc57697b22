//! Which entry of a docker configuration a repository gets.

use std::time::Duration;

use super::*;

fn encoded(user: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(format!("{user}:p"))
}

fn config(keys: &[&str]) -> DockerConfig {
    let auths: serde_json::Map<_, _> = keys
        .iter()
        .map(|key| {
            (
                (*key).to_owned(),
                serde_json::json!({ "auth": encoded(&key.replace(":", "#")) }),
            )
        })
        .collect();
    let document = serde_json::json!({ "auths": auths }).to_string();
    DockerConfig::from_pull_secret(document.as_bytes()).unwrap()
}

async fn user(config: &DockerConfig, host: &str, repository: &str) -> Option<String> {
    let deadline = Deadline::after(Duration::from_secs(5));
    match config
        .find(Resource { host, repository }, deadline)
        .await
        .unwrap()?
    {
        Credential::Password { username, .. } => Some(username),
        Credential::IdentityToken(_) | Credential::RegistryToken(_) => None,
    }
}

#[tokio::test]
async fn the_longest_key_that_begins_the_name_wins() {
    let config = config(&["ghcr.io", "ghcr.io/acme", "ghcr.io/acme/api", "quay.io:8443"]);
    assert_eq!(
        user(&config, "ghcr.io", "acme/api").await.as_deref(),
        Some("ghcr.io/acme/api")
    );
    assert_eq!(
        user(&config, "ghcr.io", "acme/web").await.as_deref(),
        Some("ghcr.io/acme")
    );
    assert_eq!(
        user(&config, "ghcr.io", "other/web").await.as_deref(),
        Some("ghcr.io")
    );
    assert_eq!(user(&config, "quay.io", "a/b").await, None);
    assert_eq!(
        user(&config, "quay.io:8443", "a/b").await.as_deref(),
        Some("quay.io#8443")
    );
}

#[tokio::test]
async fn docker_hub_is_known_by_each_of_its_names() {
    for key in [
        "https://index.docker.io/v1/",
        "docker.io",
        "registry-1.docker.io/v2/",
    ] {
        let config = config(&[key]);
        assert!(
            user(&config, "index.docker.io", "library/nginx").await.is_some(),
            "{key}"
        );
        assert!(user(&config, "docker.io", "acme/api").await.is_some(), "{key}");
    }
}

#[tokio::test]
async fn a_star_stands_for_one_label_only() {
    let config = config(&["*.example.com", "pre*post.io"]);
    assert!(user(&config, "registry.example.com", "a/b").await.is_some());
    assert!(user(&config, "pre-x-post.io", "a/b").await.is_some());
    assert!(user(&config, "a.b.example.com", "a/b").await.is_none());
    assert!(user(&config, "example.com", "a/b").await.is_none());
    assert!(
        user(&config, "registry.example.com.evil.com", "a/b")
            .await
            .is_none()
    );
    assert!(user(&config, "prepos.io", "a/b").await.is_none());
}

#[test]
fn entries_of_every_kind_are_read() {
    let read = |entry: serde_json::Value| {
        let entry: Entry = serde_json::from_value(entry).unwrap();
        entry.into_credential()
    };
    let password = |user: &str, password: &str| {
        Ok(Some(Credential::Password {
            username: user.into(),
            password: Secret::new(password),
        }))
    };
    assert_eq!(
        read(serde_json::json!({ "auth": encoded("u") })),
        password("u", "p")
    );
    assert_eq!(
        read(serde_json::json!({ "username": "u", "password": "p:q" })),
        password("u", "p:q")
    );
    assert_eq!(
        read(serde_json::json!({ "auth": encoded("x"), "identitytoken": "t" })),
        Ok(Some(Credential::IdentityToken(Secret::new("t"))))
    );
    assert_eq!(read(serde_json::json!({})), Ok(None));
    assert_eq!(read(serde_json::json!({ "auth": "%" })), Err(()));
}

#[test]
fn a_malformed_configuration_is_an_error_that_tells_no_secret() {
    let error = DockerConfig::from_pull_secret(br#"{"auths":{"a":{"auth":["hunter2"]}}}"#).unwrap_err();
    assert!(!error.to_string().contains("hunter2"), "{error}");
    assert!(matches!(
        DockerConfig::from_pull_secret(&vec![b' '; (1 << 20) + 1]),
        Err(DockerConfigError::TooLarge)
    ));
    assert!(DockerConfig::from_legacy_pull_secret(br#"{"ghcr.io":{"username":"u"}}"#).is_ok());
}

#[test]
fn a_helper_named_by_a_path_is_refused() {
    let error = DockerConfig::from_config_json(br#"{"credsStore":"../../tmp/evil"}"#).unwrap_err();
    assert!(matches!(error, DockerConfigError::Helper(_)));
}

#[tokio::test]
async fn a_pull_secret_never_starts_a_process() {
    let config =
        DockerConfig::from_pull_secret(br#"{"credsStore":"x","credHelpers":{"ghcr.io":"x"}}"#).unwrap();
    assert!(config.store.is_none() && config.helpers.is_empty());
}

proptest::proptest! {
    #[test]
    fn a_star_agrees_with_its_definition(pattern in "[ab*]{0,6}", label in "[ab]{0,8}") {
        fn defined(pattern: &[u8], label: &[u8]) -> bool {
            match (pattern, label) {
                ([], label) => label.is_empty(),
                ([b'*', rest @ ..], label) => (0..=label.len()).any(|end| defined(rest, &label[end..])),
                ([letter, pattern @ ..], [first, label @ ..]) => letter == first && defined(pattern, label),
                ([_, ..], []) => false,
            }
        }
        let defined = defined(pattern.as_bytes(), label.as_bytes());
        proptest::prop_assert_eq!(label_matches(&pattern, &label), defined);
    }
}
