//! Operators that have a successor.

use manifest::FieldPath;
use policy_types::kyverno_io::conditions::Conditions;
use policy_types::kyverno_io::rule::Rule;

use crate::code::LintCode;
use crate::conditions::{Block, sites};
use crate::finding::Report;
use crate::source::Source;

/// Looks at every condition, those over attestations included.
pub(crate) fn check(source: &Source<'_>, report: &mut Report<'_>) {
    for (rule, path) in source.rules() {
        for (site, path) in sites(rule, &path) {
            check_block(site.conditions, &path, report);
            if matches!(site.conditions, Block::Open(Conditions::List(list)) if !list.is_empty()) {
                let message = "conditions without `any` or `all` are the older form: all of them must hold";
                report.replace(LintCode::DeprecatedField, &path, message, "all:");
            }
        }
        attested(rule, &path, report);
    }
}

fn attested(rule: &Rule, path: &FieldPath, report: &mut Report<'_>) {
    for (index, entry) in rule.verify_images.iter().enumerate() {
        let path = path.key("verifyImages").index(index);
        for (index, attestation) in entry.attestations.iter().enumerate() {
            let path = path.key("attestations").index(index).key("conditions");
            for (index, blocks) in attestation.conditions.iter().enumerate() {
                check_block(Block::Blocks(blocks), &path.index(index), report);
            }
        }
        let deny = entry
            .validate
            .as_ref()
            .and_then(|validate| validate.deny.as_ref());
        if let Some(conditions) = deny.and_then(|deny| deny.conditions.as_ref()) {
            check_block(
                Block::Open(conditions),
                &path.key("validate").key("deny").key("conditions"),
                report,
            );
        }
    }
}

fn check_block(block: Block<'_>, path: &FieldPath, report: &mut Report<'_>) {
    for (condition, path) in block.each(path) {
        let operator = condition.operator.as_str();
        let (instead, first) = match operator {
            "In" => ("AllIn, AnyIn", "AnyIn"),
            "NotIn" => ("AllNotIn, AnyNotIn", "AllNotIn"),
            "DurationGreaterThan" => ("GreaterThan", "GreaterThan"),
            "DurationGreaterThanOrEquals" => ("GreaterThanOrEquals", "GreaterThanOrEquals"),
            "DurationLessThan" => ("LessThan", "LessThan"),
            "DurationLessThanOrEquals" => ("LessThanOrEquals", "LessThanOrEquals"),
            _ => continue,
        };
        let message = format!(
            "Operator {operator} has been deprecated and will be removed soon. Use these instead: {instead}"
        );
        report.replace(
            LintCode::DeprecatedOperator,
            &path.key("operator"),
            message,
            format!("operator: {first}"),
        );
    }
}
