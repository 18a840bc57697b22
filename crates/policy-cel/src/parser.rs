//! Text to syntax tree.
//!
//! In: an expression and the macros that are switched on. Out: an [`Ast`] no deeper than [`MAX_DEPTH`], or errors in cel-go's words.
//! Recursive descent over an operator-precedence core; `&&` and `||` chains become balanced trees, as in cel-go, so that a thousand
//! terms are ten levels. The first syntax error ends the parse; faults of meaning (a reserved name, a bad literal) are collected.

mod literals;
mod macros;
mod operators;
mod primary;

pub(crate) use macros::{Macros, TOLERANT_OR_VALUE};

use crate::ast::{Ast, Kind, Literal, NodeId};
use crate::error::CompileError;
use crate::lexer::{Symbol, Token, TokenKind, tokenize};
use crate::limits::{MAX_DEPTH, MAX_NODES, MAX_REPORTED_ERRORS, MAX_SOURCE_CODE_POINTS};
use crate::source::position;

/// Parses `text`.
///
/// # Errors
/// Everything found until the first syntax error, that one included.
pub(crate) fn parse(text: &str, macros: Macros) -> Result<Ast, Vec<CompileError>> {
    let whole = |message: String| vec![CompileError::new(text, None, message, None)];
    if text.len() > MAX_SOURCE_CODE_POINTS {
        let size = text.chars().count();
        if size > MAX_SOURCE_CODE_POINTS {
            let limit = MAX_SOURCE_CODE_POINTS;
            return Err(whole(format!(
                "expression code point size exceeds limit: size: {size}, limit {limit}"
            )));
        }
    }
    let tokens = match tokenize(text) {
        Ok(tokens) => tokens,
        Err(bad) => {
            let at = position(text, bad.offset as usize);
            let message = format!("Syntax error: token recognition error at: '{}'", bad.text);
            return Err(vec![CompileError::new(text, Some(at), message, None)]);
        }
    };
    let mut parser = Parser {
        text,
        tokens,
        next: 0,
        ast: Ast::new(),
        errors: Vec::new(),
        macros,
        depth: 0,
    };
    let parsed = parser
        .expression()
        .and_then(|root| parser.expect_end().map(|()| root));
    match parsed {
        Ok(root) if parser.errors.is_empty() => {
            parser.ast.root = root;
            Ok(parser.ast)
        }
        Ok(_) | Err(Stop) => Err(parser.errors),
    }
}

/// A syntax error was reported and parsing cannot go on
#[derive(Debug)]
pub(super) struct Stop;

type Parsed<T = NodeId> = Result<T, Stop>;

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token<'t>>,
    next: usize,
    ast: Ast,
    errors: Vec<CompileError>,
    macros: Macros,
    depth: u16,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Token<'t> {
        self.peek_at(0)
    }

    fn peek_at(&self, ahead: usize) -> Token<'t> {
        let end = Token {
            kind: TokenKind::End,
            offset: 0,
            text: "<EOF>",
        };
        let last = self.tokens.last().copied().unwrap_or(end);
        self.tokens
            .get(self.next.saturating_add(ahead))
            .copied()
            .unwrap_or(last)
    }

    fn advance(&mut self) -> Token<'t> {
        let token = self.peek();
        self.next = self.next.saturating_add(1);
        token
    }

    fn accept(&mut self, symbol: Symbol) -> Option<Token<'t>> {
        (self.peek().kind == TokenKind::Symbol(symbol)).then(|| self.advance())
    }

    fn expect(&mut self, symbol: Symbol, spelled: &str) -> Parsed<Token<'t>> {
        self.accept(symbol).ok_or_else(|| self.unexpected(spelled))
    }

    fn expect_end(&mut self) -> Parsed<()> {
        let token = self.peek();
        if token.kind == TokenKind::End {
            return Ok(());
        }
        Err(self.stop(
            token.offset,
            format!("Syntax error: extraneous input '{}' expecting <EOF>", token.text),
        ))
    }

    /// Reports the token at hand as not being what the grammar asks for
    fn unexpected(&mut self, wanted: &str) -> Stop {
        let token = self.peek();
        self.stop(
            token.offset,
            format!(
                "Syntax error: mismatched input '{}' expecting {wanted}",
                token.text
            ),
        )
    }

    /// Reports a fault and goes on
    fn report(&mut self, offset: u32, message: impl Into<String>) {
        if self.errors.len() < MAX_REPORTED_ERRORS {
            let at = position(self.text, offset as usize);
            self.errors
                .push(CompileError::new(self.text, Some(at), message.into(), None));
        }
    }

    /// Reports a fault and gives up
    fn stop(&mut self, offset: u32, message: impl Into<String>) -> Stop {
        self.report(offset, message);
        Stop
    }

    fn too_deep(&mut self) -> Stop {
        let message = format!("expression recursion limit exceeded: {MAX_DEPTH}");
        self.errors
            .push(CompileError::new(self.text, None, message, None));
        Stop
    }

    /// Puts a node into the tree, unless the tree would grow too deep or too large
    fn push(&mut self, kind: Kind, offset: u32) -> Parsed {
        if self.ast.len() >= MAX_NODES {
            let message = format!("expression node limit exceeded: {MAX_NODES}");
            self.errors
                .push(CompileError::new(self.text, None, message, None));
            return Err(Stop);
        }
        let id = self.ast.push(kind, offset);
        if self.ast.node(id).depth > MAX_DEPTH {
            Err(self.too_deep())
        } else {
            Ok(id)
        }
    }

    /// A stand-in after a reported fault
    fn placeholder(&mut self, offset: u32) -> Parsed {
        self.push(Kind::Literal(Literal::Null), offset)
    }

    /// `expr = or ('?' or ':' expr)?`
    fn expression(&mut self) -> Parsed {
        self.depth = self.depth.saturating_add(1);
        if self.depth > MAX_DEPTH {
            return Err(self.too_deep());
        }
        let condition = self.or()?;
        let parsed = match self.accept(Symbol::Question) {
            None => condition,
            Some(operator) => {
                let then = self.or()?;
                self.expect(Symbol::Colon, "':'")?;
                let otherwise = self.expression()?;
                self.operator_call(
                    operators::CONDITIONAL,
                    vec![condition, then, otherwise],
                    operator.offset,
                )?
            }
        };
        self.depth = self.depth.saturating_sub(1);
        Ok(parsed)
    }
}

#[cfg(test)]
mod tests;
