//! PolicyExceptions of `policies.kyverno.io`: which policies they name, and what they grant each kind of them.
//!
//! Their conditions are compiled in the words of the kinds they name, so that a fault is told when they are loaded.
//!
//! Behaviour: Kyverno 1.19 `pkg/cel/policies/vpol/{compiler,engine}`.

use policy_cel::{Payload, Scope};
use serde_json::Value;

use super::kind::PolicyKind;
use crate::compile_error::{CompileError, collect};
use crate::expressions::{Dialect, Exemption, MatchConditions};

/// The label by which the highest of several exceptions says how to report (Kyverno: `LabelPolicyExceptionPriority`).
const PRIORITY_LABEL: &str = "polex.kyverno.io/priority";

/// What an exception grants, by the policies it names.
#[derive(Debug, Clone, Default)]
pub(super) struct NamedExemptions(Vec<NamedExemption>);

#[derive(Debug, Clone)]
struct NamedExemption {
    kind: PolicyKind,
    names: Vec<String>,
    exemption: Exemption,
}

impl NamedExemptions {
    /// Compiles the document of an exception.
    ///
    /// # Errors
    /// Every fault, with its field path from the document's root.
    pub(super) fn compile(document: &Value) -> Result<Self, Vec<CompileError>> {
        let mut errors = Vec::new();
        let mut named: Vec<NamedExemption> = Vec::new();
        let refs = document.pointer("/spec/policyRefs").and_then(Value::as_array);
        for one in refs.into_iter().flatten() {
            let name = one
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            // Policies of other kinds are not judged here, and need no exemption.
            let Some(kind) = PolicyKind::of(one) else { continue };
            if let Some(known) = named.iter_mut().find(|known| known.kind == kind) {
                known.names.push(name);
                continue;
            }
            let Some(dialect) = dialect(kind) else { continue };
            let exemption = exemption(document, dialect);
            named.extend(
                collect(exemption, "spec", &mut errors).map(|exemption| NamedExemption {
                    kind,
                    names: vec![name],
                    exemption,
                }),
            );
        }
        if errors.is_empty() {
            Ok(Self(named))
        } else {
            errors.dedup();
            Err(errors)
        }
    }

    /// What is granted to the policy of this kind and name; a namespace is not looked at, as in Kyverno.
    pub(super) fn of(&self, kind: PolicyKind, name: &str) -> Option<&Exemption> {
        let named = self.0.iter().find(|named| named.kind == kind)?;
        named
            .names
            .iter()
            .any(|known| known == name)
            .then_some(&named.exemption)
    }
}

fn dialect(kind: PolicyKind) -> Option<Dialect> {
    match kind {
        PolicyKind::ValidatingPolicy => Some(Dialect::ValidatingPolicy(Scope::Cluster)),
        PolicyKind::NamespacedValidatingPolicy => Some(Dialect::ValidatingPolicy(Scope::Namespaced)),
        PolicyKind::ImageValidatingPolicy => Some(Dialect::ImageValidatingPolicy(
            Scope::Cluster,
            Payload::Kubernetes,
        )),
        PolicyKind::NamespacedImageValidatingPolicy => Some(Dialect::ImageValidatingPolicy(
            Scope::Namespaced,
            Payload::Kubernetes,
        )),
        PolicyKind::ClusterPolicy | PolicyKind::Policy | PolicyKind::ValidatingAdmissionPolicy => None,
    }
}

fn exemption(document: &Value, dialect: Dialect) -> Result<Exemption, Vec<CompileError>> {
    let none = Value::Null;
    let spec = document.get("spec").unwrap_or(&none);
    let texts = |field: &str| -> Vec<String> {
        let listed = spec.get(field).and_then(Value::as_array);
        let texts = listed.into_iter().flatten().filter_map(Value::as_str);
        texts.map(ToOwned::to_owned).collect()
    };
    let labels = document.pointer("/metadata/labels");
    let priority = labels.and_then(|labels| labels.get(PRIORITY_LABEL)?.as_str()?.parse().ok());
    let conditions = MatchConditions::compile(&dialect.environment(), spec.get("matchConditions"));
    Ok(Exemption {
        conditions: conditions.map_err(|errors| {
            errors
                .into_iter()
                .map(|error| error.under("matchConditions"))
                .collect::<Vec<_>>()
        })?,
        images: texts("images"),
        values: texts("allowedValues"),
        reports_pass: spec.get("reportResult").and_then(Value::as_str) == Some("pass"),
        priority: priority.unwrap_or(0),
    })
}
