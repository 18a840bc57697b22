use super::*;
use crate::evaluate::evaluate;
use serde_json::{Value, json};

#[expect(
    clippy::needless_pass_by_value,
    reason = "so that cases read `pod(json!(..))`"
)]
fn pod(spec: Value) -> Pod {
    Pod::read(&Value::Null, &spec).unwrap()
}

fn left(pod: &Pod, excludes: &[Exclude]) -> Vec<&'static str> {
    let standard = Standard::parse("baseline", "latest").unwrap();
    evaluate(&standard, pod, excludes)
        .into_iter()
        .map(|violation| violation.id)
        .collect()
}

fn exclude(control: &str, images: &[&str]) -> Exclude {
    let images = images.iter().map(ToString::to_string).collect();
    Exclude {
        control: control.to_owned(),
        images,
        ..Exclude::default()
    }
}

fn with_values(exclude: Exclude, field: &str, values: &[&str]) -> Exclude {
    let values = values.iter().map(ToString::to_string).collect();
    Exclude {
        restricted_field: field.to_owned(),
        values,
        ..exclude
    }
}

fn two_privileged() -> Pod {
    let container = |name: &str, image: &str| json!({"name": name, "image": image, "securityContext": {"privileged": true}});
    pod(json!({"containers": [container("a", "ghcr.io/a/x:1"), container("b", "nginx")]}))
}

#[test]
fn images_exempt_the_containers_that_have_them_and_no_others() {
    let control = "Privileged Containers";
    assert_eq!(
        left(&two_privileged(), &[exclude(control, &["ghcr.io/a/*"])]),
        ["privileged"]
    );
    assert_eq!(
        left(&two_privileged(), &[exclude(control, &["ghcr.io/a/*", "nginx"])]),
        [""; 0]
    );
    assert_eq!(left(&two_privileged(), &[exclude(control, &["*"])]), [""; 0]);
    assert_eq!(
        left(&two_privileged(), &[exclude("Host Ports", &["*"])]),
        ["privileged"]
    );
    let both = [exclude(control, &["nginx"]), exclude(control, &["ghcr.io/?/x:1"])];
    assert_eq!(left(&two_privileged(), &both), [""; 0]);
}

/// An init container that borrows the name of an exempt container must not borrow its exemption.
#[test]
fn an_exemption_does_not_reach_a_container_of_another_list_with_the_same_name() {
    let container =
        |image: &str| json!({"name": "a", "image": image, "securityContext": {"privileged": true}});
    let pod = pod(json!({"containers": [container("good")], "initContainers": [container("evil")]}));
    assert_eq!(
        left(&pod, &[exclude("Privileged Containers", &["good"])]),
        ["privileged"]
    );
}

#[test]
fn all_values_of_a_field_must_be_excluded() {
    let add = |capabilities: Value| {
        pod(json!({"containers": [{"name": "a", "image": "nginx",
        "securityContext": {"capabilities": {"add": capabilities}}}]}))
    };
    let field = "spec.containers[*].securityContext.capabilities.add";
    let rule = with_values(
        exclude("Capabilities", &["nginx"]),
        field,
        &["SYS_*", "NET_ADMIN"],
    );
    assert_eq!(
        left(
            &add(json!(["SYS_TIME", "NET_ADMIN"])),
            std::slice::from_ref(&rule)
        ),
        [""; 0]
    );
    assert_eq!(
        left(&add(json!(["SYS_TIME", "BPF"])), std::slice::from_ref(&rule)),
        ["capabilities_baseline"]
    );
    let other = Exclude {
        restricted_field: field.replace("containers", "initContainers"),
        ..rule
    };
    assert_eq!(
        left(&add(json!(["SYS_TIME"])), &[other]),
        ["capabilities_baseline"]
    );
}

#[test]
fn the_pod_itself_is_exempt_without_images() {
    let spec = json!({"hostNetwork": true, "hostPID": true, "volumes": [{"name": "v", "hostPath": {"path": "/var/run/x"}}]});
    let pod = pod(spec);
    assert_eq!(
        left(&pod, &[exclude("Host Namespaces", &[])]),
        ["hostPathVolumes"]
    );
    let network = with_values(exclude("Host Namespaces", &[]), "spec.hostNetwork", &["true"]);
    assert_eq!(left(&pod, &[network]), ["hostNamespaces", "hostPathVolumes"]);
    let path = |pattern: &str| {
        with_values(
            exclude("HostPath Volumes", &[]),
            "spec.volumes[*].hostPath",
            &[pattern],
        )
    };
    assert_eq!(left(&pod, &[path("/var/run/*")]), ["hostNamespaces"]);
    assert_eq!(
        left(&pod, &[path("/etc/*")]),
        ["hostNamespaces", "hostPathVolumes"]
    );
}

#[test]
fn a_check_without_a_control_name_cannot_be_excluded() {
    let pod = pod(
        json!({"containers": [{"name": "a", "image": "x", "livenessProbe": {"httpGet": {"host": "h"}}}]}),
    );
    for control in ["", "hostProbesAndHostLifecycle"] {
        assert_eq!(
            left(&pod, &[exclude(control, &["*"]), exclude(control, &[])]),
            ["hostProbesAndHostLifecycle"]
        );
    }
}

#[test]
fn exclusions_that_cannot_work_are_named_at_load() {
    let fault = |exclude: Exclude, level| exclude.faults(level);
    assert_eq!(fault(exclude("Host Ports", &["*"]), Some(Level::Baseline)), []);
    assert_eq!(fault(exclude("Seccomp", &["*"]), Some(Level::Baseline)), []);
    assert_eq!(
        fault(exclude("Host Ports", &[]), None),
        [ExcludeFault::ImagesMissing]
    );
    assert_eq!(
        fault(exclude("Sysctls", &["*"]), None),
        [ExcludeFault::ImagesMeaningless]
    );
    assert_eq!(
        fault(exclude("Ports", &["*"]), None),
        [ExcludeFault::UnknownControl("Ports".into())]
    );
    let volumes = "Volume Types";
    assert_eq!(
        fault(exclude(volumes, &[]), Some(Level::Baseline)),
        [ExcludeFault::NotInLevel(volumes.into())]
    );
    let field = with_values(exclude("Sysctls", &[]), "spec.x", &[]);
    assert_eq!(fault(field, None), [ExcludeFault::ValuesMissing]);
    let values = with_values(exclude("Sysctls", &[]), "", &["x"]);
    assert_eq!(fault(values, None), [ExcludeFault::FieldMissing]);
}
