//! Binary and unary operators.

use super::{Parsed, Parser};
use crate::ast::{Kind, Literal, NodeId};
use crate::lexer::{Symbol, TokenKind};

/// Function name of `? :`
pub(super) const CONDITIONAL: &str = "_?_:_";

/// How tightly a binary operator binds, and its function name
fn binary(symbol: Symbol) -> Option<(u8, &'static str)> {
    Some(match symbol {
        Symbol::Less => (1, "_<_"),
        Symbol::LessEquals => (1, "_<=_"),
        Symbol::GreaterEquals => (1, "_>=_"),
        Symbol::Greater => (1, "_>_"),
        Symbol::Equals => (1, "_==_"),
        Symbol::NotEquals => (1, "_!=_"),
        Symbol::In => (1, "@in"),
        Symbol::Plus => (2, "_+_"),
        Symbol::Minus => (2, "_-_"),
        Symbol::Star => (3, "_*_"),
        Symbol::Slash => (3, "_/_"),
        Symbol::Percent => (3, "_%_"),
        Symbol::And
        | Symbol::Or
        | Symbol::LeftBracket
        | Symbol::RightBracket
        | Symbol::LeftBrace
        | Symbol::RightBrace
        | Symbol::LeftParenthesis
        | Symbol::RightParenthesis
        | Symbol::Dot
        | Symbol::Comma
        | Symbol::Not
        | Symbol::Question
        | Symbol::Colon
        | Symbol::True
        | Symbol::False
        | Symbol::Null => return None,
    })
}

impl Parser<'_> {
    pub(super) fn operator_call(&mut self, name: &str, arguments: Vec<NodeId>, offset: u32) -> Parsed {
        self.push(
            Kind::Call {
                function: name.into(),
                target: None,
                arguments,
            },
            offset,
        )
    }

    /// `or = and ('||' and)*`
    pub(super) fn or(&mut self) -> Parsed {
        let mut terms = vec![self.and()?];
        let mut offsets = Vec::new();
        while let Some(operator) = self.accept(Symbol::Or) {
            offsets.push(operator.offset);
            terms.push(self.and()?);
        }
        self.balanced("_||_", &terms, &offsets)
    }

    /// `and = relation ('&&' relation)*`
    fn and(&mut self) -> Parsed {
        let mut terms = vec![self.binary(1)?];
        let mut offsets = Vec::new();
        while let Some(operator) = self.accept(Symbol::And) {
            offsets.push(operator.offset);
            terms.push(self.binary(1)?);
        }
        self.balanced("_&&_", &terms, &offsets)
    }

    /// A chain of one operator as a balanced tree; there is one operator fewer than terms.
    fn balanced(&mut self, name: &str, terms: &[NodeId], offsets: &[u32]) -> Parsed {
        let middle = offsets.len().wrapping_div(2);
        let Some(&offset) = offsets.get(middle) else {
            return terms.first().copied().map_or_else(|| self.placeholder(0), Ok);
        };
        let (left, right) = terms
            .split_at_checked(middle.saturating_add(1))
            .unwrap_or((terms, &[]));
        let (before, after) = offsets.split_at_checked(middle).unwrap_or((offsets, &[]));
        let left = self.balanced(name, left, before)?;
        let right = self.balanced(name, right, after.get(1..).unwrap_or(&[]))?;
        self.operator_call(name, vec![left, right], offset)
    }

    /// Comparisons, sums and products, left to right
    fn binary(&mut self, tightness: u8) -> Parsed {
        let mut left = self.unary()?;
        while let TokenKind::Symbol(symbol) = self.peek().kind {
            let Some((level, name)) = binary(symbol).filter(|(level, _)| *level >= tightness) else {
                break;
            };
            let operator = self.advance();
            let right = self.binary(level.saturating_add(1))?;
            left = self.operator_call(name, vec![left, right], operator.offset)?;
        }
        Ok(left)
    }

    /// `unary = '!'* member | '-'* member`; an even number cancels out
    fn unary(&mut self) -> Parsed {
        let first = self.peek();
        let operators = [(Symbol::Not, "!_"), (Symbol::Minus, "-_")];
        let known = operators
            .iter()
            .find(|(symbol, _)| first.kind == TokenKind::Symbol(*symbol));
        let Some(&(symbol, name)) = known else {
            return self.member();
        };
        let number = matches!(self.peek_at(1).kind, TokenKind::Int | TokenKind::Float);
        if symbol == Symbol::Minus && number {
            self.advance();
            return self.negative_literal(first.offset);
        }
        let mut odd = false;
        while self.accept(symbol).is_some() {
            odd = !odd;
        }
        let operand = self.member()?;
        if odd {
            self.operator_call(name, vec![operand], first.offset)
        } else {
            Ok(operand)
        }
    }

    /// A number whose sign was read already; selections and indexes may follow, as after any literal.
    fn negative_literal(&mut self, offset: u32) -> Parsed {
        let token = self.advance();
        let literal = if token.kind == TokenKind::Int {
            super::literals::int(token.text, true)
                .map(Literal::Int)
                .ok_or("invalid int literal")
        } else {
            super::literals::double(token.text, true)
                .map(Literal::Double)
                .ok_or("invalid double literal")
        };
        let literal = self.literal(literal, offset)?;
        self.member_of(literal)
    }
}
