//! The plain text of `apply`: violations, skipped policies, one line of counts. Spec: engine-and-cli §9.1.

use policy_engine::RuleOutcome;
use policy_engine::decision::RuleResult;
use policy_engine::outcome::RuleKind;
use policy_reports::{ReportedResult, Summary};

use crate::input::RefusedPolicy;

const DIVIDER: &str = "----------------------------------------------------------------------";

/// Whether the plain text says anything of a result that counts as `reported`.
pub(crate) fn is_told(result: &RuleResult, reported: ReportedResult) -> bool {
    match reported {
        ReportedResult::Fail | ReportedResult::Warn | ReportedResult::Error => true,
        ReportedResult::Skip => result.kind == RuleKind::Mutation,
        ReportedResult::Pass => false,
    }
}

/// What one policy holds against one resource, as Kyverno prints it; nothing where it holds nothing against it. Each
/// result comes with what it counts as.
pub(crate) fn violations(policy: &str, resource: &str, results: &[(&RuleResult, ReportedResult)]) -> String {
    let mut text = String::new();
    for (result, _) in results
        .iter()
        .filter(|(result, _)| result.kind == RuleKind::Mutation)
    {
        text.push_str(&mutation(policy, resource, result));
    }
    let against: Vec<&(&RuleResult, ReportedResult)> = results
        .iter()
        .filter(|(result, reported)| is_violation(result, *reported))
        .collect();
    if against.is_empty() {
        return text;
    }
    let how = if against
        .iter()
        .all(|(result, _)| result.verdict.outcome == RuleOutcome::Error)
    {
        "could not be judged:"
    } else if against
        .iter()
        .any(|(result, reported)| is_audit_warning(result, *reported))
    {
        "failed as audit warning:"
    } else {
        "failed:"
    };
    text.push_str(&format!("policy {policy} -> resource {resource} {how}\n"));
    for (index, (result, _)) in against.iter().enumerate() {
        let message = result.message();
        let message = if message.is_empty() {
            "validation failed"
        } else {
            &message
        };
        text.push_str(&format!(
            "{} - {} {message}\n",
            index.saturating_add(1),
            result.rule
        ));
    }
    text.push('\n');
    text
}

/// Failures of every kind, and rules that could not be judged; errors of mutate rules are told in a line of their own.
fn is_violation(result: &RuleResult, reported: ReportedResult) -> bool {
    match reported {
        ReportedResult::Fail | ReportedResult::Warn => true,
        ReportedResult::Error => result.kind != RuleKind::Mutation,
        ReportedResult::Pass | ReportedResult::Skip => false,
    }
}

/// A failure of a scored policy that counts as a warning: `--audit-warn` made it one.
fn is_audit_warning(result: &RuleResult, reported: ReportedResult) -> bool {
    result.verdict.outcome == RuleOutcome::Fail && reported == ReportedResult::Warn && result.policy.is_scored
}

fn mutation(policy: &str, resource: &str, result: &RuleResult) -> String {
    match result.verdict.outcome {
        RuleOutcome::Skip => format!("\nskipped mutate policy {policy} -> resource {resource}\n"),
        RuleOutcome::Error => format!(
            "\nerror while applying mutate policy {policy} -> resource {resource} \nerror:  {}\n",
            result.message()
        ),
        RuleOutcome::Pass | RuleOutcome::Warn | RuleOutcome::Fail => String::new(),
    }
}

/// Policies that are not judged by, and why; nothing where there are none.
pub(crate) fn skipped(refused: &[RefusedPolicy]) -> String {
    if refused.is_empty() {
        return String::new();
    }
    let mut text = format!("{DIVIDER}\nPolicies Skipped:\n");
    for (index, policy) in refused.iter().enumerate() {
        let reasons = policy.reasons.join("; ");
        text.push_str(&format!(
            "{}. {}: {reasons}\n",
            index.saturating_add(1),
            policy.name
        ));
    }
    text.push_str(&format!("{DIVIDER}\n"));
    text
}

/// The last line.
pub(crate) fn counts(summary: Summary) -> String {
    let Summary {
        pass,
        fail,
        warn,
        error,
        skip,
    } = summary;
    format!("\npass: {pass}, fail: {fail}, warn: {warn}, error: {error}, skip: {skip} \n")
}
