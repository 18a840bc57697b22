//! `GlobalContextEntry`.

use super::context::{DATA, METHOD, SERVICE_CALL, URL_PATH};
use super::metadata::document;
use super::shape::{Literal, Object, Shape, Unknown, defaulted, field, required};

static API_CALL: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        URL_PATH,
        METHOD,
        DATA,
        SERVICE_CALL,
        defaulted("refreshInterval", Shape::Text, Literal::Text("10m")),
        defaulted("retryLimit", Shape::Int(1), Literal::Int(3)),
    ],
};

static KUBERNETES_RESOURCE: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("group", Shape::Text),
        required("version", Shape::Text),
        required("resource", Shape::Text),
        field("namespace", Shape::Text),
    ],
};

static PROJECTION: Object = Object {
    unknown: Unknown::Refused,
    fields: &[required("name", Shape::Text), required("jmesPath", Shape::Text)],
};

static SPEC: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("kubernetesResource", Shape::Object(&KUBERNETES_RESOURCE)),
        field("apiCall", Shape::Object(&API_CALL)),
        field("projections", Shape::Objects(&PROJECTION)),
    ],
};

static ENTRY: Object = document!(&SPEC);

/// `kyverno.io/v2`, `v2beta1` and `v2alpha1`.
pub(crate) const SHAPE: Shape = Shape::Object(&ENTRY);
