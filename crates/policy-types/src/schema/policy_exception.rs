//! `PolicyException`.

use super::conditions::LATER_BLOCKS;
use super::filters::LATER_MATCH;
use super::metadata::{API_VERSION, KIND, METADATA};
use super::shape::{Object, Shape, TEXTS, Unknown, field, required};
use super::validation::POD_SECURITY_STANDARDS;

static EXCEPTION: Object = Object {
    unknown: Unknown::Refused,
    fields: &[required("policyName", Shape::Text), required("ruleNames", TEXTS)],
};

static SPEC: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("background", Shape::Bool),
        required("match", LATER_MATCH),
        field("conditions", Shape::Object(&LATER_BLOCKS)),
        required("exceptions", Shape::Objects(&EXCEPTION)),
        field("podSecurity", POD_SECURITY_STANDARDS),
        field("expiresAt", Shape::Text),
    ],
};

static POLICY_EXCEPTION: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        API_VERSION,
        KIND,
        METADATA,
        required("spec", Shape::Object(&SPEC)),
    ],
};

/// `kyverno.io/v2`, `v2beta1` and `v2alpha1`. `expiresAt` is ours: Kyverno has it in its CEL exceptions only.
pub(crate) const SHAPE: Shape = Shape::Object(&POLICY_EXCEPTION);
