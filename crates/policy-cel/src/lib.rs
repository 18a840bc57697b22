//! CEL as Kubernetes and Kyverno speak it: parsed, type checked, bounded, and evaluated without I/O.
//!
//! An [`Environment`] says what expressions may name; it compiles text into a [`Program`], whose type is known before it runs. A program is
//! evaluated against an [`Activation`] (the variables, borrowed from the request, computed when they are named) and a [`Host`] (the facts of
//! the world, each of which may be [`Answer::Pending`]) within a [`Budget`].
//!
//! ```text
//! text ─▶ lexer ─▶ parser ─▶ checker ─▶ plan ─▶ evaluate ─▶ Value | Failed | Pending | Limit
//! ```
//!
//! Never: a clock, a network, a file, randomness, a panic, an unbounded stack. Sources: cel-spec, cel-go 0.30, Kubernetes 1.36
//! `apiserver/pkg/cel`, Kyverno 1.19.
#![deny(clippy::arithmetic_side_effects)]

pub mod limits;
mod source;
mod error;
mod types;
mod ast;
mod lexer;
mod parser;
mod printer;
mod value;
mod host;
mod budget;
mod searcher;
mod re2;
mod patterns;
mod context;
mod declaration;
mod declarations;
mod libraries;
mod checker;
mod plan;
mod evaluate;
mod program;
mod environment;
mod presets;

pub use budget::Budget;
pub use declaration::UnknownTypeError;
pub use environment::{Environment, EnvironmentBuilder};
pub use error::{CompileError, EvalError, Failure, Limit, display_errors};
pub use host::{Activation, Answer, Authorization, Host, NoHost, NoVariables, Question};
pub use libraries::{Library, resource_check};
pub use presets::{Payload, Scope};
pub use program::{Outcome, Program};
pub use source::Position;
pub use types::{ObjectType, Opaque as OpaqueType, Type};
pub use value::{Held, Key, List, Map, Object, Opaque, Text, Timestamp, Value};
