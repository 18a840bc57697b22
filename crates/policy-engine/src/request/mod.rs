//! What is asked: one object, who asks, and which part of the trip to take.

mod admission;
mod object;
pub mod images;
pub mod given;
mod plural;

pub use admission::{ManagedFields, ReviewError};
pub use given::GivenValues;
pub use plural::plural_of;

use std::sync::Arc;

use serde_json::Value;

/// One request to judge. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Request {
    /// The API server's id of the request; empty outside admission.
    pub uid: Arc<str>,
    /// Kind of the object.
    pub kind: GroupVersionKind,
    /// Plural resource name, empty where unknown.
    pub resource: Arc<str>,
    /// The AdmissionRequest as sent, without `object`, `oldObject`, `options` and `userInfo`; none outside admission.
    pub envelope: Option<Arc<Value>>,
    /// Subresource (`ephemeralcontainers`, `status`), or empty.
    pub subresource: Arc<str>,
    /// Name, or empty where the API server will generate it.
    pub name: Arc<str>,
    /// Namespace, or empty for cluster-wide objects.
    pub namespace: Arc<str>,
    /// What is done.
    pub operation: Operation,
    /// The object as it will be; none on `DELETE`.
    pub object: Option<Arc<Value>>,
    /// The object as it was.
    pub old_object: Option<Arc<Value>>,
    /// Who asks; none in scans and on the command line without user information.
    pub user: Option<Arc<User>>,
    /// Whether nothing will be stored.
    pub dry_run: bool,
    /// `options` of the AdmissionRequest.
    pub options: Option<Arc<Value>>,
    /// When the request arrived, nanoseconds since the Unix epoch: the one clock reading of its verdict.
    pub at_ns: i128,
    /// Seed of every random value the request may ask for.
    pub random_seed: u64,
    /// Whether it is about JSON that is no object of Kubernetes: only policies over any JSON speak of it.
    pub is_payload: bool,
    /// Where the request comes from.
    pub origin: Origin,
    /// Which rules run.
    pub stage: Stage,
    /// Objects that mutate rules with targets may change (`mutateExisting`, on the command line).
    pub targets: Arc<[Arc<Value>]>,
    /// Values given by files (`--values-file`, `--set`) instead of the world.
    pub given: Arc<GivenValues>,
}

/// A kind with its group and version.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupVersionKind {
    /// API group, empty for core.
    pub group: Arc<str>,
    /// Version.
    pub version: Arc<str>,
    /// Kind.
    pub kind: Arc<str>,
}

/// Who asks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct User {
    /// `userInfo` as the API server sent it: `username`, `uid`, `groups`, `extra`.
    pub info: Value,
    /// Roles as `namespace:name`.
    pub roles: Vec<String>,
    /// Cluster roles.
    pub cluster_roles: Vec<String>,
}

/// What is done to the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// It is created.
    Create,
    /// It is changed.
    Update,
    /// It is deleted.
    Delete,
    /// Something connects to it (`exec`, `attach`, `portforward`).
    Connect,
}

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The API server asks before it stores.
    Admission,
    /// A scan of what already runs.
    BackgroundScan,
    /// `apply` and `test`.
    CommandLine,
}

/// Which rules run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The mutating call: mutate rules, then verifyImages on the result, digests pinned.
    Mutate,
    /// The validating call: validate rules, and verifyImages once more on what will be stored.
    Validate,
    /// Both, in this order: scans and the command line.
    Whole,
}

impl Operation {
    /// As the API server writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }

    /// Reads what [`Operation::as_str`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "CREATE" => Some(Self::Create),
            "UPDATE" => Some(Self::Update),
            "DELETE" => Some(Self::Delete),
            "CONNECT" => Some(Self::Connect),
            _ => None,
        }
    }
}

impl GroupVersionKind {
    /// Splits `apiVersion` and takes `kind`.
    #[must_use]
    pub fn new(api_version: &str, kind: &str) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
        }
    }

    /// `group/version`, or `version` for core.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_string()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }
}

impl Request {
    /// The object that rules are matched against: the new one, or on `DELETE` the old one.
    #[must_use]
    pub fn subject(&self) -> Option<&Arc<Value>> {
        self.object.as_ref().or(self.old_object.as_ref())
    }

    /// Plural name of the resource: as the API server sent it, or else after the kind.
    #[must_use]
    pub fn resource_name(&self) -> std::borrow::Cow<'_, str> {
        if self.resource.is_empty() {
            std::borrow::Cow::Owned(plural_of(&self.kind.kind))
        } else {
            std::borrow::Cow::Borrowed(&self.resource)
        }
    }

    /// The same request about another object: after a mutation.
    #[must_use]
    pub fn with_object(&self, object: Arc<Value>) -> Self {
        Self {
            object: Some(object),
            ..self.clone()
        }
    }
}
