//! Names, literals, calls, selections, indexes, list, map and object literals.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "any other token ends the operand or is reported"
)]

use std::sync::Arc;

use super::{Parsed, Parser, literals};
use crate::ast::{Element, Entry, Kind, Literal, NodeId, Selection, StructField};
use crate::lexer::{Symbol, Token, TokenKind};

/// Names kept for later use; they name fields but no variables (cel-spec `doc/langdef.md`)
const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// What cel-go's parser says it could have read where an operand is missing
const OPERAND: &str = "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

impl<'t> Parser<'t> {
    /// `member = primary ('.' name | '.?' name | '.' name '(' … ')' | '[' expr ']')*`
    pub(super) fn member(&mut self) -> Parsed {
        let operand = self.primary()?;
        self.member_of(operand)
    }

    pub(super) fn member_of(&mut self, mut operand: NodeId) -> Parsed {
        loop {
            let token = self.peek();
            operand = match token.kind {
                TokenKind::Symbol(Symbol::Dot) => self.select(operand)?,
                TokenKind::Symbol(Symbol::LeftBracket) => self.index(operand)?,
                _ => return Ok(operand),
            };
        }
    }

    fn select(&mut self, operand: NodeId) -> Parsed {
        let dot = self.advance();
        let optional = self.accept(Symbol::Question).is_some();
        let name = self.peek();
        let field = self.field_name()?;
        if !optional
            && name.kind == TokenKind::Identifier
            && let Some(open) = self.accept(Symbol::LeftParenthesis)
        {
            let arguments = self.arguments()?;
            return self.method_or_macro(&field, operand, arguments, open.offset);
        }
        let selection = if optional {
            Selection::Optional
        } else {
            Selection::Field
        };
        self.push(
            Kind::Select {
                operand,
                field,
                selection,
            },
            dot.offset,
        )
    }

    fn index(&mut self, operand: NodeId) -> Parsed {
        let open = self.advance();
        let optional = self.accept(Symbol::Question).is_some();
        let index = self.expression()?;
        self.expect(Symbol::RightBracket, "']'")?;
        self.operator_call(
            if optional { "_[?_]" } else { "_[_]" },
            vec![operand, index],
            open.offset,
        )
    }

    /// A plain or backtick name
    fn field_name(&mut self) -> Parsed<Arc<str>> {
        let token = self.peek();
        match token.kind {
            TokenKind::Identifier => {
                self.advance();
                Ok(token.text.into())
            }
            TokenKind::Escaped => {
                self.advance();
                Ok(token.text.trim_matches('`').into())
            }
            _ => Err(self.stop(
                token.offset,
                format!("Syntax error: no viable alternative at input '.{}'", token.text),
            )),
        }
    }

