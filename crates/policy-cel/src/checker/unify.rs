//! Which type may stand where another is wanted, and what type parameters become.
//!
//! The relation is cel-go's (`checker/types.go`): `dyn` goes with anything, `null` with what is nullable, a parameter with the most general type
//! it has met. A failed attempt leaves no trace: bindings are undone.
//!
//! `map(a, a)` of `map(b, b)` of … doubles with every level, so the work is counted and types that grow too large become `dyn`.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a type without parts stays as it is"
)]

use std::cell::Cell;
use std::sync::Arc;

use crate::limits::{MAX_TYPE_DEPTH, MAX_TYPE_NODES, MAX_TYPE_WORK};
use crate::types::{Opaque, Type};

/// Bindings of type parameters
#[derive(Debug)]
pub(super) struct Bindings {
    bound: Vec<Option<Type>>,
    /// What each binding was before, newest last
    trail: Vec<(u32, Option<Type>)>,
    /// Steps that are left
    work: Cell<u32>,
}

impl Default for Bindings {
    fn default() -> Self {
        Self {
            bound: Vec::new(),
            trail: Vec::new(),
            work: Cell::new(MAX_TYPE_WORK),
        }
    }
}

impl Bindings {
    /// New parameters, unbound; gives the number of the first
    pub(super) fn fresh(&mut self, count: u32) -> u32 {
        let first = u32::try_from(self.bound.len()).unwrap_or(u32::MAX);
        self.bound.extend((0..count).map(|_| None));
        first
    }

    /// Whether more work was asked for than is allowed; what was found since is not to be trusted
    pub(super) fn exhausted(&self) -> bool {
        self.work.get() == 0
    }

    /// Pays for a step at a depth; nothing when there is none left
    fn step(&self, depth: u16) -> Option<u16> {
        self.work.set(self.work.get().saturating_sub(1));
        (self.work.get() > 0 && depth < MAX_TYPE_DEPTH).then(|| depth.saturating_add(1))
    }

    /// The type, or `dyn` where it is too large to be carried on
    pub(super) fn bounded(&self, of: Type) -> Type {
        let mut left = MAX_TYPE_NODES;
        count(&of, &mut left);
        if left == 0 { Type::Dyn } else { of }
    }

    fn find(&self, parameter: u32) -> Option<&Type> {
        self.bound.get(parameter as usize).and_then(Option::as_ref)
    }

    fn bind(&mut self, parameter: u32, to: Type) {
        if let Some(slot) = self.bound.get_mut(parameter as usize) {
            self.trail.push((parameter, slot.replace(to)));
        }
    }

    fn undo(&mut self, until: usize) {
        while self.trail.len() > until {
            if let Some((parameter, before)) = self.trail.pop()
                && let Some(slot) = self.bound.get_mut(parameter as usize)
            {
                *slot = before;
            }
        }
    }

    /// Whether `from` may stand where `to` is wanted; binds parameters on success
    pub(super) fn assignable(&mut self, from: &Type, to: &Type) -> bool {
        self.all_assignable(std::slice::from_ref(from), std::slice::from_ref(to))
    }

    /// Whether each may stand where its partner is wanted; binds parameters on success
    pub(super) fn all_assignable(&mut self, from: &[Type], to: &[Type]) -> bool {
        let mark = self.trail.len();
        let fit = self.pairs(from, to, 0);
        if !fit {
            self.undo(mark);
        }
        fit
    }

    fn pairs(&mut self, left: &[Type], right: &[Type], depth: u16) -> bool {
        left.len() == right.len()
            && left
                .iter()
                .zip(right)
                .all(|(left, right)| self.pair(left, right, depth))
    }

    fn pair(&mut self, left: &Type, right: &Type, depth: u16) -> bool {
        let Some(depth) = self.step(depth) else {
            return false;
        };
        if let Type::Parameter(parameter) = right {
            let (valid, bound) = self.substitutes(left, *parameter, depth);
            if valid || bound {
                return valid;
            }
        }
        if let Type::Parameter(parameter) = left {
            return self.substitutes(right, *parameter, depth).0;
        }
        if left.is_dyn_or_error() || right.is_dyn_or_error() {
            return true;
        }
        match (left, right) {
            (Type::Null, other) | (other, Type::Null) => nullable(other),
            (Type::Type(_), Type::Type(_)) => true,
            (Type::List(left), Type::List(right)) => self.pair(left, right, depth),
            (Type::Map(left), Type::Map(right)) => {
                self.pair(&left.0, &right.0, depth) && self.pair(&left.1, &right.1, depth)
            }
            (Type::Opaque(left), Type::Opaque(right)) => {
                left.name == right.name && self.pairs(&left.parameters, &right.parameters, depth)
            }
            (Type::Wrapper(left), Type::Wrapper(right)) => left == right,
            (Type::Wrapper(inner), other) | (other, Type::Wrapper(inner)) => **inner == *other,
            _ => left == right,
        }
    }

