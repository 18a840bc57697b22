//! The policy kinds as they stand on the wire, and the check of a document against them.
//!
//! In: [`manifest::Document`]s. Out: [`kyverno_io`] policies and exceptions with every default filled in, or every
//! [`Fault`](fault::Fault) in them with file, line, column and field path. Never: files, network, expressions
//! compiled (JMESPath and CEL are checked where they are compiled, in the engine).
//!
//!     document ─▶ schema (names, types, defaults) ─▶ wire type ─▶ validations between fields ─▶ Loaded<Policy>

pub mod metadata;
pub mod kyverno_io;
pub mod cli_kyverno_io;
