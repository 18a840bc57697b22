//! The fields of a time in a text: numbers, names, fractions, literals.

/// Why one element did not read.
pub(super) enum Fault {
    Mismatch,
    OutOfRange(&'static str),
}

/// A field and the text behind it.
pub(super) type Read<'t, T> = Result<(T, &'t str), Fault>;

/// Removes a literal; a run of spaces in it stands for any run of spaces. The error is what is left.
pub(super) fn skip<'t>(mut text: &'t str, mut literal: &str) -> Result<&'t str, &'t str> {
    while let Some(wanted) = literal.chars().next() {
        if wanted == ' ' {
            if !text.is_empty() && !text.starts_with(' ') {
                return Err(text);
            }
            literal = literal.trim_start_matches(' ');
            text = text.trim_start_matches(' ');
            continue;
        }
        literal = literal.strip_prefix(wanted).unwrap_or("");
        text = text.strip_prefix(wanted).ok_or(text)?;
    }
    Ok(text)
}

/// A decimal number of `least` to `most` digits.
pub(super) fn number(text: &str, least: usize, most: usize) -> Read<'_, i16> {
    let digits = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if digits < least {
        return Err(Fault::Mismatch);
    }
    let (digits, rest) = text.split_at_checked(digits).ok_or(Fault::Mismatch)?;
    digits
        .parse()
        .map(|value| (value, rest))
        .map_err(|_| Fault::Mismatch)
}

/// A number of one or two digits (two if `fixed`) between two bounds.
pub(super) fn small<'t>(
    text: &'t str,
    fixed: bool,
    least: i16,
    most: i16,
    what: &'static str,
) -> Read<'t, i8> {
    let (value, rest) = number(text, if fixed { 2 } else { 1 }, 2)?;
    let value = Some(value).filter(|value| (least..=most).contains(value));
    let value = value
        .and_then(|value| i8::try_from(value).ok())
        .ok_or(Fault::OutOfRange(what))?;
    Ok((value, rest))
}

/// A name of the table, or its first three letters, in any case.
pub(super) fn name<'t>(text: &'t str, table: &[&str], abbreviated: bool) -> Read<'t, usize> {
    for (index, full) in table.iter().enumerate() {
        let wanted = if abbreviated {
            full.get(..3).unwrap_or(full)
        } else {
            full
        };
        if let Some((found, rest)) = text.split_at_checked(wanted.len())
            && found.eq_ignore_ascii_case(wanted)
        {
            return Ok((index, rest));
        }
    }
    Err(Fault::Mismatch)
}

/// Up to nine digits of a fraction, as nanoseconds.
pub(super) fn nanoseconds(digits: &str) -> Result<i32, Fault> {
    let digits = digits.get(..9).unwrap_or(digits);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::Mismatch);
    }
    format!("{digits:0<9}").parse().map_err(|_| Fault::Mismatch)
}
