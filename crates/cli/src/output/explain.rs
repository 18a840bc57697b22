//! The decision tree of each rule (`--explain`).

use policy_engine::Decision;
use policy_engine::decision::RuleResult;

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

fn rule(result: &RuleResult) -> String {
    let outcome = format!("{:?}", result.verdict.outcome).to_lowercase();
    let mut text = format!("  policy {} rule {}: {outcome}\n", result.policy.key, result.rule);
    text.push_str(&format!("    selected by {}\n", result.selected_by));
    text.push_str(&format!(
        "    failure action {:?}{}\n",
        result.action,
        if result.blocks() { ", blocks" } else { "" }
    ));
    if !result.exceptions.is_empty() {
        text.push_str(&format!("    excused by {}\n", result.exceptions.join(", ")));
    }
    text.push_str(&format!("    {}\n", result.message().replace('\n', "\n      ")));
    for line in &result.verdict.explanation {
        let pad = "  ".repeat(line.depth.saturating_add(3));
        text.push_str(&format!("{pad}{}\n", line.text));
    }
    text
}
