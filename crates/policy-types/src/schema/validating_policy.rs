//! `ValidatingPolicy` and `NamespacedValidatingPolicy` of `policies.kyverno.io`: one schema for all versions.

use super::match_resources::{
    AUDIT_ANNOTATIONS, FAILURE_POLICY, MATCH_CONDITIONS, MATCH_RESOURCES, VALIDATION_ACTIONS,
    VALIDATION_LIST, VARIABLES,
};
use super::metadata::document;
use super::shape::{Field, INT, Object, Shape, TEXTS, Unknown, field, true_by_default};

static SWITCH: Object = Object {
    unknown: Unknown::Refused,
    fields: &[true_by_default("enabled")],
};

static EVALUATION_OBJECT: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("mode", Shape::Text),
        field("admission", Shape::Object(&SWITCH)),
        field("background", Shape::Object(&SWITCH)),
    ],
};

/// `evaluation`.
pub(crate) const EVALUATION: Field = field("evaluation", Shape::Object(&EVALUATION_OBJECT));

static WEBHOOK_OBJECT: Object = Object {
    unknown: Unknown::Refused,
    fields: &[field("timeoutSeconds", INT)],
};

/// `webhookConfiguration`.
pub(crate) const WEBHOOK_CONFIGURATION: Field = field("webhookConfiguration", Shape::Object(&WEBHOOK_OBJECT));

static POD_CONTROLLERS_OBJECT: Object = Object {
    unknown: Unknown::Refused,
    fields: &[field("controllers", TEXTS)],
};

/// `podControllers` of `autogen`.
pub(crate) const POD_CONTROLLERS: Field = field("podControllers", Shape::Object(&POD_CONTROLLERS_OBJECT));

static GENERATED_POLICY: Object = Object {
    unknown: Unknown::Refused,
    fields: &[field("enabled", Shape::Bool)],
};

static AUTOGEN: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        POD_CONTROLLERS,
        field("validatingAdmissionPolicy", Shape::Object(&GENERATED_POLICY)),
    ],
};

static SPEC: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("matchConstraints", MATCH_RESOURCES),
        MATCH_CONDITIONS,
        VARIABLES,
        field("validations", VALIDATION_LIST),
        AUDIT_ANNOTATIONS,
        VALIDATION_ACTIONS,
        FAILURE_POLICY,
        WEBHOOK_CONFIGURATION,
        EVALUATION,
        field("autogen", Shape::Object(&AUTOGEN)),
    ],
};

static POLICY: Object = document!(&SPEC);

/// All versions.
pub(crate) const SHAPE: Shape = Shape::Object(&POLICY);
