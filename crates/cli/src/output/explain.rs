//! The decision tree of each rule as text (`apply --explain`, `verify`, `explain`). As JSON it stands in
//! [`policy_engine::decision::DecisionTree`].

use policy_engine::decision::{DecisionTree, RuleTree};
use policy_engine::outcome::FailureAction;

/// The trees of one decision.
pub(crate) fn decision(tree: &DecisionTree) -> String {
    let mut text = format!("{}\n", tree.resource);
    if tree.rules.is_empty() && tree.left_out == 0 {
        text.push_str("  no rule speaks about this resource\n");
    }
    for one in &tree.rules {
        text.push_str(&rule(one));
    }
    if tree.left_out > 0 {
        text.push_str(&format!("  … {} more rules are left out\n", tree.left_out));
    }
    text
}

/// The tree of one rule.
pub(crate) fn rule(rule: &RuleTree) -> String {
    let outcome = format!("{:?}", rule.outcome).to_lowercase();
    // Policies in Common Expression Language may have one rule without a name.
    let name = match rule.rule.as_str() {
        "" => String::new(),
        name => format!(" rule {name}"),
    };
    let action = match rule.failure_action {
        FailureAction::Audit => "Audit",
        FailureAction::Enforce => "Enforce",
    };
    let blocks = if rule.blocks { ", blocks" } else { "" };
    let mut text = format!("  policy {}{name}: {outcome}\n", rule.policy);
    text.push_str(&format!("    selected by {}\n", rule.selected_by));
    text.push_str(&format!("    failure action {action}{blocks}\n"));
    if !rule.exceptions.is_empty() {
        text.push_str(&format!("    excused by {}\n", rule.exceptions.join(", ")));
    }
    text.push_str(&format!(
        "    {}\n",
        rule.whole_message().replace('\n', "\n      ")
    ));
    for line in &rule.tree {
        let pad = "  ".repeat(line.depth.saturating_add(3));
        text.push_str(&format!("{pad}{}\n", line.text));
    }
    text
}
