//! `context` lists compiled: one loader for each entry, all faults at once.

use std::sync::Arc;

use image_trust::RegistryAccess;
use serde_json::Value;

use super::calls::{Call, KubernetesCall, ServiceCall};
use super::lookups::{ConfigMap, GlobalReference, ImageRegistry};
use super::variable::{Variable, present};
use super::{Entry, Loader, Projection};
use crate::compile_error::CompileError;
use crate::context::placeholders;
use crate::context::{JsonPath, Query, Template};

/// Entries one list may have.
pub(super) const MAX_ENTRIES: usize = 1_000;
/// Names the request has for itself.
const RESERVED: [&str; 6] = [
    "images",
    "request",
    "serviceAccountName",
    "serviceAccountNamespace",
    "element",
    "elementIndex",
];
const LOADERS: [&str; 5] = [
    "configMap",
    "apiCall",
    "imageRegistry",
    "variable",
    "globalReference",
];

type Faults = Vec<CompileError>;

pub(super) fn entries(list: &Value) -> Result<Vec<Entry>, Faults> {
    let items = match list {
        Value::Null => return Ok(Vec::new()),
        Value::Array(items) => items,
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            return Err(vec![CompileError::new("", "expected a list of context entries")]);
        }
    };
    if items.len() > MAX_ENTRIES {
        return Err(vec![CompileError::new(
            "",
            format!("more than {MAX_ENTRIES} context entries"),
        )]);
    }
    let mut entries = Vec::with_capacity(items.len());
    let mut faults = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match entry(item) {
            Ok(entry) => entries.push(entry),
            Err(inner) => faults.extend(inner.into_iter().map(|fault| fault.under(&format!("[{index}]")))),
        }
    }
    if faults.is_empty() {
        Ok(entries)
    } else {
        Err(faults)
    }
}

fn entry(item: &Value) -> Result<Entry, Faults> {
    let name = item.get("name").and_then(Value::as_str).unwrap_or_default();
    if name.is_empty() {
        return Err(vec![CompileError::new(
            "name",
            "a name is required for context entries",
        )]);
    }
    if RESERVED
        .iter()
        .any(|reserved| name == *reserved || name.starts_with(&format!("{reserved}.")))
    {
        return Err(vec![CompileError::new(
            "name",
            format!("entry name {name} is invalid, it conflicts with a pre-defined internal variable"),
        )]);
    }
    let mut declared = LOADERS
        .iter()
        .filter_map(|kind| Some((*kind, present(item.get(*kind))?)));
    let (Some((kind, body)), None) = (declared.next(), declared.next()) else {
        let expected = LOADERS.join(", ");
        return Err(vec![CompileError::new(
            "",
            format!("exactly one of {expected} is allowed in a context entry"),
        )]);
    };
    let loader = match kind {
        "configMap" => config_map(body),
        "apiCall" => api_call(body),
        "imageRegistry" => image_registry(body),
        "variable" => variable(body),
        _ => global_reference(body),
    };
    let loader = loader.map_err(|faults| under(faults, kind))?;
    Ok(Entry {
        name: name.to_owned(),
        loader,
    })
}

fn config_map(body: &Value) -> Result<Loader, Faults> {
    if text(body, "name").is_empty() {
        return Err(vec![CompileError::new(
            "name",
            "a name is required for configMap context entry",
        )]);
    }
    Ok(Loader::ConfigMap(ConfigMap {
        name: template(body, "name", "")?,
        namespace: template(body, "namespace", "")?,
        written_name: text(body, "name"),
        written_namespace: text(body, "namespace"),
    }))
}

