//! The kinds of the group `kyverno.io`, as they stand on the wire.
//!
//! Text that is absent is empty text and a list that is absent is empty, as in Kyverno's own types; where absence
//! means something else, the field is an `Option`. Source: Kyverno 1.19 `api/kyverno/v1` and `api/kyverno/v2`.

pub mod conditions;
pub mod filters;
pub mod context;
pub mod attestors;
pub mod validation;
pub mod mutation;
pub mod image_verification;
pub mod rule;
pub mod policy;
pub mod policy_exception;
pub mod global_context_entry;
