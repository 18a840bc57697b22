//! Where one expression is evaluated: layers of variables, the innermost first.
//!
//! In: a request, facts, context entries, loop elements. Out: the value of a name, or that there is none.
//! Child scopes borrow their parents; nothing is copied but what two layers have to merge. An entry is loaded when its
//! name is first looked up, once, and sees only what was declared before it, so entries can't wait for each other.
//!
//! Behaviour: Kyverno 1.19 pkg/engine/context (merging, checkpoints, deferred loaders).

mod given;
mod layers;
#[cfg(test)]
pub(crate) mod rehearsal;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use jmespath::Term;
use serde_json::{Map, Value};

use super::budget::Budget;
use super::entries::ContextEntries;
use super::query::{Query, lookup_halt};
use super::request_document::{self, RequestDocument};
use crate::facts::{Asker, FactView, Halt};
use layers::Layer;
pub(super) use layers::merge_over;

/// What all scopes of one rule share.
#[derive(Debug)]
pub(super) struct Ground<'a> {
    pub(super) facts: &'a FactView<'a>,
    pub(super) asker: Asker,
    pub(super) budget: Budget,
    /// The request that the rule was selected for
    request: &'a RequestDocument<'a>,
}

/// One level of variables, and all below it.
#[derive(Debug)]
pub struct Scope<'a> {
    ground: Rc<Ground<'a>>,
    parent: Option<&'a Scope<'a>>,
    /// Innermost last
    layers: Vec<Layer<'a>>,
    /// The request that `request` means here
    request: &'a RequestDocument<'a>,
}

/// A scope as one expression may see it: all of it, or what was declared before one context entry.
#[derive(Debug, Clone, Copy)]
pub struct View<'s> {
    scope: &'s Scope<'s>,
    /// Layer and entry that are hidden, with all after them
    until: Option<(usize, usize)>,
}

/// Whose rule is evaluated.
#[derive(Debug, Clone, Default)]
pub struct RuleIdentity<'a> {
    /// Name of the policy.
    pub policy: &'a str,
    /// Name of the rule as written, without `autogen-`.
    pub rule: &'a str,
    /// On whose behalf facts are asked.
    pub asker: Asker,
}

impl<'a> Scope<'a> {
    /// The scope of one rule: the request, what files give for the rule, the rule's context entries.
    #[must_use]
    pub fn new(
        request: &'a RequestDocument<'a>,
        facts: &'a FactView<'a>,
        entries: &'a ContextEntries,
        rule: RuleIdentity<'_>,
    ) -> Self {
        let given = given::tree(&request.request().given, rule.policy, rule.rule);
        let ground = Ground {
            facts,
            asker: rule.asker,
            budget: Budget::default(),
            request,
        };
        let mut layers = vec![Layer::request(request)];
        if !given.is_empty() {
            layers.push(Layer::merged(Cow::Owned(given)));
        }
        layers.push(Layer::entries(entries));
        Self {
            ground: Rc::new(ground),
            parent: None,
            layers,
            request,
        }
    }

    fn child(&'a self, layers: Vec<Layer<'a>>) -> Self {
        Self {
            ground: Rc::clone(&self.ground),
            parent: Some(self),
            layers,
            request: self.request,
        }
    }

    /// A scope with further context entries: those of a mutate target.
    #[must_use]
    pub fn with_entries(&'a self, entries: &'a ContextEntries) -> Self {
        self.child(vec![Layer::entries(entries)])
    }

    /// A scope in which `values` are merged over what there is: maps into maps, anything else in place of what was there.
    #[must_use]
    pub fn merged(&'a self, values: &'a Map<String, Value>) -> Self {
        self.child(vec![Layer::merged(Cow::Borrowed(values))])
    }

    /// A scope for one element of a loop, with the loop's own entries. `nesting` counts enclosing loops from 0.
    #[must_use]
    pub fn element(
        &'a self,
        element: &'a Value,
        index: usize,
        nesting: usize,
        entries: &'a ContextEntries,
    ) -> Self {
        self.child(vec![
            Layer::element(element, index, nesting),
            Layer::entries(entries),
        ])
    }

    /// A scope in which `request` is another one: the object after a step of mutation.
    #[must_use]
    pub fn with_request(&'a self, request: &'a RequestDocument<'a>) -> Self {
        let mut child = self.child(vec![Layer::request(request)]);
        child.request = request;
        child
    }

