use super::*;
use crate::message;
use crate::workload::Workload;
use serde_json::{Value, json};

fn standard(level: &str, version: &str) -> Standard {
    Standard::parse(level, version).unwrap()
}

fn read(spec: &Value, annotations: &Value) -> Pod {
    Pod::read(&json!({"annotations": annotations}), spec).unwrap()
}

fn violated(level: &str, version: &str, pod: &Pod) -> Vec<&'static str> {
    evaluate(&standard(level, version), pod, &[])
        .into_iter()
        .map(|violation| violation.id)
        .collect()
}

/// A container that meets the restricted level by itself.
fn hardened() -> Value {
    json!({"name": "a", "image": "nginx", "securityContext": {
        "allowPrivilegeEscalation": false, "runAsNonRoot": true,
        "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}}})
}

fn hardened_with(pointer: &str, value: Value) -> Value {
    let mut container = hardened();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let mut at = &mut container;
    for step in parent.split('/').filter(|step| !step.is_empty()) {
        at = &mut at[step];
    }
    at[key] = value;
    container
}

#[test]
fn a_hardened_pod_meets_every_level_and_version() {
    let pod = read(
        &json!({"containers": [hardened()], "volumes": [{"name": "v", "emptyDir": {}}]}),
        &Value::Null,
    );
    for level in ["privileged", "baseline", "restricted"] {
        for version in ["", "latest", "v1.0", "v1.20", "v1.34", "v1.99"] {
            assert_eq!(violated(level, version, &pod), [""; 0], "{level}:{version}");
        }
    }
}

/// Checks that only the restricted level has.
const RESTRICTED: &[&str] = &[
    "allowPrivilegeEscalation",
    "capabilities_restricted",
    "restrictedVolumes",
    "runAsNonRoot",
    "runAsUser",
    "seccompProfile_restricted",
];

/// The check, the minor version it came with, the field of a hardened container, and the value that breaks the control.
const IN_CONTAINERS: &[(&str, u32, &str, &str)] = &[
    (
        "allowPrivilegeEscalation",
        8,
        "/securityContext/allowPrivilegeEscalation",
        "true",
    ),
    (
        "allowPrivilegeEscalation",
        8,
        "/securityContext/allowPrivilegeEscalation",
        "null",
    ),
    (
        "appArmorProfile",
        0,
        "/securityContext/appArmorProfile",
        r#"{"type": "Unconfined"}"#,
    ),
    ("appArmorProfile", 0, "/securityContext/appArmorProfile", "{}"),
    (
        "capabilities_baseline",
        0,
        "/securityContext/capabilities/add",
        r#"["SYS_ADMIN"]"#,
    ),
    (
        "capabilities_restricted",
        22,
        "/securityContext/capabilities/add",
        r#"["CHOWN"]"#,
    ),
    (
        "capabilities_restricted",
        22,
        "/securityContext/capabilities/drop",
        r#"["KILL"]"#,
    ),
    (
        "capabilities_restricted",
        22,
        "/securityContext/capabilities",
        "null",
    ),
    (
        "hostPorts",
        0,
        "/ports",
        r#"[{"containerPort": 1}, {"hostPort": 1}]"#,
    ),
    (
        "hostProbesAndHostLifecycle",
        34,
        "/livenessProbe",
        r#"{"httpGet": {"host": "h"}}"#,
    ),
    (
        "hostProbesAndHostLifecycle",
        34,
        "/readinessProbe",
        r#"{"tcpSocket": {"host": "h"}}"#,
    ),
    (
        "hostProbesAndHostLifecycle",
        34,
        "/startupProbe",
        r#"{"httpGet": {"host": "h"}}"#,
    ),
    (
        "hostProbesAndHostLifecycle",
        34,
        "/lifecycle",
        r#"{"postStart": {"httpGet": {"host": "h"}}}"#,
    ),
    (
        "hostProbesAndHostLifecycle",
        34,
        "/lifecycle",
        r#"{"preStop": {"tcpSocket": {"host": "h"}}}"#,
    ),
    ("privileged", 0, "/securityContext/privileged", "true"),
    ("procMount", 0, "/securityContext/procMount", r#""Unmasked""#),
    ("runAsNonRoot", 0, "/securityContext/runAsNonRoot", "false"),
    ("runAsNonRoot", 0, "/securityContext/runAsNonRoot", "null"),
    ("runAsUser", 23, "/securityContext/runAsUser", "0"),
    (
        "seLinuxOptions",
        0,
        "/securityContext/seLinuxOptions",
        r#"{"type": "spc_t"}"#,
    ),
    (
        "seLinuxOptions",
        0,
        "/securityContext/seLinuxOptions",
        r#"{"user": "u"}"#,
    ),
    (
        "seLinuxOptions",
        0,
        "/securityContext/seLinuxOptions",
        r#"{"role": "r"}"#,
    ),
    (
        "seccompProfile_baseline",
        19,
        "/securityContext/seccompProfile",
        r#"{"type": "Unconfined"}"#,
    ),
    (
        "seccompProfile_restricted",
        19,
        "/securityContext/seccompProfile",
        r#"{"type": "Unconfined"}"#,
    ),
    (
        "seccompProfile_restricted",
        19,
        "/securityContext/seccompProfile",
        "null",
    ),
    (
        "windowsHostProcess",
        0,
        "/securityContext/windowsOptions",
        r#"{"hostProcess": true}"#,
    ),
];

/// The check, the minor version it came with, and the spec (beside hardened containers) that breaks the control.
const IN_PODS: &[(&str, u32, &str)] = &[
    (
        "appArmorProfile",
        0,
        r#"{"securityContext": {"appArmorProfile": {"type": "Unconfined"}}}"#,
    ),
    ("hostNamespaces", 0, r#"{"hostNetwork": true}"#),
    ("hostNamespaces", 0, r#"{"hostPID": true}"#),
    ("hostNamespaces", 0, r#"{"hostIPC": true}"#),
    (
        "hostPathVolumes",
        0,
        r#"{"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}"#,
    ),
    (
        "restrictedVolumes",
        0,
        r#"{"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}"#,
    ),
    (
        "restrictedVolumes",
        0,
        r#"{"volumes": [{"name": "v", "nfs": {}}]}"#,
    ),
    (
        "restrictedVolumes",
        0,
        r#"{"volumes": [{"name": "v", "somethingNew": {}}]}"#,
    ),
    (
        "runAsNonRoot",
        0,
        r#"{"securityContext": {"runAsNonRoot": false}}"#,
    ),
    ("runAsUser", 23, r#"{"securityContext": {"runAsUser": 0}}"#),
    (
        "seLinuxOptions",
        0,
        r#"{"securityContext": {"seLinuxOptions": {"type": "spc_t"}}}"#,
    ),
    (
        "seccompProfile_baseline",
        19,
        r#"{"securityContext": {"seccompProfile": {"type": "x"}}}"#,
    ),
    (
        "seccompProfile_restricted",
        19,
        r#"{"securityContext": {"seccompProfile": {"type": "x"}}}"#,
    ),
    (
        "sysctls",
        0,
        r#"{"securityContext": {"sysctls": [{"name": "kernel.msgmax"}]}}"#,
    ),
    (
        "windowsHostProcess",
        0,
        r#"{"securityContext": {"windowsOptions": {"hostProcess": true}}}"#,
    ),
];

/// A sub-check silently left out for `latest` let privileged Windows host processes through (CVE-2023-33191 in Kyverno).
/// Every control is therefore broken once for each kind of container, and must be seen by every version from the one
/// it came with on.
#[test]
fn cve_2023_33191_every_control_of_containers_is_checked_in_every_kind_of_container_and_version() {
    for (id, since, field, value) in IN_CONTAINERS {
        let container = hardened_with(field, serde_json::from_str(value).unwrap());
        for list in ["containers", "initContainers", "ephemeralContainers"] {
            let mut spec = json!({"containers": [hardened()]});
            spec[list] = json!([hardened(), container]);
            assert_seen(id, *since, &read(&spec, &Value::Null));
        }
    }
}

#[test]
fn cve_2023_33191_every_control_of_pods_is_checked_in_every_version() {
    for (id, since, spec) in IN_PODS {
        let mut spec: Value = serde_json::from_str(spec).unwrap();
        spec["containers"] = json!([hardened()]);
        assert_seen(id, *since, &read(&spec, &Value::Null));
    }
    let annotations = json!({"container.apparmor.security.beta.kubernetes.io/a": "unconfined"});
    assert_seen(
        "appArmorProfile",
        0,
        &read(&json!({"containers": [hardened()]}), &annotations),
    );
}

#[test]
fn every_check_has_a_case_above() {
    let cases = IN_CONTAINERS
        .iter()
        .map(|(id, ..)| *id)
        .chain(IN_PODS.iter().map(|(id, ..)| *id));
    let cases: Vec<_> = cases.collect();
    for check in checks::CHECKS {
        assert!(cases.contains(&check.id), "{}", check.id);
    }
}

/// Checks that `id` finds something in `pod` at every level it belongs to and in every version from `since` on.
fn assert_seen(id: &'static str, since: u32, pod: &Pod) {
    let versions = (since..40)
        .map(|minor| format!("v1.{minor}"))
        .chain(["latest".to_owned(), String::new()]);
    for version in versions {
        assert!(
            violated("restricted", &version, pod).contains(&id),
            "{id} at restricted:{version}: {pod:?}"
        );
        assert!(
            violated("privileged", &version, pod).contains(&id),
            "{id} at privileged:{version}: {pod:?}"
        );
        let at_baseline = violated("baseline", &version, pod).contains(&id);
        assert_eq!(
            at_baseline,
            !RESTRICTED.contains(&id),
            "{id} at baseline:{version}: {pod:?}"
        );
    }
}

#[test]
fn seccomp_annotations_count_before_v1_19_only() {
    let annotations = json!({
        "seccomp.security.alpha.kubernetes.io/pod": "unconfined",
        "container.seccomp.security.alpha.kubernetes.io/a": "unconfined",
        "container.seccomp.security.alpha.kubernetes.io/other": "unconfined",
    });
    let pod = read(&json!({"containers": [hardened()]}), &annotations);
    let found = evaluate(&standard("baseline", "v1.18"), &pod, &[]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].errors.len(), 2);
    assert_eq!(violated("baseline", "v1.19", &pod), [""; 0]);
}

#[test]
fn what_a_newer_version_allows_an_older_one_forbids() {
    let engine = json!({"securityContext": {"seLinuxOptions": {"type": "container_engine_t"}}});
    let sysctl = |name: &str| json!({"securityContext": {"sysctls": [{"name": name}]}});
    for (spec, id, since) in [
        (engine, "seLinuxOptions", 31),
        (sysctl("net.ipv4.ip_local_reserved_ports"), "sysctls", 27),
        (sysctl("net.ipv4.tcp_keepalive_time"), "sysctls", 29),
        (sysctl("net.ipv4.tcp_rmem"), "sysctls", 32),
    ] {
        let pod = read(&spec, &Value::Null);
        assert_eq!(violated("baseline", &format!("v1.{}", since - 1), &pod), [id]);
        assert_eq!(violated("baseline", &format!("v1.{since}"), &pod), [""; 0]);
    }
}

#[test]
fn windows_pods_are_exempt_from_controls_of_linux_from_v1_25_on() {
    let pod = read(
        &json!({"os": {"name": "windows"}, "containers": [{"name": "a"}]}),
        &Value::Null,
    );
    assert_eq!(violated("restricted", "v1.25", &pod), ["runAsNonRoot"]);
    let linux = [
        "allowPrivilegeEscalation",
        "capabilities_restricted",
        "runAsNonRoot",
        "seccompProfile_restricted",
    ];
    assert_eq!(violated("restricted", "v1.24", &pod), linux);
}

#[test]
fn a_check_newer_than_the_version_asked_for_runs_in_its_first_edition() {
    let pod = read(
        &json!({"containers": [hardened_with("/livenessProbe", json!({"httpGet": {"host": "h"}}))]}),
        &Value::Null,
    );
    assert_eq!(
        violated("baseline", "v1.24", &pod),
        ["hostProbesAndHostLifecycle"]
    );
}

#[test]
fn a_setting_of_the_pod_covers_containers_that_are_silent_but_none_that_object() {
    let silent = json!({"name": "a", "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}});
    let mut objecting = silent.clone();
    objecting["securityContext"]["runAsNonRoot"] = json!(false);
    objecting["securityContext"]["seccompProfile"] = json!({"type": "Unconfined"});
    let pod = |container: &Value| {
        let context = json!({"runAsNonRoot": true, "seccompProfile": {"type": "Localhost"}});
        read(
            &json!({"securityContext": context, "containers": [container]}),
            &Value::Null,
        )
    };
    assert_eq!(violated("restricted", "latest", &pod(&silent)), [""; 0]);
    let expected = [
        "runAsNonRoot",
        "seccompProfile_baseline",
        "seccompProfile_restricted",
    ];
    assert_eq!(violated("restricted", "latest", &pod(&objecting)), expected);
}

#[test]
fn the_failure_message_names_fields_from_the_root_of_the_object() {
    let container = json!({"name": "a", "securityContext": {"privileged": true, "capabilities": {"add": ["B", "A"]}},
        "ports": [{"hostPort": 80}]});
    let spec = json!({"hostNetwork": true, "containers": [container]});
    let deployment = json!({"kind": "Deployment", "spec": {"template": {"spec": spec}}});
    let workload = Workload::read(&deployment).unwrap();
    let standard = standard("baseline", "v1.24");
    let violations = evaluate(&standard, &workload.pod, &[]);
    assert_eq!(
        message::failure("r", &standard, &violations, workload.template),
        "Validation rule 'r' failed. It violates PodSecurity \"baseline:v1.24\": \
         (Forbidden reason: non-default capabilities, field error list: [spec.template.spec.containers[0].securityContext.capabilities.add is forbidden, forbidden values found: [A B]])\
         (Forbidden reason: host namespaces, field error list: [spec.template.spec.hostNetwork is forbidden, forbidden values found: true])\
         (Forbidden reason: hostPort, field error list: [spec.template.spec.containers[0].ports[0].hostPort is forbidden, forbidden values found: 80])\
         (Forbidden reason: privileged, field error list: [spec.template.spec.containers[0].securityContext.privileged is forbidden, forbidden values found: true])"
    );
    let details: Vec<_> = violations
        .iter()
        .map(|violation| violation.detail.as_str())
        .collect();
    assert_eq!(
        details,
        [
            "container \"a\" must not include \"A\", \"B\" in securityContext.capabilities.add",
            "hostNetwork=true",
            "container \"a\" uses hostPort 80",
            "container \"a\" must not set securityContext.privileged=true",
        ]
    );
}
