//! Policies said in another kind: `validate.pattern` and `verifyImages` in Common Expression Language, and back.
//!
//! In: a checked policy document with every default filled in. Out: a [`Translation`]: the policies that say the same, and
//! for each rule that can't be said, the field and the reason. Never: half a rule, files, network, clocks, a verdict.
//!
//!     classic rule ─▶ selection + (pattern │ image rule) ─▶ policy of policies.kyverno.io ─▶ loaded, or refused
//!
//! Behaviour of both sides: Kyverno 1.19 `pkg/engine/validate`, `pkg/cel/policies`; what differs: docs/guide/migrate.md.

// Floors, ground first: a module names only those above it in this list.
pub mod translation;
mod formula;
mod cel_text;
mod document_value;
mod scalar_test;
mod pattern_to_cel;
mod operations;
mod resource_rules;
mod filters;
mod selection;
mod policy_frame;
mod validating_policy;
mod image_references;
mod image_attestors;
mod attested_conditions;
mod image_policy;
mod image_policy_back;
mod migrate;

pub use migrate::{migrate, migrate_back};
pub use translation::{Pair, Refusal, Translation};
