//! All findings of a set of policies.

use manifest::Document;
use policy_engine::LoadedPolicies;
use policy_engine::policy::{CompiledPolicy, PolicyKind};
use policy_types::Fault;
use policy_types::kyverno_io::policy::Policy;
use policy_types::policies_kyverno_io::image_validating_policy::ImagesSpec;
use serde::Deserialize;

use crate::code::{Level, LintCode};
use crate::expressions::ExpressionSource;
use crate::finding::{Finding, Report};
use crate::lints;
use crate::source::Source;

/// Notes that are told one by one when policies are loaded; of more only their number is told.
const MOST_NOTES_TOLD: usize = 20;

/// What looks at a policy of rules.
type Lint = fn(&Source<'_>, &mut Report<'_>);
/// What looks at a policy in Common Expression Language.
type ExpressionLint = fn(&ExpressionSource<'_>, &mut Report<'_>);

const LINTS: [Lint; 10] = [
    lints::pattern_paths::check,
    lints::matching::check,
    lints::generated_rules::check,
    lints::image_patterns::check,
    lints::identities::check,
    lints::attestations::check,
    lints::enforcement::check,
    lints::deprecated_fields::check,
    lints::operators::check,
    lints::missing_defaults::check,
];

const EXPRESSION_LINTS: [ExpressionLint; 4] = [
    lints::resource_rules::check,
    lints::image_globs::check,
    lints::expression_attestors::check,
    lints::verification_calls::check,
];

/// Every finding of every policy that could be loaded: policies in order, and in the order of the text within one.
#[must_use]
pub fn findings(loaded: &LoadedPolicies) -> Vec<Finding> {
    let warned = loaded.warnings.iter().map(without_effect);
    let found = loaded
        .sources
        .iter()
        .zip(&loaded.policies)
        .flat_map(|(document, compiled)| of_policy(document, compiled));
    warned.chain(found).collect()
}

/// The lines that commands print once when they load policies: every warning, and notes unless there are too many.
#[must_use]
pub fn told_at_load(loaded: &LoadedPolicies) -> Vec<String> {
    let found = findings(loaded);
    let notes = found
        .iter()
        .filter(|finding| finding.code.level() == Level::Note)
        .count();
    let is_told = |finding: &&Finding| notes <= MOST_NOTES_TOLD || finding.code.level() == Level::Warning;
    let mut lines: Vec<String> = found.iter().filter(is_told).map(ToString::to_string).collect();
    if notes > MOST_NOTES_TOLD {
        lines.push(format!(
            "{notes} notes about the policies: `vouchsafe lint` tells them"
        ));
    }
    lines
}

/// The policy was read and checked before; a document that cannot be read again has no findings.
fn of_policy(document: &Document, compiled: &CompiledPolicy) -> Vec<Finding> {
    if !compiled.kind.is_classic() {
        return of_expressions(document, compiled);
    }
    let Ok(policy) = Policy::deserialize(&document.value) else {
        return Vec::new();
    };
    let source = Source {
        policy: &policy,
        compiled,
        document,
    };
    let mut report = Report::new(document);
    for lint in LINTS {
        lint(&source, &mut report);
    }
    report.finish()
}

fn of_expressions(document: &Document, compiled: &CompiledPolicy) -> Vec<Finding> {
    let speaks_of_images = matches!(
        compiled.kind,
        PolicyKind::ImageValidatingPolicy | PolicyKind::NamespacedImageValidatingPolicy
    );
    let spec = document.value.get("spec").unwrap_or(&serde_json::Value::Null);
    let images = speaks_of_images
        .then(|| ImagesSpec::deserialize(spec).ok())
        .flatten();
    let source = ExpressionSource::new(compiled, document, images);
    let mut report = Report::new(document);
    for lint in EXPRESSION_LINTS {
        lint(&source, &mut report);
    }
    report.finish()
}

/// What loading itself warns of: fields that are read over.
fn without_effect(warning: &Fault) -> Finding {
    Finding {
        code: LintCode::FieldWithoutEffect,
        source: std::sync::Arc::clone(&warning.source),
        place: warning.place,
        path: warning.path.clone(),
        message: warning.message.clone(),
        write_instead: warning.nearest.clone(),
    }
}

#[cfg(test)]
mod tests;
