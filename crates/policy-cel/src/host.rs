//! What an expression may ask of the world, and how the world answers.
//!
//! The language itself reads nothing: every function that reaches outside becomes a [`Question`] to the [`Host`]. A host that does
//! not know the answer yet notes the question and says [`Answer::Pending`]; evaluation then goes on as far as it can, so that one run
//! collects every question it can reach, and ends in [`crate::Failure::Pending`].

use crate::value::{Text, Value};

/// A question to the world
#[derive(Clone, Debug, PartialEq)]
pub enum Question<'q> {
    /// `resource.get`: one object
    ResourceGet {
        /// `group/version`, or `version` of the core group
        api_version: &'q str,
        /// Plural resource name
        resource: &'q str,
        /// Namespace; absent in the form that namespaced policies use, which name none
        namespace: Option<&'q str>,
        /// Object name
        name: &'q str,
    },
    /// `resource.list`: objects of one kind
    ResourceList {
        /// `group/version`, or `version` of the core group
        api_version: &'q str,
        /// Plural resource name
        resource: &'q str,
        /// Namespace; empty for all, absent as in [`Self::ResourceGet`]
        namespace: Option<&'q str>,
        /// Labels the objects must carry
        labels: Vec<(String, String)>,
    },
    /// `resource.post`: what creating an object answers
    ResourcePost {
        /// `group/version`, or `version` of the core group
        api_version: &'q str,
        /// Plural resource name
        resource: &'q str,
        /// Namespace; empty for cluster-wide kinds, absent as in [`Self::ResourceGet`]
        namespace: Option<&'q str>,
        /// The object
        body: serde_json::Value,
    },
    /// `resource.toGVR`: the plural resource name of a kind, as a string
    ResourceName {
        /// `group/version`, or `version` of the core group
        api_version: &'q str,
        /// Kind
        kind: &'q str,
    },
    /// `globalContext.get`
    GlobalContext {
        /// Name of the entry
        name: &'q str,
        /// Name of the projection; empty for the whole entry
        projection: &'q str,
    },
    /// `http.get` and `http.post`; the answer is the body with `statusCode`, as Kyverno shapes it
    Http {
        /// Where to
        url: &'q str,
        /// The body of a post; absent for a get
        body: Option<serde_json::Value>,
        /// Headers, in the order of the map they were given in
        headers: Vec<(String, String)>,
        /// PEM bundle of `http.client`; empty for the system's
        ca_bundle: &'q str,
    },
    /// `image.getMetadata`: manifest and config of an image
    ImageMetadata {
        /// The reference as written
        image: &'q str,
    },
    /// `verifyImageSignatures`: how many of the attestors signed, as an int
    VerifyImageSignatures {
        /// The reference as written
        image: &'q str,
        /// Names of the attestors
        attestors: Vec<String>,
    },
    /// `verifyAttestationSignatures`: how many of the attestors attested, as an int
    VerifyAttestationSignatures {
        /// The reference as written
        image: &'q str,
        /// Name of the attestation
        attestation: &'q str,
        /// Names of the attestors
        attestors: Vec<String>,
    },
    /// `extractPayload`: the statement of a verified attestation
    ExtractPayload {
        /// The reference as written
        image: &'q str,
        /// Name of the attestation
        attestation: &'q str,
    },
    /// `getImageData`: what the registry says of an image
    ImageData {
        /// The reference as written
        image: &'q str,
    },
    /// `authorizer…check(verb)`: `{allowed, reason, error}`
    Authorize(Authorization),
    /// `time.now()`, as a timestamp
    Now,
    /// Randomness for `random()`: a uint, evenly spread
    Random,
}

/// A check of the authorizer library, for a path or a resource
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Authorization {
    /// `namespace/name` of the service account asked about; absent for the requesting user
    pub service_account: Option<(String, String)>,
    /// The non-resource path; the resource fields are empty then
    pub path: Option<String>,
    /// API group
    pub group: String,
    /// Plural resource name
    pub resource: String,
    /// Subresource
    pub subresource: String,
    /// Namespace
    pub namespace: String,
    /// Object name
    pub name: String,
    /// Field selector
    pub field_selector: Option<String>,
    /// Label selector
    pub label_selector: Option<String>,
    /// Verb
    pub verb: String,
}

/// An answer of the world.
///
/// Numbers are what Go makes of them: ints in objects of the cluster ([`Value::from`] JSON), doubles in what services and registries
/// answered ([`Value::from_decoded`]).
#[derive(Clone, Debug)]
pub enum Answer<'v> {
    /// The value
    Ready(Value<'v>),
    /// There is none, for this reason; the expression fails with these words
    Failed(Text<'v>),
    /// Not known yet; the host has noted the question
    Pending,
}

/// The world outside an evaluation
pub trait Host<'v> {
    /// Answers `question`, or notes it; called again for the same question it must answer the same.
    fn answer(&self, question: &Question<'_>) -> Answer<'v>;

    /// Whether the evaluation should stop: a deadline passed, a caller went away. Asked every few thousand units of cost.
    fn interrupted(&self) -> bool {
        false
    }
}

/// A world in which nothing can be asked
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHost;

impl<'v> Host<'v> for NoHost {
    fn answer(&self, _question: &Question<'_>) -> Answer<'v> {
        Answer::Failed(Text::Borrowed("no facts are available here"))
    }
}

/// Where the variables of an expression come from
pub trait Activation<'v> {
    /// The value of a declared variable, computed when it is first named; nothing when it is unbound.
    ///
    /// A dotted name (`variables.x`) is asked for when that is how it was declared.
    ///
    /// # Errors
    /// What computing it ended in.
    fn variable(&self, name: &str) -> Result<Option<Value<'v>>, crate::error::EvalError>;
}

/// No variables
#[derive(Clone, Copy, Debug, Default)]
pub struct NoVariables;

impl<'v> Activation<'v> for NoVariables {
    fn variable(&self, _name: &str) -> Result<Option<Value<'v>>, crate::error::EvalError> {
        Ok(None)
    }
}

impl<'v, S: std::hash::BuildHasher> Activation<'v> for std::collections::HashMap<String, Value<'v>, S> {
    fn variable(&self, name: &str) -> Result<Option<Value<'v>>, crate::error::EvalError> {
        Ok(self.get(name).cloned())
    }
}
