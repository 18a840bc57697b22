//! `params`: objects of the cluster that a policy is told by.
//!
//! Source: Kyverno 1.19 `pkg/admissionpolicy` (`CollectParams`).

use policy_cel::Value;
use serde_json::Value as Json;

use super::api_path;
use super::discovery::{self, Resource, Unknown};
use super::questions::call;
use super::world::World;
use crate::compile_error::CompileError;
use crate::facts::{Fact, FactError, Halt};
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
    let Resource {
        name: resource,
        is_namespaced,
    } = discovery::resource(world, &kind.api_version, &kind.kind).map_err(|unknown| match unknown {
        Unknown::Pending => Halt::Pending,
        Unknown::NoCluster(cause) | Unknown::Failed(cause) => Halt::Failed(cause),
    })?;
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
    let path = api_path::of(&kind.api_version, resource, &namespace, name).map_err(Halt::Failed)?;
    let found = match world.view().ask(&call(world, "GET", path, None)) {
        None => return Err(Halt::Pending),
        Some(Ok(Fact::Json(found))) if name.is_some() => vec![Value::from(&**found)],
        Some(Ok(Fact::Json(found))) => selected(found, reference.selector.as_ref()),
        Some(Ok(Fact::Findings(_) | Fact::Digest(_))) => {
            return Err(Halt::Failed("params are no JSON".to_owned()));
        }
        Some(Err(FactError::Absent(_))) => Vec::new(),
        Some(Err(error)) => return Err(Halt::Failed(error.cause().to_owned())),
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
