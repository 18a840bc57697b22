//! What expressions ask, as questions of the engine; and the answers, as values.
//!
//! A namespaced policy names no namespace: it has its own and no other. It calls no service and reads nothing that was
//! gathered for the whole cluster, as its classic kin. Sources: Kyverno 1.19 `pkg/cel/libs/context.go`,
//! `sdk/extensions/cel/libs`; Kubernetes `apiserver/pkg/cel/library/authz.go`.

use policy_cel::{Answer, Authorization, Key, Map, Question, Timestamp, Value};
use serde_json::{Value as Json, json};

use super::api_path;
use super::discovery::{self, Unknown};
use super::world::{World, json as value_of};
use super::{authorizations, image_metadata};
use crate::context::json_text;
use crate::facts::{Fact, FactError, FactRequest};
use crate::request::Request;

/// Every step ends with what to answer; the error is an answer, too.
type Answered<'v> = Result<Answer<'v>, Answer<'v>>;

/// Answers a question, or notes the fact it needs.
pub(super) fn answer<'v>(world: &World<'v>, question: &Question<'_>) -> Answered<'v> {
    match question {
        Question::ResourceGet {
            api_version,
            resource,
            namespace,
            name,
        } => {
            let namespace = confined(world, *namespace)?;
            let path = api_path::of(api_version, resource, &namespace, Some(name)).map_err(failed)?;
            let wanted = call(world, "GET", path, None);
            match world.view().ask(&wanted) {
                Some(Err(FactError::Absent(_) | FactError::NoLoader(_))) => Ok(Answer::Ready(Value::Null)),
                _ => of_cluster(world, &wanted),
            }
        }
        Question::ResourceList {
            api_version,
            resource,
            namespace,
            labels,
        } => {
            let namespace = confined(world, *namespace)?;
            let mut path = api_path::of(api_version, resource, &namespace, None).map_err(failed)?;
            path.push_str(&api_path::label_query(labels).map_err(failed)?);
            of_cluster(world, &call(world, "GET", path, None))
        }
        Question::ResourcePost {
            api_version,
            resource,
            namespace,
            body,
        } => {
            let namespace = confined(world, *namespace)?;
            let path = api_path::of(api_version, resource, &namespace, None).map_err(failed)?;
            of_cluster(world, &call(world, "POST", path, Some(body)))
        }
        Question::ResourceName { api_version, kind } => resource_name(world, api_version, kind),
        Question::GlobalContext { name, projection } => global_context(world, name, projection),
        Question::Http {
            url,
            body,
            headers,
            ca_bundle,
        } => http(world, url, body.as_ref(), headers, ca_bundle),
        Question::ImageMetadata { image } if world.images().is_none() => image_metadata::answer(world, image),
        Question::ImageMetadata { .. }
        | Question::VerifyImageSignatures { .. }
        | Question::VerifyAttestationSignatures { .. }
        | Question::ExtractPayload { .. }
        | Question::ImageData { .. } => match world.images() {
            Some(images) => Ok(images.answer(question, world)),
            None => Err(failed("images can't be verified here".to_owned())),
        },
        Question::Authorize(asked) => authorizations::answer(world, asked),
        Question::Now => {
            let now = i64::try_from(world.request().at_ns.div_euclid(1_000_000_000)).unwrap_or(i64::MAX);
            let nanos = u32::try_from(world.request().at_ns.rem_euclid(1_000_000_000)).unwrap_or(0);
            Timestamp::new(now, nanos)
                .map(|at| Answer::Ready(Value::Timestamp(at)))
                .map_err(|_| failed("the time of the request is out of range".to_owned()))
        }
        Question::Random => Ok(Answer::Ready(Value::Uint(world.random()))),
    }
}

/// The namespace that the request stands in, of which `namespaceObject` speaks.
pub(super) fn namespace_of(request: &Request) -> &str {
    &request.namespace
}

/// `authorizer.requestResource`: a check of what the request itself is about.
pub(super) fn request_resource(request: &Request) -> Value<'static> {
    policy_cel::resource_check(Authorization {
        group: request.kind.group.to_string(),
        resource: request.resource_name().into_owned(),
        subresource: request.subresource.to_string(),
        namespace: request.namespace.to_string(),
        name: request.name.to_string(),
        ..Authorization::default()
    })
}

pub(super) fn failed<'v>(why: String) -> Answer<'v> {
    Answer::Failed(why.into())
}

