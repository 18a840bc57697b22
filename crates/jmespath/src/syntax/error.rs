//! What can be wrong with the text of an expression.

use crate::go_json::JsonError;
use crate::limits::{MAX_EXPRESSION_BYTES, MAX_TREE_DEPTH};
use scalars::numbers::go_quote;
use thiserror::Error;

/// Why a text is no expression, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{fault}")]
pub struct SyntaxError {
    /// What is wrong
    #[source]
    pub fault: SyntaxFault,
    /// The whole text
    pub expression: String,
    /// Bytes from its beginning to the place where it is wrong
    pub offset: usize,
}

impl SyntaxError {
    /// The expression with a caret under the place, on a second line.
    #[must_use]
    pub fn highlight(&self) -> String {
        format!(
            "{}\n{:indent$}^",
            self.expression,
            "",
            indent = self.offset.min(self.expression.len())
        )
    }
}

/// What is wrong with an expression; prints as Kyverno does.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SyntaxFault {
    /// A character no token begins with
    #[error("SyntaxError: Unknown char: {}", quote_to_ascii(*.0))]
    UnknownCharacter(char),
    /// A quote without its partner
    #[error("SyntaxError: Unclosed delimiter: {0}")]
    UnclosedDelimiter(char),
    /// The text ends where an expression must stand
    #[error("SyntaxError: Incomplete expression")]
    Incomplete,
    /// A token no expression begins with
    #[error("SyntaxError: Invalid token: {0}")]
    InvalidToken(&'static str),
    /// A token no expression continues with
    #[error("SyntaxError: Unexpected token: {0}")]
    UnexpectedToken(&'static str),
    /// One token where others must stand
    #[error("SyntaxError: Expected {expected}, received: {received}")]
    Expected {
        /// What must stand there
        expected: &'static str,
        /// What does
        received: &'static str,
    },
    /// No identifier or bracket after a dot
    #[error("SyntaxError: Expected identifier, lbracket, or lbrace")]
    ExpectedAfterDot,
    /// No key in a multi-select hash
    #[error("SyntaxError: Expected tQuotedIdentifier or tUnquotedIdentifier")]
    ExpectedKey,
    /// A projection followed by something else
    #[error("SyntaxError: Error")]
    AfterProjection,
    /// Text after a whole expression
    #[error("SyntaxError: Unexpected token at the end of the expression: {0}")]
    TrailingToken(&'static str),
    /// `"f"(x)`
    #[error("SyntaxError: Can't have quoted identifier as function Name.")]
    QuotedFunctionName,
    /// An index that does not fit 64 bits, or a lone minus
    #[error("strconv.Atoi: parsing {}: {}", go_quote(.0), if .0.len() > 1 { "value out of range" } else { "invalid syntax" })]
    Index(String),
    /// A literal or a quoted identifier that is no JSON
    #[error("{0}")]
    Json(JsonError),
    /// More than [`MAX_EXPRESSION_BYTES`]
    #[error("SyntaxError: the expression is longer than {MAX_EXPRESSION_BYTES} bytes")]
    TooLong,
    /// More than [`MAX_TREE_DEPTH`]
    #[error("SyntaxError: the expression nests deeper than {MAX_TREE_DEPTH} levels")]
    TooDeep,
}

/// A character in single quotes, in ASCII, as Go's `strconv.QuoteRuneToASCII` has it.
fn quote_to_ascii(character: char) -> String {
    match u32::from(character) {
        0x27 => r"'\''".to_owned(),
        0x5c => r"'\\'".to_owned(),
        0x20..=0x7e => format!("'{character}'"),
        7 => r"'\a'".to_owned(),
        8 => r"'\b'".to_owned(),
        9 => r"'\t'".to_owned(),
        10 => r"'\n'".to_owned(),
        11 => r"'\v'".to_owned(),
        12 => r"'\f'".to_owned(),
        13 => r"'\r'".to_owned(),
        code @ (0..=0x1f | 0x7f) => format!("'\\x{code:02x}'"),
        code @ 0x80..=0xffff => format!("'\\u{code:04x}'"),
        code => format!("'\\U{code:08x}'"),
    }
}
