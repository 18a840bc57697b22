//! What each kind may hold: names, types, values, defaults; and the check of a document against it.
//!
//! The tables mirror the custom resource definitions of Kyverno 1.19 (`config/crds`), one file for each subject. To add
//! a field, add a line to its table and a field to its wire type.

pub(crate) mod shape;
pub(crate) mod check;
pub(crate) mod metadata;
pub(crate) mod conditions;
pub(crate) mod filters;
pub(crate) mod match_resources;
pub(crate) mod context;
pub(crate) mod attestors;
pub(crate) mod validation;
pub(crate) mod mutation;
pub(crate) mod image_verification;
pub(crate) mod policy;
pub(crate) mod policy_exception;
pub(crate) mod global_context_entry;
pub(crate) mod validating_policy;
pub(crate) mod image_validating_policy;
pub(crate) mod admission_policy;
pub(crate) mod expression_exception;
pub(crate) mod cli;
