//! The functions of the language: the 26 it was born with and the 51 Kyverno adds (`sum` is in both; Kyverno's counts).
//!
//! In: a name. Out: the [`Function`]. Each file holds its functions and their entries in the table.

mod numbers;
mod collections;
mod ordering;
mod strings;
mod arithmetic;
mod times;
mod encodings;
mod images;
mod networks;
mod certificates;

use crate::call::Function;
use std::collections::HashMap;
use std::sync::LazyLock;

static TABLES: [&[Function]; 10] = [
    numbers::FUNCTIONS,
    collections::FUNCTIONS,
    ordering::FUNCTIONS,
    strings::FUNCTIONS,
    arithmetic::FUNCTIONS,
    times::FUNCTIONS,
    encodings::FUNCTIONS,
    images::FUNCTIONS,
    networks::FUNCTIONS,
    certificates::FUNCTIONS,
];

static BY_NAME: LazyLock<HashMap<&'static str, &'static Function>> =
    LazyLock::new(|| all().map(|function| (function.name, function)).collect());

fn all() -> impl Iterator<Item = &'static Function> {
    TABLES.iter().flat_map(|table| table.iter())
}

/// The function of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Function> {
    BY_NAME.get(name).copied()
}

/// The names of all functions.
#[must_use]
pub fn names() -> Vec<&'static str> {
    all().map(|function| function.name).collect()
}

/// The functions Kyverno adds to the language, in the order of their signatures.
#[must_use]
pub fn catalog() -> Vec<&'static Function> {
    let mut functions: Vec<_> = all().filter(|function| !function.note.is_empty()).collect();
    functions.sort_by_key(|function| format!("{} ({})", function.signature(), function.note));
    functions
}

#[cfg(test)]
mod tests;