/// The namespace to ask in.
fn confined<'v>(world: &World<'v>, named: Option<&str>) -> Result<String, Answer<'v>> {
    match (&world.asker().policy_namespace, named) {
        (None, named) => Ok(named.unwrap_or_default().to_owned()),
        (Some(own), None) => Ok(own.clone()),
        (Some(own), Some(named)) if named == own => Ok(own.clone()),
        (Some(own), Some(named)) => Err(failed(format!(
            "a policy of namespace `{own}` may not read namespace `{named}`"
        ))),
    }
}

/// A call to the API server, on behalf of the policy.
pub(super) fn call(world: &World<'_>, method: &str, url_path: String, body: Option<&Json>) -> FactRequest {
    FactRequest::KubernetesCall {
        asker: world.asker().clone(),
        method: method.to_owned(),
        url_path,
        body: body.map(json_text::compact),
    }
}

fn of_cluster<'v>(world: &World<'v>, wanted: &FactRequest) -> Answered<'v> {
    value_of(world.fact(wanted)?).map(Answer::Ready)
}

/// The plural name of a kind: as the API server tells, or where there is none, as kinds are named.
fn resource_name<'v>(world: &World<'v>, api_version: &str, kind: &str) -> Answered<'v> {
    match discovery::resource(world, api_version, kind) {
        Ok(found) => Ok(Answer::Ready(Value::string(found.name.to_owned()))),
        Err(Unknown::Pending) => Err(Answer::Pending),
        Err(Unknown::NoCluster(_)) => Ok(Answer::Ready(Value::string(crate::request::plural_of(kind)))),
        Err(Unknown::Failed(cause)) => Err(failed(format!("failed to get GVR: {cause}"))),
    }
}

/// An entry that is not there is null.
fn global_context<'v>(world: &World<'v>, name: &str, projection: &str) -> Answered<'v> {
    if let Some(own) = &world.asker().policy_namespace {
        return Err(failed(format!(
            "failed to get global reference: a policy of namespace `{own}` may not read what is gathered for the cluster"
        )));
    }
    let name = if projection.is_empty() {
        name.to_owned()
    } else {
        format!("{name}.{projection}")
    };
    let wanted = FactRequest::GlobalContext { name };
    match world.view().ask(&wanted) {
        Some(Err(FactError::Absent(_) | FactError::NoLoader(_))) => Ok(Answer::Ready(Value::Null)),
        Some(Err(error)) => Err(failed(format!(
            "failed to get global reference: {}",
            error.cause()
        ))),
        _ => of_cluster(world, &wanted),
    }
}

/// The body with `statusCode` in it; one that is no object stands under `body`.
fn http<'v>(
    world: &World<'v>,
    url: &str,
    body: Option<&Json>,
    headers: &[(String, String)],
    ca_bundle: &str,
) -> Answered<'v> {
    if world.asker().policy_namespace.is_some() {
        return Err(failed("http.* is not allowed in namespaced policies".to_owned()));
    }
    let wanted = FactRequest::HttpCall {
        asker: world.asker().clone(),
        method: if body.is_some() { "POST" } else { "GET" }.to_owned(),
        url: url.to_owned(),
        headers: headers.to_vec(),
        ca_bundle: (!ca_bundle.is_empty()).then(|| ca_bundle.to_owned()),
        body: body.map(json_text::compact),
    };
    let answered = match world.view().ask(&wanted) {
        None => return Err(Answer::Pending),
        Some(Err(error)) => return Err(failed(format!("request failed: {}", error.cause()))),
        Some(Ok(Fact::Json(answered))) => answered,
        Some(Ok(Fact::Findings(_) | Fact::Digest(_))) => {
            return Err(failed("request failed: the answer is no JSON".to_owned()));
        }
    };
    let status = answered.get("status").and_then(Json::as_i64).unwrap_or_default();
    let body = answered.get("body").cloned().unwrap_or(Json::Null);
    let is_wrapped = answered.get("wrapped").and_then(Json::as_bool).unwrap_or(false);
    let mut fields: Vec<(Key<'v>, Value<'v>)> = match body {
        Json::Object(fields) if !is_wrapped => fields
            .into_iter()
            .map(|(name, value)| (Key::String(name.into()), Value::from_decoded(value)))
            .collect(),
        other @ (Json::Null
        | Json::Bool(_)
        | Json::Number(_)
        | Json::String(_)
        | Json::Array(_)
        | Json::Object(_)) => {
            vec![(Key::String("body".into()), Value::from_decoded(other))]
        }
    };
    fields.push((Key::String("statusCode".into()), Value::Int(status)));
    Ok(Answer::Ready(Value::Map(fields.into_iter().collect::<Map<'v>>())))
}

/// An object of the questions that Kubernetes' API answers.
pub(super) fn review(kind: &str, spec: &Json) -> Json {
    json!({"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec})
}
