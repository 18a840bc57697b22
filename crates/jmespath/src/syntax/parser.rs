//! Tokens to a syntax tree, by binding powers.
//!
//! Keeps two leniencies of the language it follows: commas between function arguments may be missing or trail, and a
//! bracketed index that is no number leaves [`Ast::Empty`], which is an error only when it is evaluated.

mod brackets;

use super::ast::{Ast, Comparator};
use super::error::{SyntaxError, SyntaxFault};
use super::lexer::tokenize;
use super::token::{Kind, Token};
use crate::go_json;
use crate::limits::{MAX_EXPRESSION_BYTES, MAX_TREE_DEPTH};
use serde_json::Value;

/// Reads a whole expression.
pub(crate) fn parse(expression: &str) -> Result<Ast, SyntaxError> {
    let fail = |fault, offset| SyntaxError {
        fault,
        expression: expression.to_owned(),
        offset,
    };
    if expression.len() > MAX_EXPRESSION_BYTES {
        return Err(SyntaxError {
            fault: SyntaxFault::TooLong,
            expression: String::new(),
            offset: 0,
        });
    }
    let mut parser = Parser {
        tokens: tokenize(expression)?,
        index: 0,
        depth: 0,
    };
    let parsed = parser.expression(0).and_then(|node| {
        let next = parser.current();
        if next == Kind::End {
            Ok(node)
        } else {
            Err(parser.fault(SyntaxFault::TrailingToken(next.name())))
        }
    });
    parsed
        .map(|node| node.tree)
        .map_err(|(fault, offset)| fail(fault, offset))
}

/// A fault and the offset it stands at.
type Fault = (SyntaxFault, usize);

/// A tree and how many nodes stand above one another in it.
struct Node {
    tree: Ast,
    height: usize,
}

struct Parser {
    tokens: Vec<Token>,
    index: usize,
    /// Calls of `expression` within one another
    depth: usize,
}

impl Parser {
    fn kind_at(&self, ahead: usize) -> Kind {
        self.tokens
            .get(self.index.saturating_add(ahead))
            .map_or(Kind::End, |token| token.kind)
    }

    fn current(&self) -> Kind {
        self.kind_at(0)
    }

    fn current_text(&self) -> String {
        self.tokens
            .get(self.index)
            .map(|token| token.text.clone())
            .unwrap_or_default()
    }

    fn position(&self) -> usize {
        let last = self.tokens.last().map_or(0, |token| token.position);
        self.tokens.get(self.index).map_or(last, |token| token.position)
    }

    fn advance(&mut self) {
        self.index = self.index.saturating_add(1);
    }

    fn fault(&self, fault: SyntaxFault) -> Fault {
        (fault, self.position())
    }

    fn expect(&mut self, kind: Kind) -> Result<(), Fault> {
        if self.current() == kind {
            self.advance();
            return Ok(());
        }
        let fault = SyntaxFault::Expected {
            expected: kind.name(),
            received: self.current().name(),
        };
        Err(self.fault(fault))
    }

    /// A node over its children, within the depth allowed.
    fn node(&self, children: &[usize], tree: Ast) -> Result<Node, Fault> {
        let height = children.iter().copied().max().unwrap_or(0).saturating_add(1);
        if height > MAX_TREE_DEPTH {
            Err(self.fault(SyntaxFault::TooDeep))
        } else {
            Ok(Node { tree, height })
        }
    }

    fn pair(&self, left: Node, right: Node, make: fn(Box<Ast>, Box<Ast>) -> Ast) -> Result<Node, Fault> {
        self.node(
            &[left.height, right.height],
            make(Box::new(left.tree), Box::new(right.tree)),
        )
    }

    fn expression(&mut self, binding_power: u8) -> Result<Node, Fault> {
        if self.depth >= MAX_TREE_DEPTH {
            return Err(self.fault(SyntaxFault::TooDeep));
        }
        self.depth = self.depth.saturating_add(1);
        let result = self.expression_within(binding_power);
        self.depth = self.depth.saturating_sub(1);
        result
    }

    fn expression_within(&mut self, binding_power: u8) -> Result<Node, Fault> {
        let position = self.position();
        let (kind, text) = (self.current(), self.current_text());
        self.advance();
        let mut left = self.prefix(kind, text, position)?;
        while binding_power < self.current().binding_power() {
            let kind = self.current();
            self.advance();
            left = self.infix(kind, left)?;
        }
        Ok(left)
    }