    /// The request that `request` means here.
    #[must_use]
    pub fn request(&self) -> &'a RequestDocument<'a> {
        self.request
    }

    /// The facts at hand.
    #[must_use]
    pub fn facts(&self) -> &'a FactView<'a> {
        self.ground.facts
    }

    /// On whose behalf facts are asked.
    #[must_use]
    pub fn asker(&self) -> &Asker {
        &self.ground.asker
    }

    /// The value of an expression.
    ///
    /// # Errors
    /// [`Halt::Pending`] where a fact is missing; [`Halt::Failed`] with Kyverno's text, an unknown name included.
    pub fn search<'s>(&'s self, query: &'s Query) -> Result<Cow<'s, Value>, Halt> {
        View::from(self).search(query)
    }

    /// The bound that the rule ran into and Kyverno has not; what came of it since is no verdict.
    #[must_use]
    pub fn bound(&self) -> Option<&str> {
        self.ground.budget.bound()
    }
}

impl<'s, 'a: 's> From<&'s Scope<'a>> for View<'s> {
    fn from(scope: &'s Scope<'a>) -> Self {
        Self { scope, until: None }
    }
}

impl<'s> View<'s> {
    /// The value of an expression.
    pub(super) fn search(self, query: &'s Query) -> Result<Cow<'s, Value>, Halt> {
        self.budget().nested(query.weight(), || query.search(self))
    }

    pub(super) fn ground(self) -> &'s Ground<'s> {
        &self.scope.ground
    }

    pub(super) fn budget(self) -> &'s Budget {
        &self.scope.ground.budget
    }

    /// The scope, if nothing of it is hidden.
    pub(super) fn unlimited(self) -> Option<&'s Scope<'s>> {
        self.until.is_none().then_some(self.scope)
    }

    /// Whether `request.object` means the old object.
    pub(super) fn is_delete(self) -> bool {
        self.scope.request.is_delete()
    }

    /// The request this view is of.
    pub(super) fn request(self) -> &'s RequestDocument<'s> {
        self.scope.ground.request
    }

    /// The value of a name, or `None` where nothing has it.
    pub(super) fn field(self, name: &str) -> Result<Option<Term<'s>>, Halt> {
        let mut scope = self.scope;
        let mut until = self.until;
        loop {
            for (index, layer) in scope.layers.iter().enumerate().rev() {
                let hidden_from = match until {
                    Some((hidden, _)) if index > hidden => continue,
                    Some((hidden, entry)) if index == hidden => Some(entry),
                    _ => None,
                };
                if let Some(value) = layer.field(name, View { scope, until }, index, hidden_from)? {
                    return Ok(Some(value));
                }
            }
            let Some(parent) = scope.parent else {
                return Ok(None);
            };
            (scope, until) = (parent, None);
        }
    }

    /// What is visible below the layer, or before the entry of it.
    fn below(self, layer: usize, entry: usize) -> Self {
        Self {
            scope: self.scope,
            until: Some((layer, entry)),
        }
    }

    /// The whole document, for expressions that begin with `@` or `*`. Context entries are not part of it: they are
    /// loaded by name alone.
    pub(super) fn whole(self) -> Result<Term<'s>, Halt> {
        let mut names: Vec<&str> = request_document::NAMES.to_vec();
        let mut scope = Some(self.scope);
        while let Some(current) = scope {
            names.extend(current.layers.iter().flat_map(Layer::names));
            scope = current.parent;
        }
        let mut whole = BTreeMap::new();
        for name in names {
            match self.field(name) {
                Ok(Some(Term::Root(document))) => {
                    whole.insert(name.to_owned(), document.whole().map_err(lookup_halt)?);
                }
                Ok(Some(value)) => {
                    whole.insert(name.to_owned(), value);
                }
                Ok(None) => {}
                Err(Halt::Pending) => return Err(Halt::Pending),
                // an object without a Pod specification has no images
                Err(Halt::Failed(_)) if name == "images" => {}
                Err(failed @ Halt::Failed(_)) => return Err(failed),
            }
        }
        Ok(Term::Object(Rc::new(whole)))
    }
}

#[cfg(test)]
mod tests;
