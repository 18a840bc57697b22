//! Calls: which function, which overloads, which result.

use std::sync::Arc;

use super::unify::instantiated;
use super::{Call, Checker, Reference};
use crate::ast::NodeId;
use crate::declaration::Function;
use crate::types::Type;

impl Checker<'_> {
    pub(super) fn call(
        &mut self,
        id: NodeId,
        name: &str,
        target: Option<NodeId>,
        arguments: &[NodeId],
    ) -> Type {
        let mut types: Vec<Type> = arguments.iter().map(|argument| self.check(*argument)).collect();
        let Some(target) = target else {
            let function = self.declarations.function(name).cloned();
            return self.resolved(id, function, name, &types, false, false);
        };
        if let Some(qualified) = self.ast.qualified_name(target) {
            let full = format!("{qualified}.{name}");
            if let Some(function) = self.declarations.function(&full).cloned() {
                return self.resolved(id, Some(function), &full, &types, false, true);
            }
        }
        let receiver = self.check(target);
        types.insert(0, receiver);
        let function = self.declarations.function(name).cloned();
        self.resolved(id, function, name, &types, true, false)
    }

    fn resolved(
        &mut self,
        id: NodeId,
        function: Option<Arc<Function>>,
        name: &str,
        types: &[Type],
        member: bool,
        namespaced: bool,
    ) -> Type {
        let Some(function) = function else {
            let declarations = self.declarations;
            self.undeclared(id, name, declarations.function_names());
            return Type::Error;
        };
        let Some((candidates, result)) = self.overloads(&function, types, member) else {
            self.no_overload(id, &function.name.clone(), types, member);
            return Type::Error;
        };
        self.refer(
            id,
            Reference::Function(Call {
                function,
                candidates,
                namespaced,
            }),
        );
        result
    }

    /// The overloads that may fit, and the type they give: of several, one that all give, or `dyn`
    pub(super) fn overloads(
        &mut self,
        function: &Function,
        types: &[Type],
        member: bool,
    ) -> Option<(Vec<usize>, Type)> {
        let mut candidates = Vec::new();
        let mut result: Option<Type> = None;
        for (index, overload) in function.overloads.iter().enumerate() {
            if overload.member != member || overload.parameters.len() != types.len() {
                continue;
            }
            let given = if overload.type_parameters == 0 {
                self.bindings
                    .all_assignable(types, &overload.parameters)
                    .then(|| overload.result.clone())
            } else {
                let first = self.bindings.fresh(overload.type_parameters);
                let parameters: Vec<Type> = overload
                    .parameters
                    .iter()
                    .map(|of| instantiated(of, first))
                    .collect();
                let fit = self.bindings.all_assignable(types, &parameters);
                fit.then(|| self.bindings.substitute(&instantiated(&overload.result, first)))
            };
            let Some(given) = given else { continue };
            candidates.push(index);
            result = Some(match result {
                None => given,
                Some(before) if before.is_dyn() || before == given => before,
                Some(_) => Type::Dyn,
            });
        }
        result.map(|result| (candidates, result))
    }

    pub(super) fn no_overload(&mut self, id: NodeId, name: &str, types: &[Type], member: bool) {
        let closed = types.iter().map(|of| self.bindings.closed(of).to_string());
        let mut closed: Vec<String> = closed.collect();
        let receiver = if member && !closed.is_empty() {
            format!("{}.", closed.remove(0))
        } else {
            String::new()
        };
        let signature = format!("{receiver}({})", closed.join(", "));
        self.fault(
            id,
            format!("found no matching overload for '{name}' applied to '{signature}'"),
        );
    }
}
