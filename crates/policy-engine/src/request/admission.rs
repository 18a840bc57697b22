//! A request read from an AdmissionReview (admission.k8s.io/v1).

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
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

/// What is done with `metadata.managedFields` of the objects in a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManagedFields {
    /// They are read as everything else.
    Kept,
    /// They are passed over: right where no policy can look at them, and half the work.
    LeftOut,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "O: Deserialize<'de> + Default"))]
struct Review<O> {
    #[serde(rename = "apiVersion", default)]
    api_version: String,
    request: Option<Body<O>>,
}

/// The AdmissionRequest; `O` is how objects are read.
struct Body<O> {
    uid: String,
    object: O,
    old_object: O,
    options: Value,
    user_info: Value,
    rest: Map<String, Value>,
}

impl<'de, O: Deserialize<'de> + Default> Deserialize<'de> for Body<O> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(BodyVisitor(PhantomData))
    }
}

/// Sorts the members of an AdmissionRequest into their places, each read once.
struct BodyVisitor<O>(PhantomData<O>);

impl<'de, O: Deserialize<'de> + Default> Visitor<'de> for BodyVisitor<O> {
    type Value = Body<O>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an AdmissionRequest")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Body<O>, A::Error> {
        let mut uid = None;
        let (mut object, mut old_object) = (O::default(), O::default());
        let (mut options, mut user_info) = (Value::Null, Value::Null);
        let mut rest = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            match key.as_str() {
                "uid" => uid = Some(members.next_value()?),
                "object" => object = members.next_value()?,
                "oldObject" => old_object = members.next_value()?,
                "options" => options = members.next_value()?,
                "userInfo" => user_info = members.next_value()?,
                _ => {
                    rest.insert(key, members.next_value()?);
                }
            }
        }
        Ok(Body {
            uid: uid.ok_or_else(|| serde::de::Error::missing_field("uid"))?,
            object,
            old_object,
            options,
            user_info,
            rest,
        })
    }
}

impl Request {
    /// Reads an AdmissionReview.
    ///
    /// `at_ns` is when it arrived, nanoseconds since the Unix epoch. Roles are not part of a review; the edge adds them.
    ///
    /// # Errors
    /// [`ReviewError`] where the body is no review that can be judged; the caller refuses the request with its text.
    pub fn from_admission_review(body: &[u8], stage: Stage, at_ns: i128) -> Result<Self, ReviewError> {
        Self::from_review(body, stage, at_ns, ManagedFields::Kept)
    }

    /// Reads an AdmissionReview as [`Request::from_admission_review`] does, managed fields as `managed_fields` says.
    ///
    /// # Errors
    /// As there.
    pub fn from_review(
        body: &[u8],
        stage: Stage,
        at_ns: i128,
        managed_fields: ManagedFields,
    ) -> Result<Self, ReviewError> {
        match managed_fields {
            ManagedFields::Kept => Self::read::<Value>(body, stage, at_ns),
            ManagedFields::LeftOut => Self::read::<WithoutManagedFields>(body, stage, at_ns),
        }
    }

    fn read<'b, O>(body: &'b [u8], stage: Stage, at_ns: i128) -> Result<Self, ReviewError>
    where
        O: Deserialize<'b> + Default + Into<Value>,
    {
        // Checked as text once, not string by string; what is no text is refused with its place.
        let review: Result<Review<O>, _> = match std::str::from_utf8(body) {
            Ok(text) => serde_json::from_str(text),
            Err(_) => serde_json::from_slice(body),
        };
        let review = review.map_err(ReviewError::NotAReview)?;
        if review.api_version != "admission.k8s.io/v1" {
            return Err(ReviewError::Version {
                found: review.api_version,
            });
        }
        let body = review.request.ok_or(ReviewError::NoRequest)?;
        let rest = body.rest;
        let text = |field: &str| text_of(rest.get(field));
        let text_in = |group: &str, field: &str| text_of(rest.get(group).and_then(|group| group.get(field)));
        let operation = text("operation");
        let operation = Operation::parse(&operation).ok_or_else(|| ReviewError::Operation {
            found: operation.to_string(),
        })?;
        let (object, old_object) = (present(body.object.into()), present(body.old_object.into()));
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
                group: text_in("kind", "group"),
                version: text_in("kind", "version"),
                kind: text_in("kind", "kind"),
            },
            resource: text_in("resource", "resource"),
            subresource: text("subResource"),
            name: text("name"),
            namespace: text("namespace"),
            operation,
            object,
            old_object,
            user: Some(Arc::new(user)),
            dry_run: rest.get("dryRun").and_then(Value::as_bool).unwrap_or(false),
            options: present(body.options),
            at_ns,
            random_seed: seed_of(&body.uid),
            uid: body.uid.into(),
            is_payload: false,
            envelope: Some(Arc::new(Value::Object(rest))),
            origin: Origin::Admission,
            stage,
            targets: Arc::new([]),
            given: Arc::new(GivenValues::default()),
        })
    }
}

/// An object as it stands, but for `metadata.managedFields`.
#[derive(Default)]
struct WithoutManagedFields(Value);

impl From<WithoutManagedFields> for Value {
    fn from(object: WithoutManagedFields) -> Self {
        object.0
    }
}

impl<'de> Deserialize<'de> for WithoutManagedFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectVisitor).map(Self)
    }
}

/// Reads an object, or null.
struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Kubernetes object or null")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            let value = if key == "metadata" {
                members.next_value::<Metadata>()?.0
            } else {
                members.next_value()?
            };
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

/// An object's metadata, or null.
struct Metadata(Value);

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MetadataVisitor).map(Self)
    }
}

struct MetadataVisitor;

impl<'de> Visitor<'de> for MetadataVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object's metadata or null")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut metadata = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            if key == "managedFields" {
                members.next_value::<IgnoredAny>()?;
            } else {
                metadata.insert(key, members.next_value()?);
            }
        }
        Ok(Value::Object(metadata))
    }
}

fn text_of(value: Option<&Value>) -> Arc<str> {
    value.and_then(Value::as_str).unwrap_or_default().into()
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
    fn managed_fields_are_left_out_where_nobody_reads_them_and_nothing_else_is() {
        let object = serde_json::json!({"metadata": {"name": "p", "managedFields": [{"fieldsV1": {"f:spec": {}}}]},
            "spec": {"metadata": {"managedFields": 1}}, "managedFields": 2});
        let body = review(
            &serde_json::json!({"uid": "1", "operation": "UPDATE", "object": object, "oldObject": object}),
        );
        let read = |fields| Request::from_review(&body, Stage::Validate, 0, fields).unwrap();
        let kept = read(ManagedFields::Kept);
        assert_eq!(kept.object.as_deref(), Some(&object));
        let left_out = read(ManagedFields::LeftOut);
        let mut expected = object;
        expected["metadata"]
            .as_object_mut()
            .unwrap()
            .remove("managedFields");
        assert_eq!(left_out.object.as_deref(), Some(&expected));
        assert_eq!(left_out.old_object.as_deref(), Some(&expected));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for object in [
            serde_json::json!(5),
            serde_json::json!([{}]),
            serde_json::json!({"metadata": "x"}),
        ] {
            let body = review(&serde_json::json!({"uid": "1", "operation": "CREATE", "object": object}));
            assert!(matches!(
                Request::from_review(&body, Stage::Validate, 0, ManagedFields::LeftOut),
                Err(ReviewError::NotAReview(_))
            ));
        }
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
