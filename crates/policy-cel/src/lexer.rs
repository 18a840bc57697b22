//! Source text to tokens.
//!
//! In: text. Out: every token with its byte range, an end token last. Linear; never backs up over a token.
//! Grammar: cel-spec `doc/langdef.md`, cel-go `parser/gen/CEL.g4`.

/// Kinds of tokens
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Identifier,
    /// An identifier between backticks
    Escaped,
    Int,
    Uint,
    Float,
    String,
    Bytes,
    /// An operator or bracket
    Symbol(Symbol),
    End,
}

/// Operators, brackets and the words that are operators or constants
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Symbol {
    Equals,
    NotEquals,
    In,
    Less,
    LessEquals,
    GreaterEquals,
    Greater,
    And,
    Or,
    LeftBracket,
    RightBracket,
    LeftBrace,
    RightBrace,
    LeftParenthesis,
    RightParenthesis,
    Dot,
    Comma,
    Minus,
    Not,
    Question,
    Colon,
    Plus,
    Star,
    Slash,
    Percent,
    True,
    False,
    Null,
}

/// One token
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'t> {
    pub(crate) kind: TokenKind,
    /// Byte offset of its first character
    pub(crate) offset: u32,
    pub(crate) text: &'t str,
}

/// Text that is no token
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unrecognized<'t> {
    pub(crate) offset: u32,
    pub(crate) text: &'t str,
}

/// Splits `text` into tokens; the first piece that is none ends it.
pub(crate) fn tokenize(text: &str) -> Result<Vec<Token<'_>>, Unrecognized<'_>> {
    let mut tokens = Vec::with_capacity(text.len().wrapping_div(3).saturating_add(2));
    let mut rest = text;
    loop {
        rest = skip_space(rest);
        let offset = u32::try_from(text.len().saturating_sub(rest.len())).unwrap_or(u32::MAX);
        if rest.is_empty() {
            tokens.push(Token {
                kind: TokenKind::End,
                offset,
                text: "<EOF>",
            });
            return Ok(tokens);
        }
        let Some((kind, length)) = next(rest) else {
            let text = rest
                .chars()
                .next()
                .map_or("", |first| rest.get(..first.len_utf8()).unwrap_or(""));
            return Err(Unrecognized { offset, text });
        };
        let (token, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        tokens.push(Token {
            kind,
            offset,
            text: token,
        });
        rest = after;
    }
}

fn skip_space(mut rest: &str) -> &str {
    loop {
        rest = rest.trim_start_matches(['\t', ' ', '\r', '\n', '\u{c}']);
        let Some(comment) = rest.strip_prefix("//") else {
            return rest;
        };
        rest = comment.split_once('\n').map_or("", |(_, after)| after);
    }
}

fn next(rest: &str) -> Option<(TokenKind, usize)> {
    let first = rest.chars().next()?;
    match first {
        '"' | '\'' => Some((TokenKind::String, quoted(rest, 0, false)?)),
        '`' => escaped(rest).map(|length| (TokenKind::Escaped, length)),
        '0'..='9' => Some(number(rest)),
        '.' if rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit) => Some(number(rest)),
        'a'..='z' | 'A'..='Z' | '_' => Some(prefixed_string(rest).unwrap_or_else(|| word(rest))),
        _ => symbol(rest).map(|(symbol, length)| (TokenKind::Symbol(symbol), length)),
    }
}

/// `r'..'`, `b'..'`, `br'..'` and their capitals
fn prefixed_string(rest: &str) -> Option<(TokenKind, usize)> {
    let mut bytes = rest.bytes();
    let (kind, prefix, raw) = match (bytes.next()?, bytes.next()?, bytes.next()) {
        (b'r' | b'R', b'"' | b'\'', _) => (TokenKind::String, 1, true),
        (b'b' | b'B', b'"' | b'\'', _) => (TokenKind::Bytes, 1, false),
        (b'b' | b'B', b'r' | b'R', Some(b'"' | b'\'')) => (TokenKind::Bytes, 2, true),
        _ => return None,
    };
    Some((kind, quoted(rest, prefix, raw)?))
}

/// Length of the quoted text that starts after `prefix` bytes, quotes included
fn quoted(rest: &str, prefix: usize, raw: bool) -> Option<usize> {
    let bytes = rest.as_bytes();
    let quote = *bytes.get(prefix)?;
    let at = |index: usize| bytes.get(index).copied();
    let tripled = at(prefix.checked_add(1)?) == Some(quote) && at(prefix.checked_add(2)?) == Some(quote);
    let mut index = prefix.checked_add(if tripled { 3 } else { 1 })?;
    loop {
        let byte = at(index)?;
        if byte == quote {
            let end = index.checked_add(1)?;
            if !tripled {
                return Some(end);
            }
            if at(end) == Some(quote) && at(end.checked_add(1)?) == Some(quote) {
                return end.checked_add(2);
            }
        } else if byte == b'\\' && !raw {
            index = index.checked_add(1)?;
            at(index)?;
        } else if !tripled && (byte == b'\n' || byte == b'\r') {
            return None;
        }
        index = index.checked_add(1)?;
    }
}

