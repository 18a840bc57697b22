//! `params`: objects of the cluster that a policy is told by.
//!
//! Source: Kyverno 1.19 `pkg/admissionpolicy` (`CollectParams`).

use policy_cel::Value;
use serde_json::Value as Json;

use super::api_path;
use super::questions::call;
use super::world::{World, why};
use crate::compile_error::CompileError;
use crate::facts::{Asker, Fact, FactError, FactRequest, Halt};
use crate::selection::{LabelSelector, string_map};

/// `paramKind`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParamKind {
    api_version: String,
    kind: String,
}

/// `paramRef`
#[derive(Debug, Clone)]
pub struct ParamRef {
    name: String,
    namespace: String,
    selector: Option<LabelSelector>,
    denies_when_missing: bool,
}

impl ParamKind {
    /// Compiles a `paramKind`; none where it is absent.
    ///
    /// # Errors
    /// A version or kind that is missing.
    pub fn compile(written: Option<&Json>) -> Result<Option<Self>, CompileError> {
        let Some(written) = written.filter(|written| !written.is_null()) else {
            return Ok(None);
        };
        let text = |field: &str| {
            let text = written.get(field).and_then(Json::as_str).unwrap_or_default();
            if text.is_empty() {
                return Err(CompileError::new(field, format!("`{field}` is required")));
            }
            Ok(text.to_owned())
        };
        Ok(Some(Self {
            api_version: text("apiVersion")?,
            kind: text("kind")?,
        }))
    }
}

impl ParamRef {
    /// Compiles a `paramRef`; none where it is absent.
    ///
    /// # Errors
    /// A selector that can't be judged.
    pub fn compile(written: Option<&Json>) -> Result<Option<Self>, CompileError> {
        let Some(written) = written.filter(|written| !written.is_null()) else {
            return Ok(None);
        };
        let text = |field: &str| {
            written
                .get(field)
                .and_then(Json::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let selector = written.get("selector").filter(|selector| !selector.is_null());
        let selector = selector.map(LabelSelector::compile).transpose();
        Ok(Some(Self {
            name: text("name"),
            namespace: text("namespace"),
            selector: selector.map_err(|error| error.under("selector"))?,
            denies_when_missing: text("parameterNotFoundAction") != "Allow",
        }))
    }
}

/// The objects that `reference` means.
///
/// # Errors
/// [`Halt::Pending`]; [`Halt::Failed`] where they can't be had, or there is none and that is not allowed.
pub fn params<'v>(world: &World<'v>, kind: &ParamKind, reference: &ParamRef) -> Result<Vec<Value<'v>>, Halt> {
    let (resource, is_namespaced) = discovered(world, kind)?;
    let namespace = match (is_namespaced, reference.namespace.as_str()) {
        (false, "") => String::new(),
        (false, _) => {
            let why = "paramRef.namespace must not be provided for a cluster-scoped `paramKind`";
            return Err(Halt::Failed(why.to_owned()));
        }
        (true, "") => world.request().namespace.to_string(),
        (true, named) => named.to_owned(),
    };
    if is_namespaced && namespace.is_empty() {
        let why = "can't use namespaced paramRef to match cluster-scoped resources";
        return Err(Halt::Failed(why.to_owned()));
    }
    if let Some(own) = world
        .asker()
        .policy_namespace
        .as_ref()
        .filter(|own| **own != namespace)
    {
        let why = format!("a policy of namespace `{own}` may not take params of `{namespace}`");
        return Err(Halt::Failed(why));
    }
    let name = (!reference.name.is_empty()).then_some(reference.name.as_str());
    let path = api_path::of(&kind.api_version, &resource, &namespace, name).map_err(Halt::Failed)?;
    let found = match world.view().ask(&call(world, "GET", path, None)) {
        None => return Err(Halt::Pending),
        Some(Ok(Fact::Json(found))) if name.is_some() => vec![Value::from(&**found)],
        Some(Ok(Fact::Json(found))) => selected(found, reference.selector.as_ref()),
        Some(Ok(Fact::Findings(_) | Fact::Digest(_))) => {
            return Err(Halt::Failed("params are no JSON".to_owned()));
        }
        Some(Err(FactError::Absent(_))) => Vec::new(),
        Some(Err(error)) => return Err(Halt::Failed(why(error))),
    };
    if found.is_empty() && reference.denies_when_missing {
        return Err(Halt::Failed("no params found".to_owned()));
    }
    Ok(found)
}

fn selected<'v>(list: &'v Json, selector: Option<&LabelSelector>) -> Vec<Value<'v>> {
    let items = list.get("items").and_then(Json::as_array);
    let meets = |item: &&Json| {
        selector.is_none_or(|selector| selector.matches(&string_map(item.pointer("/metadata/labels"))))
    };
    items
        .into_iter()
        .flatten()
        .filter(meets)
        .map(Value::from)
        .collect()
}

/// Plural name of the kind, and whether it stands in namespaces.
fn discovered(world: &World<'_>, kind: &ParamKind) -> Result<(String, bool), Halt> {
    let base = if kind.api_version.contains('/') {
        "/apis"
    } else {
        "/api"
    };
    api_path::of(&kind.api_version, "x", "", None).map_err(Halt::Failed)?;
    let wanted = FactRequest::KubernetesCall {
        asker: Asker::default(),
        method: "GET".to_owned(),
        url_path: format!("{base}/{}", kind.api_version),
        body: None,
    };
    let listed = match world.view().ask(&wanted) {
        None => return Err(Halt::Pending),
        Some(Ok(Fact::Json(listed))) => listed,
        Some(Ok(Fact::Findings(_) | Fact::Digest(_))) => {
            return Err(Halt::Failed("the list of resources is no JSON".to_owned()));
        }
        Some(Err(error)) => return Err(Halt::Failed(why(error))),
    };
    let resources = listed.get("resources").and_then(Json::as_array);
    let found = resources.into_iter().flatten().find_map(|resource| {
        let name = resource.get("name")?.as_str()?;
        let is_it = resource.get("kind")?.as_str()? == kind.kind && !name.contains('/');
        let is_namespaced = resource
            .get("namespaced")
            .and_then(Json::as_bool)
            .unwrap_or(false);
        is_it.then(|| (name.to_owned(), is_namespaced))
    });
    found.ok_or_else(|| {
        Halt::Failed(format!(
            "no matches for kind \"{}\" in version \"{}\"",
            kind.kind, kind.api_version
        ))
    })
}
