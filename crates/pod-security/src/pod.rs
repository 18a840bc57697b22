//! The fields of a Pod that the standards speak about, read strictly.
//!
//! In: `metadata` and `spec` as JSON. Out: [`Pod`]. A field of the wrong type is [`Malformed`]: `privileged: "true"`
//! is no Pod without `privileged`. Null counts as absent, as it does to the API server.

mod read;
mod shape;

pub use read::Malformed;
pub(crate) use shape::check_metadata;

use std::collections::BTreeMap;

use read::At;
use serde_json::Value;
use shape::check_pod_spec;

/// What the standards look at in a Pod.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pod {
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) os: Option<String>,
    pub(crate) host_network: bool,
    pub(crate) host_pid: bool,
    pub(crate) host_ipc: bool,
    pub(crate) security_context: SecurityContext,
    pub(crate) sysctls: Vec<String>,
    pub(crate) volumes: Vec<Volume>,
    /// Init containers, containers, ephemeral containers, in this order
    pub(crate) containers: Vec<Container>,
}

/// A container of a Pod.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Container {
    /// `spec.initContainers[0]`
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) security_context: Option<SecurityContext>,
    /// Port on the host for each of the container's ports, 0 when unset
    pub(crate) host_ports: Vec<i64>,
    /// Hosts that probes and lifecycle handlers connect to
    pub(crate) probed_hosts: Vec<String>,
}

/// What a Pod and a container may both say; what only containers may say is absent for a Pod.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct SecurityContext {
    pub(crate) privileged: Option<bool>,
    pub(crate) allow_privilege_escalation: Option<bool>,
    pub(crate) capabilities_added: Vec<String>,
    pub(crate) capabilities_dropped: Vec<String>,
    pub(crate) proc_mount: Option<String>,
    pub(crate) run_as_non_root: Option<bool>,
    pub(crate) run_as_user: Option<i64>,
    pub(crate) host_process: Option<bool>,
    /// `type` of the profile; empty when the profile is there without one
    pub(crate) seccomp: Option<String>,
    /// As `seccomp`
    pub(crate) app_armor: Option<String>,
    pub(crate) se_linux: SeLinux,
}

/// `SELinux` options, empty where unset.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct SeLinux {
    pub(crate) kind: String,
    pub(crate) user: String,
    pub(crate) role: String,
}

/// A volume and the names of its sources.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Volume {
    pub(crate) name: String,
    pub(crate) sources: Vec<String>,
    pub(crate) host_path: Option<String>,
}

impl Pod {
    /// Reads a Pod from its metadata and spec.
    ///
    /// # Errors
    /// [`Malformed`] names the first field that has another type than the Pod API gives it.
    pub fn read(metadata: &Value, spec: &Value) -> Result<Self, Malformed> {
        check_metadata(metadata)?;
        check_pod_spec(spec)?;
        let (metadata, spec) = (At::new(metadata, "metadata"), At::new(spec, "spec"));
        let mut containers = Vec::new();
        for list in ["initContainers", "containers", "ephemeralContainers"] {
            for container in spec.field(list)?.elements()? {
                containers.push(Container::read(&container)?);
            }
        }
        let security_context = spec.field("securityContext")?;
        let sysctls = security_context.field("sysctls")?.elements()?;
        let volumes = spec.field("volumes")?.elements()?;
        Ok(Self {
            annotations: metadata.field("annotations")?.texts_by_key()?,
            os: spec.field("os")?.field("name")?.text()?,
            host_network: spec.field("hostNetwork")?.flag()?.unwrap_or(false),
            host_pid: spec.field("hostPID")?.flag()?.unwrap_or(false),
            host_ipc: spec.field("hostIPC")?.flag()?.unwrap_or(false),
            security_context: SecurityContext::read(&security_context)?,
            sysctls: sysctls
                .iter()
                .map(|sysctl| text_of(sysctl, "name"))
                .collect::<Result<_, _>>()?,
            volumes: volumes.iter().map(Volume::read).collect::<Result<_, _>>()?,
            containers,
        })
    }

    /// Whether the Pod says it runs on Windows, where Linux' controls do not apply.
    pub(crate) fn is_windows(&self) -> bool {
        self.os.as_deref() == Some("windows")
    }
}

impl Container {
    fn read(at: &At<'_>) -> Result<Self, Malformed> {
        let security_context = at.field("securityContext")?;
        let ports = at.field("ports")?.elements()?;
        Ok(Self {
            path: at.path().to_owned(),
            name: text_of(at, "name")?,
            image: text_of(at, "image")?,
            security_context: match security_context.is_absent() {
                true => None,
                false => Some(SecurityContext::read(&security_context)?),
            },
            host_ports: ports
                .iter()
                .map(|port| Ok(port.field("hostPort")?.integer()?.unwrap_or(0)))
                .collect::<Result<_, _>>()?,
            probed_hosts: probed_hosts(at)?,
        })
    }
}

fn probed_hosts(container: &At<'_>) -> Result<Vec<String>, Malformed> {
    let lifecycle = container.field("lifecycle")?;
    let handlers = [
        container.field("livenessProbe")?,
        container.field("readinessProbe")?,
        container.field("startupProbe")?,
        lifecycle.field("postStart")?,
        lifecycle.field("preStop")?,
    ];
    let mut hosts = Vec::new();
    for handler in handlers {
        for action in ["httpGet", "tcpSocket"] {
            hosts.extend(
                handler
                    .field(action)?
                    .field("host")?
                    .text()?
                    .filter(|host| !host.is_empty()),
            );
        }
    }
    Ok(hosts)
}