fn escaped(rest: &str) -> Option<usize> {
    let inner = rest.get(1..)?;
    let end = inner.find('`')?;
    let name = inner.get(..end)?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'/' | b' ');
    (!name.is_empty() && name.bytes().all(allowed)).then(|| end.saturating_add(2))
}

fn word(rest: &str) -> (TokenKind, usize) {
    let length = rest
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        .count();
    let kind = match rest.get(..length) {
        Some("in") => TokenKind::Symbol(Symbol::In),
        Some("true") => TokenKind::Symbol(Symbol::True),
        Some("false") => TokenKind::Symbol(Symbol::False),
        Some("null") => TokenKind::Symbol(Symbol::Null),
        Some(_) | None => TokenKind::Identifier,
    };
    (kind, length)
}

fn digits(rest: &[u8]) -> usize {
    rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

fn number(rest: &str) -> (TokenKind, usize) {
    let bytes = rest.as_bytes();
    let from = |index: usize| bytes.get(index..).unwrap_or(&[]);
    let unsigned = |length: usize| match bytes.get(length) {
        Some(b'u' | b'U') => (TokenKind::Uint, length.saturating_add(1)),
        Some(_) | None => (TokenKind::Int, length),
    };
    if bytes.starts_with(b"0x") {
        let hex = from(2).iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        if hex > 0 {
            return unsigned(hex.saturating_add(2));
        }
    }
    let whole = digits(bytes);
    let mut length = whole;
    if bytes.get(length) == Some(&b'.') {
        let fraction = digits(from(length.saturating_add(1)));
        if fraction > 0 {
            length = length.saturating_add(1).saturating_add(fraction);
        }
    }
    if matches!(bytes.get(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(length.saturating_add(1)), Some(b'+' | b'-')));
        let start = length.saturating_add(1).saturating_add(sign);
        let exponent = digits(from(start));
        if exponent > 0 {
            return (TokenKind::Float, start.saturating_add(exponent));
        }
    }
    if length > whole {
        (TokenKind::Float, length)
    } else {
        unsigned(whole)
    }
}

fn symbol(rest: &str) -> Option<(Symbol, usize)> {
    let mut bytes = rest.bytes();
    let two = match (bytes.next()?, bytes.next()) {
        (b'=', Some(b'=')) => Some(Symbol::Equals),
        (b'!', Some(b'=')) => Some(Symbol::NotEquals),
        (b'<', Some(b'=')) => Some(Symbol::LessEquals),
        (b'>', Some(b'=')) => Some(Symbol::GreaterEquals),
        (b'&', Some(b'&')) => Some(Symbol::And),
        (b'|', Some(b'|')) => Some(Symbol::Or),
        _ => None,
    };
    if let Some(symbol) = two {
        return Some((symbol, 2));
    }
    let symbol = match rest.bytes().next()? {
        b'<' => Symbol::Less,
        b'>' => Symbol::Greater,
        b'[' => Symbol::LeftBracket,
        b']' => Symbol::RightBracket,
        b'{' => Symbol::LeftBrace,
        b'}' => Symbol::RightBrace,
        b'(' => Symbol::LeftParenthesis,
        b')' => Symbol::RightParenthesis,
        b'.' => Symbol::Dot,
        b',' => Symbol::Comma,
        b'-' => Symbol::Minus,
        b'!' => Symbol::Not,
        b'?' => Symbol::Question,
        b':' => Symbol::Colon,
        b'+' => Symbol::Plus,
        b'*' => Symbol::Star,
        b'/' => Symbol::Slash,
        b'%' => Symbol::Percent,
        _ => return None,
    };
    Some((symbol, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<&str> {
        tokenize(source).unwrap().iter().map(|token| token.text).collect()
    }

    #[test]
    fn strings_end_at_their_own_quote_and_nowhere_else() {
        assert_eq!(
            texts(r#"'a\'b' r'\' """x"y""" b'z'"#),
            [r"'a\'b'", r"r'\'", r#""""x"y""""#, "b'z'", "<EOF>"]
        );
        assert!(tokenize("'open").is_err());
        assert!(tokenize("'line\nbreak'").is_err());
    }

    #[test]
    fn numbers_are_told_apart_by_their_shape() {
        let kinds: Vec<_> = tokenize("1 1u 0x1F 0x1FU 1.5 1e3 .5 1.a")
            .unwrap()
            .iter()
            .map(|token| token.kind)
            .collect();
        use TokenKind::{Float, Int, Uint};
        assert_eq!(kinds[..7], [Int, Uint, Int, Uint, Float, Float, Float]);
        assert_eq!(kinds[7], Int);
    }

    #[test]
    fn comments_and_space_vanish() {
        assert_eq!(texts("a // b\n\t&&c//"), ["a", "&&", "c", "<EOF>"]);
    }
}