fn image_registry(body: &Value) -> Result<Loader, Faults> {
    if text(body, "reference").is_empty() {
        return Err(vec![CompileError::new(
            "reference",
            "a ref is required for imageRegistry context entry",
        )]);
    }
    let credentials = body.get("imageRegistryCredentials").unwrap_or(&Value::Null);
    let texts = |field: &str| -> Vec<String> {
        let items = credentials
            .get(field)
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        items.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let access = RegistryAccess {
        allow_insecure: credentials
            .get("allowInsecureRegistry")
            .and_then(Value::as_bool)
            .unwrap_or(false),
        providers: texts("providers"),
        secrets: texts("secrets"),
        ..RegistryAccess::default()
    };
    Ok(Loader::ImageRegistry(ImageRegistry {
        reference: template(body, "reference", "")?,
        written_reference: text(body, "reference"),
        projection: projection(body)?,
        written_path: text(body, "jmesPath"),
        access,
    }))
}

fn global_reference(body: &Value) -> Result<Loader, Faults> {
    if text(body, "name").is_empty() {
        return Err(vec![CompileError::new(
            "name",
            "a name is required for globalReference context entry",
        )]);
    }
    Ok(Loader::GlobalReference(GlobalReference {
        name: template(body, "name", "/name")?,
        projection: projection(body)?,
        written_path: text(body, "jmesPath"),
    }))
}

fn variable(body: &Value) -> Result<Loader, Faults> {
    let of = |field: &str| {
        present(body.get(field))
            .map(Template::compile)
            .transpose()
            .map_err(|faults| under(faults, field))
    };
    let variable = Variable {
        value: of("value")?,
        projection: projection(body)?,
        default: of("default")?,
        written_path: text(body, "jmesPath"),
    };
    if variable.value.is_none() && variable.projection.is_none() {
        let why = "at least one of value or jmesPath is required for variable context entry";
        return Err(vec![CompileError::new("", why)]);
    }
    if variable.default.is_some() && variable.projection.is_none() {
        let why = "a default is only used where there is a jmesPath";
        return Err(vec![CompileError::new("default", why)]);
    }
    Ok(Loader::Variable(variable))
}

fn api_call(body: &Value) -> Result<Loader, Faults> {
    let method = match text(body, "method") {
        empty if empty.is_empty() => "GET".to_owned(),
        method if matches!(method.as_str(), "GET" | "POST") => method,
        other => {
            return Err(vec![CompileError::new(
                "method",
                format!("`{other}` is none of GET, POST"),
            )]);
        }
    };
    let pairs = |list: Option<&Value>, at: &str| -> Result<Vec<(Template, Template)>, Faults> {
        let items = list.and_then(Value::as_array).into_iter().flatten().enumerate();
        items
            .map(|(index, item)| {
                let at = format!("{at}/{index}");
                let value = item.get("value").unwrap_or(&Value::Null);
                let value = Template::compile_at(value, &JsonPath::parse(&format!("{at}/value")));
                Ok((
                    template(item, "key", &format!("{at}/key"))?,
                    value.map_err(|faults| under(faults, "value"))?,
                ))
            })
            .collect()
    };
    let call = Call {
        method,
        data: pairs(body.get("data"), "/data")?,
        projection: projection(body)?,
        written_path: text(body, "jmesPath"),
        default: present(body.get("default")).map(|default| Arc::new(default.clone())),
    };
    match (present(body.get("urlPath")), present(body.get("service"))) {
        (Some(_), None) => Ok(Loader::KubernetesCall(KubernetesCall {
            url_path: template(body, "urlPath", "/urlPath")?,
            written: text(body, "urlPath"),
            call,
        })),
        (None, Some(service)) => Ok(Loader::ServiceCall(ServiceCall {
            url: template(service, "url", "/service/url").map_err(|faults| under(faults, "service"))?,
            headers: pairs(service.get("headers"), "/service/headers")?,
            ca_bundle: match text(service, "caBundle") {
                empty if empty.is_empty() => None,
                _ => Some(template(service, "caBundle", "/service/caBundle")?),
            },
            call,
        })),
        (Some(_), Some(_)) | (None, None) => Err(vec![CompileError::new(
            "",
            "exactly one of urlPath and service is required for apiCall",
        )]),
    }
}

/// `jmesPath`, if there is one.
fn projection(body: &Value) -> Result<Option<Projection>, Faults> {
    let path = text(body, "jmesPath");
    if path.trim().is_empty() {
        return Ok(None);
    }
    let compiled = if placeholders::variables(&path).is_empty() {
        Query::compile(&path)
            .map(|query| Projection::Fixed(Box::new(query)))
            .map_err(|why| vec![CompileError::new("", why)])
    } else {
        Template::of_text(&path).map(Projection::Text)
    };
    compiled.map(Some).map_err(|faults| under(faults, "jmesPath"))
}

fn template(body: &Value, field: &str, at: &str) -> Result<Template, Faults> {
    let value = Value::String(text(body, field));
    Template::compile_at(&value, &JsonPath::parse(at)).map_err(|faults| under(faults, field))
}

fn text(body: &Value, field: &str) -> String {
    body.get(field)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn under(faults: Faults, field: &str) -> Faults {
    faults.into_iter().map(|fault| fault.under(field)).collect()
}
