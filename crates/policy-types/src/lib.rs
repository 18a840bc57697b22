//! The policy kinds as they stand on the wire, and the check of a document against them.
//!
//! In: [`manifest::Document`]s. Out: [`kyverno_io`] policies and exceptions with every default filled in, or every
//! [`Fault`] in them with file, line, column and field path. Never: files, network, expressions compiled (JMESPath
//! and CEL are checked where they are compiled, in the engine).
//!
//!     document ─▶ schema (names, types, defaults) ─▶ wire type ─▶ validations between fields ─▶ Loaded<Policy>

pub mod metadata;
pub mod kyverno_io;
pub mod policies_kyverno_io;
pub mod cli_kyverno_io;
pub mod variables;
pub mod fault;
pub mod loaded;
mod report;
mod schema;
mod validate;
pub mod load;
pub mod load_cli;

pub use fault::{Fault, FaultCode};
pub use load::{Loading, Other, OtherGroup, load_policies};
pub use load_cli::load_cli;
pub use loaded::Loaded;
