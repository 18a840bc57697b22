//! A request read from an AdmissionReview (admission.k8s.io/v1).

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{GivenValues, GroupVersionKind, Operation, Origin, Request, Stage, User};

/// Why a body is no AdmissionReview that can be judged.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// The body is not the JSON of an AdmissionReview.
    #[error("the body is no AdmissionReview: {0}")]
    NotAReview(#[source] serde_json::Error),
    /// Another version than `admission.k8s.io/v1`.
    #[error("unsupported AdmissionReview version `{found}`: expected `admission.k8s.io/v1`")]
    Version {
        /// The version found.
        found: String,
    },
    /// There is no `request`.
    #[error("the AdmissionReview has no request")]
    NoRequest,
    /// An operation that the API server does not have.
    #[error("unknown operation `{found}`: expected CREATE, UPDATE, DELETE or CONNECT")]
    Operation {
        /// The operation found.
        found: String,
    },
    /// Neither an object nor an old one: nothing can be judged.
    #[error("the request holds neither `object` nor `oldObject`")]
    NoObject,
}

#[derive(Deserialize)]
struct Review {
    #[serde(rename = "apiVersion", default)]
    api_version: String,
    request: Option<Body>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    uid: String,
    #[serde(default)]
    object: Value,
    #[serde(default)]
    old_object: Value,
    #[serde(default)]
    options: Value,
    #[serde(default)]
    user_info: Value,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Request {
    /// Reads an AdmissionReview.
    ///
    /// `at_ns` is when it arrived, nanoseconds since the Unix epoch. Roles are not part of a review; the edge adds them.
    ///
    /// # Errors
    /// [`ReviewError`] where the body is no review that can be judged; the caller refuses the request with its text.
    pub fn from_admission_review(body: &[u8], stage: Stage, at_ns: i128) -> Result<Self, ReviewError> {
        let review: Review = serde_json::from_slice(body).map_err(ReviewError::NotAReview)?;
        if review.api_version != "admission.k8s.io/v1" {
            return Err(ReviewError::Version {
                found: review.api_version,
            });
        }
        let body = review.request.ok_or(ReviewError::NoRequest)?;
        let rest = Value::Object(body.rest);
        let text = |pointer: &str| -> Arc<str> {
            rest.pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .into()
        };
        let operation = text("/operation");
        let operation = Operation::parse(&operation).ok_or_else(|| ReviewError::Operation {
            found: operation.to_string(),
        })?;
        let (object, old_object) = (present(body.object), present(body.old_object));
        if object.is_none() && old_object.is_none() {
            return Err(ReviewError::NoObject);
        }
        let user = User {
            info: body.user_info,
            roles: Vec::new(),
            cluster_roles: Vec::new(),
        };
        Ok(Self {
            kind: GroupVersionKind {
                group: text("/kind/group"),
                version: text("/kind/version"),
                kind: text("/kind/kind"),
            },
            resource: text("/resource/resource"),
            subresource: text("/subResource"),
            name: text("/name"),
            namespace: text("/namespace"),
            operation,
            object,
            old_object,
            user: Some(Arc::new(user)),
            dry_run: rest.get("dryRun").and_then(Value::as_bool).unwrap_or(false),
            options: present(body.options),
            at_ns,
            random_seed: seed_of(&body.uid),
            uid: body.uid.into(),
            envelope: Some(Arc::new(rest)),
            origin: Origin::Admission,
            stage,
            targets: Arc::new([]),
            given: Arc::new(GivenValues::default()),
        })
    }
}

fn present(value: Value) -> Option<Arc<Value>> {
    match value {
        Value::Null => None,
        value @ (Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_)) => Some(Arc::new(value)),
    }
}

/// FNV-1a of the request's uid: random values differ between requests and repeat in a replay.
fn seed_of(uid: &str) -> u64 {
    uid.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn review(request: &Value) -> Vec<u8> {
        serde_json::to_vec(&serde_json::json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}))
            .unwrap()
    }

    #[test]
    fn a_review_without_any_object_is_refused() {
        let body = review(&serde_json::json!({"uid": "1", "operation": "CREATE"}));
        assert!(matches!(
            Request::from_admission_review(&body, Stage::Validate, 0),
            Err(ReviewError::NoObject)
        ));
    }

    #[test]
    fn an_unknown_operation_is_refused() {
        let body = review(&serde_json::json!({"uid": "1", "operation": "PATCH", "object": {}}));
        assert!(matches!(
            Request::from_admission_review(&body, Stage::Validate, 0),
            Err(ReviewError::Operation { .. })
        ));
    }

    #[test]
    fn a_review_is_read_whole() {
        let body = review(&serde_json::json!({
            "uid": "1", "operation": "UPDATE", "namespace": "prod", "name": "p", "dryRun": true,
            "kind": {"group": "apps", "version": "v1", "kind": "Deployment"},
            "resource": {"group": "apps", "version": "v1", "resource": "deployments"},
            "userInfo": {"username": "ann"}, "object": {"a": 1}, "oldObject": {"a": 0}, "options": null}));
        let request = Request::from_admission_review(&body, Stage::Mutate, 7).unwrap();
        assert_eq!(request.kind.api_version(), "apps/v1");
        assert_eq!(&*request.resource, "deployments");
        assert!(request.dry_run && request.options.is_none());
        assert_eq!(request.user.unwrap().info["username"], "ann");
        assert_eq!(request.old_object.unwrap()["a"], 0);
    }
}