    /// The arguments after an open parenthesis, which is read already
    fn arguments(&mut self) -> Parsed<Vec<NodeId>> {
        let mut arguments = Vec::new();
        if self.accept(Symbol::RightParenthesis).is_some() {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.expression()?);
            if self.accept(Symbol::Comma).is_none() {
                break;
            }
        }
        self.expect(Symbol::RightParenthesis, "{')', ','}")?;
        Ok(arguments)
    }

    fn primary(&mut self) -> Parsed {
        let token = self.peek();
        match token.kind {
            TokenKind::Identifier => self.name(),
            TokenKind::Int | TokenKind::Uint | TokenKind::Float | TokenKind::String | TokenKind::Bytes => {
                self.advance();
                let literal = literal(token);
                self.literal(literal, token.offset)
            }
            TokenKind::Symbol(Symbol::Dot) => self.name(),
            TokenKind::Symbol(Symbol::LeftParenthesis) => {
                self.advance();
                let inner = self.expression()?;
                self.expect(Symbol::RightParenthesis, "')'")?;
                Ok(inner)
            }
            TokenKind::Symbol(Symbol::LeftBracket) => self.list(),
            TokenKind::Symbol(Symbol::LeftBrace) => self.map(),
            TokenKind::Symbol(Symbol::True) => self.constant(Literal::Bool(true)),
            TokenKind::Symbol(Symbol::False) => self.constant(Literal::Bool(false)),
            TokenKind::Symbol(Symbol::Null) => self.constant(Literal::Null),
            TokenKind::Escaped | TokenKind::End | TokenKind::Symbol(_) => Err(self.unexpected(OPERAND)),
        }
    }

    fn constant(&mut self, literal: Literal) -> Parsed {
        let token = self.advance();
        self.push(Kind::Literal(literal), token.offset)
    }

    pub(super) fn literal(&mut self, literal: Result<Literal, &str>, offset: u32) -> Parsed {
        match literal {
            Ok(literal) => self.push(Kind::Literal(literal), offset),
            Err(message) => {
                self.report(offset, message);
                self.placeholder(offset)
            }
        }
    }

    /// A variable, a global call or an object literal, with or without a leading dot
    fn name(&mut self) -> Parsed {
        let dot = self.accept(Symbol::Dot).map_or("", |dot| dot.text);
        let token = self.peek();
        if token.kind != TokenKind::Identifier {
            return Err(self.unexpected("IDENTIFIER"));
        }
        if let Some(words) = self.object_name_length() {
            return self.object(dot, words);
        }
        self.advance();
        let name: Arc<str> = format!("{dot}{}", token.text).into();
        let open = self.accept(Symbol::LeftParenthesis);
        let arguments = open.map(|_| self.arguments()).transpose()?;
        if RESERVED.contains(&token.text) {
            self.report(token.offset, format!("reserved identifier: {}", token.text));
            return self.placeholder(token.offset);
        }
        match (open, arguments) {
            (Some(open), Some(arguments)) => self.call_or_macro(name, arguments, open.offset),
            _ => self.push(Kind::Ident(name), token.offset),
        }
    }

    /// How many words `a.b.C{` has before its brace, if that is what stands here
    fn object_name_length(&self) -> Option<usize> {
        let mut ahead = 0_usize;
        loop {
            if self.peek_at(ahead).kind != TokenKind::Identifier {
                return None;
            }
            let after = ahead.checked_add(1)?;
            match self.peek_at(after).kind {
                TokenKind::Symbol(Symbol::LeftBrace) => return after.checked_add(1)?.checked_div(2),
                TokenKind::Symbol(Symbol::Dot) => ahead = after.checked_add(1)?,
                _ => return None,
            }
        }
    }

    fn object(&mut self, dot: &str, words: usize) -> Parsed {
        let mut name = dot.to_owned();
        for index in 0..words {
            if index > 0 {
                name.push_str(self.advance().text);
            }
            name.push_str(self.advance().text);
        }
        let open = self.advance();
        let mut fields = Vec::new();
        while self.accept(Symbol::RightBrace).is_none() {
            let optional = self.accept(Symbol::Question).is_some();
            let name = self.field_name()?;
            let colon = self.expect(Symbol::Colon, "':'")?;
            let value = self.expression()?;
            fields.push(StructField {
                name,
                value,
                optional,
                offset: colon.offset,
            });
            if !self.separator(Symbol::RightBrace)? {
                break;
            }
        }
        self.push(
            Kind::Struct {
                name: name.into(),
                fields,
            },
            open.offset,
        )
    }

    fn list(&mut self) -> Parsed {
        let open = self.advance();
        let mut elements = Vec::new();
        while self.accept(Symbol::RightBracket).is_none() {
            let optional = self.accept(Symbol::Question).is_some();
            elements.push(Element {
                value: self.expression()?,
                optional,
            });
            if !self.separator(Symbol::RightBracket)? {
                break;
            }
        }
        self.push(Kind::List(elements), open.offset)
    }

    fn map(&mut self) -> Parsed {
        let open = self.advance();
        let mut entries = Vec::new();
        while self.accept(Symbol::RightBrace).is_none() {
            let optional = self.accept(Symbol::Question).is_some();
            let key = self.expression()?;
            self.expect(Symbol::Colon, "':'")?;
            let value = self.expression()?;
            entries.push(Entry { key, value, optional });
            if !self.separator(Symbol::RightBrace)? {
                break;
            }
        }
        self.push(Kind::Map(entries), open.offset)
    }

    /// After an item: whether another item or the closing bracket is still to be read. The bracket itself is read when no comma stands.
    fn separator(&mut self, close: Symbol) -> Parsed<bool> {
        if self.accept(Symbol::Comma).is_some() {
            return Ok(true);
        }
        self.expect(
            close,
            if close == Symbol::RightBracket {
                "{']', ','}"
            } else {
                "{'}', ','}"
            },
        )?;
        Ok(false)
    }
}

fn literal(token: Token<'_>) -> Result<Literal, &'static str> {
    match token.kind {
        TokenKind::Int => literals::int(token.text, false)
            .map(Literal::Int)
            .ok_or("invalid int literal"),
        TokenKind::Uint => literals::uint(token.text)
            .map(Literal::Uint)
            .ok_or("invalid uint literal"),
        TokenKind::Float => literals::double(token.text, false)
            .map(Literal::Double)
            .ok_or("invalid double literal"),
        TokenKind::String => literals::string(token.text).map(|text| Literal::String(text.into())),
        TokenKind::Bytes => literals::bytes(token.text).map(|octets| Literal::Bytes(octets.into())),
        TokenKind::Identifier | TokenKind::Escaped | TokenKind::Symbol(_) | TokenKind::End => {
            Err("not a literal")
        }
    }
}
