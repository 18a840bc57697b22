//! Which API server, asked by whom: from kubeconfig files, or the service account of a Pod.
//!
//! In: a file or none, a context or none. Out: [`Settings`]. Never: a proof for a server that is reached over plain HTTP.
//!
//!     --kubeconfig │ KUBECONFIG (several files) │ ~/.kube/config │ service account ─▶ Settings
//!
//! Behaviour: client-go `tools/clientcmd` of Kubernetes 1.34. Stricter: `auth-provider`, which client-go dropped, and a
//! context that isn't there are faults, never an anonymous call.

mod file;
mod in_cluster;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{HeaderName, HeaderValue};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use url::Url;

use self::file::{Absence, ClusterEntry, Entry, Kubeconfig, UserEntry};
use crate::credentials::{Credentials, read_credential_file};
use crate::error::ClusterError;
use crate::exec_plugin::ExecPlugin;
use crate::secret::Secret;
use crate::settings::Settings;

/// Which cluster is meant.
#[derive(Debug, Clone, Default)]
pub struct KubeconfigChoice {
    /// The kubeconfig (`--kubeconfig`); none: KUBECONFIG, `~/.kube/config`, the service account, in this order.
    pub file: Option<String>,
    /// The context (`--context`); none: the current one.
    pub context: Option<String>,
}

impl Settings {
    /// The settings that `choice` means.
    ///
    /// # Errors
    /// [`ClusterError`] where no cluster is configured, or what is configured can't be used.
    pub fn load(choice: &KubeconfigChoice) -> Result<Self, ClusterError> {
        let (paths, absence) = paths_of(choice);
        let kubeconfig = Kubeconfig::read(&paths, absence)?;
        let chosen = choice.context.as_ref().or(kubeconfig.current_context.as_ref());
        match chosen {
            Some(context) => of_context(&kubeconfig, context),
            None if choice.file.is_some() => Err(ClusterError::kubeconfig(
                paths
                    .iter()
                    .map(|path| format!("`{}`", path.display()))
                    .collect::<String>(),
                "names no current context: choose one with `--context`",
            )),
            None => in_cluster::settings()?.ok_or(ClusterError::NotConfigured),
        }
    }
}

fn paths_of(choice: &KubeconfigChoice) -> (Vec<PathBuf>, Absence) {
    if let Some(file) = &choice.file {
        return (vec![PathBuf::from(file)], Absence::Fault);
    }
    if let Some(variable) = std::env::var_os("KUBECONFIG").filter(|text| !text.is_empty()) {
        let paths = std::env::split_paths(&variable).filter(|path| !path.as_os_str().is_empty());
        return (paths.collect(), Absence::PassedOver);
    }
    let home = std::env::home_dir().map(|home| home.join(".kube").join("config"));
    (home.into_iter().collect(), Absence::PassedOver)
}

fn of_context(kubeconfig: &Kubeconfig, name: &str) -> Result<Settings, ClusterError> {
    let context = &kubeconfig.context(name)?.content;
    let cluster = kubeconfig.cluster(&context.cluster)?;
    let fault = |what: String| ClusterError::kubeconfig(format!("cluster `{}`", cluster.name), what);
    let entry = &cluster.content;
    let server = server_of(entry).map_err(fault)?;
    let authorities = pem(
        entry.certificate_authority_data.as_deref(),
        entry.certificate_authority.as_deref(),
        &cluster.folder,
    )
    .map_err(fault)?;
    let accepts_any_certificate = entry.insecure_skip_tls_verify.unwrap_or_default();
    if accepts_any_certificate && authorities.is_some() {
        return Err(fault(
            "certificate authorities can't be named together with insecure-skip-tls-verify".to_owned(),
        ));
    }
    let proxy = present(entry.proxy_url.as_deref())
        .map(proxy_of)
        .transpose()
        .map_err(fault)?;
    let mut settings = Settings {
        server,
        authorities: authorities.map(String::into_bytes),
        accepts_any_certificate,
        tls_server_name: present(entry.tls_server_name.as_deref()).map(ToOwned::to_owned),
        proxy,
        credentials: Credentials::Anonymous,
        client_certificate: None,
        impersonation: Vec::new(),
        namespace: context.namespace.clone().filter(|name| !name.is_empty()),
    };
    // As client-go: without TLS nothing is proven, so that no proof is read on the way.
    if !context.user.is_empty() && settings.server.scheme() == "https" {
        let user = kubeconfig.user(&context.user)?;
        prove(&mut settings, user, entry)
            .map_err(|what| ClusterError::kubeconfig(format!("user `{}`", user.name), what))?;
    }
    Ok(settings)
}

fn server_of(entry: &ClusterEntry) -> Result<Url, String> {
    let written = present(Some(&entry.server)).ok_or("server is missing")?;
    let written = if written.contains("://") {
        written.to_owned()
    } else {
        format!("https://{written}")
    };
    let server = Url::parse(&written).map_err(|cause| format!("server: {cause}"))?;
    if !matches!(server.scheme(), "https" | "http") || server.host_str().is_none() {
        return Err("server: expected an address that starts with https://".to_owned());
    }
    if !server.username().is_empty() || server.password().is_some() {
        return Err("server: an address holds no user name".to_owned());
    }
    Ok(server)
}

fn proxy_of(written: &str) -> Result<Url, String> {
    let proxy = Url::parse(written).map_err(|cause| format!("proxy-url: {cause}"))?;
    match proxy.scheme() {
        "http" | "https" => Ok(proxy),
        other => Err(format!(
            "proxy-url: `{other}` is not supported: expected http or https"
        )),
    }
}

