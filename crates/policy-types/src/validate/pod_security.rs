//! `podSecurity`: controls that can be waived, and how.

use manifest::FieldPath;

use crate::kyverno_io::validation::{PodSecurity, PodSecurityStandard};
use crate::report::Report;

/// Controls of each container, which are waived by image.
const CONTAINER_CONTROLS: [&str; 5] = [
    "Capabilities",
    "Privileged Containers",
    "Host Ports",
    "/proc Mount Type",
    "Privilege Escalation",
];

/// Controls of the Pod, which are waived whole.
const POD_CONTROLS: [&str; 4] = ["Host Namespaces", "HostPath Volumes", "Sysctls", "Volume Types"];

/// Controls that only level `restricted` has.
const RESTRICTED_CONTROLS: [&str; 4] = [
    "Volume Types",
    "Privilege Escalation",
    "Running as Non-root",
    "Running as Non-root user",
];

/// Checks every control that is waived.
pub(super) fn validate(pod_security: &PodSecurity, path: &FieldPath, report: &mut Report) {
    for (index, standard) in pod_security.exclude.iter().enumerate() {
        let path = path.key("exclude").index(index);
        validate_standard(standard, &path, report);
        if pod_security.level == "baseline" && RESTRICTED_CONTROLS.contains(&standard.control_name.as_str()) {
            report.invalid(
                &path.key("controlName"),
                "Invalid control name defined at the given level",
            );
        }
    }
}

/// Checks one control that is waived. Words are Kyverno's, kind of fault first.
pub(super) fn validate_standard(standard: &PodSecurityStandard, path: &FieldPath, report: &mut Report) {
    let control = standard.control_name.as_str();
    if CONTAINER_CONTROLS.contains(&control) && standard.images.is_empty() {
        let message = "exclude.images must be specified for the container level control";
        report.invalid(
            &path.key("controlName"),
            format!("Invalid value: \"{control}\": {message}"),
        );
    }
    if POD_CONTROLS.contains(&control) && !standard.images.is_empty() {
        let message = "exclude.images must not be specified for the pod level control";
        report.invalid(
            &path.key("controlName"),
            format!("Invalid value: \"{control}\": {message}"),
        );
    }
    if !standard.restricted_field.is_empty() && standard.values.is_empty() {
        report.invalid(&path.key("values"), "Forbidden: values is required");
    }
    if standard.restricted_field.is_empty() && !standard.values.is_empty() {
        report.invalid(
            &path.key("restrictedField"),
            "Forbidden: restrictedField is required",
        );
    }
}
