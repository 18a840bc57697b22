//! `mutate`: the object as a rule wants it.
//!
//! In: a rule's `mutate`, compiled; its scope. Out: a verdict, and the changed object where something changed. Never a
//! half-applied rule: where one step fails, the object stays as it was.
//!
//! Behaviour: Kyverno 1.19 pkg/engine/mutate, pkg/engine/handlers/mutation.

mod compile;
mod looped;
mod patch;
mod targets;

use std::sync::Arc;

use serde_json::Value;

use super::validate::Pending;
use crate::compile_error::{CompileError, collect};
use crate::context::{Scope, json_text};
use crate::facts::Halt;
use crate::outcome::{RuleOutcome, Verdict};
use looped::Loop;
use patch::PatchTemplate;
use targets::Target;

/// A compiled `mutate`.
#[derive(Debug, Clone)]
pub struct MutateRule {
    change: Change,
    targets: Vec<Target>,
}

/// What a mutate rule did.
#[derive(Debug)]
pub struct Mutation {
    /// The verdict.
    pub verdict: Verdict,
    /// The object, where it changed.
    pub object: Option<Value>,
    /// Other objects that changed.
    pub targets: Vec<Arc<Value>>,
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
        let mut errors = Vec::new();
        let targets = collect(targets::compile(mutate), "", &mut errors);
        let change = collect(compile::change(mutate), "", &mut errors);
        match (targets, change) {
            (Some(targets), Some(change)) => Ok(Self { change, targets }),
            _ => Err(errors),
        }
    }

    /// Whether the rule has `targets`: it changes other objects than the one under admission.
    #[must_use]
    pub fn changes_others(&self) -> bool {
        !self.targets.is_empty()
    }

    /// Applies the rule, whose preconditions hold, to the object of the request, or to its targets. Nothing where there is
    /// no object, or none of the targets is at hand.
    ///
    /// # Errors
    /// [`Pending`]: a fact is missing and has been asked for.
    pub fn apply(&self, scope: &Scope<'_>) -> Result<Option<Mutation>, Pending> {
        let Some(object) = scope.request().request().object.as_deref() else {
            return Ok(None);
        };
        let judged = if self.changes_others() {
            self.apply_to_targets(scope)
        } else {
            self.change
                .apply(scope, object)
                .map(|(changed, unchanged)| Some(mutation(changed, unchanged)))
        };
        match judged {
            Ok(mutation) => Ok(mutation),
            Err(Halt::Pending) => Err(Pending),
            Err(Halt::Failed(why)) => {
                let verdict = Verdict::new(RuleOutcome::Error, why);
                Ok(Some(Mutation {
                    verdict,
                    object: None,
                    targets: Vec::new(),
                }))
            }
        }
    }

    fn apply_to_targets(&self, scope: &Scope<'_>) -> Result<Option<Mutation>, Halt> {
        if scope.request().request().targets.is_empty() {
            return Ok(None);
        }
        let change =
            |scope: &Scope<'_>, object: &Value| self.change.apply(scope, object).map(|(changed, _)| changed);
        let mut targets = Vec::new();
        for target in &self.targets {
            targets.extend(target.changed(scope, &change)?);
        }
        let verdict = match targets.last() {
            Some(last) => Verdict::new(RuleOutcome::Pass, done(last)),
            None => Verdict::new(RuleOutcome::Skip, patch::NOTHING_CHANGED),
        };
        Ok(Some(Mutation {
            verdict,
            object: None,
            targets,
        }))
    }
}

impl Change {
    /// The changed object, or nothing, with the text that says so.
    fn apply(&self, scope: &Scope<'_>, object: &Value) -> Result<(Option<Value>, String), Halt> {
        match self {
            Self::Patch(patch) => patch
                .apply(scope, object)
                .map(|changed| (changed, patch::NOTHING_CHANGED.to_owned())),
            Self::Loops(loops) => looped::apply_all(loops, scope, object, 0)
                .map(|done| (done.changed, format!("{} elements processed", done.applied))),
        }
    }
}

fn mutation(changed: Option<Value>, unchanged: String) -> Mutation {
    let verdict = match &changed {
        Some(changed) => Verdict::new(RuleOutcome::Pass, done(changed)),
        None => Verdict::new(RuleOutcome::Skip, unchanged),
    };
    Mutation {
        verdict,
        object: changed,
        targets: Vec::new(),
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
