//! The values that literal tokens stand for.
//!
//! Escapes as in Go's `parser/unescape.go`: `\x` and octal name code points in strings and octets in bytes.

/// The text of a string token, quotes, prefix and escapes resolved
pub(super) fn string(token: &str) -> Result<String, &'static str> {
    let (inner, raw) = inside(token).ok_or("unable to unescape string")?;
    if raw {
        return Ok(inner.replace("\r\n", "\n").replace('\r', "\n"));
    }
    if !inner.contains(['\\', '\r']) {
        return Ok(inner.to_owned());
    }
    let mut out = String::with_capacity(inner.len());
    unescape(inner, false, |piece| match piece {
        Piece::Character(character) => out.push(character),
        Piece::Octet(octet) => out.push(char::from(octet)),
    })?;
    Ok(out)
}

/// The octets of a bytes token
pub(super) fn bytes(token: &str) -> Result<Vec<u8>, &'static str> {
    let token = token.get(1..).unwrap_or("");
    let (inner, raw) = inside(token).ok_or("unable to unescape string")?;
    if raw {
        return Ok(inner.as_bytes().to_vec());
    }
    let mut out = Vec::with_capacity(inner.len());
    unescape(inner, true, |piece| match piece {
        Piece::Character(character) => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        Piece::Octet(octet) => out.push(octet),
    })?;
    Ok(out)
}

/// What stands between the quotes, and whether it is raw
fn inside(token: &str) -> Option<(&str, bool)> {
    let (token, raw) = match token.strip_prefix(['r', 'R']) {
        Some(rest) => (rest, true),
        None => (token, false),
    };
    for quotes in ["\"\"\"", "'''", "\"", "'"] {
        if let Some(inner) = token
            .strip_prefix(quotes)
            .and_then(|rest| rest.strip_suffix(quotes))
        {
            return Some((inner, raw));
        }
    }
    None
}

enum Piece {
    Character(char),
    Octet(u8),
}

fn unescape(inner: &str, is_bytes: bool, mut emit: impl FnMut(Piece)) -> Result<(), &'static str> {
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        if character == '\r' {
            // Line ends are normalised, as the source buffer of cel-go does.
            if !characters.as_str().starts_with('\n') {
                emit(Piece::Character('\n'));
            }
            continue;
        }
        if character != '\\' {
            emit(Piece::Character(character));
            continue;
        }
        let escape = characters
            .next()
            .ok_or("unable to unescape string, found '\\' as last character")?;
        let simple = match escape {
            'a' => Some('\u{7}'),
            'b' => Some('\u{8}'),
            'f' => Some('\u{c}'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'v' => Some('\u{b}'),
            '\\' | '\'' | '"' | '`' | '?' => Some(escape),
            _ => None,
        };
        if let Some(simple) = simple {
            emit(Piece::Character(simple));
            continue;
        }
        let piece = match escape {
            'x' | 'X' => octet(number(&mut characters, 2, 16, 0)?)?,
            'u' if !is_bytes => code_point(number(&mut characters, 4, 16, 0)?)?,
            'U' if !is_bytes => code_point(number(&mut characters, 8, 16, 0)?)?,
            '0'..='3' => octet(number(&mut characters, 2, 8, escape.to_digit(8).unwrap_or(0))?)?,
            _ => return Err("unable to unescape string"),
        };
        emit(piece);
    }
    Ok(())
}

fn number(
    characters: &mut std::str::Chars<'_>,
    digits: usize,
    radix: u32,
    start: u32,
) -> Result<u32, &'static str> {
    let mut value = start;
    for _ in 0..digits {
        let digit = characters
            .next()
            .and_then(|character| character.to_digit(radix))
            .ok_or("unable to unescape string")?;
        value = value
            .checked_mul(radix)
            .and_then(|value| value.checked_add(digit))
            .ok_or("unable to unescape string")?;
    }
    Ok(value)
}

fn octet(value: u32) -> Result<Piece, &'static str> {
    u8::try_from(value)
        .map(Piece::Octet)
        .map_err(|_| "unable to unescape octal sequence in string")
}

fn code_point(value: u32) -> Result<Piece, &'static str> {
    char::from_u32(value)
        .map(Piece::Character)
        .ok_or("unable to unescape string")
}

/// The value of an int token, its sign included
pub(super) fn int(token: &str, negative: bool) -> Option<i64> {
    let (digits, radix) = based(token);
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        0_i64.checked_sub_unsigned(magnitude)
    } else {
        i64::try_from(magnitude).ok()
    }
}

/// The value of a uint token, its suffix included
pub(super) fn uint(token: &str) -> Option<u64> {
    let (digits, radix) = based(token.strip_suffix(['u', 'U'])?);
    u64::from_str_radix(digits, radix).ok()
}

/// The value of a float token; a magnitude beyond double's is no value
pub(super) fn double(token: &str, negative: bool) -> Option<f64> {
    let value: f64 = token.parse().ok()?;
    value.is_finite().then_some(if negative { -value } else { value })
}

fn based(token: &str) -> (&str, u32) {
    token
        .strip_prefix("0x")
        .map_or((token, 10), |digits| (digits, 16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escape_is_a_code_point_in_strings_and_an_octet_in_bytes() {
        assert_eq!(
            string(r"'\xff\u00e9\U0001F600\101'").unwrap(),
            "\u{ff}\u{e9}\u{1f600}A"
        );
        assert_eq!(
            bytes(r"b'\xff\303\251é'").unwrap(),
            [0xff, 0xc3, 0xa9, 0xc3, 0xa9]
        );
        assert_eq!(string(r"r'\n'").unwrap(), r"\n");
        assert!(string(r"'\U00110000'").is_err());
        assert!(string(r"'\q'").is_err());
    }

    #[test]
    fn the_smallest_int_has_a_literal_and_the_next_smaller_has_none() {
        assert_eq!(int("9223372036854775808", true), Some(i64::MIN));
        assert_eq!(int("9223372036854775808", false), None);
        assert_eq!(int("0xFF", true), Some(-255));
        assert_eq!(uint("0xFFu"), Some(255));
        assert_eq!(double("1e999", false), None);
    }
}
