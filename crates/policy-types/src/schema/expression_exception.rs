//! `PolicyException` of `policies.kyverno.io`: one schema for all versions.

use super::match_resources::MATCH_CONDITIONS;
use super::metadata::document;
use super::shape::{Object, Shape, TEXT_MAP, TEXTS, Unknown, field, required};

static POLICY_REF: Object = Object {
    unknown: Unknown::Refused,
    fields: &[required("name", Shape::Text), required("kind", Shape::Text)],
};

static SPEC: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        required("policyRefs", Shape::Objects(&POLICY_REF)),
        MATCH_CONDITIONS,
        field("images", TEXTS),
        field("allowedValues", TEXTS),
        field("reportResult", Shape::Choice(&["skip", "pass"])),
        field("expiresAt", Shape::Text),
        field("properties", TEXT_MAP),
        field("evaluationMode", Shape::Text),
    ],
};

static POLICY_EXCEPTION: Object = document!(&SPEC);

/// All versions.
pub(crate) const SHAPE: Shape = Shape::Object(&POLICY_EXCEPTION);
