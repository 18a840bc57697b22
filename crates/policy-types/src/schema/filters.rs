//! `match` and `exclude`.

use super::shape::{Field, Object, Shape, TEXT_MAP, TEXTS, Unknown, field, required};

static SELECTOR_REQUIREMENT: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        required("key", Shape::Text),
        required("operator", Shape::Text),
        field("values", TEXTS),
    ],
};

static LABEL_SELECTOR_OBJECT: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("matchLabels", TEXT_MAP),
        field("matchExpressions", Shape::Objects(&SELECTOR_REQUIREMENT)),
    ],
};

/// Kubernetes' label selector.
pub(crate) const LABEL_SELECTOR: Shape = Shape::Object(&LABEL_SELECTOR_OBJECT);

static RESOURCE_DESCRIPTION: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("kinds", TEXTS),
        field("name", Shape::Text),
        field("names", TEXTS),
        field("namespaces", TEXTS),
        field("annotations", TEXT_MAP),
        field("selector", LABEL_SELECTOR),
        field("namespaceSelector", LABEL_SELECTOR),
        field(
            "operations",
            Shape::List(&Shape::Choice(&["CREATE", "CONNECT", "UPDATE", "DELETE"])),
        ),
    ],
};

static SUBJECT: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        required("kind", Shape::Text),
        required("name", Shape::Text),
        field("namespace", Shape::Text),
        field("apiGroup", Shape::Text),
    ],
};

const RESOURCES: Field = field("resources", Shape::Object(&RESOURCE_DESCRIPTION));
const SUBJECTS: Field = field("subjects", Shape::Objects(&SUBJECT));
const ROLES: Field = field("roles", TEXTS);
const CLUSTER_ROLES: Field = field("clusterRoles", TEXTS);

static FILTER: Object = Object {
    unknown: Unknown::Refused,
    fields: &[RESOURCES, SUBJECTS, ROLES, CLUSTER_ROLES],
};

const ANY: Field = field("any", Shape::Objects(&FILTER));
const ALL: Field = field("all", Shape::Objects(&FILTER));

static MATCH_OBJECT: Object = Object {
    unknown: Unknown::Refused,
    fields: &[ANY, ALL, RESOURCES, SUBJECTS, ROLES, CLUSTER_ROLES],
};

static LATER_MATCH_OBJECT: Object = Object {
    unknown: Unknown::Refused,
    fields: &[ANY, ALL],
};

/// `match` of version v1, which may be flat.
pub(crate) const MATCH: Shape = Shape::Object(&MATCH_OBJECT);

/// `match` of later versions: `any` or `all`.
pub(crate) const LATER_MATCH: Shape = Shape::Object(&LATER_MATCH_OBJECT);
