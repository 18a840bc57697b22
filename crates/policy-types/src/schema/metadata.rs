//! `metadata` of every object.

use super::shape::{Field, INT, Object, Shape, TEXT_MAP, TEXTS, Unknown, field};

/// `metadata`, as Kubernetes' `ObjectMeta` has it.
pub(crate) static OBJECT_META: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("name", Shape::Text),
        field("namespace", Shape::Text),
        field("labels", TEXT_MAP),
        field("annotations", TEXT_MAP),
        field("uid", Shape::Text),
        field("resourceVersion", Shape::Text),
        field("generation", INT),
        field("generateName", Shape::Text),
        field("creationTimestamp", Shape::Any),
        field("deletionTimestamp", Shape::Any),
        field("deletionGracePeriodSeconds", Shape::Any),
        field("finalizers", TEXTS),
        field("ownerReferences", Shape::Any),
        field("managedFields", Shape::Any),
        field("selfLink", Shape::Text),
    ],
};

/// `apiVersion`.
pub(crate) const API_VERSION: Field = field("apiVersion", Shape::Text);
/// `kind`.
pub(crate) const KIND: Field = field("kind", Shape::Text);
/// `metadata`.
pub(crate) const METADATA: Field = field("metadata", Shape::Object(&OBJECT_META));
/// `status`: what controllers say, not looked at.
pub(crate) const STATUS: Field = field("status", Shape::Any);

/// What a document with this `spec` may hold.
macro_rules! document {
    ($spec:expr) => {
        $crate::schema::shape::Object {
            unknown: $crate::schema::shape::Unknown::Refused,
            fields: &[
                $crate::schema::metadata::API_VERSION,
                $crate::schema::metadata::KIND,
                $crate::schema::metadata::METADATA,
                $crate::schema::shape::required("spec", $crate::schema::shape::Shape::Object($spec)),
                $crate::schema::metadata::STATUS,
            ],
        }
    };
}
pub(crate) use document;
