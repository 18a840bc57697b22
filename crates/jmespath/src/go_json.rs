//! JSON as Go's `encoding/json` reads it into an `interface{}`.
//!
//! In: text. Out: a value whose numbers are float64s, or Go's own words for what is wrong. More lenient than
//! `serde_json` in one point: an unpaired surrogate becomes U+FFFD. A repeated key keeps its last value.
//! Never nests deeper than [`MAX_JSON_DEPTH`].
//!
//! Behaviour: Go's encoding/json scanner; its depth bound is 10,000.

use crate::limits::MAX_JSON_DEPTH;
use serde_json::{Map, Number, Value};
use std::iter::Peekable;
use std::str::Chars;
use thiserror::Error;

/// Why a text is no JSON; prints as Go does.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JsonError {
    /// The text ends too early
    #[error("unexpected end of JSON input")]
    UnexpectedEnd,
    /// A character that may not stand there
    #[error("invalid character {} {context}", quote(*.character))]
    InvalidCharacter {
        /// The character
        character: char,
        /// Where it stands, as Go says it
        context: &'static str,
    },
    /// A number beyond float64
    #[error("json: cannot unmarshal number {0} into Go value of type float64")]
    NumberRange(String),
    /// Too many arrays and objects within one another
    #[error("exceeded max depth")]
    Depth,
}

/// Reads one JSON text.
///
/// # Errors
/// [`JsonError`], with Go's words.
pub(crate) fn read(text: &str) -> Result<Value, JsonError> {
    let mut reader = Reader {
        rest: text.chars().peekable(),
    };
    let value = reader.value(0)?;
    match reader.next_token() {
        None => Ok(value),
        Some(character) => Err(JsonError::InvalidCharacter {
            character,
            context: "after top-level value",
        }),
    }
}

struct Reader<'t> {
    rest: Peekable<Chars<'t>>,
}

