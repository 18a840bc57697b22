//! The syntax tree.

use serde_json::Value;

/// A node of the syntax tree.
#[derive(Debug, Clone, PartialEq)]
pub enum Ast {
    /// What an index that does not read leaves behind; an error when it is evaluated
    Empty,
    /// `a == b`
    Comparison(Comparator, Box<Ast>, Box<Ast>),
    /// `@`
    Current,
    /// `&expression`
    Reference(Box<Ast>),
    /// `name(argument, …)`; no name if something else than an identifier is called
    Function(Option<String>, Vec<Ast>),
    /// `name`
    Field(String),
    /// `left[?condition].right`
    FilterProjection {
        /// What is filtered
        left: Box<Ast>,
        /// What is taken from each element that is left
        right: Box<Ast>,
        /// What an element must meet
        condition: Box<Ast>,
    },
    /// `left[]`
    Flatten(Box<Ast>),
    /// Nothing written: the value itself
    Identity,
    /// `[n]`, from the end if negative
    Index(i64),
    /// `left[n]` or `left[a:b:c]`
    IndexExpression(Box<Ast>, Box<Ast>),
    /// A JSON value or a raw string
    Literal(Value),
    /// `{key: value, …}`
    MultiSelectHash(Vec<(String, Ast)>),
    /// `[a, b]`
    MultiSelectList(Vec<Ast>),
    /// `a || b`
    Or(Box<Ast>, Box<Ast>),
    /// `a && b`
    And(Box<Ast>, Box<Ast>),
    /// `!a`
    Not(Box<Ast>),
    /// `a | b`
    Pipe(Box<Ast>, Box<Ast>),
    /// `left[*].right`, or `.right` of a flattened or sliced list
    Projection(Box<Ast>, Box<Ast>),
    /// `a.b`
    Subexpression(Box<Ast>, Box<Ast>),
    /// `[start:stop:step]`
    Slice([Option<i64>; 3]),
    /// `left.*.right`
    ValueProjection(Box<Ast>, Box<Ast>),
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparator {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Ast {
    /// The nodes directly below, in evaluation order.
    pub(crate) fn children(&self) -> Vec<&Ast> {
        match self {
            Self::Empty
            | Self::Current
            | Self::Field(_)
            | Self::Identity
            | Self::Index(_)
            | Self::Literal(_)
            | Self::Slice(_) => Vec::new(),
            Self::Reference(child) | Self::Flatten(child) | Self::Not(child) => vec![child],
            Self::Comparison(_, left, right)
            | Self::IndexExpression(left, right)
            | Self::Or(left, right)
            | Self::And(left, right)
            | Self::Pipe(left, right)
            | Self::Projection(left, right)
            | Self::Subexpression(left, right)
            | Self::ValueProjection(left, right) => vec![left, right],
            Self::FilterProjection {
                left,
                right,
                condition,
            } => vec![left, right, condition],
            Self::Function(_, children) | Self::MultiSelectList(children) => children.iter().collect(),
            Self::MultiSelectHash(members) => members.iter().map(|(_, child)| child).collect(),
        }
    }
}
