//! Sysctls: only those namespaced and isolated from other Pods.

use crate::field_error::{BadValue, FieldError};
use crate::pod::Pod;
use crate::violation::Finding;

/// The sysctls considered safe, with the minor version from which on they are.
const SAFE: &[(u32, &str)] = &[
    (0, "kernel.shm_rmid_forced"),
    (0, "net.ipv4.ip_local_port_range"),
    (0, "net.ipv4.tcp_syncookies"),
    (0, "net.ipv4.ping_group_range"),
    (0, "net.ipv4.ip_unprivileged_port_start"),
    (27, "net.ipv4.ip_local_reserved_ports"),
    (29, "net.ipv4.tcp_keepalive_time"),
    (29, "net.ipv4.tcp_fin_timeout"),
    (29, "net.ipv4.tcp_keepalive_intvl"),
    (29, "net.ipv4.tcp_keepalive_probes"),
    (32, "net.ipv4.tcp_rmem"),
    (32, "net.ipv4.tcp_wmem"),
];

pub(super) fn judge_1_0(pod: &Pod) -> Option<Finding> {
    judge(pod, 0)
}

pub(super) fn judge_1_27(pod: &Pod) -> Option<Finding> {
    judge(pod, 27)
}

pub(super) fn judge_1_29(pod: &Pod) -> Option<Finding> {
    judge(pod, 29)
}

pub(super) fn judge_1_32(pod: &Pod) -> Option<Finding> {
    judge(pod, 32)
}

fn judge(pod: &Pod, edition: u32) -> Option<Finding> {
    let is_safe = |name: &str| {
        SAFE.iter()
            .any(|(since, safe)| *since <= edition && *safe == name)
    };
    let bad: Vec<_> = pod
        .sysctls
        .iter()
        .enumerate()
        .filter(|(_, name)| !is_safe(name))
        .collect();
    if bad.is_empty() {
        return None;
    }
    let detail = bad
        .iter()
        .map(|(_, name)| name.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    let error = |(index, name): (usize, &String)| {
        let path = format!("spec.securityContext.sysctls[{index}].name");
        FieldError::of_pod(path, Some(BadValue::Text(name.clone())))
    };
    Some(Finding::new(
        "forbidden sysctls",
        detail,
        Vec::new(),
        bad.into_iter().map(error).collect(),
    ))
}
