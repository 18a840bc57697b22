//! Indexes, slices and projections.

use super::{Evaluator, forgiving, lenient, whole};
use crate::call::Outcome;
use crate::error::EvaluationError;
use crate::syntax::Ast;
use crate::term::{Term, View};

/// One element, counted from the end if negative; null beyond either end and for anything but a list.
pub(super) fn element<'a>(value: &Term<'a>, index: i64) -> Term<'a> {
    let View::Array(items) = value.view() else {
        return Term::Null;
    };
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let index = if index < 0 {
        index.saturating_add(length)
    } else {
        index
    };
    usize::try_from(index)
        .ok()
        .and_then(|index| items.get(index))
        .unwrap_or(Term::Null)
}

impl Evaluator<'_> {
    pub(super) fn slice<'a>(&self, value: &Term<'a>, parts: &[Option<i64>; 3]) -> Outcome<'a> {
        let View::Array(items) = value.view() else {
            return Ok(Term::Null);
        };
        let [start, stop, step] = *parts;
        let step = step.unwrap_or(1);
        if step == 0 {
            return Err(EvaluationError::SliceStep);
        }
        let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let (first, last) = if step < 0 {
            (length.saturating_sub(1), -1)
        } else {
            (0, length)
        };
        let start = start.map_or(first, |start| bounded(length, start, step));
        let stop = stop.map_or(last, |stop| bounded(length, stop, step));
        let mut taken = Vec::new();
        let mut at = start;
        while if step < 0 { at > stop } else { at < stop } {
            self.budget.step(1)?;
            taken.extend(usize::try_from(at).ok().and_then(|index| items.get(index)));
            at = at.saturating_add(step);
        }
        self.budget.elements(taken.len())?;
        Ok(Term::array(taken))
    }

    /// Lists within the list are opened, one level.
    pub(super) fn flatten<'a>(&self, left: &'a Ast, value: &Term<'a>) -> Outcome<'a> {
        let left = forgiving(self.value(left, value))?;
        let View::Array(items) = left.view() else {
            return Ok(Term::Null);
        };
        let mut flat = Vec::with_capacity(items.len());
        for item in items.iter() {
            if let View::Array(inner) = item.view() {
                self.budget.elements(inner.len())?;
                flat.extend(inner.iter());
            } else {
                flat.push(item);
            }
        }
        self.budget.elements(items.len())?;
        Ok(Term::array(flat))
    }

    pub(super) fn projection<'a>(&self, left: &'a Ast, right: &'a Ast, value: &Term<'a>) -> Outcome<'a> {
        let left = lenient(self.value(left, value))?;
        let View::Array(items) = left.view() else {
            return Ok(Term::Null);
        };
        self.project(right, items.iter())
    }

    /// `.*`, whose right side Kyverno first evaluates on as many nulls as there are members; their values count too.
    pub(super) fn value_projection<'a>(
        &self,
        left: &'a Ast,
        right: &'a Ast,
        value: &Term<'a>,
    ) -> Outcome<'a> {
        let left = forgiving(self.value(left, value).and_then(whole))?;
        let View::Object(members) = left.view() else {
            return Ok(Term::Null);
        };
        let nulls = std::iter::repeat_n(Term::Null, members.len());
        self.project(right, nulls.chain(members.sorted().map(|(_, member)| member)))
    }

    pub(super) fn filter<'a>(
        &self,
        left: &'a Ast,
        right: &'a Ast,
        condition: &'a Ast,
        value: &Term<'a>,
    ) -> Outcome<'a> {
        let left = forgiving(self.value(left, value))?;
        let View::Array(items) = left.view() else {
            return Ok(Term::Null);
        };
        let mut kept = Vec::new();
        for item in items.iter() {
            if self.operand(condition, &item)?.is_false() {
                continue;
            }
            let taken = self.operand(right, &item)?;
            if !taken.is_null() {
                self.budget.elements(1)?;
                kept.push(taken);
            }
        }
        Ok(Term::array(kept))
    }

    /// The right side of each element, nulls left out.
    fn project<'a>(&self, right: &'a Ast, items: impl Iterator<Item = Term<'a>>) -> Outcome<'a> {
        let mut projected = Vec::with_capacity(items.size_hint().0);
        for item in items {
            let taken = if matches!(right, Ast::Identity) {
                item
            } else {
                self.operand(right, &item)?
            };
            if !taken.is_null() {
                projected.push(taken);
            }
        }
        self.budget.step(projected.len())?;
        self.budget.elements(projected.len())?;
        Ok(Term::array(projected))
    }
}

/// A bound of a slice, within the list.
fn bounded(length: i64, bound: i64, step: i64) -> i64 {
    if bound < 0 {
        let from_end = bound.saturating_add(length);
        let lowest = if step < 0 { -1 } else { 0 };
        if from_end < 0 { lowest } else { from_end }
    } else if bound >= length {
        if step < 0 {
            length.saturating_sub(1)
        } else {
            length
        }
    } else {
        bound
    }
}
