//! Exceptions that apply to a rule and a request.

use std::sync::Arc;

use crate::checks::Pending;
use crate::context::Scope;
use crate::facts::Halt;
use crate::policy::{CompiledException, CompiledPolicy, CompiledRule, PolicySet};
use crate::request::Origin;
use crate::selection::Selection;

/// Every exception that names the rule, matches the request, and whose conditions hold.
///
/// One that can't be judged does not excuse: an error is never consent.
pub(super) fn applicable(
    set: &PolicySet,
    policy: &CompiledPolicy,
    rule: &CompiledRule,
    scope: &Scope<'_>,
) -> Result<Vec<Arc<CompiledException>>, Pending> {
    if set.exceptions().is_empty() {
        return Ok(Vec::new());
    }
    let request = scope.request().request();
    let policy_key = policy.key.to_string();
    let mut found = Vec::new();
    let mut pending = false;
    for exception in set.exceptions() {
        let in_force = !exception.has_expired(request.at_ns)
            && (exception.in_background() || request.origin != Origin::BackgroundScan);
        if !in_force || !exception.names(&policy_key, &rule.name) {
            continue;
        }
        match exception.matched().meets_exception(request, scope.facts()) {
            Selection::Selected { .. } => {}
            Selection::NotSelected | Selection::Unjudgeable { .. } => continue,
            Selection::Pending => {
                pending = true;
                continue;
            }
        }
        match exception
            .conditions()
            .map_or(Ok(true), |conditions| conditions.evaluate_for_exception(scope))
        {
            Ok(true) => found.push(Arc::clone(exception)),
            Ok(false) | Err(Halt::Failed(_)) => {}
            Err(Halt::Pending) => pending = true,
        }
    }
    if pending { Err(Pending) } else { Ok(found) }
}
