//! Conditions, where the schema knows their form and where it does not.

use super::shape::{Field, Object, Shape, Unknown, field};

/// Operators the schema allows in version v1.
static OPERATORS: &[&str] = &[
    "Equals",
    "NotEquals",
    "In",
    "AnyIn",
    "AllIn",
    "NotIn",
    "AnyNotIn",
    "AllNotIn",
    "GreaterThanOrEquals",
    "GreaterThan",
    "LessThanOrEquals",
    "LessThan",
    "DurationGreaterThanOrEquals",
    "DurationGreaterThan",
    "DurationLessThanOrEquals",
    "DurationLessThan",
];

/// Operators the schema allows in later versions.
static LATER_OPERATORS: &[&str] = &[
    "Equals",
    "NotEquals",
    "AnyIn",
    "AllIn",
    "AnyNotIn",
    "AllNotIn",
    "GreaterThanOrEquals",
    "GreaterThan",
    "LessThanOrEquals",
    "LessThan",
    "DurationGreaterThanOrEquals",
    "DurationGreaterThan",
    "DurationLessThanOrEquals",
    "DurationLessThan",
];

const KEY: Field = field("key", Shape::Any);
const VALUE: Field = field("value", Shape::Any);
const MESSAGE: Field = field("message", Shape::Text);

static CONDITION: Object = Object {
    unknown: Unknown::Refused,
    fields: &[KEY, field("operator", Shape::Choice(OPERATORS)), VALUE, MESSAGE],
};

static LATER_CONDITION: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        KEY,
        field("operator", Shape::Choice(LATER_OPERATORS)),
        VALUE,
        MESSAGE,
    ],
};

/// A condition in a field that the schema leaves open.
static OPEN_CONDITION: Object = Object {
    unknown: Unknown::Warned,
    fields: &[KEY, field("operator", Shape::Text), VALUE, MESSAGE],
};

static OPEN_BLOCKS: Object = Object {
    unknown: Unknown::Warned,
    fields: &[
        field("any", Shape::Objects(&OPEN_CONDITION)),
        field("all", Shape::Objects(&OPEN_CONDITION)),
    ],
};

/// `any` and `all` where version v1's schema knows them.
pub(crate) static BLOCKS: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("any", Shape::Objects(&CONDITION)),
        field("all", Shape::Objects(&CONDITION)),
    ],
};

/// The same where fields that the schema does not know are kept.
pub(crate) static BLOCKS_WITH_MORE: Object = Object {
    unknown: Unknown::Warned,
    fields: BLOCKS.fields,
};

/// `any` and `all` in later versions.
pub(crate) static LATER_BLOCKS: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("any", Shape::Objects(&LATER_CONDITION)),
        field("all", Shape::Objects(&LATER_CONDITION)),
    ],
};

/// Conditions in a field that the schema leaves open: blocks or the older list.
pub(crate) const OPEN_CONDITIONS: Shape = Shape::ObjectOrList(&OPEN_BLOCKS, &OPEN_CONDITION);
