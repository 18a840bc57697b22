//! What the author of a policy should hear before enforcing it.
//!
//! In: [`LoadedPolicies`](policy_engine::LoadedPolicies), checked and compiled. Out: [`Finding`]s, each with a code that
//! stays, file, line, field path, what is doubtful and what to write instead. Never: a verdict. A policy with findings is
//! judged exactly as it stands; what can't be judged at all is a fault, told when it is loaded.
//!
//!     LoadedPolicies ─▶ Source, ExpressionSource (typed policy, compiled policy, document) ─▶ lints/* ─▶ Finding*
//!
//! Each code is explained in docs/guide/lint.md.

// Floors, ground first: a module names only those above it in this list.
mod code;
mod finding;
mod kubernetes;
mod source;
mod expressions;
mod conditions;
mod variables;
mod lints;
mod findings;

pub use code::{Level, LintCode};
pub use finding::Finding;
pub use findings::{findings, told_at_load};
