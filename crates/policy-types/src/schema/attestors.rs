//! Attestors.

use super::shape::{Field, Literal, Object, Shape, TEXT_MAP, Unknown, defaulted, field, required};

static REKOR: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("url", Shape::Text),
        field("pubkey", Shape::Text),
        field("ignoreTlog", Shape::Bool),
    ],
};

static CTLOG: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("ignoreSCT", Shape::Bool),
        field("pubkey", Shape::Text),
        field("tsaCertChain", Shape::Text),
    ],
};

static SECRET: Object = Object {
    unknown: Unknown::Refused,
    fields: &[required("name", Shape::Text), required("namespace", Shape::Text)],
};

const REKOR_FIELD: Field = field("rekor", Shape::Object(&REKOR));
const CTLOG_FIELD: Field = field("ctlog", Shape::Object(&CTLOG));
const SIGNATURE_ALGORITHM: Field = defaulted("signatureAlgorithm", Shape::Text, Literal::Text("sha256"));

static KEYS: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("publicKeys", Shape::Text),
        field("kms", Shape::Text),
        field("secret", Shape::Object(&SECRET)),
        SIGNATURE_ALGORITHM,
        REKOR_FIELD,
        CTLOG_FIELD,
    ],
};

static CERTIFICATES: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("cert", Shape::Text),
        field("certChain", Shape::Text),
        REKOR_FIELD,
        CTLOG_FIELD,
    ],
};

static KEYLESS: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("issuer", Shape::Text),
        field("issuerRegExp", Shape::Text),
        field("subject", Shape::Text),
        field("subjectRegExp", Shape::Text),
        field("roots", Shape::Text),
        field("additionalExtensions", TEXT_MAP),
        REKOR_FIELD,
        CTLOG_FIELD,
    ],
};

static ATTESTOR: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("keys", Shape::Object(&KEYS)),
        field("certificates", Shape::Object(&CERTIFICATES)),
        field("keyless", Shape::Object(&KEYLESS)),
        // The API server leaves this open; a name misspelt in it would demand less of the signer, so it is checked.
        field("attestor", Shape::Object(&ATTESTOR_SET)),
        field("annotations", TEXT_MAP),
        field("repository", Shape::Text),
        SIGNATURE_ALGORITHM,
    ],
};

static ATTESTOR_SET: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("count", Shape::Int(1)),
        field("entries", Shape::Objects(&ATTESTOR)),
    ],
};

/// The list of attestor sets.
pub(crate) const ATTESTORS: Field = field("attestors", Shape::Objects(&ATTESTOR_SET));
