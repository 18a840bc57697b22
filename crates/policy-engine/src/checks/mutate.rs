//! `mutate`: the object as a rule wants it.
//!
//! In: a rule's `mutate`, compiled; its scope. Out: a verdict, and the changed object where something changed. Never a
//! half-applied rule: where one step fails, the object stays as it was.
//!
//! Behaviour: Kyverno 1.19 pkg/engine/mutate, pkg/engine/handlers/mutation.

mod compile;
mod looped;
mod patch;

use serde_json::Value;

use super::validate::Pending;
use crate::compile_error::CompileError;
use crate::context::{Scope, json_text};
use crate::facts::Halt;
use crate::outcome::{RuleOutcome, Verdict};
use looped::Loop;
use patch::PatchTemplate;

/// A compiled `mutate`.
#[derive(Debug, Clone)]
pub struct MutateRule {
    change: Change,
    changes_others: bool,
}

/// One patch, or loops of them.
#[derive(Debug, Clone)]
enum Change {
    Patch(PatchTemplate),
    Loops(Vec<Loop>),
}

impl MutateRule {
    /// Compiles the `mutate` of a rule.
    ///
    /// # Errors
    /// Every fault.
    pub fn compile(mutate: &Value) -> Result<Self, Vec<CompileError>> {
        let changes_others = mutate
            .get("targets")
            .and_then(Value::as_array)
            .is_some_and(|list| !list.is_empty());
        compile::change(mutate).map(|change| Self {
            change,
            changes_others,
        })
    }

    /// Whether the rule has `targets`: it changes other objects than the one under admission, which is not done here.
    #[must_use]
    pub fn changes_others(&self) -> bool {
        self.changes_others
    }

    /// Applies the rule, whose preconditions hold, to the object of the request. Nothing where there is no object, or the
    /// rule changes others.
    ///
    /// # Errors
    /// [`Pending`]: a fact is missing and has been asked for.
    pub fn apply(&self, scope: &Scope<'_>) -> Result<Option<(Verdict, Option<Value>)>, Pending> {
        let object = scope.request().request().object.as_deref();
        let Some(object) = object.filter(|_| !self.changes_others) else {
            return Ok(None);
        };
        let changed = match &self.change {
            Change::Patch(patch) => patch
                .apply(scope, object)
                .map(|changed| (changed, patch::NOTHING_CHANGED.to_owned())),
            Change::Loops(loops) => looped::apply_all(loops, scope, object, 0)
                .map(|done| (done.changed, format!("{} elements processed", done.applied))),
        };
        Ok(Some(match changed {
            Ok((Some(changed), _)) => (Verdict::new(RuleOutcome::Pass, done(&changed)), Some(changed)),
            Ok((None, unchanged)) => (Verdict::new(RuleOutcome::Skip, unchanged), None),
            Err(Halt::Pending) => return Err(Pending),
            Err(Halt::Failed(why)) => (Verdict::new(RuleOutcome::Error, why), None),
        }))
    }
}

/// `mutated Pod/web in namespace shop`
fn done(object: &Value) -> String {
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .map(json_text::display)
            .unwrap_or_default()
    };
    let (kind, name, namespace) = (text("/kind"), text("/metadata/name"), text("/metadata/namespace"));
    if namespace.is_empty() {
        format!("mutated {kind}/{name}")
    } else {
        format!("mutated {kind}/{name} in namespace {namespace}")
    }
}

#[cfg(test)]
mod tests;
