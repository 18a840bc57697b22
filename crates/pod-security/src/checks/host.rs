//! What of the node a Pod may reach: namespaces, ports, and hosts its probes connect to.

use std::collections::BTreeSet;

use crate::field_error::{BadValue, FieldError};
use crate::pod::Pod;
use crate::violation::{Finding, containers, join_quote, pluralize};

pub(super) fn namespaces(pod: &Pod) -> Option<Finding> {
    let switches = [
        ("hostNetwork", pod.host_network),
        ("hostPID", pod.host_pid),
        ("hostIPC", pod.host_ipc),
    ];
    let shared: Vec<_> = switches
        .into_iter()
        .filter(|(_, is_shared)| *is_shared)
        .map(|(name, _)| name)
        .collect();
    if shared.is_empty() {
        return None;
    }
    let detail = shared
        .iter()
        .map(|name| format!("{name}=true"))
        .collect::<Vec<_>>()
        .join(", ");
    let error = |name: &&str| FieldError::of_pod(format!("spec.{name}"), Some(BadValue::Flag(true)));
    Some(Finding::new(
        "host namespaces",
        detail,
        Vec::new(),
        shared.iter().map(error).collect(),
    ))
}

pub(super) fn ports(pod: &Pod) -> Option<Finding> {
    let (mut names, mut numbers, mut errors) = (Vec::new(), BTreeSet::new(), Vec::new());
    for container in &pod.containers {
        let on_host = container
            .host_ports
            .iter()
            .enumerate()
            .filter(|(_, port)| **port != 0);
        let before = errors.len();
        for (index, port) in on_host {
            numbers.insert(port.to_string());
            errors.push(container.forbidden(&format!("ports[{index}].hostPort"), BadValue::Number(*port)));
        }
        if errors.len() > before {
            names.push(container.name.clone());
        }
    }
    if names.is_empty() {
        return None;
    }
    let detail = format!(
        "{} {} {} {}",
        containers(&names),
        pluralize("uses", "use", names.len()),
        pluralize("hostPort", "hostPorts", numbers.len()),
        numbers.into_iter().collect::<Vec<_>>().join(", "),
    );
    Some(Finding::new("hostPort", detail, names, errors))
}

/// Has no field errors and no control name: no exclusion reaches it.
pub(super) fn probes_and_lifecycle(pod: &Pod) -> Option<Finding> {
    let probing = pod
        .containers
        .iter()
        .filter(|container| !container.probed_hosts.is_empty());
    let names: BTreeSet<_> = probing.clone().map(|container| container.name.clone()).collect();
    let hosts: BTreeSet<_> = probing.flat_map(|container| &container.probed_hosts).collect();
    if names.is_empty() {
        return None;
    }
    let names: Vec<_> = names.into_iter().collect();
    let detail = format!(
        "{} {} {} {}",
        containers(&names),
        pluralize("uses", "use", names.len()),
        pluralize("probe or lifecycle host", "probe or lifecycle hosts", hosts.len()),
        join_quote(hosts),
    );
    Some(Finding::new("probe or lifecycle host", detail, names, Vec::new()))
}
