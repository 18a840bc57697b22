//! Text to tokens.

use super::error::{SyntaxError, SyntaxFault};
use super::token::{Kind, Token};
use crate::go_json;
use serde_json::Value;
use std::iter::Peekable;
use std::str::CharIndices;

/// Cuts an expression into tokens; the last one is [`Kind::End`].
pub(super) fn tokenize(expression: &str) -> Result<Vec<Token>, SyntaxError> {
    let mut lexer = Lexer {
        expression,
        rest: expression.char_indices().peekable(),
    };
    let mut tokens = Vec::new();
    while let Some((position, character)) = lexer.rest.next() {
        if let Some((kind, text)) = lexer.token(position, character)? {
            // a literal is pointed at behind its opening quote
            let quote = usize::from(matches!(kind, Kind::JsonLiteral | Kind::StringLiteral));
            tokens.push(Token {
                kind,
                text,
                position: position.saturating_add(quote),
            });
        }
    }
    tokens.push(Token {
        kind: Kind::End,
        text: String::new(),
        position: expression.len(),
    });
    Ok(tokens)
}

struct Lexer<'t> {
    expression: &'t str,
    rest: Peekable<CharIndices<'t>>,
}

impl<'t> Lexer<'t> {
    /// The token that begins with `character`; `None` for white space.
    fn token(&mut self, position: usize, character: char) -> Result<Option<(Kind, String)>, SyntaxError> {
        let kind = match character {
            ' ' | '\t' | '\n' | '\r' => return Ok(None),
            'a'..='z' | 'A'..='Z' | '_' => {
                let text = self.run(position, |c| c.is_ascii_alphanumeric() || c == '_');
                return Ok(Some((Kind::UnquotedIdentifier, text.to_owned())));
            }
            '-' | '0'..='9' => {
                let text = self.run(position, |c| c.is_ascii_digit());
                return Ok(Some((Kind::Number, text.to_owned())));
            }
            '"' => return self.quoted_identifier(position).map(Some),
            '\'' => return self.raw_string().map(Some),
            '`' => {
                let text = self.until(position, '`')?.replace("\\`", "`");
                return Ok(Some((Kind::JsonLiteral, text)));
            }
            '.' => Kind::Dot,
            '*' => Kind::Star,
            ',' => Kind::Comma,
            ':' => Kind::Colon,
            '{' => Kind::LeftBrace,
            '}' => Kind::RightBrace,
            ']' => Kind::RightBracket,
            '(' => Kind::LeftParen,
            ')' => Kind::RightParen,
            '@' => Kind::Current,
            '[' if self.follows('?') => Kind::Filter,
            '[' => self.choose(']', Kind::Flatten, Kind::LeftBracket),
            '|' => self.choose('|', Kind::Or, Kind::Pipe),
            '<' => self.choose('=', Kind::LessOrEqual, Kind::Less),
            '>' => self.choose('=', Kind::GreaterOrEqual, Kind::Greater),
            '!' => self.choose('=', Kind::NotEqual, Kind::Not),
            '=' => self.choose('=', Kind::Equal, Kind::Unknown),
            '&' => self.choose('&', Kind::And, Kind::Reference),
            unknown => return Err(self.error(SyntaxFault::UnknownCharacter(unknown), position)),
        };
        Ok(Some((kind, String::new())))
    }

    fn follows(&mut self, wanted: char) -> bool {
        self.rest.next_if(|(_, character)| *character == wanted).is_some()
    }

    fn choose(&mut self, second: char, both: Kind, alone: Kind) -> Kind {
        if self.follows(second) { both } else { alone }
    }

    /// The characters from `start` on, the first whatever it is, the others as `belongs` says.
    fn run(&mut self, start: usize, belongs: impl Fn(char) -> bool) -> &'t str {
        while self.rest.next_if(|(_, character)| belongs(*character)).is_some() {}
        let end = self.position();
        self.expression.get(start..end).unwrap_or_default()
    }

    fn position(&mut self) -> usize {
        self.rest
            .peek()
            .map_or(self.expression.len(), |(position, _)| *position)
    }

    /// The text up to `end`, which is consumed; a backslash keeps the character after it from ending the text.
    fn until(&mut self, opening: usize, end: char) -> Result<&'t str, SyntaxError> {
        while let Some((position, character)) = self.rest.next() {
            if character == end {
                let start = opening.saturating_add(1);
                return Ok(self.expression.get(start..position).unwrap_or_default());
            }
            if character == '\\' {
                self.rest.next();
            }
        }
        Err(self.error(SyntaxFault::UnclosedDelimiter(end), self.expression.len()))
    }

    fn quoted_identifier(&mut self, opening: usize) -> Result<(Kind, String), SyntaxError> {
        let inner = self.until(opening, '"')?;
        match go_json::read(&format!("\"{inner}\"")) {
            Ok(Value::String(text)) => Ok((Kind::QuotedIdentifier, text)),
            Ok(_) => Ok((Kind::QuotedIdentifier, String::new())),
            Err(error) => Err(self.error(SyntaxFault::Json(error), opening)),
        }
    }

    /// A text between single quotes, where only `\'` is an escape.
    fn raw_string(&mut self) -> Result<(Kind, String), SyntaxError> {
        let mut text = String::new();
        while let Some((_, character)) = self.rest.next() {
            match character {
                '\'' => return Ok((Kind::StringLiteral, text)),
                '\\' if self.follows('\'') => text.push('\''),
                other => text.push(other),
            }
        }
        Err(self.error(SyntaxFault::UnclosedDelimiter('\''), self.expression.len()))
    }

    fn error(&self, fault: SyntaxFault, offset: usize) -> SyntaxError {
        SyntaxError {
            fault,
            expression: self.expression.to_owned(),
            offset,
        }
    }
}
