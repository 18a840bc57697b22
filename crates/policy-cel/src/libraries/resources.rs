//! Kyverno's `resource`: objects of the cluster, as facts.
//!
//! A namespaced policy names no namespace: it has its own and no other, which the host adds. A missing object is `null`.
//! Source: Kyverno 1.19 `sdk/extensions/cel/libs/resource`.

use std::any::Any;

use super::arguments::{map, opaque, string, value};
use crate::context::Context;
use crate::declaration::{Declared, function};
use crate::error::EvalError;
use crate::host::Question;
use crate::value::{Key, Map, Opaque, Value};

type Result<T> = std::result::Result<T, EvalError>;

/// Rows of a function under both its names
macro_rules! both {
    ($camel:literal, $pascal:literal, $signature:literal, $run:expr) => {
        [
            function($camel, $signature, $run),
            function($pascal, $signature, $run),
        ]
    };
}

/// For cluster-wide policies
pub(crate) const CLUSTER: &[[Declared; 2]] = &[
    both!(
        "get",
        "Get",
        "resource.Context.(string, string, string, string) -> map(string, any)",
        |context, a| {
            get(
                context,
                (string(a, 1)?, string(a, 2)?),
                Some(string(a, 3)?),
                string(a, 4)?,
            )
        }
    ),
    both!(
        "get",
        "Get",
        "resource.Context.(schema.GroupVersionResource, string, string) -> map(string, any)",
        |context, a| {
            let (api_version, resource) = named(a)?;
            get(
                context,
                (&api_version, &resource),
                Some(string(a, 2)?),
                string(a, 3)?,
            )
        }
    ),
    both!(
        "list",
        "List",
        "resource.Context.(string, string, string) -> map(string, any)",
        |context, a| { list(context, (string(a, 1)?, string(a, 2)?), Some(string(a, 3)?), None) }
    ),
    both!(
        "list",
        "List",
        "resource.Context.(string, string, string, map(string, string)) -> map(string, any)",
        |context, a| list(
            context,
            (string(a, 1)?, string(a, 2)?),
            Some(string(a, 3)?),
            Some(map(a, 4)?)
        )
    ),
    both!(
        "list",
        "List",
        "resource.Context.(schema.GroupVersionResource, string) -> map(string, any)",
        |context, a| {
            let (api_version, resource) = named(a)?;
            list(context, (&api_version, &resource), Some(string(a, 2)?), None)
        }
    ),
    both!(
        "list",
        "List",
        "resource.Context.(schema.GroupVersionResource, string, map(string, string)) -> map(string, any)",
        |context, a| {
            let (api_version, resource) = named(a)?;
            list(
                context,
                (&api_version, &resource),
                Some(string(a, 2)?),
                Some(map(a, 3)?),
            )
        }
    ),
    both!(
        "post",
        "Post",
        "resource.Context.(string, string, string, map(string, any)) -> map(string, any)",
        |context, a| post(
            context,
            (string(a, 1)?, string(a, 2)?),
            Some(string(a, 3)?),
            value(a, 4)?
        )
    ),
    both!(
        "post",
        "Post",
        "resource.Context.(string, string, map(string, any)) -> map(string, any)",
        |context, a| { post(context, (string(a, 1)?, string(a, 2)?), Some(""), value(a, 3)?) }
    ),
    both!(
        "toGVR",
        "ToGVR",
        "resource.Context.(string, string) -> schema.GroupVersionResource",
        to_gvr
    ),
];