    /// Whether `of` may be what `parameter` is, and whether the parameter was bound before
    fn substitutes(&mut self, of: &Type, parameter: u32, depth: u16) -> (bool, bool) {
        if *of == Type::Parameter(parameter) {
            return (true, true);
        }
        let Some(bound) = self.find(parameter).cloned() else {
            let free = !self.occurs(parameter, of, depth);
            if free {
                self.bind(parameter, of.clone());
            }
            return (free, false);
        };
        if *of == bound {
            return (true, true);
        }
        if !self.pair(of, &bound, depth) {
            return (false, true);
        }
        let general = most_general(of, &bound);
        if !self.occurs(parameter, &general, depth) {
            self.bind(parameter, general);
        }
        (true, true)
    }

    /// Whether `parameter` appears within `of`, directly or through bindings
    fn occurs(&self, parameter: u32, of: &Type, depth: u16) -> bool {
        let Some(depth) = self.step(depth) else {
            return true;
        };
        match of {
            Type::Parameter(other) if *other == parameter => true,
            Type::Parameter(other) => self
                .find(*other)
                .is_some_and(|bound| self.occurs(parameter, bound, depth)),
            Type::Map(entry) => {
                self.occurs(parameter, &entry.0, depth) || self.occurs(parameter, &entry.1, depth)
            }
            other => other
                .parameters()
                .iter()
                .any(|inner| self.occurs(parameter, inner, depth)),
        }
    }

    /// The type with bound parameters replaced
    pub(super) fn substitute(&self, of: &Type) -> Type {
        self.replaced(of, false, 0)
    }

    /// The type with every parameter replaced, unbound ones by `dyn`
    pub(super) fn closed(&self, of: &Type) -> Type {
        self.replaced(of, true, 0)
    }

    fn replaced(&self, of: &Type, close: bool, depth: u16) -> Type {
        let Some(depth) = self.step(depth) else {
            return Type::Dyn;
        };
        match of {
            Type::Parameter(parameter) => match self.find(*parameter) {
                Some(bound) => self.replaced(bound, close, depth),
                None if close => Type::Dyn,
                None => of.clone(),
            },
            Type::List(element) => Type::list(self.replaced(element, close, depth)),
            Type::Map(entry) => Type::map(
                self.replaced(&entry.0, close, depth),
                self.replaced(&entry.1, close, depth),
            ),
            Type::Type(Some(inner)) => Type::of_type(self.replaced(inner, close, depth)),
            Type::Opaque(opaque) if !opaque.parameters.is_empty() => {
                let parameters = opaque
                    .parameters
                    .iter()
                    .map(|inner| self.replaced(inner, close, depth))
                    .collect();
                Type::Opaque(Arc::new(Opaque {
                    name: Arc::clone(&opaque.name),
                    parameters,
                }))
            }
            other => other.clone(),
        }
    }
}

/// Counts nodes until none are left
fn count(of: &Type, left: &mut u32) {
    *left = left.saturating_sub(1);
    if *left == 0 {
        return;
    }
    if let Type::Map(entry) = of {
        count(&entry.0, left);
        count(&entry.1, left);
    }
    of.parameters().iter().for_each(|inner| count(inner, left));
}

/// The type with its parameters renumbered from `first`
pub(super) fn instantiated(of: &Type, first: u32) -> Type {
    match of {
        Type::Parameter(parameter) => Type::Parameter(parameter.saturating_add(first)),
        Type::List(element) => Type::list(instantiated(element, first)),
        Type::Map(entry) => Type::map(instantiated(&entry.0, first), instantiated(&entry.1, first)),
        Type::Type(Some(inner)) => Type::of_type(instantiated(inner, first)),
        Type::Opaque(opaque) if !opaque.parameters.is_empty() => {
            let parameters = opaque
                .parameters
                .iter()
                .map(|inner| instantiated(inner, first))
                .collect();
            Type::Opaque(Arc::new(Opaque {
                name: Arc::clone(&opaque.name),
                parameters,
            }))
        }
        other => other.clone(),
    }
}

fn nullable(of: &Type) -> bool {
    matches!(
        of,
        Type::Null
            | Type::Opaque(_)
            | Type::Struct(_)
            | Type::Any
            | Type::Duration
            | Type::Timestamp
            | Type::Wrapper(_)
    )
}

/// The more general of two types that go together
pub(super) fn most_general(left: &Type, right: &Type) -> Type {
    if less_specific(left, right) {
        left.clone()
    } else {
        right.clone()
    }
}

fn less_specific(left: &Type, right: &Type) -> bool {
    if left.is_dyn() || matches!(left, Type::Parameter(_)) {
        return true;
    }
    if right.is_dyn() || matches!(right, Type::Parameter(_)) {
        return false;
    }
    match (left, right) {
        (_, Type::Null) => true,
        (Type::List(left), Type::List(right)) => less_specific(left, right),
        (Type::Map(left), Type::Map(right)) => {
            less_specific(&left.0, &right.0) && less_specific(&left.1, &right.1)
        }
        (Type::Opaque(left), Type::Opaque(right)) => {
            left.name == right.name
                && left.parameters.len() == right.parameters.len()
                && left
                    .parameters
                    .iter()
                    .zip(&right.parameters)
                    .all(|(left, right)| less_specific(left, right))
        }
        (Type::Type(_), Type::Type(_)) | (Type::Wrapper(_), _) => true,
        _ => left == right,
    }
}
