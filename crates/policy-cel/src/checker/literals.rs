//! List and map literals: one type for all elements, or `dyn`.

use super::Checker;
use super::unify::most_general;
use crate::ast::{Element, Entry};
use crate::types::Type;

impl Checker<'_> {
    pub(super) fn list(&mut self, elements: &[Element]) -> Type {
        let mut joined = None;
        for element in elements {
            let of = self.check(element.value);
            let of = self.element_type(element.value, of, element.optional);
            joined = Some(self.joined(joined, of));
        }
        let element = joined.unwrap_or_else(|| Type::Parameter(self.bindings.fresh(1)));
        Type::list(element)
    }

    pub(super) fn map(&mut self, entries: &[Entry]) -> Type {
        let (mut keys, mut values) = (None, None);
        for entry in entries {
            let key = self.check(entry.key);
            keys = Some(self.joined(keys, key));
            let value = self.check(entry.value);
            let value = self.element_type(entry.value, value, entry.optional);
            values = Some(self.joined(values, value));
        }
        let key = keys.unwrap_or_else(|| Type::Parameter(self.bindings.fresh(1)));
        let value = values.unwrap_or_else(|| Type::Parameter(self.bindings.fresh(1)));
        Type::map(key, value)
    }

    /// The type that both are, or `dyn`
    fn joined(&mut self, before: Option<Type>, of: Type) -> Type {
        match before {
            None => of,
            Some(before) if self.bindings.assignable(&before, &of) => most_general(&before, &of),
            Some(_) => Type::Dyn,
        }
    }
}
