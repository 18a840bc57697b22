//! What a namespaced policy may read: its own namespace, through every loader.
//!
//! In: the policy's namespace and the place to be read. Out: leave, or the text of the refusal. A policy of the whole
//! cluster may read everything.
//!
//! Behaviour: Kyverno 1.19 pkg/engine/apicall, pkg/engine/context/loaders/configmap.go, after GHSA-8p9x-46gm-qfx2 and
//! CVE-2026-41068 (GHSA-cvq5-hhx3-f99p). Stricter: encoded separators and dot segments are refused, not resolved.

use crate::facts::Asker;
use scalars::numbers::go_quote;

/// May this asker read a ConfigMap of `namespace`?
pub(super) fn config_map(entry: &str, asker: &Asker, namespace: &str) -> Result<(), String> {
    match asker.policy_namespace.as_deref() {
        Some(own) if own != namespace => Err(format!(
            "context entry {entry}: configMap namespace {} is different from policy namespace {}",
            go_quote(namespace),
            go_quote(own)
        )),
        _ => Ok(()),
    }
}

/// May this asker call the Kubernetes API at `path`?
pub(super) fn api_path(asker: &Asker, path: &str) -> Result<(), String> {
    let Some(own) = asker.policy_namespace.as_deref() else {
        return Ok(());
    };
    let (plain, _) = path.split_once(['?', '#']).unwrap_or((path, ""));
    if plain.contains('%') || plain.contains('\\') || plain.split('/').any(|part| matches!(part, "." | ".."))
    {
        return Err(format!(
            "path {path} is not a plain path, which is required for namespaced policies"
        ));
    }
    let mut parts = plain.split('/').filter(|part| !part.is_empty());
    let is_api = matches!(parts.next(), Some("api" | "apis"));
    let namespace = parts.skip_while(|part| *part != "namespaces").nth(1);
    match namespace.filter(|_| is_api && plain.starts_with('/')) {
        None => Err(format!(
            "path {plain} does not contain a namespace segment, which is required for namespaced policies"
        )),
        Some(found) if found != own => Err(format!(
            "path {plain} refers to namespace {found}, which is different from the policy namespace {own}"
        )),
        Some(_) => Ok(()),
    }
}

/// May this asker call a service, or read what was gathered for the whole cluster?
///
/// A namespaced policy may not: a call would carry the engine's place in the network, and entries of the global context
/// come from all namespaces.
pub(super) fn service(asker: &Asker, url: &str) -> Result<(), String> {
    match &asker.policy_namespace {
        Some(_) => Err(format!(
            "path {url} does not contain a namespace segment, which is required for namespaced policies"
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant() -> Asker {
        Asker {
            policy_namespace: Some("team-a".to_owned()),
            object_namespace: "team-a".to_owned(),
        }
    }

    #[test]
    fn a_namespaced_policy_reads_its_own_namespace() {
        assert_eq!(config_map("x", &tenant(), "team-a"), Ok(()));
        for path in [
            "/api/v1/namespaces/team-a/pods",
            "/apis/apps/v1/namespaces/team-a/deployments?limit=1",
            "/api/v1/namespaces/team-a",
        ] {
            assert_eq!(api_path(&tenant(), path), Ok(()), "{path}");
        }
    }

    /// The attack: the author of a policy in `team-a` lets the engine's own service account read other namespaces
    /// (GHSA-8p9x-46gm-qfx2), through an `apiCall` path that names another namespace, none, or hides it.
    #[test]
    fn an_api_call_of_a_namespaced_policy_never_leaves_its_namespace() {
        for path in [
            "/api/v1/namespaces/kube-system/secrets",
            "/api/v1/secrets",
            "/api/v1/namespaces",
            "/api/v1/namespaces/team-a/../kube-system/secrets",
            "/api/v1/namespaces/team-a/..%2fkube-system/secrets",
            "/api/v1/namespaces/team-a%2f..%2fkube-system/secrets",
            "/api/v1/namespaces/./kube-system/secrets",
            "//api/v1/namespaces/kube-system/secrets",
            "/api/v1/secrets?x=/namespaces/team-a/",
            "/api/v1/secrets#/namespaces/team-a/",
            "/healthz/namespaces/team-a",
            "api/v1/namespaces/team-a/pods",
            "",
        ] {
            assert!(api_path(&tenant(), path).is_err(), "{path}");
        }
    }

    /// The attack: the ConfigMap loader was forgotten by the first fix (CVE-2026-41068).
    #[test]
    fn a_config_map_of_a_namespaced_policy_never_comes_from_another_namespace() {
        assert_eq!(
            config_map("x", &tenant(), "kube-system"),
            Err("context entry x: configMap namespace \"kube-system\" is different from policy namespace \"team-a\""
                .to_owned())
        );
        assert!(service(&tenant(), "http://metadata.internal/").is_err());
    }

    #[test]
    fn a_policy_of_the_cluster_reads_everywhere() {
        let cluster = Asker::default();
        assert_eq!(config_map("x", &cluster, "kube-system"), Ok(()));
        assert_eq!(api_path(&cluster, "/api/v1/secrets"), Ok(()));
        assert_eq!(service(&cluster, "http://x"), Ok(()));
    }
}
