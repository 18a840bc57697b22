//! Running as another user than root.

use crate::field_error::{BadValue, FieldError};
use crate::pod::Pod;
use crate::violation::{Finding, Setters, containers};

pub(super) fn non_root(pod: &Pod) -> Option<Finding> {
    const FIELD: &str = "securityContext.runAsNonRoot";
    let of_pod = pod.security_context.run_as_non_root;
    let mut explicit = Setters::default();
    if of_pod == Some(false) {
        explicit.add_pod(FieldError::of_pod(
            format!("spec.{FIELD}"),
            Some(BadValue::Flag(false)),
        ));
    }
    let (mut implicit, mut implicit_errors) = (Vec::new(), Vec::new());
    for container in &pod.containers {
        match container
            .security_context
            .as_ref()
            .and_then(|context| context.run_as_non_root)
        {
            Some(true) => {}
            Some(false) => {
                explicit.add_container(container, [container.forbidden(FIELD, BadValue::Flag(false))]);
            }
            None if of_pod == Some(true) => {}
            None => {
                implicit.push(container.name.clone());
                implicit_errors.push(container.required(FIELD));
            }
        }
    }
    let mut details = Vec::new();
    if !explicit.is_empty() {
        details.push(format!("{} must not set {FIELD}=false", explicit.subjects()));
    }
    if !implicit.is_empty() {
        details.push(format!("pod or {} must set {FIELD}=true", containers(&implicit)));
    }
    if details.is_empty() {
        return None;
    }
    let names = if explicit.containers.is_empty() {
        implicit
    } else {
        explicit.containers.clone()
    };
    let errors = explicit
        .into_errors()
        .into_iter()
        .chain(implicit_errors)
        .collect();
    Some(Finding::new(
        "runAsNonRoot != true",
        details.join("\n"),
        names,
        errors,
    ))
}

pub(super) fn not_zero(pod: &Pod) -> Option<Finding> {
    const FIELD: &str = "securityContext.runAsUser";
    let mut bad = Setters::default();
    if pod.security_context.run_as_user == Some(0) {
        bad.add_pod(FieldError::of_pod(
            format!("spec.{FIELD}"),
            Some(BadValue::Number(0)),
        ));
    }
    for container in &pod.containers {
        if container
            .security_context
            .as_ref()
            .and_then(|context| context.run_as_user)
            == Some(0)
        {
            bad.add_container(container, [container.forbidden(FIELD, BadValue::Number(0))]);
        }
    }
    if bad.is_empty() {
        return None;
    }
    let detail = format!("{} must not set runAsUser=0", bad.subjects());
    Some(Finding::new(
        "runAsUser=0",
        detail,
        bad.containers.clone(),
        bad.into_errors(),
    ))
}
