//! Attestations: by whom, and what becomes of the old ones.

use manifest::FieldPath;
use policy_types::kyverno_io::image_verification::{Attestation, ImageVerification};
use serde_json::Value;

use crate::code::LintCode;
use crate::conditions::Block;
use crate::finding::Report;
use crate::source::Source;

/// Functions by which a condition grows false as time goes by.
const OF_TIME: [&str; 5] = [
    "time_since",
    "time_now",
    "time_now_utc",
    "time_diff",
    "time_between",
];

/// Looks at every attestation.
pub(crate) fn check(source: &Source<'_>, report: &mut Report<'_>) {
    for (rule, path) in source.rules() {
        for (index, entry) in rule.verify_images.iter().enumerate() {
            let path = path.key("verifyImages").index(index).key("attestations");
            for (index, attestation) in entry.attestations.iter().enumerate() {
                check_attestation(attestation, entry, &path.index(index), report);
            }
        }
    }
}

fn check_attestation(
    attestation: &Attestation,
    entry: &ImageVerification,
    path: &FieldPath,
    report: &mut Report<'_>,
) {
    // A deprecated `key` or `issuer` beside the attestations stands for their attestor.
    if attestation.attestors.is_empty() && entry.key.is_empty() && entry.issuer.is_empty() {
        let message = "no attestor is named: anybody with an identity of the public Sigstore may attest";
        report.add(LintCode::NoAttestor, path, message);
    }
    let ages = attestation
        .conditions
        .iter()
        .enumerate()
        .find_map(|(index, blocks)| {
            let path = path.key("conditions").index(index);
            let listed = Block::Blocks(blocks).each(&path);
            listed
                .into_iter()
                .find(|(condition, _)| grows_old(&condition.key) || grows_old(&condition.value))
        });
    if let Some((_, at)) = ages {
        let message = format!(
            "every statement of type `{}` must meet this, old ones too: an image with a statement that is too old is \
             refused whatever was attested since, unless `cosign attest --replace` takes the place of the old one",
            attestation.predicate()
        );
        report.add(LintCode::StaleStatements, &at, message);
    }
}

/// Whether a text compares with the present time. Read as text, as such expressions often have variables within.
fn grows_old(operand: &Value) -> bool {
    let text = operand.as_str().unwrap_or_default();
    OF_TIME.iter().any(|name| text.contains(&format!("{name}(")))
}
