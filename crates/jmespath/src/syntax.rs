//! From the text of an expression to its syntax tree.
//!
//! In: text. Out: [`Ast`], or a [`SyntaxError`] with the place it stands at. Bounded in length and depth.
//!
//!     text ─▶ lexer ─▶ tokens ─▶ parser ─▶ Ast ─▶ print (`jp parse`)
//!
//! Behaviour: kyverno/go-jmespath lexer and parser, a Pratt parser of the language before `let` and arithmetic.

mod error;
mod token;
mod lexer;
mod ast;
mod parser;
mod print;

pub use ast::{Ast, Comparator};
pub use error::{SyntaxError, SyntaxFault};
pub(crate) use parser::parse;
