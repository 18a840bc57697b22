//! Which resource a kind is, as the API server tells.
//!
//! In: the version and name of a kind, as a policy names them. Out: the resource's plural name, and whether its objects stand
//! in namespaces. It is asked on nobody's behalf: what kinds there are is no secret.

use serde_json::Value as Json;

use super::api_path;
use super::world::World;
use crate::facts::{Asker, Fact, FactError, FactRequest};

/// A resource of the API.
pub(super) struct Resource<'v> {
    /// Plural name.
    pub(super) name: &'v str,
    /// Whether its objects stand in namespaces.
    pub(super) is_namespaced: bool,
}

/// Why a resource is not known.
pub(super) enum Unknown {
    /// It has been asked for.
    Pending,
    /// There is no cluster to ask; why.
    NoCluster(String),
    /// Why it can't be found.
    Failed(String),
}

/// The resource of the kind `kind` in `api_version`.
///
/// # Errors
/// [`Unknown`], also where the API server knows no such kind.
pub(super) fn resource<'v>(
    world: &World<'v>,
    api_version: &str,
    kind: &str,
) -> Result<Resource<'v>, Unknown> {
    api_path::of(api_version, "x", "", None)
        .map_err(|_| Unknown::Failed(format!("`{api_version}` is no version of an API")))?;
    let base = if api_version.contains('/') {
        "/apis"
    } else {
        "/api"
    };
    let wanted = FactRequest::KubernetesCall {
        asker: Asker::default(),
        method: "GET".to_owned(),
        url_path: format!("{base}/{api_version}"),
        body: None,
    };
    let listed = match world.view().ask(&wanted) {
        None => return Err(Unknown::Pending),
        Some(Ok(Fact::Json(listed))) => listed,
        Some(Ok(Fact::Findings(_) | Fact::Digest(_))) => {
            return Err(Unknown::Failed("the list of resources is no JSON".to_owned()));
        }
        Some(Err(FactError::NoLoader(cause))) => return Err(Unknown::NoCluster(cause.clone())),
        Some(Err(error)) => return Err(Unknown::Failed(error.cause().to_owned())),
    };
    let resources = listed.get("resources").and_then(Json::as_array);
    let found = resources.into_iter().flatten().find_map(|resource| {
        let name = resource.get("name")?.as_str()?;
        let is_it = resource.get("kind")?.as_str()? == kind && !name.contains('/');
        let is_namespaced = resource.get("namespaced").and_then(Json::as_bool);
        is_it.then(|| Resource {
            name,
            is_namespaced: is_namespaced.unwrap_or(false),
        })
    });
    found.ok_or_else(|| {
        Unknown::Failed(format!(
            "no matches for kind \"{kind}\" in version \"{api_version}\""
        ))
    })
}
