//! What stands in brackets, and what follows a projection.

use super::{Fault, Node, Parser};
use crate::syntax::ast::Ast;
use crate::syntax::error::SyntaxFault;
use crate::syntax::token::Kind;
use serde_json::Value;

impl Parser {
    pub(super) fn call(&mut self, callee: Node) -> Result<Node, Fault> {
        let mut arguments = Vec::new();
        let mut heights = vec![callee.height];
        while self.current() != Kind::RightParen {
            let argument = self.expression(0)?;
            if self.current() == Kind::Comma {
                self.advance();
            }
            heights.push(argument.height);
            arguments.push(argument.tree);
        }
        self.advance();
        // what is called keeps only its text: `foo`, but also `'foo'` and the name of a call
        let (Ast::Field(name) | Ast::Literal(Value::String(name)) | Ast::Function(Some(name), _)) =
            callee.tree
        else {
            return self.node(&heights, Ast::Function(None, arguments));
        };
        self.node(&heights, Ast::Function(Some(name), arguments))
    }

    pub(super) fn flatten(&mut self, left: Node) -> Result<Node, Fault> {
        let left = self.node(&[left.height], Ast::Flatten(Box::new(left.tree)))?;
        let right = self.projection_right(Kind::Flatten.binding_power())?;
        self.pair(left, right, Ast::Projection)
    }

    pub(super) fn filter(&mut self, left: Node) -> Result<Node, Fault> {
        let condition = self.expression(0)?;
        self.expect(Kind::RightBracket)?;
        let right = if self.current() == Kind::Flatten {
            self.node(&[], Ast::Identity)?
        } else {
            self.projection_right(Kind::Filter.binding_power())?
        };
        let heights = [left.height, right.height, condition.height];
        let (left, right) = (Box::new(left.tree), Box::new(right.tree));
        self.node(
            &heights,
            Ast::FilterProjection {
                left,
                right,
                condition: Box::new(condition.tree),
            },
        )
    }

    /// `[` at the beginning of an expression.
    pub(super) fn bracket(&mut self) -> Result<Node, Fault> {
        let next = self.current();
        if matches!(next, Kind::Number | Kind::Colon) {
            let Ok(index) = self.index() else {
                return self.node(&[], Ast::Empty);
            };
            let left = self.node(&[], Ast::Identity)?;
            return self.project_if_slice(left, index);
        }
        if next == Kind::Star && self.kind_at(1) == Kind::RightBracket {
            self.advance();
            self.advance();
            let right = self.projection_right(Kind::Star.binding_power())?;
            return self.over_identity(right, Ast::Projection);
        }
        self.multi_select_list()
    }

    /// `[` after an expression.
    pub(super) fn index_or_projection(&mut self, left: Node) -> Result<Node, Fault> {
        if matches!(self.current(), Kind::Number | Kind::Colon) {
            let index = self.index()?;
            return self.project_if_slice(left, index);
        }
        self.expect(Kind::Star)?;
        self.expect(Kind::RightBracket)?;
        let right = self.projection_right(Kind::Star.binding_power())?;
        self.pair(left, right, Ast::Projection)
    }

    pub(super) fn index(&mut self) -> Result<Node, Fault> {
        if self.current() == Kind::Colon || self.kind_at(1) == Kind::Colon {
            return self.slice();
        }
        let index = self.number()?;
        self.expect(Kind::RightBracket)?;
        self.node(&[], Ast::Index(index))
    }

    pub(super) fn slice(&mut self) -> Result<Node, Fault> {
        let mut parts = [None; 3];
        let mut part = 0usize;
        while self.current() != Kind::RightBracket && part < 3 {
            let next = self.current();
            if next == Kind::Colon {
                part = part.saturating_add(1);
                self.advance();
            } else if next == Kind::Number {
                let number = self.number()?;
                if let Some(slot) = parts.get_mut(part) {
                    *slot = Some(number);
                }
            } else {
                let fault = SyntaxFault::Expected {
                    expected: "tColon or tNumber",
                    received: next.name(),
                };
                return Err(self.fault(fault));
            }
        }
        self.expect(Kind::RightBracket)?;
        self.node(&[], Ast::Slice(parts))
    }

    pub(super) fn number(&mut self) -> Result<i64, Fault> {
        let text = self.current_text();
        let number = text.parse().map_err(|_| self.fault(SyntaxFault::Index(text)))?;
        self.advance();
        Ok(number)
    }

    pub(super) fn project_if_slice(&mut self, left: Node, index: Node) -> Result<Node, Fault> {
        let is_slice = matches!(index.tree, Ast::Slice(_));
        let indexed = self.pair(left, index, Ast::IndexExpression)?;
        if !is_slice {
            return Ok(indexed);
        }
        let right = self.projection_right(Kind::Star.binding_power())?;
        self.pair(indexed, right, Ast::Projection)
    }

    pub(super) fn multi_select_list(&mut self) -> Result<Node, Fault> {
        let (mut items, mut heights) = (Vec::new(), Vec::new());
        loop {
            let item = self.expression(0)?;
            heights.push(item.height);
            items.push(item.tree);
            if self.current() == Kind::RightBracket {
                self.advance();
                return self.node(&heights, Ast::MultiSelectList(items));
            }
            self.expect(Kind::Comma)?;
        }
    }

    pub(super) fn multi_select_hash(&mut self) -> Result<Node, Fault> {
        let (mut members, mut heights) = (Vec::new(), Vec::new());
        loop {
            let key = self.current_text();
            if !matches!(self.current(), Kind::UnquotedIdentifier | Kind::QuotedIdentifier) {
                return Err(self.fault(SyntaxFault::ExpectedKey));
            }
            self.advance();
            self.expect(Kind::Colon)?;
            let value = self.expression(0)?;
            heights.push(value.height);
            members.push((key, value.tree));
            let next = self.current();
            if matches!(next, Kind::Comma | Kind::RightBrace) {
                self.advance();
            }
            if next == Kind::RightBrace {
                return self.node(&heights, Ast::MultiSelectHash(members));
            }
        }
    }

    pub(super) fn dot_right(&mut self, power: u8) -> Result<Node, Fault> {
        let next = self.current();
        if matches!(
            next,
            Kind::QuotedIdentifier | Kind::UnquotedIdentifier | Kind::Star
        ) {
            return self.expression(power);
        }
        if !matches!(next, Kind::LeftBracket | Kind::LeftBrace) {
            return Err(self.fault(SyntaxFault::ExpectedAfterDot));
        }
        self.advance();
        if next == Kind::LeftBracket {
            self.multi_select_list()
        } else {
            self.multi_select_hash()
        }
    }

    /// What a projection takes from each element: everything up to a token that binds less than it.
    pub(super) fn projection_right(&mut self, power: u8) -> Result<Node, Fault> {
        let next = self.current();
        if next.binding_power() < 10 {
            return self.node(&[], Ast::Identity);
        }
        if matches!(next, Kind::LeftBracket | Kind::Filter) {
            return self.expression(power);
        }
        if next != Kind::Dot {
            return Err(self.fault(SyntaxFault::AfterProjection));
        }
        self.advance();
        self.dot_right(power)
    }
}
