//! Who we are in the cluster: names and labels of everything this controller makes, so that nothing of Kyverno's is touched.

use cluster::ServedKind;
use serde_json::{Value, json};

/// Value of [`MANAGED_BY`] on all that is ours.
pub(crate) const OURSELVES: &str = "vouchsafe";
/// The label by which objects of ours are known.
pub(crate) const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Name of the mutating webhook configuration.
pub(crate) const MUTATING_CONFIGURATION: &str = "vouchsafe-resource-mutating-webhook-cfg";
/// Name of the validating webhook configuration.
pub(crate) const VALIDATING_CONFIGURATION: &str = "vouchsafe-resource-validating-webhook-cfg";
/// Name of the webhook configuration that checks policies.
pub(crate) const POLICY_CONFIGURATION: &str = "vouchsafe-policy-validating-webhook-cfg";
/// Name of the Secret with the own authority and its certificate.
pub(crate) const CERTIFICATES_SECRET: &str = "vouchsafe-tls";
/// Name of the Lease for writing statuses.
pub(crate) const STATUS_LEASE: &str = "vouchsafe-status";

/// Where this controller runs and under which names it is known.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The namespace it runs in: its Secret, Leases and settings stand there, and nothing in it is judged.
    pub namespace: String,
    /// The Service before the replicas.
    pub service: String,
    /// Port of the Service.
    pub service_port: u16,
    /// This replica, unlike all others: the Pod's name.
    pub replica: String,
    /// Where the API server calls instead of the Service: `https://host:port`, for controllers outside the cluster.
    pub webhook_url: Option<String>,
}

impl Identity {
    /// Names that callers know the server by.
    #[must_use]
    pub fn server_names(&self) -> Vec<String> {
        let (service, namespace) = (&self.service, &self.namespace);
        let mut names = vec![
            "localhost".to_owned(),
            service.clone(),
            format!("{service}.{namespace}"),
            format!("{service}.{namespace}.svc"),
            format!("{service}.{namespace}.svc.cluster.local"),
        ];
        names.extend(self.webhook_host());
        names.sort();
        names.dedup();
        names
    }

    fn webhook_host(&self) -> Option<String> {
        let (_, rest) = self.webhook_url.as_deref()?.split_once("://")?;
        let authority = rest.split('/').next().unwrap_or_default();
        let host = match authority.strip_prefix('[') {
            Some(bracketed) => bracketed.split(']').next(),
            None => authority.split(':').next(),
        };
        host.filter(|host| !host.is_empty()).map(ToOwned::to_owned)
    }

    /// `clientConfig` of a webhook at `path` whose callers trust `ca_bundle` (PEM in base64).
    pub(crate) fn client_config(&self, path: &str, ca_bundle: &str) -> Value {
        match &self.webhook_url {
            Some(url) => {
                let url = url.trim_end_matches('/');
                json!({"url": format!("{url}{path}"), "caBundle": ca_bundle})
            }
            None => json!({
                "service": {
                    "namespace": self.namespace,
                    "name": self.service,
                    "path": path,
                    "port": self.service_port,
                },
                "caBundle": ca_bundle,
            }),
        }
    }
}

/// A kind of the policies' own group.
pub(crate) fn kyverno_kind(version: &str, kind: &str, plural: &str, is_namespaced: bool) -> ServedKind {
    ServedKind::known("kyverno.io", version, kind, plural, is_namespaced)
}

/// A core kind in namespaces.
pub(crate) fn core_kind(kind: &str, plural: &str) -> ServedKind {
    ServedKind::known("", "v1", kind, plural, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(webhook_url: Option<&str>) -> Identity {
        Identity {
            namespace: "vouchsafe".to_owned(),
            service: "vouchsafe-svc".to_owned(),
            service_port: 443,
            replica: "a".to_owned(),
            webhook_url: webhook_url.map(ToOwned::to_owned),
        }
    }

    #[test]
    fn the_api_server_calls_the_service_or_the_address_given() {
        let by_service = identity(None).client_config("/validate/fail", "QQ==");
        assert_eq!(by_service["service"]["path"], "/validate/fail");
        assert_eq!(by_service["caBundle"], "QQ==");
        let by_url = identity(Some("https://127.0.0.1:9443/")).client_config("/validate/fail", "QQ==");
        assert_eq!(by_url["url"], "https://127.0.0.1:9443/validate/fail");
        assert!(by_url.get("service").is_none());
    }

    #[test]
    fn the_certificate_names_every_way_to_the_server() {
        let names = identity(Some("https://10.0.0.1:9443")).server_names();
        assert!(names.contains(&"vouchsafe-svc.vouchsafe.svc".to_owned()));
        assert!(names.contains(&"10.0.0.1".to_owned()));
        let names = identity(Some("https://[::1]:9443")).server_names();
        assert!(names.contains(&"::1".to_owned()));
    }
}
