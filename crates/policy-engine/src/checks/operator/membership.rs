//! `AnyIn`, `AllIn`, `AnyNotIn`, `AllNotIn`, and the deprecated `In` and `NotIn`.
//!
//! A value that is neither a list nor text that lists something is invalid: nothing is in it, and nothing is not in it.

use std::borrow::Cow;

use scalars::pattern::{ScalarPattern, ScalarValue};
use scalars::range::{RangeAtom, RangeKind};
use scalars::wildcard;
use serde_json::Value;

use crate::context::json_text;

/// What is looked for.
enum Key<'k> {
    One(Cow<'k, str>),
    Many(Vec<Cow<'k, str>>),
}

/// Where it is looked for when a list is looked for.
enum Haystack<'v> {
    /// The only element looked for is this very text
    IsTheElement,
    /// `10-20`
    Range(&'v str),
    Texts(Vec<Cow<'v, str>>),
}

pub(super) fn any_in(key: &Value, value: &Value) -> bool {
    match Key::of(key) {
        None => false,
        Some(Key::One(text)) => contains(&text, value).unwrap_or(false),
        Some(Key::Many(texts)) => Haystack::of(&texts, value, true).is_some_and(|haystack| match haystack {
            Haystack::IsTheElement => true,
            Haystack::Range(range) => texts.iter().any(|text| in_range(text, range)),
            Haystack::Texts(values) => texts.iter().any(|text| is_among(text, &values)),
        }),
    }
}

pub(super) fn all_in(key: &Value, value: &Value) -> bool {
    match Key::of(key) {
        None => false,
        Some(Key::One(text)) => contains(&text, value).unwrap_or(false),
        Some(Key::Many(texts)) => Haystack::of(&texts, value, false).is_some_and(|haystack| match haystack {
            Haystack::IsTheElement => true,
            Haystack::Range(range) => texts.iter().all(|text| in_range(text, range)),
            Haystack::Texts(values) => texts.iter().all(|text| is_among(text, &values)),
        }),
    }
}

pub(super) fn any_not_in(key: &Value, value: &Value) -> bool {
    match Key::of(key) {
        None => false,
        Some(Key::One(text)) => contains(&text, value).is_some_and(|found| !found),
        Some(Key::Many(texts)) => Haystack::of(&texts, value, true).is_some_and(|haystack| match haystack {
            Haystack::IsTheElement => false,
            Haystack::Range(range) => {
                let outside = range.replacen('-', "!-", 1);
                texts.iter().any(|text| in_range(text, &outside))
            }
            Haystack::Texts(values) => texts.iter().any(|text| !is_among(text, &values)),
        }),
    }
}

pub(super) fn all_not_in(key: &Value, value: &Value) -> bool {
    match Key::of(key) {
        None => false,
        Some(Key::One(text)) => contains(&text, value).is_some_and(|found| !found),
        Some(Key::Many(texts)) => Haystack::of(&texts, value, false).is_some_and(|haystack| match haystack {
            Haystack::IsTheElement => false,
            Haystack::Range(range) => !texts.iter().any(|text| in_range(text, range)),
            Haystack::Texts(values) => !texts.iter().any(|text| is_among(text, &values)),
        }),
    }
}

pub(super) fn is_in(key: &Value, value: &Value) -> bool {
    match key.as_array() {
        Some(items) => exact_sets(items, value).is_some_and(|sets| match sets {
            Sets::Same => true,
            Sets::Two(texts, values) => texts.iter().all(|text| values.contains(text)),
        }),
        None => scalar_text(key)
            .and_then(|text| contains_exactly(&text, value))
            .unwrap_or(false),
    }
}

pub(super) fn is_not_in(key: &Value, value: &Value) -> bool {
    match key.as_array() {
        Some(items) => exact_sets(items, value).is_some_and(|sets| match sets {
            // as the source has it: a list of one element that is the text counts as found for both operators
            Sets::Same => true,
            Sets::Two(texts, values) => texts.iter().any(|text| !values.contains(text)),
        }),
        None => scalar_text(key)
            .and_then(|text| contains_exactly(&text, value))
            .is_some_and(|found| !found),
    }
}

impl<'k> Key<'k> {
    fn of(key: &'k Value) -> Option<Self> {
        match key.as_array() {
            Some(items) => Some(Self::Many(items.iter().map(json_text::shown).collect())),
            None => scalar_text(key).map(Self::One),
        }
    }
}

impl<'v> Haystack<'v> {
    fn of(keys: &[Cow<'_, str>], value: &'v Value, takes_scalars: bool) -> Option<Self> {
        match value {
            Value::Array(items) => Some(Self::Texts(items.iter().map(json_text::shown).collect())),
            Value::Number(_) | Value::Bool(_) if takes_scalars => {
                Some(Self::Texts(vec![json_text::shown(value)]))
            }
            Value::String(text) => match keys {
                [only] if only == text => Some(Self::IsTheElement),
                _ if is_range(text) => Some(Self::Range(text)),
                _ => listed_texts(text).map(|texts| Self::Texts(texts.into_iter().map(Cow::Owned).collect())),
            },
            Value::Null | Value::Object(_) | Value::Number(_) | Value::Bool(_) => None,
        }
    }
}

/// Whether the value contains one text; `None` where the value is invalid.
fn contains(key: &str, value: &Value) -> Option<bool> {
    match value {
        Value::Array(items) => Some(
            items
                .iter()
                .any(|item| either_matches(key, &json_text::shown(item))),
        ),
        Value::String(text) if wildcard::matches(text, key) => Some(true),
        Value::String(text) if is_range(text) => Some(in_range(key, text)),
        Value::String(text) => listed_texts(text).map(|texts| texts.iter().any(|text| text == key)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

/// As [`contains`], but a text must be a wildcard or a JSON list, and there are no ranges.
fn contains_exactly(key: &str, value: &Value) -> Option<bool> {
    match value {
        Value::Array(items) => Some(
            items
                .iter()
                .any(|item| either_matches(key, &json_text::shown(item))),
        ),
        Value::String(text) if wildcard::matches(text, key) => Some(true),
        Value::String(text) => json_texts(text).map(|texts| texts.iter().any(|text| text == key)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

enum Sets {
    Same,
    Two(Vec<String>, Vec<String>),
}

/// Two lists of texts without wildcards; `None` if anything in them is no text.
fn exact_sets(key: &[Value], value: &Value) -> Option<Sets> {
    let texts = texts_of(key)?;
    match value {
        Value::Array(items) => Some(Sets::Two(texts, texts_of(items)?)),
        Value::String(text) if matches!(texts.as_slice(), [only] if only == text) => Some(Sets::Same),
        Value::String(text) => Some(Sets::Two(texts, json_texts(text)?)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

fn texts_of(items: &[Value]) -> Option<Vec<String>> {
    items
        .iter()
        .map(|item| item.as_str().map(str::to_owned))
        .collect()
}

/// A text as a list: a JSON list of texts, or itself; `None` if it is any other JSON.
fn listed_texts(text: &str) -> Option<Vec<String>> {
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => json_texts(text),
        Err(_) => Some(vec![text.to_owned()]),
    }
}

/// A JSON list of texts; null is the empty list, and null in it the empty text, as Go decodes them.
fn json_texts(text: &str) -> Option<Vec<String>> {
    let texts: Option<Vec<Option<String>>> = serde_json::from_str(text).ok()?;
    Some(
        texts
            .unwrap_or_default()
            .into_iter()
            .map(Option::unwrap_or_default)
            .collect(),
    )
}

fn scalar_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(_) | Value::Number(_) | Value::Bool(_) => Some(json_text::shown(value)),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn is_among(text: &str, values: &[Cow<'_, str>]) -> bool {
    values.iter().any(|value| either_matches(text, value))
}

fn either_matches(left: &str, right: &str) -> bool {
    wildcard::matches(left, right) || wildcard::matches(right, left)
}

fn is_range(text: &str) -> bool {
    RangeAtom::parse(text).is_some_and(|range| range.kind == RangeKind::Inside)
}

fn in_range(text: &str, range: &str) -> bool {
    ScalarPattern::compile(range).matches(ScalarValue::Text(text))
}
