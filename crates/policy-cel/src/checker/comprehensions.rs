//! What the iterating macros and `optMap` demand of their parts.

use std::sync::Arc;

use super::Checker;
use crate::ast::{Comprehension, Fold, NodeId};
use crate::types::Type;

impl Checker<'_> {
    pub(super) fn comprehension(&mut self, id: NodeId, comprehension: &Comprehension) -> Type {
        let range = self.check(comprehension.range);
        let range = self.bindings.substitute(&range);
        let (key, value) = self.iterated(comprehension.range, &range);
        let mut variables = Vec::with_capacity(2);
        match (&comprehension.second, &range) {
            (Some(second), _) => {
                variables.push((Arc::clone(&comprehension.variable), key.clone()));
                variables.push((Arc::clone(second), value));
            }
            (None, Type::List(_)) => variables.push((Arc::clone(&comprehension.variable), value)),
            (None, _) => variables.push((Arc::clone(&comprehension.variable), key.clone())),
        }
        let variable = variables.first().map_or(Type::Error, |(_, of)| of.clone());
        let (filter, body) = self.within(variables, |this| {
            let filter = comprehension.filter.map(|filter| this.check(filter));
            (filter, this.check(comprehension.body))
        });
        if let Some(filter) = filter {
            let list = Type::list(body.clone());
            self.demand_bool(id, "_?_:_", &filter, &[filter.clone(), list.clone(), list]);
        }
        self.folded(id, comprehension, (&range, &variable, &key), &body)
    }

    fn folded(
        &mut self,
        id: NodeId,
        comprehension: &Comprehension,
        (range, variable, key): (&Type, &Type, &Type),
        body: &Type,
    ) -> Type {
        match comprehension.fold {
            Fold::All => self.demand_bool(id, "_&&_", body, &[Type::Bool, body.clone()]),
            Fold::Exists => self.demand_bool(id, "_||_", body, &[Type::Bool, body.clone()]),
            Fold::ExistsOne => self.demand_bool(id, "_?_:_", body, &[body.clone(), Type::Int, Type::Int]),
            Fold::Map => Type::list(self.bindings.substitute(body)),
            Fold::Filter => {
                let list = Type::list(variable.clone());
                let signature = [body.clone(), list.clone(), list.clone()];
                let refused = self.demand_bool(id, "_?_:_", body, &signature) == Type::Error;
                if refused { Type::Error } else { list }
            }
            Fold::TransformMap => Type::map(key.clone(), self.bindings.substitute(body)),
            Fold::TransformMapEntry => {
                let first = self.bindings.fresh(2);
                let entry = Type::map(Type::Parameter(first), Type::Parameter(first.saturating_add(1)));
                if self.bindings.assignable(body, &entry) {
                    return self.bindings.substitute(&entry);
                }
                let signature = [Type::map(Type::Dyn, Type::Dyn), body.clone()];
                self.no_overload(id, "cel.@mapInsert", &signature, false);
                Type::Error
            }
            Fold::SortBy => self.sorted(id, range, body),
        }
    }

    /// `bool`, or a fault in the words of the operator that cel-go expands the macro to
    fn demand_bool(&mut self, id: NodeId, operator: &str, of: &Type, signature: &[Type]) -> Type {
        if self.bindings.assignable(of, &Type::Bool) {
            return Type::Bool;
        }
        self.no_overload(id, operator, signature, false);
        Type::Error
    }

    /// Types of keys (or indexes) and values of what is iterated over
    fn iterated(&mut self, id: NodeId, range: &Type) -> (Type, Type) {
        if let Type::List(element) = range {
            return (Type::Int, (**element).clone());
        }
        if let Type::Map(entry) = range {
            return (entry.0.clone(), entry.1.clone());
        }
        if range.is_dyn_or_error() || matches!(range, Type::Parameter(_)) {
            self.bindings.assignable(&Type::Dyn, range);
            return (Type::Dyn, Type::Dyn);
        }
        let message = format!(
            "expression of type '{range}' cannot be range of a comprehension (must be list, map, or dynamic)"
        );
        self.fault(id, message);
        (Type::Error, Type::Error)
    }

    fn sorted(&mut self, id: NodeId, range: &Type, key: &Type) -> Type {
        let key = self.bindings.substitute(key);
        let ordered = matches!(
            key,
            Type::Int
                | Type::Uint
                | Type::Double
                | Type::Bool
                | Type::Duration
                | Type::Timestamp
                | Type::String
                | Type::Bytes
                | Type::Dyn
                | Type::Any
                | Type::Error
                | Type::Parameter(_)
        );
        let first = self.bindings.fresh(1);
        let list = Type::list(Type::Parameter(first));
        if ordered && self.bindings.assignable(range, &list) {
            return self.bindings.substitute(&list);
        }
        self.no_overload(
            id,
            "@sortByAssociatedKeys",
            &[range.clone(), Type::list(key)],
            true,
        );
        Type::Error
    }

    pub(super) fn optional_map(
        &mut self,
        id: NodeId,
        target: NodeId,
        variable: &Arc<str>,
        body: NodeId,
        flat: bool,
    ) -> Type {
        let of = self.check(target);
        let first = self.bindings.fresh(1);
        let held = Type::Parameter(first);
        if !self.bindings.assignable(&of, &Type::optional(held.clone())) {
            self.no_overload(id, "hasValue", &[of], true);
            return Type::Error;
        }
        let held = if of.is_dyn_or_error() {
            Type::Dyn
        } else {
            self.bindings.substitute(&held)
        };
        let result = self.within(vec![(Arc::clone(variable), held)], |this| this.check(body));
        if !flat {
            return Type::optional(self.bindings.substitute(&result));
        }
        let none = Type::optional(Type::Parameter(self.bindings.fresh(1)));
        if self.bindings.assignable(&result, &none) {
            return self.bindings.substitute(&result);
        }
        self.no_overload(id, "_?_:_", &[Type::Bool, result, none], false);
        Type::Error
    }
}
