//! Volumes: none from the host (baseline); only harmless sources (restricted).

use std::collections::BTreeSet;

use crate::field_error::{BadValue, FieldError};
use crate::pod::{Pod, Volume};
use crate::violation::{Finding, join_quote, pluralize};

const ALLOWED: &[&str] = &[
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// Sources that are named in violations, the first one present; anything else is `unknown`.
const NAMED: &[&str] = &[
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "gitRepo",
    "nfs",
    "iscsi",
    "glusterfs",
    "rbd",
    "flexVolume",
    "cinder",
    "cephfs",
    "flocker",
    "fc",
    "azureFile",
    "vsphereVolume",
    "quobyte",
    "azureDisk",
    "photonPersistentDisk",
    "portworxVolume",
    "scaleIO",
    "storageos",
];

pub(super) fn host_path(pod: &Pod) -> Option<Finding> {
    let (mut names, mut errors) = (Vec::new(), Vec::new());
    for (index, volume) in pod.volumes.iter().enumerate() {
        if let Some(path) = &volume.host_path {
            names.push(volume.name.clone());
            let at = format!("spec.volumes[{index}].hostPath");
            errors.push(FieldError::of_pod(at, Some(BadValue::Text(path.clone()))));
        }
    }
    if names.is_empty() {
        return None;
    }
    let detail = format!(
        "{} {}",
        pluralize("volume", "volumes", names.len()),
        join_quote(&names)
    );
    Some(Finding::new("hostPath volumes", detail, Vec::new(), errors))
}

pub(super) fn restricted(pod: &Pod) -> Option<Finding> {
    let (mut names, mut types, mut errors) = (Vec::new(), BTreeSet::new(), Vec::new());
    for (index, volume) in pod.volumes.iter().enumerate() {
        if let Some(source) = forbidden_source(volume) {
            names.push(volume.name.clone());
            types.insert(source);
            errors.push(FieldError::of_pod(
                format!("spec.volumes[{index}].{source}"),
                None,
            ));
        }
    }
    if names.is_empty() {
        return None;
    }
    let detail = format!(
        "{} {} {} {} {}",
        pluralize("volume", "volumes", names.len()),
        join_quote(&names),
        pluralize("uses", "use", names.len()),
        pluralize("restricted volume type", "restricted volume types", types.len()),
        join_quote(types),
    );
    Some(Finding::new(
        "restricted volume types",
        detail,
        Vec::new(),
        errors,
    ))
}

fn forbidden_source(volume: &Volume) -> Option<&'static str> {
    let has = |source: &&&str| volume.sources.iter().any(|present| present == **source);
    if ALLOWED.iter().any(|source| has(&source)) {
        return None;
    }
    Some(NAMED.iter().find(has).copied().unwrap_or("unknown"))
}
