//! The bodies of `validate` and of its loops.

use serde_json::Value;

use super::super::conditions::Conditions;
use super::super::foreach::ForEach;
use super::super::message::{Message, passed};
use super::super::pattern::{Failure, Meaning, Pattern, ReadyPattern};
use super::super::pod_security::{Exemptions, PodSecurity};
use crate::context::{JsonPath, Scope};
use crate::facts::Halt;
use crate::outcome::{RuleOutcome, Verdict};

#[derive(Debug, Clone)]
pub(in crate::checks) enum Body {
    Deny(Conditions),
    Pattern(Pattern),
    AnyPattern(Vec<Pattern>),
    ForEach(Vec<ForEach>),
    PodSecurity(PodSecurity),
}

/// Where in a rule a body is judged.
#[derive(Debug, Clone, Copy)]
pub(in crate::checks) struct Run<'r> {
    pub(in crate::checks) rule: &'r str,
    pub(in crate::checks) message: &'r Message,
    /// The loop element that patterns are matched against in place of the object
    pub(in crate::checks) element: Option<&'r Value>,
    /// How many loops are around
    pub(in crate::checks) nesting: usize,
}

impl Body {
    /// The verdict, or none where there is no response.
    pub(in crate::checks) fn judge(&self, scope: &Scope<'_>, run: &Run<'_>) -> Result<Option<Verdict>, Halt> {
        match self {
            Self::Deny(conditions) => deny(conditions, scope, run).map(Some),
            Self::Pattern(pattern) => {
                let ready = pattern.ready(scope, &JsonPath::root());
                let ready = ready.map_err(|halt| halt.within("variable substitution failed"))?;
                let Some(resource) = resource(scope, run) else {
                    return Ok(None);
                };
                one_pattern(&ready, resource, scope, run).map(Some)
            }
            Self::AnyPattern(patterns) => {
                let ready = all_ready(patterns, scope)?;
                let Some(resource) = resource(scope, run) else {
                    return Ok(None);
                };
                any_pattern(&ready, resource, scope, run).map(Some)
            }
            Self::ForEach(loops) => ForEach::judge_all(loops, scope, run),
            Self::PodSecurity(check) => check.judge(scope, run.rule, &Exemptions::default()),
        }
    }
}

/// What patterns are matched against: the element, else the new object; nothing on `DELETE`.
fn resource<'s>(scope: &'s Scope<'_>, run: &Run<'s>) -> Option<&'s Value> {
    let request = scope.request();
    match run.element {
        Some(element) => Some(element),
        None if request.is_delete() => None,
        None => request.request().object.as_deref(),
    }
}

fn deny(conditions: &Conditions, scope: &Scope<'_>, run: &Run<'_>) -> Result<Verdict, Halt> {
    let outcome = conditions
        .evaluate(scope)
        .map_err(|halt| halt.within("failed to check deny conditions"))?;
    if !outcome.met {
        return Ok(Verdict::new(RuleOutcome::Pass, passed(run.rule)));
    }
    let message = run.message.denied(run.rule, &outcome.message, scope)?;
    Ok(Verdict::new(RuleOutcome::Fail, message))
}

fn one_pattern(
    pattern: &ReadyPattern<'_>,
    resource: &Value,
    scope: &Scope<'_>,
    run: &Run<'_>,
) -> Result<Verdict, Halt> {
    let Err(Failure { meaning, text }) = pattern.compare(resource) else {
        return Ok(Verdict::new(RuleOutcome::Pass, passed(run.rule)));
    };
    Ok(match meaning {
        Meaning::Skip => Verdict::new(RuleOutcome::Skip, text),
        Meaning::Fail { path } => Verdict::new(
            RuleOutcome::Fail,
            run.message.failed_at(run.rule, &path, &text, scope)?,
        ),
        Meaning::Error => Verdict::new(
            RuleOutcome::Error,
            run.message.could_not_tell(run.rule, &text, scope)?,
        ),
    })
}

/// Replaces the variables of all patterns, asking for every missing fact.
fn all_ready<'p>(patterns: &'p [Pattern], scope: &Scope<'_>) -> Result<Vec<ReadyPattern<'p>>, Halt> {
    let mut ready = Vec::with_capacity(patterns.len());
    let mut pending = false;
    for (index, pattern) in patterns.iter().enumerate() {
        match pattern.ready(scope, &JsonPath::root().index(index)) {
            Ok(pattern) => ready.push(pattern),
            Err(Halt::Pending) => pending = true,
            Err(Halt::Failed(_)) if pending => return Err(Halt::Pending),
            Err(failed @ Halt::Failed(_)) => return Err(failed.within("variable substitution failed")),
        }
    }
    if pending { Err(Halt::Pending) } else { Ok(ready) }
}

fn any_pattern(
    patterns: &[ReadyPattern<'_>],
    resource: &Value,
    scope: &Scope<'_>,
    run: &Run<'_>,
) -> Result<Verdict, Halt> {
    let rule = run.rule;
    let (mut failed, mut skipped) = (Vec::new(), Vec::new());
    for (index, pattern) in patterns.iter().enumerate() {
        match pattern.compare(resource) {
            Ok(()) => {
                let message = format!("validation rule '{rule}' anyPattern[{index}] passed.");
                return Ok(Verdict::new(RuleOutcome::Pass, message));
            }
            Err(Failure {
                meaning: Meaning::Skip,
                text,
            }) => {
                skipped.push(format!("rule {rule}[{index}] skipped: {text}"));
            }
            Err(Failure {
                meaning: Meaning::Fail { path },
                ..
            }) => {
                failed.push(format!("rule {rule}[{index}] failed at path {path}"));
            }
            Err(Failure {
                meaning: Meaning::Error,
                text,
            }) => {
                failed.push(format!("rule {rule}[{index}] failed: {text}"));
            }
        }
    }
    if !failed.is_empty() {
        let message = run.message.none_held(rule, &failed.join(" "), scope)?;
        return Ok(Verdict::new(RuleOutcome::Fail, message));
    }
    Ok(Verdict::new(RuleOutcome::Skip, skipped.join(" ")))
}
