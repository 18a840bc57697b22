//! Kubernetes' `MatchResources`, and the words that all policies in Common Expression Language share.

use super::filters::LABEL_SELECTOR;
use super::shape::{Field, Object, Shape, TEXTS, Unknown, field, required};

static RESOURCE_RULE: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("apiGroups", TEXTS),
        field("apiVersions", TEXTS),
        field(
            "operations",
            Shape::List(&Shape::Choice(&["CREATE", "UPDATE", "DELETE", "CONNECT", "*"])),
        ),
        field("resourceNames", TEXTS),
        field("resources", TEXTS),
        field("scope", Shape::Choice(&["Cluster", "Namespaced", "*"])),
    ],
};

static MATCH_RESOURCES_OBJECT: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("resourceRules", Shape::Objects(&RESOURCE_RULE)),
        field("excludeResourceRules", Shape::Objects(&RESOURCE_RULE)),
        field("namespaceSelector", LABEL_SELECTOR),
        field("objectSelector", LABEL_SELECTOR),
        field("matchPolicy", Shape::Choice(&["Exact", "Equivalent"])),
    ],
};

/// `MatchResources`.
pub(crate) const MATCH_RESOURCES: Shape = Shape::Object(&MATCH_RESOURCES_OBJECT);

static MATCH_CONDITION: Object = Object {
    unknown: Unknown::Refused,
    fields: &[required("name", Shape::Text), required("expression", Shape::Text)],
};

/// `matchConditions`.
pub(crate) const MATCH_CONDITIONS: Field = field("matchConditions", Shape::Objects(&MATCH_CONDITION));

static VARIABLE: Object = Object {
    unknown: Unknown::Refused,
    fields: &[required("name", Shape::Text), required("expression", Shape::Text)],
};

/// `variables`.
pub(crate) const VARIABLES: Field = field("variables", Shape::Objects(&VARIABLE));

static VALIDATION: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        required("expression", Shape::Text),
        field("message", Shape::Text),
        field("messageExpression", Shape::Text),
        field("reason", Shape::Text),
    ],
};

/// A list of validations.
pub(crate) const VALIDATION_LIST: Shape = Shape::Objects(&VALIDATION);

static AUDIT_ANNOTATION: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        required("key", Shape::Text),
        required("valueExpression", Shape::Text),
    ],
};

/// `auditAnnotations`.
pub(crate) const AUDIT_ANNOTATIONS: Field = field("auditAnnotations", Shape::Objects(&AUDIT_ANNOTATION));

/// `failurePolicy`.
pub(crate) const FAILURE_POLICY: Field = field("failurePolicy", Shape::Choice(&["Ignore", "Fail"]));

/// A list of `Deny`, `Audit` and `Warn`.
pub(crate) const VALIDATION_ACTIONS: Field = field(
    "validationActions",
    Shape::List(&Shape::Choice(&["Deny", "Audit", "Warn"])),
);
