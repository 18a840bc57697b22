//! `authorizer…check(…)`: a `SubjectAccessReview` of the API server.

use policy_cel::{Answer, Authorization, Value};
use serde_json::{Map, Value as Json, json};

use super::questions::{failed, review};
use super::world::World;
use crate::context::json_text;
use crate::facts::{Asker, Fact, FactRequest};
use crate::request::Request;

const PATH: &str = "/apis/authorization.k8s.io/v1/subjectaccessreviews";

/// `{allowed, reason, error}`. What the API server can't say is an error of the check, and nobody is allowed.
pub(super) fn answer<'v>(world: &World<'v>, asked: &Authorization) -> Result<Answer<'v>, Answer<'v>> {
    let spec = subject(world.request(), asked);
    let wanted = FactRequest::KubernetesCall {
        asker: Asker::default(),
        method: "POST".to_owned(),
        url_path: PATH.to_owned(),
        body: Some(json_text::compact(&review("SubjectAccessReview", &spec))),
    };
    let status = match world.view().ask(&wanted) {
        None => return Err(Answer::Pending),
        Some(Ok(Fact::Json(answered))) => answered.get("status").cloned().unwrap_or(Json::Null),
        Some(Ok(Fact::Findings(_) | Fact::Digest(_))) => {
            return Err(failed("the authorizer's answer is no JSON".to_owned()));
        }
        Some(Err(error)) => json!({"evaluationError": error.cause()}),
    };
    let text = |field: &str| {
        status
            .get(field)
            .and_then(Json::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    Ok(Answer::Ready(Value::from(json!({
        "allowed": status.get("allowed").and_then(Json::as_bool).unwrap_or(false),
        "reason": text("reason"),
        "error": text("evaluationError"),
    }))))
}

/// Who, and what.
fn subject(request: &Request, asked: &Authorization) -> Json {
    let mut spec = Map::new();
    match &asked.service_account {
        Some((namespace, name)) => {
            spec.insert(
                "user".to_owned(),
                Json::from(format!("system:serviceaccount:{namespace}:{name}")),
            );
            spec.insert(
                "groups".to_owned(),
                json!([
                    "system:serviceaccounts",
                    format!("system:serviceaccounts:{namespace}"),
                    "system:authenticated"
                ]),
            );
        }
        None => {
            let info = request.user.as_deref().map(|user| &user.info);
            for (theirs, ours) in [
                ("username", "user"),
                ("groups", "groups"),
                ("uid", "uid"),
                ("extra", "extra"),
            ] {
                if let Some(value) = info
                    .and_then(|info| info.get(theirs))
                    .filter(|value| !value.is_null())
                {
                    spec.insert(ours.to_owned(), value.clone());
                }
            }
        }
    }
    match &asked.path {
        Some(path) => {
            spec.insert(
                "nonResourceAttributes".to_owned(),
                json!({"path": path, "verb": asked.verb}),
            );
        }
        None => {
            spec.insert("resourceAttributes".to_owned(), attributes(asked));
        }
    }
    Json::Object(spec)
}

fn attributes(asked: &Authorization) -> Json {
    let mut attributes = json!({
        "group": asked.group, "resource": asked.resource, "subresource": asked.subresource,
        "namespace": asked.namespace, "name": asked.name, "verb": asked.verb, "version": "*",
    });
    let selectors = [
        ("fieldSelector", &asked.field_selector),
        ("labelSelector", &asked.label_selector),
    ];
    for (field, selector) in selectors {
        if let (Some(raw), Some(fields)) = (selector, attributes.as_object_mut()) {
            fields.insert(field.to_owned(), json!({"rawSelector": raw}));
        }
    }
    attributes
}