/// For namespaced policies
pub(crate) const NAMESPACED: &[[Declared; 2]] = &[
    both!(
        "get",
        "Get",
        "resource.Context.(string, string, string) -> map(string, any)",
        |context, a| { get(context, (string(a, 1)?, string(a, 2)?), None, string(a, 3)?) }
    ),
    both!(
        "get",
        "Get",
        "resource.Context.(schema.GroupVersionResource, string) -> map(string, any)",
        |context, a| {
            let (api_version, resource) = named(a)?;
            get(context, (&api_version, &resource), None, string(a, 2)?)
        }
    ),
    both!(
        "list",
        "List",
        "resource.Context.(string, string) -> map(string, any)",
        |context, a| { list(context, (string(a, 1)?, string(a, 2)?), None, None) }
    ),
    both!(
        "list",
        "List",
        "resource.Context.(string, string, map(string, string)) -> map(string, any)",
        |context, a| { list(context, (string(a, 1)?, string(a, 2)?), None, Some(map(a, 3)?)) }
    ),
    both!(
        "list",
        "List",
        "resource.Context.(schema.GroupVersionResource) -> map(string, any)",
        |context, a| {
            let (api_version, resource) = named(a)?;
            list(context, (&api_version, &resource), None, None)
        }
    ),
    both!(
        "list",
        "List",
        "resource.Context.(schema.GroupVersionResource, map(string, string)) -> map(string, any)",
        |context, a| {
            let (api_version, resource) = named(a)?;
            list(context, (&api_version, &resource), None, Some(map(a, 2)?))
        }
    ),
    both!(
        "post",
        "Post",
        "resource.Context.(string, string, map(string, any)) -> map(string, any)",
        |context, a| { post(context, (string(a, 1)?, string(a, 2)?), None, value(a, 3)?) }
    ),
    both!(
        "toGVR",
        "ToGVR",
        "resource.Context.(string, string) -> schema.GroupVersionResource",
        to_gvr
    ),
];

/// A kind's group, version and plural name
#[derive(Debug, PartialEq, Eq)]
struct GroupVersionResource {
    group: String,
    version: String,
    resource: String,
}

impl Opaque for GroupVersionResource {
    fn type_name(&self) -> &str {
        "schema.GroupVersionResource"
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        other.downcast::<Self>() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn field(&self, name: &str) -> Option<Value<'static>> {
        let text = match name {
            "Group" => &self.group,
            "Version" => &self.version,
            "Resource" => &self.resource,
            _ => return None,
        };
        Some(Value::string(text.clone()))
    }
}

impl GroupVersionResource {
    fn new(api_version: &str, resource: &str) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            resource: resource.to_owned(),
        }
    }
}

/// `apiVersion` and plural name of the GVR that is the first argument
fn named(arguments: &[Value<'_>]) -> Result<(String, String)> {
    let gvr = opaque::<GroupVersionResource>(arguments, 1)?;
    let api_version = if gvr.group.is_empty() {
        gvr.version.clone()
    } else {
        format!("{}/{}", gvr.group, gvr.version)
    };
    Ok((api_version, gvr.resource.clone()))
}

fn get<'v>(
    context: &mut Context<'_, 'v>,
    (api_version, resource): (&str, &str),
    namespace: Option<&str>,
    name: &str,
) -> Result<Value<'v>> {
    context.ask(&Question::ResourceGet {
        api_version,
        resource,
        namespace,
        name,
    })
}

fn list<'v>(
    context: &mut Context<'_, 'v>,
    (api_version, resource): (&str, &str),
    namespace: Option<&str>,
    labels: Option<&Map<'v>>,
) -> Result<Value<'v>> {
    let labels = labels.map(strings).transpose()?.unwrap_or_default();
    context.ask(&Question::ResourceList {
        api_version,
        resource,
        namespace,
        labels,
    })
}

fn post<'v>(
    context: &mut Context<'_, 'v>,
    (api_version, resource): (&str, &str),
    namespace: Option<&str>,
    body: &Value<'v>,
) -> Result<Value<'v>> {
    context.write_out(body, 1)?;
    let body = body.to_json()?;
    context.ask(&Question::ResourcePost {
        api_version,
        resource,
        namespace,
        body,
    })
}

fn to_gvr<'v>(context: &mut Context<'_, 'v>, arguments: &[Value<'v>]) -> Result<Value<'v>> {
    let (api_version, kind) = (string(arguments, 1)?, string(arguments, 2)?);
    let Value::String(resource) = context.ask(&Question::ResourceName { api_version, kind })? else {
        return Err(EvalError::failed(format!(
            "failed to map kind to resource: {api_version} {kind}"
        )));
    };
    Ok(Value::opaque(GroupVersionResource::new(api_version, &resource)))
}

/// The entries of a map of strings
pub(super) fn strings(map: &Map<'_>) -> Result<Vec<(String, String)>> {
    let entry = |(key, value): (Key<'_>, Value<'_>)| match (key, value) {
        (Key::String(key), Value::String(value)) => Ok((key.to_string(), value.to_string())),
        _ => Err(EvalError::no_such_overload()),
    };
    map.iter().map(entry).collect()
}
