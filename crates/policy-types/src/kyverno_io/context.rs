//! `context`: where a rule takes further data from.

use serde::Deserialize;
use serde_json::Value;

/// One named entry; exactly one source may be given.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContextEntry {
    /// The variable that holds the data.
    pub name: String,
    /// A ConfigMap.
    pub config_map: Option<ConfigMapReference>,
    /// A call of the API server or of a service.
    pub api_call: Option<ContextApiCall>,
    /// Manifest and configuration of an image.
    pub image_registry: Option<ImageRegistry>,
    /// A value or an expression.
    pub variable: Option<Variable>,
    /// A `GlobalContextEntry`.
    pub global_reference: Option<GlobalContextEntryReference>,
}

/// A ConfigMap by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ConfigMapReference {
    /// Name, variables allowed.
    pub name: String,
    /// Namespace, variables allowed.
    pub namespace: String,
}

/// A value, or an expression over the context.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Variable {
    /// The value; null if absent.
    pub value: Value,
    /// The expression, applied to `value` if there is one and else to the context.
    pub jmes_path: String,
    /// What to take where the expression gives nothing; null if absent.
    pub default: Value,
}

/// A call whose answer, or a part of it, becomes the data.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContextApiCall {
    /// The call.
    #[serde(flatten)]
    pub call: ApiCall,
    /// Expression applied to the answer.
    pub jmes_path: String,
    /// What to take when the call fails; null if absent.
    pub default: Value,
}

/// A call of the API server (`urlPath`) or of a service (`service`).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApiCall {
    /// Path on the API server, such as `/api/v1/namespaces`.
    pub url_path: String,
    /// `GET` or `POST`.
    pub method: String,
    /// Body of a POST.
    pub data: Vec<RequestData>,
    /// A service to call instead.
    pub service: Option<ServiceCall>,
}

/// One field of a request's body.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RequestData {
    /// Name of the field.
    pub key: String,
    /// Its value.
    pub value: Value,
}

/// A service outside the API server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceCall {
    /// URL, variables allowed.
    pub url: String,
    /// Headers to send.
    pub headers: Vec<HttpHeader>,
    /// PEM certificates that the service's certificate must chain to.
    pub ca_bundle: String,
}

/// A header of an HTTP request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct HttpHeader {
    /// Name.
    pub key: String,
    /// Value.
    pub value: String,
}

/// Manifest and configuration of an image, read from its registry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ImageRegistry {
    /// The image, variables allowed.
    pub reference: String,
    /// Expression applied to the image data.
    pub jmes_path: String,
    /// How to reach the registry.
    pub image_registry_credentials: Option<ImageRegistryCredentials>,
}

/// How to reach a registry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ImageRegistryCredentials {
    /// Allow plain HTTP and certificates that nobody vouches for.
    pub allow_insecure_registry: bool,
    /// `default`, `amazon`, `azure`, `google`, `github`.
    pub providers: Vec<String>,
    /// Secrets as `name` or `namespace/name`.
    pub secrets: Vec<String>,
}

/// Data kept by a `GlobalContextEntry`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GlobalContextEntryReference {
    /// `entry` or `entry.projection`.
    pub name: String,
    /// Expression applied to the data.
    pub jmes_path: String,
}
