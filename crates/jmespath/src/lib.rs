//! JMESPath in Kyverno's dialect: total, bounded, deterministic.
//!
//! In: the text of an expression, compiled once; a document; an environment (time, seed, host addresses); limits.
//! Out: a value that borrows from the document, or an error in Kyverno's words.
//! Never: a clock, I/O, randomness, a panic, an unbounded loop; a missing fact is never taken for a missing value.
//!
//!     text ─▶ syntax ─▶ Expression ── evaluate(document, environment, limits) ─▶ Term
//!                                        └▶ functions
//!
//! Behaviour: kyverno/go-jmespath and Kyverno 1.19 pkg/engine/jmespath. Differences: integers are not told from other
//! numbers; results that wrap around in Go are errors; objects are walked in the order of their keys.
#![deny(clippy::arithmetic_side_effects)]

mod limits;
mod go_json;
mod syntax;
mod reach;
mod term;
mod error;
mod environment;
mod regular_expression;
mod call;
pub mod functions;
mod evaluate;
mod expression;

pub use call::Function;
pub use environment::{Environment, Hosts, NoHosts};
pub use error::{ArgumentType, EvaluationError, FunctionFault, RegexError, ValueFault};
pub use expression::{Expression, RootNames};
pub use go_json::JsonError;
pub use limits::{
    LimitReached, Limits, MAX_COMPILED_REGEX_BYTES, MAX_EXPRESSION_BYTES, MAX_JSON_DEPTH, MAX_QUOTED_BYTES,
    MAX_RANDOM_CHARS, MAX_REGEX_BYTES, MAX_TREE_DEPTH,
};
pub use syntax::{Ast, Comparator, SyntaxError, SyntaxFault};
pub use term::{ArrayView, Document, LookupError, NotJson, ObjectView, Term, View};
