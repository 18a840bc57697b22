//! What a rule's body says of a request: one verdict for each rule.
//!
//! In: a [`Scope`](crate::context::Scope) and a compiled body. Out: a verdict, or that a fact is missing, or nothing where
//! the source gives no response. Never fetches: what is missing is asked for and the rule judged again.
//!
//!     conditions ─┬─▶ deny ────────┐
//!     pattern ────┼────────────────┼─▶ foreach ─▶ validate ─▶ Verdict
//!                 └─▶ mutate       └─ pod_security

pub mod operator;
pub mod conditions;
pub mod pattern;
mod message;
pub mod pod_security;
mod foreach;
pub mod validate;
pub mod mutate;
pub mod expressions;
pub mod images;
pub mod image_validating;

pub use conditions::{ConditionOutcome, Conditions};
pub use expressions::ExpressionRule;
pub use mutate::MutateRule;
pub use validate::{Pending, UpdatePolicy, ValidateRule};
