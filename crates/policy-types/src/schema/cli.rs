//! The kinds of `cli.kyverno.io`, read as Go's decoder reads them: no field is required.

use super::metadata::{API_VERSION, KIND, METADATA};
use super::shape::{ANY_MAP, Field, INT, Object, Shape, TEXT_MAP, TEXTS, Unknown, field};

static NAMED_VALUES: Object = Object {
    unknown: Unknown::Refused,
    fields: &[field("name", Shape::Text), field("values", ANY_MAP)],
};

static RULE_VALUES: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("name", Shape::Text),
        field("values", ANY_MAP),
        field("foreachValues", Shape::Map(&Shape::List(&Shape::Any))),
    ],
};

static POLICY_VALUES: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("name", Shape::Text),
        field("resources", Shape::Objects(&NAMED_VALUES)),
        field("rules", Shape::Objects(&RULE_VALUES)),
    ],
};

static NAMESPACE_LABELS: Object = Object {
    unknown: Unknown::Refused,
    fields: &[field("name", Shape::Text), field("labels", TEXT_MAP)],
};

static API_RESOURCE: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("name", Shape::Text),
        field("singularName", Shape::Text),
        field("namespaced", Shape::Bool),
        field("group", Shape::Text),
        field("version", Shape::Text),
        field("kind", Shape::Text),
        field("verbs", TEXTS),
        field("shortNames", TEXTS),
        field("categories", TEXTS),
        field("storageVersionHash", Shape::Text),
    ],
};

static SUBRESOURCE: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("subresource", Shape::Object(&API_RESOURCE)),
        field("parentResource", Shape::Object(&API_RESOURCE)),
    ],
};

const GLOBAL_VALUES: Field = field("globalValues", ANY_MAP);
const POLICIES_VALUES: Field = field("policies", Shape::Objects(&POLICY_VALUES));
const NAMESPACE_SELECTOR: Field = field("namespaceSelector", Shape::Objects(&NAMESPACE_LABELS));
const NAMESPACES: Field = field("namespaces", Shape::List(&Shape::Any));
const SUBRESOURCES: Field = field("subresources", Shape::Objects(&SUBRESOURCE));

static VALUES_SPEC: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        GLOBAL_VALUES,
        POLICIES_VALUES,
        NAMESPACE_SELECTOR,
        NAMESPACES,
        SUBRESOURCES,
    ],
};

static VALUES_OBJECT: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        API_VERSION,
        KIND,
        METADATA,
        GLOBAL_VALUES,
        POLICIES_VALUES,
        NAMESPACE_SELECTOR,
        NAMESPACES,
        SUBRESOURCES,
    ],
};

/// `Values`.
pub(crate) const VALUES: Shape = Shape::Object(&VALUES_OBJECT);

static USER: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("username", Shape::Text),
        field("uid", Shape::Text),
        field("groups", TEXTS),
        field("extra", Shape::Map(&TEXTS)),
    ],
};

static USER_INFO_OBJECT: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        API_VERSION,
        KIND,
        METADATA,
        field("roles", TEXTS),
        field("clusterRoles", TEXTS),
        field("userInfo", Shape::Object(&USER)),
        field("synchronize", Shape::Bool),
    ],
};

/// `UserInfo`.
pub(crate) const USER_INFO: Shape = Shape::Object(&USER_INFO_OBJECT);

static IMAGE_DATA: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("image", Shape::Text),
        field("resolvedImage", Shape::Text),
        field("registry", Shape::Text),
        field("repository", Shape::Text),
        field("tag", Shape::Text),
        field("digest", Shape::Text),
        field("imageIndex", Shape::Any),
        field("manifest", Shape::Any),
        field("config", Shape::Any),
    ],
};

static CONTEXT_SPEC: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("resources", Shape::List(&ANY_MAP)),
        field("images", Shape::Objects(&IMAGE_DATA)),
    ],
};

static CONTEXT_OBJECT: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        API_VERSION,
        KIND,
        METADATA,
        field("spec", Shape::Object(&CONTEXT_SPEC)),
    ],
};

