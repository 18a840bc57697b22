//! Wildcards and scalar patterns.

use scalars::pattern::{ScalarPattern, ScalarValue};
use scalars::wildcard;

/// Longer inputs are passed over: the definition is exponential.
const LONGEST_CHARS: usize = 24;
/// Stars and question marks at most, for the same reason.
const MOST_WILDCARDS: usize = 6;

fn defined(pattern: &[char], text: &[char]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, rest) => rest.is_none(),
        (Some(('*', rest)), found) => {
            defined(rest, text) || found.is_some_and(|(_, after)| defined(pattern, after))
        }
        (Some((wanted, rest)), Some((found, after))) => {
            (*wanted == '?' || wanted == found) && defined(rest, after)
        }
        (Some(_), None) => false,
    }
}

/// The matcher and the definition of four lines say the same of every pair.
pub(crate) fn wildcards_mean_their_definition(bytes: &[u8]) {
    let Some((pattern, text)) = super::texts(bytes) else {
        return;
    };
    let matched = wildcard::matches(pattern, text);
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let wildcards = pattern
        .iter()
        .filter(|letter| matches!(letter, '*' | '?'))
        .count();
    if pattern.len() <= LONGEST_CHARS && text.len() <= LONGEST_CHARS && wildcards <= MOST_WILDCARDS {
        assert_eq!(matched, defined(&pattern, &text), "{pattern:?} {text:?}");
    }
}

/// A pattern is met by the very text, or where all `&` parts of one `|` part are met; a part is met alone as it is met
/// together, without the spaces around it (spaces alone, as Kyverno trims). Each scalar type gets its turn.
pub(crate) fn alternatives_mean_their_parts(bytes: &[u8]) {
    let Some((pattern, text)) = super::texts(bytes) else {
        return;
    };
    let number = text.len();
    let whole = i64::try_from(number).unwrap_or_default();
    for value in [
        ScalarValue::Text(text),
        ScalarValue::Int(whole),
        ScalarValue::Float(whole as f64 / 4.0),
        ScalarValue::Bool(number % 2 == 0),
        ScalarValue::Null,
    ] {
        let has_parts = pattern.contains(['|', '&']);
        let is_a_part = |part: &str| value == ScalarValue::Text(part.trim_matches(' '));
        if has_parts && pattern.split(['|', '&']).any(is_a_part) {
            // By itself a part is also met by its very text, operators and all; among others it is not.
            continue;
        }
        let alone = |part: &str| ScalarPattern::compile(part.trim_matches(' ')).matches(value);
        let recursive = pattern.split('|').any(|either| either.split('&').all(alone));
        let is_the_text = value == ScalarValue::Text(pattern);
        assert_eq!(
            ScalarPattern::compile(pattern).matches(value),
            is_the_text || recursive,
            "{pattern:?} {value:?}"
        );
    }
}
