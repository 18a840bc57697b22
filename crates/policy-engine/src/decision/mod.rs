//! From a request and its facts to one decision.
//!
//! In: a [`crate::PolicySet`], a [`crate::Request`], [`crate::Facts`]. Out: [`Decision`] with one [`RuleResult`] for each
//! selected rule, or the facts still wanted. Order: mutate rules (each on the result of the last), `verifyImages` on what
//! they made, validate rules on what will be stored.

mod result;
mod explanation;
mod message;
mod failure_action;
mod excuse;
mod match_conditions;
mod expressions;
mod required;
mod rule;
mod image_validating;
mod run;

pub use explanation::{DecisionTree, ReasonTree, RuleTree, shortened};
pub use message::{KYVERNO_DENIAL_START, MOST_DENIAL_BYTES, yaml_text};
pub use result::{Decision, RuleResult};
pub(crate) use run::{Undecided, decide};
