//! Policies as they are judged: checked, compiled, immutable.
//!
//! In: policy documents as JSON, CRD defaults applied (`policy-types` reads and checks them). Out: [`PolicySet`], or every
//! fault with its field path. A policy kind adds a compiler into this one form, never a second engine.

pub(crate) mod autogen;
mod actions;
mod managed_fields;
mod expiry;
mod kind;
mod expression_exception;
mod binding;
mod exception;
mod compiled;
mod expression_policy;
mod set;
mod load;

pub use actions::{ActionOverride, Actions};
pub use autogen::CONTROLLERS_ANNOTATION;
pub use binding::CompiledBinding;
pub use compiled::{CompiledPolicy, CompiledRule, RuleBody, RuleOrigin};
pub use exception::CompiledException;
pub use kind::PolicyKind;
pub use load::LoadedPolicies;
pub use set::PolicySet;
