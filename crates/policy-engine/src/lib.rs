//! The pure policy engine: a request and facts in, a decision out, or the facts it still needs.
//!
//! In: compiled policies ([`PolicySet`]), a [`Request`], [`Facts`]. Out: a [`Decision`] with exactly one outcome for every
//! selected rule. Never: a clock, a socket, a file, randomness. What the engine lacks it names ([`FactRequest`]), a loader
//! at the edge answers, and the request is judged again.
//!
//!     Request ─▶ selection ─▶ context ─▶ checks ─▶ RuleResult* ─▶ decision
//!                                 └── FactRequest* ──▶ (edge) ──▶ Facts ──┘

// Floors, ground first: a module names only those above it in this list.
pub mod compile_error;
pub mod facts;
pub mod request;
pub mod outcome;
pub mod selection;
pub mod context;
pub mod expressions;
pub mod checks;
pub mod policy;
pub mod decision;
pub mod engine;

pub use compile_error::CompileError;
pub use decision::{Decision, RuleResult};
pub use engine::{Engine, EngineOptions, Evaluation, FactSource};
pub use facts::{Fact, FactError, FactRequest, Facts};
pub use outcome::{RuleOutcome, Verdict};
pub use policy::{LoadedPolicies, PolicySet};
pub use request::Request;