/// `Context`.
pub(crate) const CONTEXT: Shape = Shape::Object(&CONTEXT_OBJECT);

static CLUSTER_SPEC: Object = Object {
    unknown: Unknown::Refused,
    fields: &[field("crds", TEXTS), field("resources", Shape::List(&ANY_MAP))],
};

static CLUSTER_OBJECT: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        API_VERSION,
        KIND,
        METADATA,
        field("spec", Shape::Object(&CLUSTER_SPEC)),
    ],
};

/// `ClusterResource`.
pub(crate) const CLUSTER_RESOURCE: Shape = Shape::Object(&CLUSTER_OBJECT);

static RESOURCE_SPEC: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("group", Shape::Text),
        field("version", Shape::Text),
        field("kind", Shape::Text),
        field("namespace", Shape::Text),
        field("subresource", Shape::Text),
        field("name", Shape::Text),
    ],
};

static RESULT: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("policy", Shape::Text),
        field("rule", Shape::Text),
        field("result", Shape::Text),
        field("status", Shape::Text),
        field("kind", Shape::Text),
        field("resources", TEXTS),
        field("resource", Shape::Text),
        field("namespace", Shape::Text),
        field("resourceSpecs", Shape::Objects(&RESOURCE_SPEC)),
        field("patchedResources", Shape::Text),
        field("patchedResource", Shape::Text),
        field("generatedResource", Shape::Text),
        field("generatedResources", TEXTS),
        field("cloneSourceResource", Shape::Text),
        field("operation", Shape::Text),
        field("failOnMissingResources", Shape::Bool),
        field("isValidatingAdmissionPolicy", Shape::Bool),
        field("isMutatingAdmissionPolicy", Shape::Bool),
        field("isValidatingPolicy", Shape::Bool),
        field("isImageValidatingPolicy", Shape::Bool),
        field("isMutatingPolicy", Shape::Bool),
        field("isGeneratingPolicy", Shape::Bool),
        field("isDeletingPolicy", Shape::Bool),
    ],
};

static API_CALL_ANSWER: Object = Object {
    unknown: Unknown::Refused,
    fields: &[field("statusCode", INT), field("body", Shape::Any)],
};

static API_CALL_RESPONSE: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("url", Shape::Text),
        field("urlPath", Shape::Text),
        field("method", Shape::Text),
        field("response", Shape::Object(&API_CALL_ANSWER)),
    ],
};

static PROJECTION: Object = Object {
    unknown: Unknown::Refused,
    fields: &[field("name", Shape::Text), field("path", Shape::Text)],
};

static GLOBAL_CONTEXT_ENTRY: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("name", Shape::Text),
        field("data", Shape::Any),
        field("resources", Shape::List(&ANY_MAP)),
        field("resourceFiles", TEXTS),
        field("fieldPath", Shape::Text),
        field("projections", Shape::Objects(&PROJECTION)),
    ],
};

static TEST_OBJECT: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        API_VERSION,
        KIND,
        METADATA,
        field("name", Shape::Text),
        field("policies", TEXTS),
        field("resources", TEXTS),
        field("jsonPayload", Shape::Text),
        field("jsonPayloads", TEXTS),
        field("httpPayloads", TEXTS),
        field("envoyPayloads", TEXTS),
        field("targetResources", TEXTS),
        field("paramResources", TEXTS),
        field("exceptions", TEXTS),
        field("clusterResources", TEXTS),
        field("variables", Shape::Text),
        field("values", Shape::Object(&VALUES_SPEC)),
        field("userinfo", Shape::Text),
        field("context", Shape::Text),
        field("apiCallResponses", Shape::Objects(&API_CALL_RESPONSE)),
        field("globalContextEntries", Shape::Objects(&GLOBAL_CONTEXT_ENTRY)),
        field("results", Shape::Objects(&RESULT)),
    ],
};

/// `Test`.
pub(crate) const TEST: Shape = Shape::Object(&TEST_OBJECT);
