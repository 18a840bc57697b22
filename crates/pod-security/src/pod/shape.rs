//! Types of the fields of a workload that people write, checked wherever they stand.
//!
//! Kyverno decodes the whole object into Kubernetes' types before it looks at it, so that a number in `command` makes
//! the rule an error. The API server refuses such an object anyway; files given to the command line come unchecked.
//! Fields not listed here are not looked at.

use serde_json::Value;

use super::read::{At, Malformed};

/// What a field must be; absent and null always do.
#[derive(Debug, Clone, Copy)]
enum Type {
    Text,
    Flag,
    Integer,
    /// A text or a number: quantities and ports by name
    TextOrNumber,
    Map,
}

use Type::{Flag, Integer, Map, Text, TextOrNumber};

/// Fields of metadata: a step `[]` stands for each element of a list, `{}` for each value of a map.
const METADATA: &[(&str, Type)] = &[
    ("name", Text),
    ("generateName", Text),
    ("namespace", Text),
    ("labels.{}", Text),
    ("annotations.{}", Text),
    ("finalizers.[]", Text),
    ("ownerReferences.[]", Map),
    ("ownerReferences.[].name", Text),
    ("ownerReferences.[].kind", Text),
    ("ownerReferences.[].apiVersion", Text),
    ("ownerReferences.[].uid", Text),
];

/// Fields of a Pod's spec.
const POD_SPEC: &[(&str, Type)] = &[
    ("activeDeadlineSeconds", Integer),
    ("affinity", Map),
    ("automountServiceAccountToken", Flag),
    ("dnsConfig.nameservers.[]", Text),
    ("dnsConfig.searches.[]", Text),
    ("dnsConfig.options.[].name", Text),
    ("dnsConfig.options.[].value", Text),
    ("dnsPolicy", Text),
    ("enableServiceLinks", Flag),
    ("hostAliases.[].hostnames.[]", Text),
    ("hostAliases.[].ip", Text),
    ("hostname", Text),
    ("imagePullSecrets.[].name", Text),
    ("nodeName", Text),
    ("nodeSelector.{}", Text),
    ("priority", Integer),
    ("priorityClassName", Text),
    ("restartPolicy", Text),
    ("runtimeClassName", Text),
    ("schedulerName", Text),
    ("securityContext.fsGroup", Integer),
    ("securityContext.runAsGroup", Integer),
    ("securityContext.supplementalGroups.[]", Integer),
    ("serviceAccount", Text),
    ("serviceAccountName", Text),
    ("shareProcessNamespace", Flag),
    ("subdomain", Text),
    ("terminationGracePeriodSeconds", Integer),
    ("tolerations.[].effect", Text),
    ("tolerations.[].key", Text),
    ("tolerations.[].operator", Text),
    ("tolerations.[].value", Text),
    ("tolerations.[].tolerationSeconds", Integer),
    ("topologySpreadConstraints.[].maxSkew", Integer),
    ("topologySpreadConstraints.[].topologyKey", Text),
    ("volumes.[].configMap.name", Text),
    ("volumes.[].configMap.items.[]", Map),
    ("volumes.[].emptyDir.medium", Text),
    ("volumes.[].emptyDir.sizeLimit", TextOrNumber),
    ("volumes.[].hostPath.type", Text),
    ("volumes.[].persistentVolumeClaim.claimName", Text),
    ("volumes.[].secret.secretName", Text),
    ("volumes.[].secret.items.[]", Map),
];

/// Fields of each container, below `containers.[]` and its siblings.
const CONTAINER: &[(&str, Type)] = &[
    ("args.[]", Text),
    ("command.[]", Text),
    ("env.[].name", Text),
    ("env.[].value", Text),
    ("env.[].valueFrom", Map),
    ("envFrom.[]", Map),
    ("imagePullPolicy", Text),
    ("livenessProbe.exec.command.[]", Text),
    ("livenessProbe.httpGet.path", Text),
    ("livenessProbe.httpGet.port", TextOrNumber),
    ("livenessProbe.initialDelaySeconds", Integer),
    ("livenessProbe.periodSeconds", Integer),
    ("readinessProbe.exec.command.[]", Text),
    ("readinessProbe.httpGet.path", Text),
    ("readinessProbe.httpGet.port", TextOrNumber),
    ("readinessProbe.initialDelaySeconds", Integer),
    ("readinessProbe.periodSeconds", Integer),
    ("ports.[].containerPort", Integer),
    ("ports.[].hostIP", Text),
    ("ports.[].name", Text),
    ("ports.[].protocol", Text),
    ("resources.limits.{}", TextOrNumber),
    ("resources.requests.{}", TextOrNumber),
    ("securityContext.readOnlyRootFilesystem", Flag),
    ("securityContext.runAsGroup", Integer),
    ("stdin", Flag),
    ("tty", Flag),
    ("volumeMounts.[].mountPath", Text),
    ("volumeMounts.[].name", Text),
    ("volumeMounts.[].readOnly", Flag),
    ("volumeMounts.[].subPath", Text),
    ("workingDir", Text),
];

/// Checks the metadata of an object or of a Pod template.
pub(crate) fn check_metadata(metadata: &Value) -> Result<(), Malformed> {
    check_all(&At::new(metadata, "metadata"), METADATA)
}

/// Checks the spec of a Pod.
pub(crate) fn check_pod_spec(spec: &Value) -> Result<(), Malformed> {
    let spec = At::new(spec, "spec");
    check_all(&spec, POD_SPEC)?;
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for container in spec.field(list)?.elements()? {
            check_all(&container, CONTAINER)?;
        }
    }
    Ok(())
}

fn check_all(at: &At<'_>, fields: &[(&str, Type)]) -> Result<(), Malformed> {
    fields
        .iter()
        .try_for_each(|(path, expected)| check(at, path, *expected))
}

/// Checks the fields that `path` leads to; its length bounds the recursion.
fn check(at: &At<'_>, path: &str, expected: Type) -> Result<(), Malformed> {
    let (step, rest) = path.split_once('.').unwrap_or((path, ""));
    match step {
        "" => check_type(at, expected),
        "[]" => at
            .elements()?
            .iter()
            .try_for_each(|element| check(element, rest, expected)),
        "{}" => at
            .values()?
            .iter()
            .try_for_each(|value| check(value, rest, expected)),
        name => check(&at.field(name)?, rest, expected),
    }
}

fn check_type(at: &At<'_>, expected: Type) -> Result<(), Malformed> {
    match expected {
        Type::Text => at.text().map(drop),
        Type::Flag => at.flag().map(drop),
        Type::Integer => at.integer().map(drop),
        Type::TextOrNumber => at.text_or_number(),
        Type::Map => at.present_fields().map(drop),
    }
}
