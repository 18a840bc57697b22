//! What a rule says of the controls a workload violates.

use crate::standard::Standard;
use crate::violation::Violation;

/// `Validation rule 'r' failed. It violates PodSecurity "restricted:latest": (Forbidden reason: …, field error list: […])…`
///
/// `template` is where the Pod stands in the object ([`crate::Workload::template`]); paths are written from the object.
#[must_use]
pub fn failure(rule: &str, standard: &Standard, violations: &[Violation], template: &str) -> String {
    let (level, version) = (standard.level, &standard.written_version);
    let list = list(violations, template);
    format!("Validation rule '{rule}' failed. It violates PodSecurity \"{level}:{version}\": {list}")
}

/// The violations as the failure message lists them.
#[must_use]
pub fn list(violations: &[Violation], template: &str) -> String {
    let one = |violation: &Violation| {
        let errors: Vec<_> = violation
            .errors
            .iter()
            .map(|error| error.below(template).to_string())
            .collect();
        format!(
            "(Forbidden reason: {}, field error list: [{}])",
            violation.reason,
            errors.join(", ")
        )
    };
    violations.iter().map(one).collect()
}
