//! One line for each denial, with the request's uid: what an operator finds when a user asks why. And one with the whole
//! explanation, under a target of its own: `vouchsafe explain --log` reads it.

use policy_engine::request::Stage;
use policy_engine::{Decision, Request, RuleResult};
use serde_json::Value;

use crate::explanations::{ExplanationId, webhook};
use crate::pipeline::ReviewTime;

/// Target of the lines that hold explanations: fields `id` and `explanation`, which is JSON. For logs that programs read.
pub const EXPLANATION_TARGET: &str = "vouchsafe::explanation";

/// Longest text of a request that is logged, in characters.
const LONGEST_TEXT: usize = 2_000;

/// Logs that `decision` denies `request`, which is explained under `id`.
pub(crate) fn denied(
    stage: Stage,
    request: &Request,
    decision: &Decision,
    time: ReviewTime,
    id: Option<ExplanationId>,
) {
    let blocking = decision.results.iter().filter(|result| result.blocks());
    let reasons: Vec<String> = blocking.map(reason).collect();
    let user = request
        .user
        .as_ref()
        .and_then(|user| user.info.get("username"))
        .and_then(Value::as_str);
    tracing::warn!(
        uid = %one_line(&request.uid),
        resource = %one_line(&decision.resource),
        operation = request.operation.as_str(),
        user = %one_line(user.unwrap_or_default()),
        webhook = webhook(stage),
        dry_run = request.dry_run,
        taken_ms = u64::try_from(time.taken().as_millis()).unwrap_or(u64::MAX),
        reason = %one_line(&reasons.join("; ")),
        id = %shown(id),
        "denied"
    );
}

/// Logs that a review was denied unjudged.
pub(crate) fn denied_unjudged(stage: Stage, uid: &str, reason: &str, id: Option<ExplanationId>) {
    let (uid, id) = (one_line(uid), shown(id));
    tracing::warn!(%uid, webhook = webhook(stage), reason = %one_line(reason), %id, "denied unjudged");
}

/// Logs what is kept under `id`: `explanation` is JSON, and thereby one line.
pub(crate) fn explained(id: ExplanationId, explanation: &str) {
    tracing::warn!(target: EXPLANATION_TARGET, %id, explanation, "explained");
}

fn shown(id: Option<ExplanationId>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

fn reason(result: &RuleResult) -> String {
    format!("{}/{}: {}", result.policy.key, result.rule, result.message())
}

/// `text` without line breaks and other control characters, which would forge further lines, and not too long.
fn one_line(text: &str) -> String {
    text.chars()
        .take(LONGEST_TEXT)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A request's name is not yet checked when webhooks see it: a name with a line break must not write a line.
    #[test]
    fn a_forged_line_stays_in_its_line() {
        assert_eq!(one_line("a\nINFO admitted\r\u{1b}[0m"), "a INFO admitted  [0m");
    }
}
