//! `ImageValidatingPolicy` and `NamespacedImageValidatingPolicy` of `policies.kyverno.io`: one schema for all versions.

use super::context::REGISTRY_ACCESS;
use super::match_resources::{
    AUDIT_ANNOTATIONS, FAILURE_POLICY, MATCH_CONDITIONS, MATCH_RESOURCES, NAMED_EXPRESSIONS,
    VALIDATION_ACTIONS, VALIDATION_LIST, VARIABLES,
};
use super::metadata::document;
use super::shape::{Field, Object, Shape, TEXT_MAP, Unknown, field, required, true_by_default};
use super::validating_policy::{EVALUATION, POD_CONTROLLERS, WEBHOOK_CONFIGURATION};

static IMAGE_REFERENCE: Object = Object {
    unknown: Unknown::Refused,
    fields: &[field("glob", Shape::Text), field("expression", Shape::Text)],
};

static VALIDATION_CONFIGURATIONS: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        true_by_default("mutateDigest"),
        true_by_default("verifyDigest"),
        true_by_default("required"),
    ],
};

static TEXT_OR_EXPRESSION: Object = Object {
    unknown: Unknown::Refused,
    fields: &[field("value", Shape::Text), field("expression", Shape::Text)],
};

/// A text, or an expression that gives one.
const fn text_or_expression(name: &'static str) -> Field {
    field(name, Shape::Object(&TEXT_OR_EXPRESSION))
}

static KEY: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("data", Shape::Text),
        field("kms", Shape::Text),
        field(
            "hashAlgorithm",
            Shape::Choice(&["", "sha224", "sha256", "sha384", "sha512"]),
        ),
        field("expression", Shape::Text),
    ],
};

static IDENTITY: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("issuer", Shape::Text),
        field("issuerRegExp", Shape::Text),
        field("subject", Shape::Text),
        field("subjectExpression", Shape::Text),
        field("subjectRegExp", Shape::Text),
    ],
};

static KEYLESS: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        required("identities", Shape::Objects(&IDENTITY)),
        field("roots", Shape::Text),
        field("additionalExtensions", TEXT_MAP),
    ],
};

static CERTIFICATE: Object = Object {
    unknown: Unknown::Refused,
    fields: &[text_or_expression("cert"), text_or_expression("certChain")],
};

static SECRET_REFERENCE: Object = Object {
    unknown: Unknown::Refused,
    fields: &[field("name", Shape::Text)],
};

static SOURCE: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("repository", Shape::Text),
        field("tagPrefix", Shape::Text),
        field("PullSecrets", Shape::Objects(&SECRET_REFERENCE)),
    ],
};

static CTLOG: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("url", Shape::Text),
        field("rekorPubKey", Shape::Text),
        field("ctLogPubKey", Shape::Text),
        field("tsaCertChain", Shape::Text),
        field("insecureIgnoreTlog", Shape::Bool),
        field("insecureIgnoreSCT", Shape::Bool),
    ],
};

static TUF_ROOT: Object = Object {
    unknown: Unknown::Refused,
    fields: &[field("path", Shape::Text), field("data", Shape::Text)],
};

static TUF: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("root", Shape::Object(&TUF_ROOT)),
        field("mirror", Shape::Text),
    ],
};

static COSIGN: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("key", Shape::Object(&KEY)),
        field("keyless", Shape::Object(&KEYLESS)),
        field("certificate", Shape::Object(&CERTIFICATE)),
        field("source", Shape::Object(&SOURCE)),
        field("ctlog", Shape::Object(&CTLOG)),
        field("tuf", Shape::Object(&TUF)),
        text_or_expression("trustedRoot"),
        field("annotations", TEXT_MAP),
    ],
};

static NOTARY: Object = Object {
    unknown: Unknown::Refused,
    fields: &[text_or_expression("certs"), text_or_expression("tsaCerts")],
};

static ATTESTOR: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        required("name", Shape::Text),
        field("cosign", Shape::Object(&COSIGN)),
        field("notary", Shape::Object(&NOTARY)),
    ],
};

static ATTESTATION_TYPE: Object = Object {
    unknown: Unknown::Refused,
    fields: &[required("type", Shape::Text)],
};

static ATTESTATION: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        required("name", Shape::Text),
        field("intoto", Shape::Object(&ATTESTATION_TYPE)),
        field("referrer", Shape::Object(&ATTESTATION_TYPE)),
    ],
};

static AUTOGEN: Object = Object {
    unknown: Unknown::Refused,
    fields: &[POD_CONTROLLERS],
};

static SPEC: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("matchConstraints", MATCH_RESOURCES),
        MATCH_CONDITIONS,
        field("matchImageReferences", Shape::Objects(&IMAGE_REFERENCE)),
        field(
            "validationConfigurations",
            Shape::Object(&VALIDATION_CONFIGURATIONS),
        ),
        field("credentials", REGISTRY_ACCESS),
        field("images", NAMED_EXPRESSIONS),
        required("attestors", Shape::Objects(&ATTESTOR)),
        field("attestations", Shape::Objects(&ATTESTATION)),
        VARIABLES,
        required("validations", VALIDATION_LIST),
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