    /// An expression that begins with the token just read.
    fn prefix(&mut self, kind: Kind, text: String, position: usize) -> Result<Node, Fault> {
        match kind {
            Kind::JsonLiteral => {
                let value = go_json::read(&text).map_err(|error| (SyntaxFault::Json(error), position))?;
                self.node(&[], Ast::Literal(value))
            }
            Kind::StringLiteral => self.node(&[], Ast::Literal(Value::String(text))),
            Kind::UnquotedIdentifier => self.node(&[], Ast::Field(text)),
            Kind::QuotedIdentifier if self.current() == Kind::LeftParen => {
                Err((SyntaxFault::QuotedFunctionName, position))
            }
            Kind::QuotedIdentifier => self.node(&[], Ast::Field(text)),
            Kind::Star => {
                let right = if self.current() == Kind::RightBracket {
                    self.node(&[], Ast::Identity)?
                } else {
                    self.projection_right(Kind::Star.binding_power())?
                };
                self.over_identity(right, Ast::ValueProjection)
            }
            Kind::Filter => {
                let left = self.node(&[], Ast::Identity)?;
                self.filter(left)
            }
            Kind::LeftBrace => self.multi_select_hash(),
            Kind::Flatten => {
                let left = self.node(&[], Ast::Identity)?;
                self.flatten(left)
            }
            Kind::LeftBracket => self.bracket(),
            Kind::Current => self.node(&[], Ast::Current),
            Kind::Reference => {
                let inner = self.expression(Kind::Reference.binding_power())?;
                self.node(&[inner.height], Ast::Reference(Box::new(inner.tree)))
            }
            Kind::Not => {
                let inner = self.expression(Kind::Not.binding_power())?;
                self.node(&[inner.height], Ast::Not(Box::new(inner.tree)))
            }
            Kind::LeftParen => {
                let inner = self.expression(0)?;
                self.expect(Kind::RightParen)?;
                Ok(inner)
            }
            Kind::End => Err((SyntaxFault::Incomplete, position)),
            Kind::Unknown
            | Kind::Dot
            | Kind::RightParen
            | Kind::RightBracket
            | Kind::RightBrace
            | Kind::Or
            | Kind::Pipe
            | Kind::Number
            | Kind::Comma
            | Kind::Colon
            | Kind::Less
            | Kind::LessOrEqual
            | Kind::Greater
            | Kind::GreaterOrEqual
            | Kind::Equal
            | Kind::NotEqual
            | Kind::And => Err((SyntaxFault::InvalidToken(kind.name()), position)),
        }
    }

    /// What the token just read makes of the expression left of it.
    fn infix(&mut self, kind: Kind, left: Node) -> Result<Node, Fault> {
        let power = kind.binding_power();
        let comparator = match kind {
            Kind::Dot if self.current() == Kind::Star => {
                self.advance();
                let right = self.projection_right(power)?;
                return self.pair(left, right, Ast::ValueProjection);
            }
            Kind::Dot => {
                let right = self.dot_right(power)?;
                return self.pair(left, right, Ast::Subexpression);
            }
            Kind::Pipe => return self.binary(left, power, Ast::Pipe),
            Kind::Or => return self.binary(left, power, Ast::Or),
            Kind::And => return self.binary(left, power, Ast::And),
            Kind::LeftParen => return self.call(left),
            Kind::Filter => return self.filter(left),
            Kind::Flatten => return self.flatten(left),
            Kind::LeftBracket => return self.index_or_projection(left),
            Kind::Equal => Comparator::Equal,
            Kind::NotEqual => Comparator::NotEqual,
            Kind::Less => Comparator::Less,
            Kind::LessOrEqual => Comparator::LessOrEqual,
            Kind::Greater => Comparator::Greater,
            Kind::GreaterOrEqual => Comparator::GreaterOrEqual,
            Kind::Unknown
            | Kind::Star
            | Kind::RightParen
            | Kind::RightBracket
            | Kind::LeftBrace
            | Kind::RightBrace
            | Kind::Number
            | Kind::UnquotedIdentifier
            | Kind::QuotedIdentifier
            | Kind::Comma
            | Kind::Colon
            | Kind::JsonLiteral
            | Kind::StringLiteral
            | Kind::Current
            | Kind::Reference
            | Kind::Not
            | Kind::End => return Err(self.fault(SyntaxFault::UnexpectedToken(kind.name()))),
        };
        let right = self.expression(power)?;
        let tree = Ast::Comparison(comparator, Box::new(left.tree), Box::new(right.tree));
        self.node(&[left.height, right.height], tree)
    }

    fn binary(&mut self, left: Node, power: u8, make: fn(Box<Ast>, Box<Ast>) -> Ast) -> Result<Node, Fault> {
        let right = self.expression(power)?;
        self.pair(left, right, make)
    }

    fn over_identity(&self, right: Node, make: fn(Box<Ast>, Box<Ast>) -> Ast) -> Result<Node, Fault> {
        let left = self.node(&[], Ast::Identity)?;
        self.pair(left, right, make)
    }
}
