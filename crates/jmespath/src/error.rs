//! What can go wrong in an evaluation. Texts are Kyverno's where Kyverno has one.

use crate::go_json::JsonError;
use crate::limits::LimitReached;
use crate::term::{LookupError, NotJson};
use scalars::duration::DurationError;
use scalars::go_time::TimeError;
use scalars::numbers::{format_v, go_quote};
use scalars::quantity::QuantityError;
use scalars::semver_range::RangeError;
use thiserror::Error;

/// Why an evaluation has no value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EvaluationError {
    /// An object has no such key. Many places of the language turn this one into null.
    #[error("Unknown key \"{0}\" in path")]
    NotFound(Box<str>),
    /// A fact is missing. Nothing turns this into a value.
    #[error(transparent)]
    Lookup(#[from] LookupError),
    /// A limit was reached. Nothing turns this into a value.
    #[error(transparent)]
    Limit(#[from] LimitReached),
    /// No function of that name
    #[error("unknown function: {0}")]
    UnknownFunction(Box<str>),
    /// Something else than a name is called
    #[error("invalid node value type")]
    NotCallable,
    /// An index that did not read
    #[error("Unknown AST node: ASTEmpty")]
    EmptyNode,
    /// Too few or too many arguments
    #[error("incorrect number of args")]
    ArgumentCount,
    /// Too few arguments for a function of any number
    #[error("Invalid arity.")]
    Arity,
    /// An argument of another type than the function takes
    #[error("Invalid type for: {value}, expected: []jmespath.JpType{{{}}}", quoted(.expected))]
    ArgumentType {
        /// The argument, printed as Go prints it and cut to [`crate::limits::MAX_QUOTED_BYTES`]
        value: Box<str>,
        /// The types the function takes
        expected: &'static [ArgumentType],
    },
    /// `[::0]`
    #[error("Invalid slice, step cannot be 0")]
    SliceStep,
    /// Keys that `sort_by` cannot order
    #[error("error in sort_by comparison")]
    SortKeys,
    /// A key of `sort_by`, `max_by` or `min_by` that differs in type from the first, or cannot be ordered
    #[error("invalid type, must be {0}")]
    KeyType(&'static str),
    /// A reference to an expression where a value must stand
    #[error("unknown type")]
    UnknownType,
    /// A fault of a function that names itself
    #[error("JMESPath function '{function}': {fault}")]
    Function {
        /// The function
        function: &'static str,
        /// What is wrong
        fault: FunctionFault,
    },
    /// A fault of a function whose text stands alone
    #[error(transparent)]
    Value(#[from] ValueFault),
}

impl EvaluationError {
    /// Whether the language may turn the error into null in some places; never so for missing facts and limits.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound(_))
    }

    /// Whether nothing may turn the error into a value.
    pub(crate) fn is_fatal(&self) -> bool {
        matches!(self, Self::Lookup(_) | Self::Limit(_))
    }
}

/// A fault that its function's name stands before.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FunctionFault {
    /// An argument of another type
    #[error("argument #{index} is not of type {wanted}")]
    ArgumentType {
        /// Counted from one
        index: usize,
        /// The type wanted
        wanted: &'static str,
    },
    /// Neither a number, nor a quantity, nor a duration
    #[error("invalid operand")]
    InvalidOperand,
    /// Operands of different kinds
    #[error("Types mismatch")]
    TypesMismatch,
    /// Division by zero
    #[error("Zero divisor passed")]
    ZeroDivisor,
    /// A fraction in `modulo`
    #[error("Non-integer argument(s) passed for modulo")]
    FractionInModulo,
    /// A fraction for the number of decimals
    #[error("Non-integer argument(s) passed for round off")]
    FractionInRound,
    /// A negative number of decimals
    #[error("argument is out of bounds")]
    OutOfBounds,
    /// `sum([])`
    #[error("at least one element in the array is required")]
    EmptySum,
    /// A text that is no boolean
    #[error("lowercase argument must be 'true' or 'false' (provided: '{0}')")]
    NotBoolean(Box<str>),
    /// An index with a fraction
    #[error("argument #2: expected an integer number but got: {0}")]
    NotAnInteger(Number),
    /// A result that the type cannot hold
    #[error("the result is out of range")]
    Overflow,
    /// A regular expression that is none
    #[error(transparent)]
    Regex(#[from] RegexError),
    /// A reference that names no image
    #[error("{0}")]
    Image(Box<str>),
}

/// A float64 in an error, equal by its bits.
#[derive(Debug, Clone, Copy)]
pub struct Number(pub f64);

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&format_v(self.0))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Number {}

/// A value that a function cannot read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ValueFault {
    /// No time after its layout
    #[error(transparent)]
    Time(#[from] TimeError),
    /// No duration
    #[error(transparent)]
    Duration(#[from] DurationError),
    /// No quantity, or none that can be held
    #[error(transparent)]
    Quantity(#[from] QuantityError),
    /// No range of versions
    #[error(transparent)]
    Range(#[from] RangeError),
    /// No JSON
    #[error(transparent)]
    Json(#[from] JsonError),
    /// No YAML; the text says why
    #[error("{0}")]
    Yaml(Box<str>),
    /// A value that JSON does not have
    #[error(transparent)]
    NotJson(#[from] NotJson),
    /// No base64
    #[error("illegal base64 data at input byte {0}")]
    Base64(usize),
    /// No regular expression
    #[error(transparent)]
    Regex(#[from] RegexError),
    /// No integer
    #[error("strconv.ParseInt: parsing {}: invalid syntax", go_quote(.0))]
    Integer(Box<str>),
    /// An empty pattern for `random`
    #[error("no pattern provided")]
    NoPattern,
    /// No certificate; the text says why
    #[error("{0}")]
    Certificate(&'static str),
    /// No URL
    #[error("parse {}: {cause}", go_quote(.url))]
    Url {
        /// The text
        url: Box<str>,
        /// What is wrong with it
        cause: &'static str,
    },
    /// A host without addresses
    #[error("lookup {0}: no such host")]
    NoSuchHost(Box<str>),
}

/// Why a text is no regular expression of Go's; prints as Go does.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("error parsing regexp: {kind}{}", if .excerpt.is_empty() { String::new() } else { format!(": `{}`", .excerpt) })]
pub struct RegexError {
    /// What is wrong, in Go's words
    pub kind: &'static str,
    /// The part of the expression that is
    pub excerpt: Box<str>,
}

/// A type that functions declare for their arguments and results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgumentType {
    /// A number
    Number,
    /// A text
    String,
    /// A list
    Array,
    /// An object
    Object,
    /// A list of numbers
    NumberArray,
    /// A list of texts
    StringArray,
    /// A reference to an expression
    Expression,
    /// A boolean; only as a result
    Bool,
    /// Anything
    Any,
}

impl ArgumentType {
    /// The word for the type in signatures and errors.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
            Self::NumberArray => "array[number]",
            Self::StringArray => "array[string]",
            Self::Expression => "expref",
            Self::Bool => "bool",
            Self::Any => "any",
        }
    }
}

fn quoted(types: &[ArgumentType]) -> String {
    types
        .iter()
        .map(|kind| format!("\"{}\"", kind.name()))
        .collect::<Vec<_>>()
        .join(", ")
}
