//! Violations that were there before: an update that does not make things worse is let through.
//!
//! The rule is judged once more on the old object, as if that were created now by nobody in particular. Where the old
//! object fails too, the failure becomes a skip; where that can't be told, the failure stands (Kyverno skips then, which
//! would let a violation through because of an error).
//!
//! Behaviour: Kyverno 1.19 `validateOldObject`, docs/compat.md#existing-violations.

use std::sync::Arc;

use serde_json::Value;

use super::UpdatePolicy;
use crate::context::{RequestDocument, Scope};
use crate::facts::Halt;
use crate::outcome::{RuleOutcome, Verdict};
use crate::request::{GivenValues, Operation, Request, User};

pub(super) fn unless_it_failed_before(
    judge: &dyn Fn(&Scope<'_>) -> Result<Option<Verdict>, Halt>,
    verdict: Option<Verdict>,
    scope: &Scope<'_>,
    update: &UpdatePolicy<'_>,
) -> Result<Option<Verdict>, Halt> {
    let request = scope.request();
    let Some(created) = as_created(request.request()) else {
        return Ok(verdict);
    };
    if !or_no((update.selects)(&created))? {
        return Ok(verdict);
    }
    let document = RequestDocument::new(&created, request.registry());
    let before = Scope::new(&document, scope.facts(), update.entries, update.identity.clone());
    let met = update.preconditions.map_or(Ok(true), |conditions| {
        conditions.evaluate(&before).map(|outcome| outcome.met)
    });
    if !or_no(met)? {
        return Ok(verdict);
    }
    match judge(&before) {
        Ok(Some(before)) if before.outcome == RuleOutcome::Fail => Ok(Some(Verdict::new(
            RuleOutcome::Skip,
            "skipping the rule evaluation as pre-existing violations are allowed",
        ))),
        Err(Halt::Pending) => Err(Halt::Pending),
        Ok(_) | Err(Halt::Failed(_)) => Ok(verdict),
    }
}

/// The old object of an update as a request to create it. What is created has no subresource: a rule that speaks of
/// `ephemeralcontainers`, by its kinds or by its conditions, speaks of what is done now, and nothing that was there excuses it.
fn as_created(request: &Request) -> Option<Request> {
    if request.operation != Operation::Update {
        return None;
    }
    let old = request.old_object.clone()?;
    let nobody = User {
        info: serde_json::json!({
            "username": "kyverno:kyverno-invalid-controller",
            "uid": "kyverno:invaliduid",
            "groups": ["kyverno:invalidgroup"],
        }),
        roles: vec!["kyverno:invalidrole".to_owned()],
        cluster_roles: vec!["kyverno:invalidrole".to_owned()],
    };
    let mut envelope = request.envelope.as_deref().cloned();
    if let Some(Value::Object(fields)) = &mut envelope {
        fields.remove("subResource");
        fields.remove("requestSubResource");
    }
    Some(Request {
        operation: Operation::Create,
        subresource: "".into(),
        envelope: envelope.map(Arc::new),
        object: Some(old),
        old_object: None,
        user: Some(Arc::new(nobody)),
        given: Arc::new(beside_the_request(&request.given)),
        ..request.clone()
    })
}

/// What files give, without what they give for the request: its operation and objects are now others.
fn beside_the_request(given: &GivenValues) -> GivenValues {
    let mut given = given.clone();
    let of_request = |path: &str| path.split('.').next() == Some("request");
    let of_policies = given.for_policy.values_mut().chain(given.for_rule.values_mut());
    for values in of_policies
        .chain(given.for_each.values_mut())
        .chain([&mut given.for_all])
    {
        values.retain(|path, _| !of_request(path));
    }
    given
}

/// A failure is no: what can't be judged does not excuse a violation.
fn or_no(judged: Result<bool, Halt>) -> Result<bool, Halt> {
    judged.or_else(|halt| {
        if halt == Halt::Pending {
            Err(halt)
        } else {
            Ok(false)
        }
    })
}
