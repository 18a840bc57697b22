//! The register of checks: which control each belongs to, from which level and version on.
//!
//! A check with several editions runs the newest the version asked for has; one asked for a version older than all
//! its editions runs its first, as Kyverno does (pod-security-admission itself would not run it).

mod capabilities;
mod confinement;
mod host;
mod privilege;
mod sysctls;
mod user;
mod volumes;

use crate::pod::Pod;
use crate::standard::{Level, Standard};
use crate::violation::{Finding, Violation};

/// Judges a Pod; nothing when it is allowed.
type Judge = fn(&Pod) -> Option<Finding>;

/// One check of the standards.
pub(crate) struct Check {
    pub(crate) id: &'static str,
    pub(crate) control: Option<&'static str>,
    is_restricted: bool,
    /// Minor version each edition came with, oldest first
    editions: &'static [(u32, Judge)],
}

const fn baseline(id: &'static str, control: &'static str, editions: &'static [(u32, Judge)]) -> Check {
    Check {
        id,
        control: Some(control),
        is_restricted: false,
        editions,
    }
}

const fn restricted(id: &'static str, control: &'static str, editions: &'static [(u32, Judge)]) -> Check {
    Check {
        id,
        control: Some(control),
        is_restricted: true,
        editions,
    }
}

/// Every check, in the order violations are reported.
pub(crate) const CHECKS: &[Check] = &[
    restricted(
        "allowPrivilegeEscalation",
        "Privilege Escalation",
        &[
            (8, privilege::escalation),
            (25, privilege::escalation_except_windows),
        ],
    ),
    baseline("appArmorProfile", "AppArmor", &[(0, confinement::app_armor)]),
    baseline(
        "capabilities_baseline",
        "Capabilities",
        &[(0, capabilities::baseline)],
    ),
    restricted(
        "capabilities_restricted",
        "Capabilities",
        &[
            (22, capabilities::restricted),
            (25, capabilities::restricted_except_windows),
        ],
    ),
    baseline("hostNamespaces", "Host Namespaces", &[(0, host::namespaces)]),
    baseline("hostPathVolumes", "HostPath Volumes", &[(0, volumes::host_path)]),
    baseline("hostPorts", "Host Ports", &[(0, host::ports)]),
    Check {
        id: "hostProbesAndHostLifecycle",
        control: None,
        is_restricted: false,
        editions: &[(34, host::probes_and_lifecycle)],
    },
    baseline(
        "privileged",
        "Privileged Containers",
        &[(0, privilege::privileged)],
    ),
    baseline("procMount", "/proc Mount Type", &[(0, confinement::proc_mount)]),
    restricted("restrictedVolumes", "Volume Types", &[(0, volumes::restricted)]),
    restricted("runAsNonRoot", "Running as Non-root", &[(0, user::non_root)]),
    restricted("runAsUser", "Running as Non-root user", &[(23, user::not_zero)]),
    baseline(
        "seLinuxOptions",
        "SELinux",
        &[(0, confinement::se_linux), (31, confinement::se_linux_1_31)],
    ),
    baseline(
        "seccompProfile_baseline",
        "Seccomp",
        &[(0, confinement::seccomp_annotations), (19, confinement::seccomp)],
    ),
    restricted(
        "seccompProfile_restricted",
        "Seccomp",
        &[
            (19, confinement::seccomp_required),
            (25, confinement::seccomp_required_except_windows),
        ],
    ),
    baseline(
        "sysctls",
        "Sysctls",
        &[
            (0, sysctls::judge_1_0),
            (27, sysctls::judge_1_27),
            (29, sysctls::judge_1_29),
            (32, sysctls::judge_1_32),
        ],
    ),
    baseline(
        "windowsHostProcess",
        "HostProcess",
        &[(0, privilege::windows_host_process)],
    ),
];

impl Check {
    fn edition(&self, standard: &Standard) -> Option<Judge> {
        let reached = self
            .editions
            .iter()
            .rev()
            .find(|(minor, _)| standard.version.reaches(*minor));
        reached.or(self.editions.first()).map(|(_, judge)| *judge)
    }

    fn belongs_to(&self, level: Level) -> bool {
        match level {
            Level::Baseline => !self.is_restricted,
            Level::Privileged | Level::Restricted => true,
        }
    }
}

/// What every check of `standard` says of `pod`.
pub(crate) fn run(standard: &Standard, pod: &Pod) -> Vec<Violation> {
    let checks = CHECKS.iter().filter(|check| check.belongs_to(standard.level));
    let violations = checks.filter_map(|check| {
        let Finding {
            reason,
            detail,
            containers,
            errors,
        } = check.edition(standard)?(pod)?;
        Some(Violation {
            id: check.id,
            control: check.control,
            reason,
            detail,
            containers,
            errors,
        })
    });
    violations.collect()
}
