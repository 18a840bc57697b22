//! Kubernetes' `MatchResources`, and the words that all who speak in Common Expression Language share.

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

static NAMED_EXPRESSION: Object = Object {
    unknown: Unknown::Refused,
    fields: &[required("name", Shape::Text), required("expression", Shape::Text)],
};

/// A list of expressions with names.
pub(crate) const NAMED_EXPRESSIONS: Shape = Shape::Objects(&NAMED_EXPRESSION);
/// `matchConditions`.
pub(crate) const MATCH_CONDITIONS: Field = field("matchConditions", NAMED_EXPRESSIONS);
/// `variables`.
pub(crate) const VARIABLES: Field = field("variables", NAMED_EXPRESSIONS);

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

static PARAM_KIND_OBJECT: Object = Object {
    unknown: Unknown::Refused,
    fields: &[field("apiVersion", Shape::Text), field("kind", Shape::Text)],
};

/// `paramKind`.
pub(crate) const PARAM_KIND: Field = field("paramKind", Shape::Object(&PARAM_KIND_OBJECT));

/// `failurePolicy`.
pub(crate) const FAILURE_POLICY: Field = field("failurePolicy", Shape::Choice(&["Ignore", "Fail"]));

/// A list of `Deny`, `Audit` and `Warn`.
pub(crate) const VALIDATION_ACTIONS: Field = field(
    "validationActions",
    Shape::List(&Shape::Choice(&["Deny", "Audit", "Warn"])),
);
