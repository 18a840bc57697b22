//! Confinement by the kernel: `AppArmor`, `seccomp`, `SELinux`, and what of `/proc` is masked.

use std::collections::{BTreeMap, BTreeSet};

use crate::field_error::{BadValue, FieldError};
use crate::pod::{Pod, SeLinux, SecurityContext};
use crate::violation::{Finding, Setters, containers, join_quote, pluralize};

const APP_ARMOR_ANNOTATION: &str = "container.apparmor.security.beta.kubernetes.io/";
const SECCOMP_POD_ANNOTATION: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER_ANNOTATION: &str = "container.seccomp.security.alpha.kubernetes.io/";
const SECCOMP_TYPE: &str = "securityContext.seccompProfile.type";

fn is_allowed_type(profile: &str) -> bool {
    matches!(profile, "RuntimeDefault" | "Localhost")
}

/// Who has a profile of a type that is not allowed, and those types.
fn bad_profiles(
    pod: &Pod,
    field: &str,
    profile: fn(&SecurityContext) -> Option<&String>,
) -> (Setters, BTreeSet<String>) {
    let (mut bad, mut types) = (Setters::default(), BTreeSet::new());
    if let Some(kind) = profile(&pod.security_context).filter(|kind| !is_allowed_type(kind)) {
        bad.add_pod(FieldError::of_pod(
            format!("spec.{field}"),
            Some(BadValue::Text(kind.clone())),
        ));
        types.insert(kind.clone());
    }
    for container in &pod.containers {
        let kind = container.security_context.as_ref().and_then(profile);
        if let Some(kind) = kind.filter(|kind| !is_allowed_type(kind)) {
            bad.add_container(
                container,
                [container.forbidden(field, BadValue::Text(kind.clone()))],
            );
            types.insert(kind.clone());
        }
    }
    (bad, types)
}

fn forbidden_annotation(key: &str, value: &str) -> FieldError {
    FieldError::of_pod(
        format!("metadata.annotations[{key}]"),
        Some(BadValue::Text(value.to_owned())),
    )
}

pub(super) fn app_armor(pod: &Pod) -> Option<Finding> {
    let field = "securityContext.appArmorProfile.type";
    let (bad, types) = bad_profiles(pod, field, |context| context.app_armor.as_ref());
    let is_allowed =
        |value: &str| value.is_empty() || value == "runtime/default" || value.starts_with("localhost/");
    let annotations = pod
        .annotations
        .iter()
        .filter(|(key, value)| key.starts_with(APP_ARMOR_ANNOTATION) && !is_allowed(value));
    let annotations: Vec<_> = annotations.collect();
    if bad.is_empty() && annotations.is_empty() {
        return None;
    }
    let mut subjects: Vec<String> = Some(bad.subjects())
        .filter(|subjects| !subjects.is_empty())
        .into_iter()
        .collect();
    if !annotations.is_empty() {
        subjects.push(pluralize("annotation", "annotations", annotations.len()).to_owned());
    }
    let written = annotations.iter().map(|(key, value)| format!("{key}={value:?}"));
    let values: Vec<String> = types.into_iter().chain(written).collect();
    let reason = pluralize(
        "forbidden AppArmor profile",
        "forbidden AppArmor profiles",
        values.len(),
    );
    let detail = format!(
        "{} must not set AppArmor profile type to {}",
        subjects.join(" and "),
        join_quote(values)
    );
    let names = bad.containers.clone();
    let mut errors = bad.into_errors();
    errors.extend(
        annotations
            .into_iter()
            .map(|(key, value)| forbidden_annotation(key, value)),
    );
    Some(Finding::new(reason, detail, names, errors))
}

/// Before v1.19 the profile stood in annotations.
pub(super) fn seccomp_annotations(pod: &Pod) -> Option<Finding> {
    let is_allowed = |value: &str| {
        matches!(value, "runtime/default" | "docker/default") || value.starts_with("localhost/")
    };
    let of_containers = pod
        .containers
        .iter()
        .map(|container| format!("{SECCOMP_CONTAINER_ANNOTATION}{}", container.name));
    let keys: BTreeSet<String> = of_containers.chain([SECCOMP_POD_ANNOTATION.to_owned()]).collect();
    let values = keys.iter().filter_map(|key| pod.annotations.get_key_value(key));
    let bad: BTreeMap<String, FieldError> = values
        .filter(|(_, value)| !is_allowed(value))
        .map(|(key, value)| (format!("{key}={value:?}"), forbidden_annotation(key, value)))
        .collect();
    if bad.is_empty() {
        return None;
    }
    let written: Vec<_> = bad.keys().map(String::as_str).collect();
    let detail = format!(
        "forbidden {} {}",
        pluralize("annotation", "annotations", bad.len()),
        written.join(", ")
    );
    Some(Finding::new(
        "seccompProfile",
        detail,
        Vec::new(),
        bad.into_values().collect(),
    ))
}

