//! The clauses of a format text, and what each takes.
//!
//! Read the same while compiling, to check literal calls, and while running.

use crate::types::Type;

/// Most decimals that a clause may ask for (cel-go: `maxPrecision`)
const MAX_PRECISION: usize = 100;

/// Decimals where a clause asks for none in particular
pub(super) const DEFAULT_PRECISION: usize = 6;

/// A piece of a format text
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'t> {
    /// Text as it is
    Text(&'t str),
    /// A value, written so
    Clause(Clause),
}

/// How a value is written
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clause {
    /// `%s`
    String,
    /// `%d`
    Decimal,
    /// `%f` with decimals
    Fixed(usize),
    /// `%e` with decimals
    Scientific(usize),
    /// `%b`
    Binary,
    /// `%o`
    Octal,
    /// `%x`, or `%X` in capitals
    Hexadecimal { upper: bool },
}

impl Clause {
    /// What the clause takes, in cel-go's words
    pub(crate) fn rule(self) -> &'static str {
        match self {
            Self::String => {
                "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps"
            }
            Self::Decimal => "decimal clause can only be used on integers",
            Self::Fixed(_) => "fixed-point clause can only be used on doubles",
            Self::Scientific(_) => "scientific clause can only be used on doubles",
            Self::Binary => "only integers and bools can be formatted as binary",
            Self::Octal => "octal clause can only be used on integers",
            Self::Hexadecimal { .. } => "only integers, byte buffers, and strings can be formatted as hex",
        }
    }

    /// Whether the clause may take values of a type; text may spell what no double literal does
    pub(crate) fn takes(self, of: &Type) -> bool {
        if of.is_dyn_or_error() || matches!(of, Type::Parameter(_)) {
            return true;
        }
        match self {
            Self::String => !matches!(of, Type::Struct(_) | Type::Opaque(_)),
            Self::Decimal | Self::Octal => matches!(of, Type::Int | Type::Uint),
            Self::Fixed(_) | Self::Scientific(_) => matches!(of, Type::Double | Type::String),
            Self::Binary => matches!(of, Type::Int | Type::Uint | Type::Bool),
            Self::Hexadecimal { .. } => matches!(of, Type::Int | Type::Uint | Type::String | Type::Bytes),
        }
    }
}

/// Takes the first piece off `rest`.
///
/// # Errors
/// Why what follows a percent sign is no clause, in cel-go's words.
pub(crate) fn next<'t>(rest: &mut &'t str) -> Option<Result<Piece<'t>, String>> {
    let text = *rest;
    if text.is_empty() {
        return None;
    }
    let Some(clause) = text.strip_prefix('%') else {
        let (before, after) = text.split_at_checked(text.find('%').unwrap_or(text.len()))?;
        *rest = after;
        return Some(Ok(Piece::Text(before)));
    };
    if let Some(after) = clause.strip_prefix('%') {
        *rest = after;
        return Some(Ok(Piece::Text("%")));
    }
    Some(read(clause).map(|(clause, after)| {
        *rest = after;
        Piece::Clause(clause)
    }))
}

fn read(text: &str) -> Result<(Clause, &str), String> {
    if text.is_empty() {
        return Err(String::from("unexpected end of string"));
    }
    let (precision, text) = precision(text)
        .map_err(|why| format!("could not parse formatting clause: error while parsing precision: {why}"))?;
    let decimals = precision.unwrap_or(DEFAULT_PRECISION);
    let mut characters = text.chars();
    let clause = match characters.next() {
        Some('s') => Clause::String,
        Some('d') => Clause::Decimal,
        Some('f') => Clause::Fixed(decimals),
        Some('e') => Clause::Scientific(decimals),
        Some('b') => Clause::Binary,
        Some('o') => Clause::Octal,
        Some(letter @ ('x' | 'X')) => Clause::Hexadecimal { upper: letter == 'X' },
        other => {
            let letter = other.map(String::from).unwrap_or_default();
            return Err(format!(
                "could not parse formatting clause: unrecognized formatting clause \"{letter}\""
            ));
        }
    };
    Ok((clause, characters.as_str()))
}

fn precision(text: &str) -> Result<(Option<usize>, &str), String> {
    let Some(rest) = text.strip_prefix('.') else {
        return Ok((None, text));
    };
    let end = rest.find(|character: char| !character.is_ascii_digit());
    let (digits, after) = end
        .and_then(|end| rest.split_at_checked(end))
        .ok_or("could not find end of precision specifier")?;
    match digits.parse::<usize>() {
        Ok(precision) if precision <= MAX_PRECISION => Ok((Some(precision), after)),
        Ok(precision) => Err(format!(
            "precision {precision} exceeds maximum allowed precision {MAX_PRECISION}"
        )),
        Err(_) => Err(format!("error while converting precision to integer: {digits:?}")),
    }
}