fn prove(settings: &mut Settings, user: &Entry<UserEntry>, cluster: &ClusterEntry) -> Result<(), String> {
    let entry = &user.content;
    let certificate = pem(
        entry.client_certificate_data.as_deref(),
        entry.client_certificate.as_deref(),
        &user.folder,
    )?;
    let key = entry.client_key_data.as_ref().map(Secret::reveal);
    let key = pem(key, entry.client_key.as_deref(), &user.folder)?;
    settings.client_certificate = match (certificate, key) {
        (Some(certificate), Some(key)) => Some(Secret::new(format!("{certificate}\n{key}"))),
        (None, None) => None,
        (Some(_), None) => return Err("client-certificate without client-key".to_owned()),
        (None, Some(_)) => return Err("client-key without client-certificate".to_owned()),
    };
    settings.credentials = credentials_of(user, settings, cluster)?;
    settings.impersonation = impersonation(entry)?;
    Ok(())
}

fn credentials_of(
    user: &Entry<UserEntry>,
    settings: &Settings,
    cluster: &ClusterEntry,
) -> Result<Credentials, String> {
    let entry = &user.content;
    if let Some(provider) = &entry.auth_provider {
        let name = provider.get("name").and_then(Value::as_str).unwrap_or_default();
        return Err(format!(
            "auth-provider `{name}` is not supported, Kubernetes removed it: use an exec credential plugin"
        ));
    }
    if let Some(path) = present(entry.token_file.as_deref()) {
        return Ok(Credentials::TokenFile(user.folder.join(path)));
    }
    if let Some(token) = entry.token.clone().filter(|token| !token.is_empty()) {
        return Ok(Credentials::Token(token));
    }
    if let Some(name) = present(entry.username.as_deref()) {
        return Ok(Credentials::Basic {
            user: name.to_owned(),
            password: entry
                .password
                .clone()
                .unwrap_or_else(|| Secret::new(String::new())),
        });
    }
    let Some(exec) = entry.exec.clone() else {
        return Ok(Credentials::Anonymous);
    };
    let plugin = ExecPlugin::new(exec, &user.folder, &told_of(settings, cluster))?;
    Ok(Credentials::Plugin {
        plugin: Box::new(plugin),
        last: Arc::new(Mutex::new(None)),
    })
}

/// `spec.cluster` of an `ExecCredential`: what a plugin that asks is told of the cluster.
fn told_of(settings: &Settings, cluster: &ClusterEntry) -> Value {
    let mut told = json!({
        "server": cluster.server,
        "insecure-skip-tls-verify": settings.accepts_any_certificate,
    });
    let config = cluster.extensions.iter().flatten();
    let config = config
        .filter(|extension| extension.name == "client.authentication.k8s.io/exec")
        .map(|extension| extension.extension.clone())
        .next();
    let optional = [
        (
            "certificate-authority-data",
            settings
                .authorities
                .as_ref()
                .map(|pem| STANDARD.encode(pem).into()),
        ),
        (
            "tls-server-name",
            settings.tls_server_name.clone().map(Value::from),
        ),
        ("proxy-url", cluster.proxy_url.clone().map(Value::from)),
        ("config", config),
    ];
    if let Some(fields) = told.as_object_mut() {
        let given = optional
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)));
        fields.extend(given);
    }
    told
}

fn impersonation(entry: &UserEntry) -> Result<Vec<(HeaderName, HeaderValue)>, String> {
    let mut written: Vec<(String, String)> = Vec::new();
    if let Some(user) = present(entry.acts_as.as_deref()) {
        written.push(("impersonate-user".to_owned(), user.to_owned()));
    } else if entry.as_uid.is_some() || entry.as_groups.is_some() || entry.as_user_extra.is_some() {
        return Err("as-uid, as-groups and as-user-extra need `as`".to_owned());
    }
    let uid = entry
        .as_uid
        .iter()
        .map(|uid| ("impersonate-uid".to_owned(), uid.clone()));
    let groups = entry.as_groups.iter().flatten();
    let groups = groups.map(|group| ("impersonate-group".to_owned(), group.clone()));
    written.extend(uid.chain(groups));
    for (key, values) in entry.as_user_extra.iter().flatten() {
        let key: String = url::form_urlencoded::byte_serialize(key.to_lowercase().as_bytes()).collect();
        let values = values.as_array().into_iter().flatten().filter_map(Value::as_str);
        written.extend(values.map(|value| (format!("impersonate-extra-{key}"), value.to_owned())));
    }
    let header = |(name, value): (String, String)| {
        let fault = || format!("`{name}` can't be sent as a header");
        let value = HeaderValue::from_str(&value).map_err(|_| fault())?;
        Ok((HeaderName::try_from(&name).map_err(|_| fault())?, value))
    };
    written.into_iter().map(header).collect()
}

fn present(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// PEM that stands in the kubeconfig, or in a file that it names.
fn pem(data: Option<&str>, path: Option<&str>, folder: &Path) -> Result<Option<String>, String> {
    if let Some(data) = present(data) {
        let compact: String = data.split_whitespace().collect();
        let bytes = STANDARD
            .decode(compact)
            .map_err(|_| "certificate or key data is no base64".to_owned())?;
        let text = String::from_utf8(bytes).map_err(|_| "certificate or key data is no PEM".to_owned())?;
        return Ok(Some(text));
    }
    present(path)
        .map(|path| read_credential_file(&folder.join(path)))
        .transpose()
}
