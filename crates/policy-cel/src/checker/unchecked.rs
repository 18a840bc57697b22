//! What names and calls refer to, found without types.
//!
//! For expressions that are evaluated without a check, as cel-spec's tests demand for some: what resolves to nothing fails when it is reached.

use std::sync::Arc;

use super::{Call, Reference};
use crate::ast::{Ast, Kind, NodeId, Selection, for_each_child};
use crate::declarations::{Declarations, Meaning};

/// References by node index
pub(crate) fn resolve(ast: &Ast, declarations: &Declarations) -> Vec<Option<Reference>> {
    let mut resolver = Resolver {
        ast,
        declarations,
        references: vec![None; ast.len()],
        locals: Vec::new(),
    };
    resolver.node(ast.root);
    resolver.references
}

struct Resolver<'r> {
    ast: &'r Ast,
    declarations: &'r Declarations,
    references: Vec<Option<Reference>>,
    locals: Vec<Arc<str>>,
}

impl Resolver<'_> {
    fn refer(&mut self, id: NodeId, reference: Option<Reference>) -> bool {
        let found = reference.is_some();
        if let Some(slot) = self.references.get_mut(id.index()) {
            *slot = reference;
        }
        found
    }

    fn named(&self, name: &str) -> Option<Reference> {
        Some(match self.declarations.meaning(name)? {
            Meaning::Variable(name, variable) => Reference::to_variable(name, variable),
            Meaning::Type(name, _) => Reference::Type(name),
        })
    }

    fn local(&self, name: &str) -> Option<Reference> {
        self.locals
            .iter()
            .rev()
            .find(|have| ***have == *name)
            .map(|name| Reference::Local(Arc::clone(name)))
    }

    fn node(&mut self, id: NodeId) {
        let kind = self.ast.kind(id);
        match kind {
            Kind::Ident(name) => {
                let reference = self.local(name).or_else(|| self.named(name));
                self.refer(id, reference);
            }
            Kind::Select {
                selection: Selection::Field,
                ..
            } => {
                let qualified = self.ast.qualified_name(id);
                let first = qualified.as_deref().and_then(|name| name.split('.').next());
                let shadowed = first.is_some_and(|first| self.local(first).is_some());
                let reference = qualified.filter(|_| !shadowed).and_then(|name| self.named(&name));
                if !self.refer(id, reference) {
                    for_each_child(kind, |child| self.node(child));
                }
            }
            Kind::Call {
                function,
                target,
                arguments,
            } => self.call(id, function, *target, arguments),
            Kind::Struct { name, .. } => {
                let reference = self.declarations.object(name).cloned().map(Reference::Object);
                self.refer(id, reference);
                for_each_child(kind, |child| self.node(child));
            }
            Kind::Comprehension(comprehension) => {
                self.node(comprehension.range);
                let variables = [Some(&comprehension.variable), comprehension.second.as_ref()];
                self.within(variables.into_iter().flatten().cloned(), |this| {
                    comprehension.filter.iter().for_each(|filter| this.node(*filter));
                    this.node(comprehension.body);
                });
            }
            Kind::Bind {
                variable,
                value: first,
                body,
            }
            | Kind::OptionalMap {
                target: first,
                variable,
                body,
                ..
            } => {
                self.node(*first);
                self.within([Arc::clone(variable)], |this| this.node(*body));
            }
            Kind::Literal(_) | Kind::Select { .. } | Kind::List(_) | Kind::Map(_) => {
                for_each_child(kind, |child| self.node(child));
            }
        }
    }

    fn within(&mut self, variables: impl IntoIterator<Item = Arc<str>>, visit: impl FnOnce(&mut Self)) {
        let before = self.locals.len();
        self.locals.extend(variables);
        visit(self);
        self.locals.truncate(before);
    }

    fn call(&mut self, id: NodeId, name: &str, target: Option<NodeId>, arguments: &[NodeId]) {
        arguments.iter().for_each(|argument| self.node(*argument));
        let full = target
            .and_then(|target| self.ast.qualified_name(target))
            .map(|qualified| format!("{qualified}.{name}"))
            .and_then(|full| self.declarations.function(&full));
        let namespaced = full.is_some();
        let member = target.is_some() && !namespaced;
        if let (Some(target), true) = (target, member) {
            self.node(target);
        }
        let function = full.or_else(|| self.declarations.function(name)).cloned();
        let count = arguments.len().saturating_add(usize::from(member));
        let reference = function.map(|function| {
            let fits = function
                .overloads
                .iter()
                .enumerate()
                .filter(|(_, overload)| overload.member == member && overload.parameters.len() == count);
            let candidates = fits.map(|(index, _)| index).collect();
            Reference::Function(Call {
                function,
                candidates,
                namespaced,
            })
        });
        self.refer(id, reference);
    }
}