pub(super) fn seccomp(pod: &Pod) -> Option<Finding> {
    let (bad, types) = bad_profiles(pod, SECCOMP_TYPE, |context| context.seccomp.as_ref());
    if bad.is_empty() {
        return None;
    }
    let detail = format!(
        "{} must not set {SECCOMP_TYPE} to {}",
        bad.subjects(),
        join_quote(types)
    );
    Some(Finding::new(
        "seccompProfile",
        detail,
        bad.containers.clone(),
        bad.into_errors(),
    ))
}

pub(super) fn seccomp_required_except_windows(pod: &Pod) -> Option<Finding> {
    if pod.is_windows() {
        None
    } else {
        seccomp_required(pod)
    }
}

pub(super) fn seccomp_required(pod: &Pod) -> Option<Finding> {
    if let Some(finding) = seccomp(pod) {
        return Some(finding);
    }
    // No profile is bad: one of the Pod therefore covers its containers.
    if pod.security_context.seccomp.is_some() {
        return None;
    }
    let has_profile = |context: &SecurityContext| context.seccomp.is_some();
    let without: Vec<_> = pod
        .containers
        .iter()
        .filter(|container| !container.security_context.as_ref().is_some_and(has_profile))
        .collect();
    if without.is_empty() {
        return None;
    }
    let names: Vec<_> = without.iter().map(|container| container.name.clone()).collect();
    let subjects = containers(&names);
    let detail = format!("pod or {subjects} must set {SECCOMP_TYPE} to \"RuntimeDefault\" or \"Localhost\"");
    let errors = without
        .iter()
        .map(|container| container.required(SECCOMP_TYPE))
        .collect();
    Some(Finding::new("seccompProfile", detail, names, errors))
}

pub(super) fn se_linux(pod: &Pod) -> Option<Finding> {
    se_linux_with(pod, &["", "container_t", "container_init_t", "container_kvm_t"])
}

pub(super) fn se_linux_1_31(pod: &Pod) -> Option<Finding> {
    se_linux_with(
        pod,
        &[
            "",
            "container_t",
            "container_init_t",
            "container_kvm_t",
            "container_engine_t",
        ],
    )
}

fn se_linux_with(pod: &Pod, allowed_types: &[&str]) -> Option<Finding> {
    let bad_fields = |options: &SeLinux| {
        let is_type_allowed = allowed_types.contains(&options.kind.as_str());
        let fields = [
            ("type", Some(&options.kind).filter(|_| !is_type_allowed)),
            ("user", Some(&options.user).filter(|user| !user.is_empty())),
            ("role", Some(&options.role).filter(|role| !role.is_empty())),
        ];
        fields
            .into_iter()
            .filter_map(|(field, value)| Some((field, value?.clone())))
            .collect::<Vec<_>>()
    };
    let (mut bad, mut found) = (Setters::default(), Vec::new());
    let path = |field: &str| format!("securityContext.seLinuxOptions.{field}");
    for (field, value) in bad_fields(&pod.security_context.se_linux) {
        bad.add_pod(FieldError::of_pod(
            format!("spec.{}", path(field)),
            Some(BadValue::Text(value.clone())),
        ));
        found.push((field, value));
    }
    for container in &pod.containers {
        let fields = container
            .security_context
            .as_ref()
            .map(|context| bad_fields(&context.se_linux));
        let fields = fields.unwrap_or_default();
        if !fields.is_empty() {
            let error = |(field, value): &(&str, String)| {
                container.forbidden(&path(field), BadValue::Text(value.clone()))
            };
            bad.add_container(container, fields.iter().map(error).collect::<Vec<_>>());
            found.extend(fields);
        }
    }
    if bad.is_empty() {
        return None;
    }
    let types: BTreeSet<_> = found
        .iter()
        .filter(|(field, _)| *field == "type")
        .map(|(_, value)| value)
        .collect();
    let mut data = Vec::new();
    if !types.is_empty() {
        data.push(format!(
            "{} {}",
            pluralize("type", "types", types.len()),
            join_quote(types)
        ));
    }
    for field in ["user", "role"]
        .into_iter()
        .filter(|field| found.iter().any(|(bad, _)| bad == field))
    {
        data.push(format!("{field} may not be set"));
    }
    let detail = format!(
        "{} set forbidden securityContext.seLinuxOptions: {}",
        bad.subjects(),
        data.join("; ")
    );
    Some(Finding::new(
        "seLinuxOptions",
        detail,
        bad.containers.clone(),
        bad.into_errors(),
    ))
}

pub(super) fn proc_mount(pod: &Pod) -> Option<Finding> {
    const FIELD: &str = "securityContext.procMount";
    let (mut bad, mut types) = (Setters::default(), BTreeSet::new());
    for container in &pod.containers {
        let mount = container
            .security_context
            .as_ref()
            .and_then(|context| context.proc_mount.as_ref());
        if let Some(mount) = mount.filter(|mount| *mount != "Default") {
            bad.add_container(
                container,
                [container.forbidden(FIELD, BadValue::Text(mount.clone()))],
            );
            types.insert(mount);
        }
    }
    if bad.is_empty() {
        return None;
    }
    let detail = format!("{} must not set {FIELD} to {}", bad.subjects(), join_quote(types));
    Some(Finding::new(
        "procMount",
        detail,
        bad.containers.clone(),
        bad.into_errors(),
    ))
}
