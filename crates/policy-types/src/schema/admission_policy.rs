//! Kubernetes' `ValidatingAdmissionPolicy` and its binding: one schema for all versions.

use super::filters::LABEL_SELECTOR;
use super::match_resources::{
    AUDIT_ANNOTATIONS, FAILURE_POLICY, MATCH_CONDITIONS, MATCH_RESOURCES, PARAM_KIND, VALIDATION_ACTIONS,
    VALIDATION_LIST, VARIABLES,
};
use super::metadata::{API_VERSION, KIND, METADATA, document};
use super::shape::{Object, Shape, Unknown, field, required};

static PARAM_REF: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("name", Shape::Text),
        field("namespace", Shape::Text),
        field("selector", LABEL_SELECTOR),
        field("parameterNotFoundAction", Shape::Choice(&["Allow", "Deny"])),
    ],
};

static POLICY_SPEC: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        PARAM_KIND,
        field("matchConstraints", MATCH_RESOURCES),
        MATCH_CONDITIONS,
        VARIABLES,
        field("validations", VALIDATION_LIST),
        AUDIT_ANNOTATIONS,
        FAILURE_POLICY,
    ],
};

static BINDING_SPEC: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        required("policyName", Shape::Text),
        field("paramRef", Shape::Object(&PARAM_REF)),
        field("matchResources", MATCH_RESOURCES),
        VALIDATION_ACTIONS,
    ],
};

static POLICY_OBJECT: Object = document!(&POLICY_SPEC);

static BINDING_OBJECT: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        API_VERSION,
        KIND,
        METADATA,
        required("spec", Shape::Object(&BINDING_SPEC)),
    ],
};

/// `ValidatingAdmissionPolicy`.
pub(crate) const POLICY: Shape = Shape::Object(&POLICY_OBJECT);
/// `ValidatingAdmissionPolicyBinding`.
pub(crate) const BINDING: Shape = Shape::Object(&BINDING_OBJECT);
