//! The decision tree of each rule (`apply --explain`, `verify`), as text and as JSON.
//!
//! JSON of a decision: `{"resource": "Pod/shop/web", "rules": […]}`; of a rule:
//!
//! ```json
//! {
//!   "policy": "check-images",
//!   "rule": "signed",
//!   "outcome": "fail",
//!   "failureAction": "Enforce",
//!   "blocks": true,
//!   "selectedBy": "match.any[0]",
//!   "exceptions": [],
//!   "message": "failed to verify image …",
//!   "reason": {"code": "WRONG_SIGNER", "permanence": "permanent", "detail": "demanded …; found …; …"},
//!   "tree": [{"depth": 0, "text": "image … is sha256:…"}, {"depth": 1, "text": "…"}]
//! }
//! ```
//!
//! `outcome` is one of `pass`, `skip`, `warn`, `fail`, `error`. `reason` is null unless an image was refused. Lines of `tree` stand depth
//! first; `depth` counts from 0.

use policy_engine::Decision;
use policy_engine::decision::RuleResult;
use policy_engine::outcome::{ExplainLine, FailureAction};
use serde_json::{Value, json};

/// The trees of one decision.
pub(crate) fn decision(decision: &Decision) -> String {
    let mut text = format!("{}\n", decision.resource);
    if decision.results.is_empty() {
        text.push_str("  no rule speaks about this resource\n");
    }
    for result in &decision.results {
        text.push_str(&rule(result));
    }
    text
}

/// The tree of one rule.
pub(crate) fn rule(result: &RuleResult) -> String {
    let outcome = format!("{:?}", result.verdict.outcome).to_lowercase();
    // Policies in Common Expression Language may have one rule without a name.
    let rule = match &*result.rule {
        "" => String::new(),
        name => format!(" rule {name}"),
    };
    let mut text = format!("  policy {}{rule}: {outcome}\n", result.policy.key);
    text.push_str(&format!("    selected by {}\n", result.selected_by));
    text.push_str(&format!(
        "    failure action {}{}\n",
        action(result),
        if result.blocks() { ", blocks" } else { "" }
    ));
    if !result.exceptions.is_empty() {
        text.push_str(&format!("    excused by {}\n", result.exceptions.join(", ")));
    }
    text.push_str(&format!("    {}\n", result.message().replace('\n', "\n      ")));
    for line in lines(result) {
        let pad = "  ".repeat(line.depth.saturating_add(3));
        text.push_str(&format!("{pad}{}\n", line.text));
    }
    text
}

/// The trees of one decision, as JSON.
pub(crate) fn decision_json(decision: &Decision) -> Value {
    let rules: Vec<Value> = decision.results.iter().map(rule_json).collect();
    json!({"resource": decision.resource, "rules": rules})
}

/// The tree of one rule, as JSON.
pub(crate) fn rule_json(result: &RuleResult) -> Value {
    let reason = result.verdict.reason.as_ref();
    json!({
        "policy": result.policy.key.to_string(),
        "rule": &*result.rule,
        "outcome": result.verdict.outcome,
        "failureAction": action(result),
        "blocks": result.blocks(),
        "selectedBy": result.selected_by,
        "exceptions": result.exceptions,
        "message": result.verdict.message,
        "reason": reason.map(|(code, detail)| {
            json!({"code": code.as_str(), "permanence": code.permanence(), "detail": detail})
        }),
        "tree": lines(result).collect::<Vec<_>>(),
    })
}

/// The lines below a rule, without the message that stands above them.
fn lines(result: &RuleResult) -> impl Iterator<Item = &ExplainLine> {
    let lines = result.verdict.explanation.iter();
    lines.filter(|line| line.text != result.verdict.message)
}

fn action(result: &RuleResult) -> &'static str {
    match result.action {
        FailureAction::Audit => "Audit",
        FailureAction::Enforce => "Enforce",
    }
}
