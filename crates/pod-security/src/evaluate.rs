//! Evaluates a Pod against a standard and applies exclusions.

use crate::checks;
use crate::exclusion::Exclude;
use crate::pod::Pod;
use crate::standard::Standard;
use crate::violation::Violation;

/// The controls of `standard` that `pod` violates and `excludes` does not exempt, in the order of the checks.
#[must_use]
pub fn evaluate(standard: &Standard, pod: &Pod, excludes: &[Exclude]) -> Vec<Violation> {
    exempt(standard, pod, checks::run(standard, pod), excludes)
}

/// `violations` of `pod` without what `excludes` exempts, as a `PolicyException` exempts after the rule's own exclusions.
#[must_use]
pub fn exempt(
    standard: &Standard,
    pod: &Pod,
    mut violations: Vec<Violation>,
    excludes: &[Exclude],
) -> Vec<Violation> {
    for exclude in excludes {
        exclude.apply(standard, pod, &mut violations);
    }
    violations
}

#[cfg(test)]
mod tests;
