//! `context` entries and calls.

use super::shape::{Field, Literal, Object, Shape, TEXTS, Unknown, defaulted, field, required};

static CONFIG_MAP: Object = Object {
    unknown: Unknown::Refused,
    fields: &[required("name", Shape::Text), field("namespace", Shape::Text)],
};

static VARIABLE: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("value", Shape::Any),
        field("jmesPath", Shape::Text),
        field("default", Shape::Any),
    ],
};

static REQUEST_DATA: Object = Object {
    unknown: Unknown::Refused,
    fields: &[required("key", Shape::Text), required("value", Shape::Any)],
};

static HEADER: Object = Object {
    unknown: Unknown::Refused,
    fields: &[required("key", Shape::Text), required("value", Shape::Text)],
};

static SERVICE: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        required("url", Shape::Text),
        field("headers", Shape::Objects(&HEADER)),
        field("caBundle", Shape::Text),
    ],
};

/// `urlPath` of a call.
pub(crate) const URL_PATH: Field = field("urlPath", Shape::Text);
/// `method` of a call.
pub(crate) const METHOD: Field = defaulted("method", Shape::Choice(&["GET", "POST"]), Literal::Text("GET"));
/// `data` of a call.
pub(crate) const DATA: Field = field("data", Shape::Objects(&REQUEST_DATA));
/// `service` of a call.
pub(crate) const SERVICE_CALL: Field = field("service", Shape::Object(&SERVICE));

static API_CALL: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        URL_PATH,
        METHOD,
        DATA,
        SERVICE_CALL,
        field("jmesPath", Shape::Text),
        field("default", Shape::Any),
    ],
};

static REGISTRY_ACCESS_OBJECT: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("allowInsecureRegistry", Shape::Bool),
        field(
            "providers",
            Shape::List(&Shape::Choice(&[
                "default", "amazon", "azure", "google", "github",
            ])),
        ),
        field("secrets", TEXTS),
    ],
};

/// How to reach a registry.
pub(crate) const REGISTRY_ACCESS: Shape = Shape::Object(&REGISTRY_ACCESS_OBJECT);
/// `imageRegistryCredentials`.
pub(crate) const REGISTRY_CREDENTIALS: Field = field("imageRegistryCredentials", REGISTRY_ACCESS);

static IMAGE_REGISTRY: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        required("reference", Shape::Text),
        field("jmesPath", Shape::Text),
        REGISTRY_CREDENTIALS,
    ],
};

static GLOBAL_REFERENCE: Object = Object {
    unknown: Unknown::Refused,
    fields: &[required("name", Shape::Text), field("jmesPath", Shape::Text)],
};

static ENTRY: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        required("name", Shape::Text),
        field("configMap", Shape::Object(&CONFIG_MAP)),
        field("apiCall", Shape::Object(&API_CALL)),
        field("imageRegistry", Shape::Object(&IMAGE_REGISTRY)),
        field("variable", Shape::Object(&VARIABLE)),
        field("globalReference", Shape::Object(&GLOBAL_REFERENCE)),
    ],
};

/// The list of entries.
pub(crate) const CONTEXT: Field = field("context", Shape::Objects(&ENTRY));
