//! Exclusions: controls, images, fields and values a policy or a `PolicyException` exempts.
//!
//! An exclusion removes field errors, one by one: it is evaluated against a Pod that consists only of what it names,
//! and each error found there takes one equal error away from the violations. A control without errors left is met.
//! Errors are never removed by an exclusion that names another control, field, image or value.

use scalars::wildcard;

use crate::checks::{self, CHECKS};
use crate::field_error::FieldError;
use crate::pod::{Container, Pod, SecurityContext};
use crate::standard::{Level, Standard};
use crate::violation::Violation;

/// Controls that only the restricted level has.
const RESTRICTED: &[&str] = &[
    "Volume Types",
    "Privilege Escalation",
    "Running as Non-root",
    "Running as Non-root user",
];
/// Controls that only Pods have: images make no sense.
const POD_LEVEL: &[&str] = &["Host Namespaces", "HostPath Volumes", "Sysctls", "Volume Types"];
/// Controls that only containers have: images must be named.
const CONTAINER_LEVEL: &[&str] = &[
    "Capabilities",
    "Privileged Containers",
    "Host Ports",
    "/proc Mount Type",
    "Privilege Escalation",
];

/// One exclusion as a policy writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exclude {
    /// `controlName`: a control of the standards, `Host Ports`
    pub control: String,
    /// `images`: wildcards over a container's image as written; none: the Pod itself is exempt
    pub images: Vec<String>,
    /// `restrictedField`: the field, `spec.containers[*].securityContext.capabilities.add`; empty: all of the control
    pub restricted_field: String,
    /// `values`: wildcards that every bad value must match; none: any value
    pub values: Vec<String>,
}

/// What is wrong with an exclusion itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExcludeFault {
    /// `controlName` is none of the standards' controls
    #[error("`{0}` is no control of the Pod Security Standards")]
    UnknownControl(String),
    /// A restricted control is excluded from a baseline rule
    #[error("Invalid control name defined at the given level")]
    NotInLevel(String),
    /// A control of containers without images
    #[error("exclude.images must be specified for the container level control")]
    ImagesMissing,
    /// A control of Pods with images
    #[error("exclude.images must not be specified for the pod level control")]
    ImagesMeaningless,
    /// A field without values
    #[error("values is required")]
    ValuesMissing,
    /// Values without a field
    #[error("restrictedField is required")]
    FieldMissing,
}

impl Exclude {
    /// What is wrong with the exclusion, for checks of a policy at load; `level` of its rule, if it has one.
    #[must_use]
    pub fn faults(&self, level: Option<Level>) -> Vec<ExcludeFault> {
        let control = self.control.as_str();
        let checks = [
            (
                !CHECKS.iter().any(|check| check.control == Some(control)),
                ExcludeFault::UnknownControl(control.into()),
            ),
            (
                level == Some(Level::Baseline) && RESTRICTED.contains(&control),
                ExcludeFault::NotInLevel(control.into()),
            ),
            (
                CONTAINER_LEVEL.contains(&control) && self.images.is_empty(),
                ExcludeFault::ImagesMissing,
            ),
            (
                POD_LEVEL.contains(&control) && !self.images.is_empty(),
                ExcludeFault::ImagesMeaningless,
            ),
            (
                !self.restricted_field.is_empty() && self.values.is_empty(),
                ExcludeFault::ValuesMissing,
            ),
            (
                self.restricted_field.is_empty() && !self.values.is_empty(),
                ExcludeFault::FieldMissing,
            ),
        ];
        checks
            .into_iter()
            .filter(|(is_fault, _)| *is_fault)
            .map(|(_, fault)| fault)
            .collect()
    }

    /// Removes from `violations` of `pod` what this exclusion exempts.
    pub(crate) fn apply(&self, standard: &Standard, pod: &Pod, violations: &mut Vec<Violation>) {
        let exempt = checks::run(standard, &self.exempted_part(pod));
        for exempt in exempt
            .into_iter()
            .filter(|exempt| exempt.control == Some(self.control.as_str()))
        {
            let Some(at) = violations.iter().position(|violation| violation.id == exempt.id) else {
                continue;
            };
            let Some(violation) = violations.get_mut(at) else {
                continue;
            };
            for error in exempt.errors.iter().filter(|error| self.covers(error)) {
                let same = violation
                    .errors
                    .iter()
                    .position(|other| self.is_same(error, other));
                if let Some(same) = same {
                    // Kyverno fills the gap with the last error; its order is part of the message.
                    violation.errors.swap_remove(same);
                }
            }
            if violation.errors.is_empty() {
                violations.remove(at);
            }
        }
    }

    /// The Pod reduced to what the exclusion is about: without images, all but its containers; with images, only
    /// the containers that have one of them.
    fn exempted_part(&self, pod: &Pod) -> Pod {
        if self.images.is_empty() {
            let stand_in = Container {
                path: "spec.containers[0]".into(),
                name: "fake".into(),
                ..Container::default()
            };
            return Pod {
                containers: vec![stand_in],
                ..pod.clone()
            };
        }
        let has_image = |container: &&Container| matches_any(&self.images, &container.image);
        let containers = pod.containers.iter().filter(has_image).cloned().collect();
        Pod {
            containers,
            security_context: SecurityContext::default(),
            ..Pod::default()
        }
    }

    fn covers(&self, error: &FieldError) -> bool {
        let is_field = self.restricted_field.is_empty() || error.starred_path() == self.restricted_field;
        let is_value = |value: &String| matches_any(&self.values, value);
        is_field && (self.values.is_empty() || error.bad_values().iter().all(is_value))
    }

    /// Whether `other` is the error that `exempt` takes away: the same field, of the same container.
    fn is_same(&self, exempt: &FieldError, other: &FieldError) -> bool {
        let is_container_checked = !self.images.is_empty() && other.container.is_some();
        exempt.starred_path() == other.starred_path()
            && (!is_container_checked || exempt.container == other.container)
    }
}

fn matches_any(patterns: &[String], text: &str) -> bool {
    patterns.iter().any(|pattern| wildcard::matches(pattern, text))
}

#[cfg(test)]
mod tests;
