//! The service account of a Pod.

use std::path::Path;

use url::Url;

use crate::credentials::{Credentials, read_credential_file};
use crate::error::ClusterError;
use crate::settings::Settings;

/// Where the kubelet puts a service account's token.
const FOLDER: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Settings of the cluster this process runs in; `None` where it runs in none.
pub(super) fn settings() -> Result<Option<Settings>, ClusterError> {
    let variable = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
    let (Some(host), Some(port)) = (
        variable("KUBERNETES_SERVICE_HOST"),
        variable("KUBERNETES_SERVICE_PORT"),
    ) else {
        return Ok(None);
    };
    let folder = Path::new(FOLDER);
    let token = folder.join("token");
    if !token.exists() {
        return Ok(None);
    }
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host
    };
    let server = Url::parse(&format!("https://{host}:{port}"))
        .map_err(|cause| ClusterError::kubeconfig("`KUBERNETES_SERVICE_HOST`", cause.to_string()))?;
    let authorities = read_credential_file(&folder.join("ca.crt")).map_err(ClusterError::Credentials)?;
    let namespace = read_credential_file(&folder.join("namespace")).ok();
    Ok(Some(Settings {
        server,
        authorities: Some(authorities.into_bytes()),
        accepts_any_certificate: false,
        tls_server_name: None,
        proxy: None,
        credentials: Credentials::TokenFile(token),
        client_certificate: None,
        impersonation: Vec::new(),
        namespace: namespace.map(|text| text.trim().to_owned()),
    }))
}
