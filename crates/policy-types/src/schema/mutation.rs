//! `mutate` and `generate`.

use super::conditions::{BLOCKS_WITH_MORE, OPEN_CONDITIONS};
use super::context::CONTEXT;
use super::filters::LABEL_SELECTOR;
use super::shape::{Field, Object, Shape, TEXTS, Unknown, field};

const PATCH_STRATEGIC_MERGE: Field = field("patchStrategicMerge", Shape::Any);
const PATCHES_JSON6902: Field = field("patchesJson6902", Shape::Text);

static FOREACH_OBJECT: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("list", Shape::Text),
        field("order", Shape::Choice(&["Ascending", "Descending"])),
        CONTEXT,
        field("preconditions", Shape::Object(&BLOCKS_WITH_MORE)),
        PATCH_STRATEGIC_MERGE,
        PATCHES_JSON6902,
        field("foreach", Shape::Objects(&FOREACH_OBJECT)),
    ],
};

static TARGET: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("apiVersion", Shape::Text),
        field("kind", Shape::Text),
        field("namespace", Shape::Text),
        field("name", Shape::Text),
        field("uid", Shape::Text),
        field("selector", LABEL_SELECTOR),
        CONTEXT,
        field("preconditions", OPEN_CONDITIONS),
    ],
};

/// `mutate`.
pub(crate) static MUTATE: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        PATCH_STRATEGIC_MERGE,
        PATCHES_JSON6902,
        field("foreach", Shape::Objects(&FOREACH_OBJECT)),
        field("targets", Shape::Objects(&TARGET)),
        field("mutateExistingOnPolicyUpdate", Shape::Bool),
    ],
};

static CLONE: Object = Object {
    unknown: Unknown::Refused,
    fields: &[field("name", Shape::Text), field("namespace", Shape::Text)],
};

static CLONE_LIST: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("kinds", TEXTS),
        field("namespace", Shape::Text),
        field("selector", LABEL_SELECTOR),
    ],
};

const API_VERSION: Field = field("apiVersion", Shape::Text);
const KIND: Field = field("kind", Shape::Text);
const NAMESPACE: Field = field("namespace", Shape::Text);
const NAME: Field = field("name", Shape::Text);
const UID: Field = field("uid", Shape::Text);
const DATA: Field = field("data", Shape::Any);
const CLONE_FIELD: Field = field("clone", Shape::Object(&CLONE));
const CLONE_LIST_FIELD: Field = field("cloneList", Shape::Object(&CLONE_LIST));

static FOREACH_GENERATION: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("list", Shape::Text),
        CONTEXT,
        field("preconditions", Shape::Object(&BLOCKS_WITH_MORE)),
        API_VERSION,
        KIND,
        NAMESPACE,
        NAME,
        UID,
        DATA,
        CLONE_FIELD,
        CLONE_LIST_FIELD,
    ],
};

/// `generate`.
pub(crate) static GENERATE: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        API_VERSION,
        KIND,
        NAMESPACE,
        NAME,
        UID,
        DATA,
        CLONE_FIELD,
        CLONE_LIST_FIELD,
        field("foreach", Shape::Objects(&FOREACH_GENERATION)),
        field("generateExisting", Shape::Bool),
        field("synchronize", Shape::Bool),
        field("orphanDownstreamOnPolicyDelete", Shape::Bool),
    ],
};