impl SecurityContext {
    fn read(at: &At<'_>) -> Result<Self, Malformed> {
        let capabilities = at.field("capabilities")?;
        Ok(Self {
            privileged: at.field("privileged")?.flag()?,
            allow_privilege_escalation: at.field("allowPrivilegeEscalation")?.flag()?,
            capabilities_added: capabilities.field("add")?.texts()?,
            capabilities_dropped: capabilities.field("drop")?.texts()?,
            proc_mount: at.field("procMount")?.text()?,
            run_as_non_root: at.field("runAsNonRoot")?.flag()?,
            run_as_user: at.field("runAsUser")?.integer()?,
            host_process: at.field("windowsOptions")?.field("hostProcess")?.flag()?,
            seccomp: profile_type(&at.field("seccompProfile")?)?,
            app_armor: profile_type(&at.field("appArmorProfile")?)?,
            se_linux: SeLinux::read(&at.field("seLinuxOptions")?)?,
        })
    }
}

/// The `type` of a profile; empty when the profile has none, nothing when there is no profile.
fn profile_type(profile: &At<'_>) -> Result<Option<String>, Malformed> {
    Ok(if profile.is_absent() {
        None
    } else {
        Some(text_of(profile, "type")?)
    })
}

impl SeLinux {
    fn read(at: &At<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            kind: text_of(at, "type")?,
            user: text_of(at, "user")?,
            role: text_of(at, "role")?,
        })
    }
}

impl Volume {
    fn read(at: &At<'_>) -> Result<Self, Malformed> {
        let host_path = at.field("hostPath")?;
        Ok(Self {
            name: text_of(at, "name")?,
            sources: at.present_fields()?,
            host_path: if host_path.is_absent() {
                None
            } else {
                Some(text_of(&host_path, "path")?)
            },
        })
    }
}

fn text_of(at: &At<'_>, field: &str) -> Result<String, Malformed> {
    Ok(at.field(field)?.text()?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn error(spec: &Value) -> String {
        Pod::read(&json!({}), spec).unwrap_err().to_string()
    }

    /// A check that reads `privileged: "true"` as "not set" would let the container run privileged if anything later
    /// reads it as true.
    #[test]
    fn a_field_of_the_wrong_type_is_an_error_and_never_absent() {
        let container = |fields: Value| json!({"containers": [fields]});
        assert_eq!(
            error(&container(json!({"securityContext": {"privileged": "true"}}))),
            "spec.containers[0].securityContext.privileged must be a boolean"
        );
        assert_eq!(
            error(&container(json!({"securityContext": []}))),
            "spec.containers[0].securityContext must be a map"
        );
        assert_eq!(
            error(&container(json!({"ports": {"hostPort": 1}}))),
            "spec.containers[0].ports must be a list"
        );
        assert_eq!(
            error(&json!({"hostNetwork": 1})),
            "spec.hostNetwork must be a boolean"
        );
        assert_eq!(
            error(&json!({"containers": "x"})),
            "spec.containers must be a list"
        );
        assert_eq!(error(&json!([])), "spec must be a map");
        assert_eq!(
            error(&json!({"securityContext": {"runAsUser": 0.5}})),
            "spec.securityContext.runAsUser must be an integer"
        );
        let annotations = Pod::read(&json!({"annotations": {"a": 1}}), &json!({}));
        assert_eq!(
            annotations.unwrap_err().to_string(),
            "metadata.annotations[a] must be a string"
        );
    }

    /// Kyverno makes such a rule an error; a verdict on an object nobody can create would be worth nothing.
    #[test]
    fn fields_no_control_looks_at_must_have_their_types_too() {
        let container = |fields: Value| error(&json!({"containers": [fields]}));
        assert_eq!(
            container(json!({"command": ["sleep", 3600]})),
            "spec.containers[0].command[1] must be a string"
        );
        assert_eq!(
            container(json!({"env": [{"name": "A", "value": 1}]})),
            "spec.containers[0].env[0].value must be a string"
        );
        assert_eq!(
            container(json!({"resources": {"limits": {"cpu": true}}})),
            "spec.containers[0].resources.limits[cpu] must be a string or a number"
        );
        let owners = Pod::read(&json!({"ownerReferences": {"name": "x"}}), &json!({})).unwrap_err();
        assert_eq!(owners.to_string(), "metadata.ownerReferences must be a list");
        let fine =
            json!({"containers": [{"resources": {"limits": {"cpu": 1, "memory": "1Gi"}}, "env": null}]});
        assert!(Pod::read(&json!({"labels": {"a": "b"}}), &fine).is_ok());
    }

    #[test]
    fn null_is_absent_and_whole_floats_are_integers() {
        let spec = json!({"hostNetwork": null, "securityContext": {"runAsUser": 0.0, "seccompProfile": null},
            "containers": [{"name": "a", "securityContext": null}]});
        let pod = Pod::read(&Value::Null, &spec).unwrap();
        assert_eq!(pod.security_context.run_as_user, Some(0));
        assert_eq!(pod.security_context.seccomp, None);
        assert_eq!(pod.containers[0].security_context, None);
    }
}
