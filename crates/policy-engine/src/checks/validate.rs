//! `validate`: one body, one verdict.
//!
//! In: a rule's `validate`, compiled; its scope. Out: a verdict, or nothing where the source gives no response: a pattern
//! on `DELETE`, a loop without elements.
//!
//! Behaviour: Kyverno 1.19 pkg/engine/handlers/validation.

mod body;
mod compile;
mod existing;

use serde_json::Value;

use super::conditions::Conditions;
use super::message::Message;
use super::pod_security::{ControlExcludes, Exemptions};
use crate::compile_error::CompileError;
use crate::context::{ContextEntries, RuleIdentity, Scope};
use crate::facts::Halt;
use crate::outcome::{FailureAction, RuleOutcome, Verdict};
use crate::request::Request;
pub(super) use body::{Body, Run};
pub use compile::MAX_LOOP_NESTING;

/// A fact is missing; it has been noted as wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending;

/// A compiled `validate`.
#[derive(Debug, Clone)]
pub struct ValidateRule {
    message: Message,
    body: Body,
    allow_existing_violations: bool,
}

/// What judging an update may need beside the body: the rule is judged once more, on the old object.
#[derive(Clone)]
pub struct UpdatePolicy<'r> {
    /// Whether a failure blocks: only then do earlier violations matter.
    pub action: FailureAction,
    /// Whose rule it is.
    pub identity: RuleIdentity<'r>,
    /// The rule's context entries.
    pub entries: &'r ContextEntries,
    /// The rule's preconditions.
    pub preconditions: Option<&'r Conditions>,
    /// Whether the rule would select another request.
    pub selects: &'r dyn Fn(&Request) -> Result<bool, Halt>,
}

impl std::fmt::Debug for UpdatePolicy<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UpdatePolicy")
            .field("action", &self.action)
            .finish_non_exhaustive()
    }
}

/// An exception that applies: its key, and the controls it is limited to.
pub type AppliedException<'e> = (&'e str, Option<&'e ControlExcludes>);

impl ValidateRule {
    /// Compiles the `validate` of a rule. `cel` and `manifests` are not bodies of this kind: they are a fault here.
    ///
    /// # Errors
    /// Every fault.
    pub fn compile(validate: &Value) -> Result<Self, Vec<CompileError>> {
        compile::rule(validate)
    }

    /// Whether it is a podSecurity rule: exceptions with `podSecurity` items act on such rules alone.
    #[must_use]
    pub fn is_pod_security(&self) -> bool {
        matches!(self.body, Body::PodSecurity(_))
    }

    /// Judges the rule, whose preconditions hold, in its scope.
    ///
    /// # Errors
    /// [`Pending`]: a fact is missing and has been asked for.
    pub fn check(
        &self,
        scope: &Scope<'_>,
        rule: &str,
        update: &UpdatePolicy<'_>,
    ) -> Result<Option<Verdict>, Pending> {
        settle(self.judge_update(&|scope| self.judge(scope, rule), scope, update))
    }

    /// Judges a `podSecurity` rule; gives also the exceptions that decided it.
    ///
    /// # Errors
    /// [`Pending`]: a fact is missing and has been asked for.
    pub fn check_pod_security(
        &self,
        scope: &Scope<'_>,
        rule: &str,
        exceptions: &[AppliedException<'_>],
        update: &UpdatePolicy<'_>,
    ) -> Result<Option<(Verdict, Vec<String>)>, Pending> {
        let Body::PodSecurity(check) = &self.body else {
            return Ok(self
                .check(scope, rule, update)?
                .map(|verdict| (verdict, Vec::new())));
        };
        if scope.request().is_delete() {
            return Ok(None);
        }
        if let Some((key, _)) = exceptions.iter().find(|(_, controls)| controls.is_none()) {
            let message = format!("rule is skipped due to policy exception {key}");
            return Ok(Some((
                Verdict::new(RuleOutcome::Skip, message),
                vec![(*key).to_owned()],
            )));
        }
        let exemptions = Exemptions::of(exceptions);
        let judged = self.judge_update(&|scope| check.judge(scope, rule, &exemptions), scope, update);
        let verdict = settle(judged)?;
        let used = |verdict: &Verdict| match verdict.outcome {
            RuleOutcome::Skip => exceptions.iter().map(|(key, _)| (*key).to_owned()).collect(),
            RuleOutcome::Pass | RuleOutcome::Fail | RuleOutcome::Error | RuleOutcome::Warn => Vec::new(),
        };
        Ok(verdict.map(|verdict| {
            let used = used(&verdict);
            (verdict, used)
        }))
    }

    /// Judges, and lets a failure go that was there before the update.
    fn judge_update(
        &self,
        judge: &dyn Fn(&Scope<'_>) -> Result<Option<Verdict>, Halt>,
        scope: &Scope<'_>,
        update: &UpdatePolicy<'_>,
    ) -> Result<Option<Verdict>, Halt> {
        let verdict = judge(scope)?;
        let failed = verdict
            .as_ref()
            .is_some_and(|verdict| verdict.outcome == RuleOutcome::Fail);
        if failed && update.action == FailureAction::Enforce && self.allow_existing_violations {
            return existing::unless_it_failed_before(judge, verdict, scope, update);
        }
        Ok(verdict)
    }

    fn judge(&self, scope: &Scope<'_>, rule: &str) -> Result<Option<Verdict>, Halt> {
        self.body.judge(
            scope,
            &Run {
                rule,
                message: &self.message,
                element: None,
                nesting: 0,
            },
        )
    }
}

/// What can't be evaluated is an error verdict; what is missing is missing.
pub(super) fn settle(judged: Result<Option<Verdict>, Halt>) -> Result<Option<Verdict>, Pending> {
    match judged {
        Ok(verdict) => Ok(verdict),
        Err(Halt::Pending) => Err(Pending),
        Err(Halt::Failed(why)) => Ok(Some(Verdict::new(RuleOutcome::Error, why))),
    }
}

#[cfg(test)]
mod tests;
