//! A scalar of a pattern as an expression: `>=10 & <20 | 30`, `!*:latest`, `5-10`, `?*`, numbers, booleans, null.
//!
//! In: the scalar, the text of an expression whose value is there. Out: a [`Formula`] that holds where the value satisfies
//! the scalar, elements of a list one by one. It gives false, never an error, for values of other types.
//!
//! Behaviour: Kyverno 1.19 pkg/engine/pattern; `scalars::pattern` is the definition that tests compare with.

use scalars::duration::GoDuration;
use scalars::pattern::{ScalarPattern, ScalarValue};
use scalars::quantity::Quantity;
use scalars::range::{RangeAtom, RangeKind};
use serde_json::Value;

use crate::cel_text::{quoted, wildcard};
use crate::formula::Formula;

/// What Go reads as a duration.
const DURATION: &str = r"^[+-]?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$";
/// Characters that numbers and booleans are written with.
const OF_NUMBERS_AND_BOOLEANS: &str = "0123456789+-.eEtrufalsINn";
/// The variable for one element.
const ONE: &str = "t";

/// Whether the value of `place`, which is there, satisfies `pattern`; `None` where that can't be said.
pub(crate) fn satisfies(place: &str, pattern: &Value) -> Option<Formula> {
    let test = match pattern {
        Value::Bool(truth) => Formula::test(format!("{ONE} == {truth}")),
        Value::Null => {
            let zeros = ["null", "false", "0", "''"];
            Formula::any(zeros.map(|zero| Formula::test(format!("{ONE} == {zero}"))))
        }
        Value::Number(number) => {
            let number = number.as_i64()?;
            let same = Formula::test(format!("{ONE} == {number}"));
            same.or(Formula::test(format!("{ONE} == {}", quoted(&number.to_string()))))
        }
        Value::String(text) => of_text(text),
        Value::Array(_) | Value::Object(_) => return None,
    };
    Some(Formula::test(format!(
        "dyn([{place}].flatten()).all({ONE}, {})",
        test.write()
    )))
}

/// Whether nothing, or null, satisfies `pattern`.
pub(crate) fn absence_satisfies(pattern: &Value) -> bool {
    let value = match pattern {
        Value::Null => ScalarValue::Null,
        Value::Bool(truth) => ScalarValue::Bool(*truth),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(int), _) => ScalarValue::Int(int),
            (None, float) => ScalarValue::Float(float.unwrap_or(f64::NAN)),
        },
        Value::String(text) => ScalarValue::Text(text),
        Value::Array(_) | Value::Object(_) => return false,
    };
    ScalarPattern::from_value(value).matches(ScalarValue::Null)
}

/// One atom: an operator and its operand.
struct Atom<'t> {
    operator: &'static str,
    operand: &'t str,
}

fn of_text(pattern: &str) -> Formula {
    let alternatives: Vec<Vec<&str>> = pattern
        .split('|')
        .map(|alternative| {
            let parts = alternative.trim_matches(' ').split('&');
            parts.map(|part| part.trim_matches(' ')).collect()
        })
        .collect();
    let mut only_texts = true;
    for part in alternatives.iter().flatten() {
        for_atoms(part, |atom| {
            only_texts &= atom.operator == "=" && !may_be_number_or_boolean(atom.operand);
        });
    }
    let subject = if only_texts {
        ONE.to_owned()
    } else {
        format!("string({ONE})")
    };
    let conjunction = |parts: Vec<&str>| Formula::all(parts.into_iter().map(|part| of_part(part, &subject)));
    let said = Formula::any(alternatives.into_iter().map(conjunction));
    let types: &[&str] = if only_texts {
        &["string"]
    } else {
        &["string", "int", "double", "bool"]
    };
    let is_scalar = types
        .iter()
        .map(|name| Formula::test(format!("type({ONE}) == {name}")));
    let said = Formula::any(is_scalar).and(said);
    if absence_satisfies(&Value::String(pattern.to_owned())) {
        return Formula::test(format!("{ONE} == null")).or(said);
    }
    said
}

/// One part between `&`: an atom, or a range, which is two.
fn of_part(part: &str, subject: &str) -> Formula {
    let mut atoms = Vec::new();
    let outside = for_atoms(part, |atom| atoms.push(atom.write(subject)));
    if outside {
        Formula::any(atoms)
    } else {
        Formula::all(atoms)
    }
}

/// Gives the atoms of `part`, and whether one of them is enough.
fn for_atoms<'t>(part: &'t str, mut take: impl FnMut(Atom<'t>)) -> bool {
    for operator in [">=", "<=", ">", "<", "!"] {
        if part.len() >= 2
            && let Some(operand) = part.strip_prefix(operator)
        {
            take(Atom {
                operator,
                operand: operand.trim(),
            });
            return false;
        }
    }
    match RangeAtom::parse(part) {
        Some(RangeAtom { kind, low, high }) => {
            let (of_low, of_high, outside) = match kind {
                RangeKind::Inside => (">=", "<=", false),
                RangeKind::Outside => ("<", ">", true),
            };
            take(Atom {
                operator: of_low,
                operand: low.trim(),
            });
            take(Atom {
                operator: of_high,
                operand: high.trim(),
            });
            outside
        }
        None => {
            take(Atom {
                operator: "=",
                operand: part.trim(),
            });
            false
        }
    }
}

impl Atom<'_> {
    /// As duration where both are durations, else as quantity where both are, else as text.
    fn write(&self, subject: &str) -> Formula {
        let operand = quoted(self.operand);
        let (symbol, as_text) = match self.operator {
            "=" => ("==", wildcard(subject, self.operand)),
            "!" => ("!=", wildcard(subject, self.operand).not()),
            other => (other, Formula::FALSE),
        };
        let mut said = as_text;
        if Quantity::parse(self.operand).is_ok() {
            let is_quantity = format!("isQuantity({subject})");
            let compared = format!("quantity({subject}).compareTo(quantity({operand})) {symbol} 0");
            said = choice(&is_quantity, &compared, &said);
        }
        if GoDuration::parse(self.operand).is_ok() {
            let is_duration = format!("{subject}.matches({})", quoted(DURATION));
            let compared = format!("duration({subject}) {symbol} duration({operand})");
            said = choice(&is_duration, &compared, &said);
        }
        said
    }
}

fn choice(condition: &str, then: &str, otherwise: &Formula) -> Formula {
    if *otherwise == Formula::FALSE {
        return Formula::test(condition).and(Formula::test(then));
    }
    Formula::test(format!("({condition} ? {then} : {})", otherwise.write()))
}

/// Whether the text of a number or a boolean may be drawn by `operand`.
fn may_be_number_or_boolean(operand: &str) -> bool {
    operand
        .chars()
        .all(|letter| matches!(letter, '*' | '?') || OF_NUMBERS_AND_BOOLEANS.contains(letter))
}
