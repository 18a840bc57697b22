//! Capabilities: only the default set may be added (baseline); all must be dropped, one may be added (restricted).

use std::collections::BTreeSet;

use crate::field_error::BadValue;
use crate::pod::Pod;
use crate::violation::{Finding, containers, join_quote};

const ADD: &str = "securityContext.capabilities.add";
const DROP: &str = "securityContext.capabilities.drop";

const DEFAULT: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

pub(super) fn baseline(pod: &Pod) -> Option<Finding> {
    let (names, capabilities, errors) = added(pod, DEFAULT);
    if names.is_empty() {
        return None;
    }
    let detail = must_not_include(&names, &capabilities);
    Some(Finding::new("non-default capabilities", detail, names, errors))
}

pub(super) fn restricted_except_windows(pod: &Pod) -> Option<Finding> {
    if pod.is_windows() { None } else { restricted(pod) }
}

pub(super) fn restricted(pod: &Pod) -> Option<Finding> {
    let mut keeping = Vec::new();
    let mut errors = Vec::new();
    for container in &pod.containers {
        let dropped = container
            .security_context
            .iter()
            .flat_map(|context| &context.capabilities_dropped);
        let dropped: BTreeSet<&String> = dropped.collect();
        if dropped.iter().any(|capability| *capability == "ALL") {
            continue;
        }
        keeping.push(container.name.clone());
        errors.push(if dropped.is_empty() {
            container.required(DROP)
        } else {
            container.forbidden(DROP, BadValue::Texts(dropped.into_iter().cloned().collect()))
        });
    }
    let (adding, capabilities, adding_errors) = added(pod, &["NET_BIND_SERVICE"]);
    errors.extend(adding_errors);
    let mut details = Vec::new();
    if !keeping.is_empty() {
        details.push(format!("{} must set {DROP}=[\"ALL\"]", containers(&keeping)));
    }
    if !adding.is_empty() {
        details.push(must_not_include(&adding, &capabilities));
    }
    if details.is_empty() {
        return None;
    }
    let names = if keeping.is_empty() { adding } else { keeping };
    Some(Finding::new(
        "unrestricted capabilities",
        details.join("; "),
        names,
        errors,
    ))
}

/// The containers that add a capability not `allowed`, those capabilities, and the fields.
fn added(
    pod: &Pod,
    allowed: &[&str],
) -> (Vec<String>, BTreeSet<String>, Vec<crate::field_error::FieldError>) {
    let (mut names, mut all, mut errors) = (Vec::new(), BTreeSet::new(), Vec::new());
    for container in &pod.containers {
        let added = container
            .security_context
            .iter()
            .flat_map(|context| &context.capabilities_added);
        let bad: BTreeSet<String> = added
            .filter(|capability| !allowed.contains(&capability.as_str()))
            .cloned()
            .collect();
        if !bad.is_empty() {
            names.push(container.name.clone());
            errors.push(container.forbidden(ADD, BadValue::Texts(bad.iter().cloned().collect())));
            all.extend(bad);
        }
    }
    (names, all, errors)
}

fn must_not_include(names: &[String], capabilities: &BTreeSet<String>) -> String {
    format!(
        "{} must not include {} in {ADD}",
        containers(names),
        join_quote(capabilities)
    )
}