impl Reader<'_> {
    fn skip_space(&mut self) {
        while self
            .rest
            .next_if(|c| matches!(c, ' ' | '\t' | '\r' | '\n'))
            .is_some()
        {}
    }

    fn next_token(&mut self) -> Option<char> {
        self.skip_space();
        self.rest.next()
    }

    /// The next character; Go's scanner sees a space where a text ends within a word.
    fn next_or_space(&mut self) -> char {
        self.rest.next().unwrap_or(' ')
    }

    fn value(&mut self, depth: usize) -> Result<Value, JsonError> {
        let context = "looking for beginning of value";
        match self.next_token().ok_or(JsonError::UnexpectedEnd)? {
            '{' | '[' if depth >= MAX_JSON_DEPTH => Err(JsonError::Depth),
            '{' => self.object(depth.saturating_add(1)),
            '[' => self.array(depth.saturating_add(1)),
            '"' => self.string().map(Value::String),
            't' => self.literal("true", Value::Bool(true)),
            'f' => self.literal("false", Value::Bool(false)),
            'n' => self.literal("null", Value::Null),
            first @ ('-' | '0'..='9') => self.number(first),
            character => Err(JsonError::InvalidCharacter { character, context }),
        }
    }

    fn literal(&mut self, word: &'static str, value: Value) -> Result<Value, JsonError> {
        for wanted in word.chars().skip(1) {
            let character = self.next_or_space();
            if character != wanted {
                return Err(JsonError::InvalidCharacter {
                    character,
                    context: literal_context(word, wanted),
                });
            }
        }
        Ok(value)
    }

    fn array(&mut self, depth: usize) -> Result<Value, JsonError> {
        let mut items = Vec::new();
        self.skip_space();
        if self.rest.next_if_eq(&']').is_some() {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value(depth)?);
            match self.next_token().ok_or(JsonError::UnexpectedEnd)? {
                ',' => {}
                ']' => return Ok(Value::Array(items)),
                character => {
                    return Err(JsonError::InvalidCharacter {
                        character,
                        context: "after array element",
                    });
                }
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, JsonError> {
        let mut members = Map::new();
        self.skip_space();
        if self.rest.next_if_eq(&'}').is_some() {
            return Ok(Value::Object(members));
        }
        loop {
            let context = "looking for beginning of object key string";
            match self.next_token().ok_or(JsonError::UnexpectedEnd)? {
                '"' => {}
                character => return Err(JsonError::InvalidCharacter { character, context }),
            }
            let key = self.string()?;
            match self.next_token().ok_or(JsonError::UnexpectedEnd)? {
                ':' => {}
                character => {
                    return Err(JsonError::InvalidCharacter {
                        character,
                        context: "after object key",
                    });
                }
            }
            members.insert(key, self.value(depth)?);
            let context = "after object key:value pair";
            match self.next_token().ok_or(JsonError::UnexpectedEnd)? {
                ',' => {}
                '}' => return Ok(Value::Object(members)),
                character => return Err(JsonError::InvalidCharacter { character, context }),
            }
        }
    }

    /// The rest of a string, its opening quote already read.
    fn string(&mut self) -> Result<String, JsonError> {
        let mut text = String::new();
        loop {
            match self.rest.next().ok_or(JsonError::UnexpectedEnd)? {
                '"' => return Ok(text),
                '\\' => self.escape(&mut text)?,
                character if u32::from(character) < 0x20 => {
                    return Err(JsonError::InvalidCharacter {
                        character,
                        context: "in string literal",
                    });
                }
                character => text.push(character),
            }
        }
    }

    fn escape(&mut self, text: &mut String) -> Result<(), JsonError> {
        text.push(match self.next_or_space() {
            plain @ ('"' | '\\' | '/') => plain,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => self.unicode_escape()?,
            character => {
                return Err(JsonError::InvalidCharacter {
                    character,
                    context: "in string escape code",
                });
            }
        });
        Ok(())
    }

    fn unicode_escape(&mut self) -> Result<char, JsonError> {
        let first = self.hex4()?;
        if let Some(character) = char::from_u32(first) {
            return Ok(character);
        }
        // a high surrogate wants a low one behind it; alone, either is the replacement character
        let mut ahead = self.rest.clone();
        if (0xd800..0xdc00).contains(&first) && ahead.next() == Some('\\') && ahead.next() == Some('u') {
            let low = ahead.by_ref().take(4).try_fold(0u32, |sum, c| {
                c.to_digit(16)
                    .map(|digit| sum.wrapping_shl(4).wrapping_add(digit))
            });
            if let Some(low @ 0xdc00..=0xdfff) = low {
                self.rest = ahead;
                let high = first.wrapping_sub(0xd800).wrapping_shl(10);
                let scalar = high.wrapping_add(low.wrapping_sub(0xdc00)).wrapping_add(0x1_0000);
                return Ok(char::from_u32(scalar).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex4(&mut self) -> Result<u32, JsonError> {
        let mut sum = 0u32;
        for _ in 0..4 {
            let character = self.next_or_space();
            let context = "in \\u hexadecimal character escape";
            let digit = character
                .to_digit(16)
                .ok_or(JsonError::InvalidCharacter { character, context })?;
            sum = sum.wrapping_shl(4).wrapping_add(digit);
        }
        Ok(sum)
    }

    fn number(&mut self, first: char) -> Result<Value, JsonError> {
        let mut text = String::from(first);
        let leading = if first == '-' {
            self.digit(&mut text, "in numeric literal")?
        } else {
            first
        };
        if leading != '0' {
            self.digits(&mut text);
        }
        if self.rest.next_if_eq(&'.').is_some() {
            text.push('.');
            self.digit(&mut text, "after decimal point in numeric literal")?;
            self.digits(&mut text);
        }
        if self.rest.next_if(|c| matches!(c, 'e' | 'E')).is_some() {
            text.push('e');
            if let Some(sign) = self.rest.next_if(|c| matches!(c, '+' | '-')) {
                text.push(sign);
            }
            self.digit(&mut text, "in exponent of numeric literal")?;
            self.digits(&mut text);
        }
        let value: f64 = text.parse().unwrap_or(f64::INFINITY);
        number_to_json(value).ok_or(JsonError::NumberRange(text))
    }

    fn digit(&mut self, text: &mut String, context: &'static str) -> Result<char, JsonError> {
        match self.next_or_space() {
            digit @ '0'..='9' => {
                text.push(digit);
                Ok(digit)
            }
            character => Err(JsonError::InvalidCharacter { character, context }),
        }
    }

    fn digits(&mut self, text: &mut String) {
        while let Some(digit) = self.rest.next_if(char::is_ascii_digit) {
            text.push(digit);
        }
    }
}

/// A float64 as a JSON number, an integer where it is one; `None` for NaN and infinities.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked first")]
pub(crate) fn number_to_json(number: f64) -> Option<Value> {
    let limit = 9_223_372_036_854_775_808.0;
    if number.fract() == 0.0 && number.abs() < limit {
        return Some(Value::from(number as i64));
    }
    Number::from_f64(number).map(Value::Number)
}

/// Go names the letter of the word that it misses.
fn literal_context(word: &str, wanted: char) -> &'static str {
    match (word, wanted) {
        ("true", 'r') => "in literal true (expecting 'r')",
        ("true", 'u') => "in literal true (expecting 'u')",
        ("true", _) => "in literal true (expecting 'e')",
        ("false", 'a') => "in literal false (expecting 'a')",
        ("false", 'l') => "in literal false (expecting 'l')",
        ("false", 's') => "in literal false (expecting 's')",
        ("false", _) => "in literal false (expecting 'e')",
        (_, 'u') => "in literal null (expecting 'u')",
        _ => "in literal null (expecting 'l')",
    }
}

/// A character as Go's JSON errors quote it.
fn quote(character: char) -> String {
    match character {
        '\'' => r"'\''".to_owned(),
        '"' => "'\"'".to_owned(),
        other => {
            // Go quotes the first byte of a character as if it were one
            let first = other
                .encode_utf8(&mut [0; 4])
                .bytes()
                .next()
                .map_or(other, char::from);
            let quoted = scalars::numbers::go_quote(first.encode_utf8(&mut [0; 4]));
            format!("'{}'", quoted.trim_matches('"'))
        }
    }
}

#[cfg(test)]
mod tests;
