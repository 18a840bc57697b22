//! Privileged containers, privilege escalation and Windows host processes.

use crate::field_error::{BadValue, FieldError};
use crate::pod::Pod;
use crate::violation::{Finding, Setters, containers};

pub(super) fn privileged(pod: &Pod) -> Option<Finding> {
    let mut bad = Setters::default();
    for container in &pod.containers {
        if container
            .security_context
            .as_ref()
            .and_then(|context| context.privileged)
            == Some(true)
        {
            bad.add_container(
                container,
                [container.forbidden("securityContext.privileged", BadValue::Flag(true))],
            );
        }
    }
    if bad.is_empty() {
        return None;
    }
    let detail = format!("{} must not set securityContext.privileged=true", bad.subjects());
    Some(Finding::new(
        "privileged",
        detail,
        bad.containers.clone(),
        bad.into_errors(),
    ))
}

pub(super) fn escalation_except_windows(pod: &Pod) -> Option<Finding> {
    if pod.is_windows() { None } else { escalation(pod) }
}

pub(super) fn escalation(pod: &Pod) -> Option<Finding> {
    const FIELD: &str = "securityContext.allowPrivilegeEscalation";
    let (mut names, mut errors) = (Vec::new(), Vec::new());
    for container in &pod.containers {
        let setting = container
            .security_context
            .as_ref()
            .map(|context| context.allow_privilege_escalation);
        errors.push(match setting {
            Some(Some(false)) => continue,
            Some(Some(true)) => container.forbidden(FIELD, BadValue::Flag(true)),
            Some(None) => container.forbidden(FIELD, BadValue::Text("nil".to_owned())),
            None => container.required(FIELD),
        });
        names.push(container.name.clone());
    }
    if names.is_empty() {
        return None;
    }
    let detail = format!("{} must set {FIELD}=false", containers(&names));
    Some(Finding::new(
        "allowPrivilegeEscalation != false",
        detail,
        names,
        errors,
    ))
}

pub(super) fn windows_host_process(pod: &Pod) -> Option<Finding> {
    const FIELD: &str = "securityContext.windowsOptions.hostProcess";
    let mut bad = Setters::default();
    if pod.security_context.host_process == Some(true) {
        bad.add_pod(FieldError::of_pod(
            format!("spec.{FIELD}"),
            Some(BadValue::Flag(true)),
        ));
    }
    for container in &pod.containers {
        if container
            .security_context
            .as_ref()
            .and_then(|context| context.host_process)
            == Some(true)
        {
            bad.add_container(container, [container.forbidden(FIELD, BadValue::Flag(true))]);
        }
    }
    if bad.is_empty() {
        return None;
    }
    let detail = format!("{} must not set {FIELD}=true", bad.subjects());
    Some(Finding::new(
        "hostProcess",
        detail,
        bad.containers.clone(),
        bad.into_errors(),
    ))
}
