//! Loading policies: every document is checked, and every fault of every document told at once.

use manifest::{Document, FieldPath};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::fault::{Fault, FaultCode};
use crate::kyverno_io::global_context_entry::GlobalContextEntry;
use crate::kyverno_io::policy::Policy;
use crate::kyverno_io::policy_exception::PolicyException;
use crate::loaded::Loaded;
use crate::policies_kyverno_io::ExpressionObject;
use crate::report::Report;
use crate::schema::check::{Reading, check};
use crate::schema::shape::Shape;
use crate::schema::{
    admission_policy, expression_exception, global_context_entry, image_validating_policy, policy,
    policy_exception, validating_policy,
};
use crate::validate;

/// What a set of documents holds.
#[derive(Debug, Default)]
pub struct Loading {
    /// Cluster policies and policies without fault, in order.
    pub policies: Vec<Loaded<Policy>>,
    /// Exceptions without fault.
    pub exceptions: Vec<Loaded<PolicyException>>,
    /// Policies in Common Expression Language without fault, of `policies.kyverno.io` and of Kubernetes, in order.
    pub expression_policies: Vec<Loaded<ExpressionObject>>,
    /// Exceptions of `policies.kyverno.io` without fault.
    pub expression_exceptions: Vec<Loaded<ExpressionObject>>,
    /// Bindings of Kubernetes' admission policies without fault.
    pub bindings: Vec<Loaded<ExpressionObject>>,
    /// Global context entries without fault.
    pub global_context_entries: Vec<Loaded<GlobalContextEntry>>,
    /// Documents of other kinds: the caller decides whether they are skipped, loaded elsewhere or refused.
    pub others: Vec<Other>,
    /// Every fault. A document with a fault is in none of the lists.
    pub faults: Vec<Fault>,
    /// Fields that are read over. What else is doubtful in a policy without fault is the business of `policy-lint`.
    pub warnings: Vec<Fault>,
    /// Names of policies and exceptions with a fault.
    pub refused: Vec<String>,
}

/// A document of a kind that is not loaded here.
#[derive(Debug, Clone)]
pub struct Other {
    /// What kind of kind.
    pub group: OtherGroup,
    /// The document, unchecked.
    pub document: Document,
}

/// Kinds that are not loaded here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherGroup {
    /// Policies in Common Expression Language (`policies.kyverno.io`), their exceptions included.
    CelPolicy,
    /// Kubernetes' own admission policies and their bindings.
    AdmissionPolicy,
    /// `CleanupPolicy` and `ClusterCleanupPolicy`.
    CleanupPolicy,
    /// Anything else, such as a resource.
    NotAPolicy,
}

impl Other {
    /// Why the document is not loaded, on one line.
    #[must_use]
    pub fn reason(&self) -> String {
        let (version, kind) = (self.document.api_version(), self.document.kind());
        let why = match self.group {
            OtherGroup::CelPolicy | OtherGroup::AdmissionPolicy | OtherGroup::CleanupPolicy => {
                "is not supported"
            }
            OtherGroup::NotAPolicy => "is no policy",
        };
        format!("{kind} of {version} {why}")
    }
}

/// Checks every document and sorts it by kind. Lists are unpacked.
#[must_use]
pub fn load_policies(documents: impl IntoIterator<Item = Document>) -> Loading {
    let mut loading = Loading::default();
    for document in documents.into_iter().flat_map(Document::unpack_list) {
        loading.add(document);
    }
    loading
}

impl Loading {
    fn add(&mut self, document: Document) {
        let (version, kind) = (document.api_version(), document.kind());
        match (version, kind) {
            ("kyverno.io/v1", "ClusterPolicy" | "Policy") => self.add_policy(document, &policy::V1),
            ("kyverno.io/v2beta1", "ClusterPolicy" | "Policy") => self.add_policy(document, &policy::V2BETA1),
            ("kyverno.io/v2" | "kyverno.io/v2beta1" | "kyverno.io/v2alpha1", "PolicyException") => {
                self.add_exception(document);
            }
            ("kyverno.io/v2" | "kyverno.io/v2beta1" | "kyverno.io/v2alpha1", "GlobalContextEntry") => {
                self.add_global_context_entry(document);
            }
            (
                "policies.kyverno.io/v1" | "policies.kyverno.io/v1beta1" | "policies.kyverno.io/v1alpha1",
                "ValidatingPolicy" | "NamespacedValidatingPolicy",
            ) => self.add_expression_policy(document, &validating_policy::SHAPE),
            (
                "policies.kyverno.io/v1" | "policies.kyverno.io/v1beta1" | "policies.kyverno.io/v1alpha1",
                "ImageValidatingPolicy" | "NamespacedImageValidatingPolicy",
            ) => self.add_expression_policy(document, &image_validating_policy::SHAPE),
            (
                "policies.kyverno.io/v1" | "policies.kyverno.io/v1beta1" | "policies.kyverno.io/v1alpha1",
                "PolicyException",
            ) => {
                let loaded = self.checked(
                    document,
                    &expression_exception::SHAPE,
                    |exception, document, report| {
                        validate::expression_exception(exception, document, report);
                    },
                );
                self.expression_exceptions.extend(loaded);
            }
            (
                "admissionregistration.k8s.io/v1"
                | "admissionregistration.k8s.io/v1beta1"
                | "admissionregistration.k8s.io/v1alpha1",
                "ValidatingAdmissionPolicy",
            ) => self.add_expression_policy(document, &admission_policy::POLICY),
            (
                "admissionregistration.k8s.io/v1"
                | "admissionregistration.k8s.io/v1beta1"
                | "admissionregistration.k8s.io/v1alpha1",
                "ValidatingAdmissionPolicyBinding",
            ) => {
                let loaded = self.checked(document, &admission_policy::BINDING, |_, _, _| {});
                self.bindings.extend(loaded);
            }
            (version, kind) => match other_group(version, kind) {
                Ok(group) => self.others.push(Other { group, document }),
                Err(expected) => {
                    let mut report = Report::new(&document);
                    let message = format!("{kind} has no version `{version}`; expected {expected}");
                    report.fault(
                        &FieldPath::root().key("apiVersion"),
                        FaultCode::UnknownValue,
                        message,
                        None,
                    );
                    self.keep(report);
                }
            },
        }
    }

    fn add_policy(&mut self, document: Document, shape: &Shape) {
        let loaded = self.checked(document, shape, |policy: &mut Policy, document, report| {
            validate::policy(policy, document, report);
        });
        self.policies.extend(loaded);
    }

    fn add_expression_policy(&mut self, document: Document, shape: &Shape) {
        let loaded = self.checked(document, shape, |policy, document, report| {
            validate::expression_policy(policy, document, report);
        });
        self.expression_policies.extend(loaded);
    }

    fn add_exception(&mut self, document: Document) {
        let loaded = self.checked(document, &policy_exception::SHAPE, |exception, _, report| {
            validate::exception(exception, report);
        });
        self.exceptions.extend(loaded);
    }

    fn add_global_context_entry(&mut self, document: Document) {
        let loaded = self.checked(document, &global_context_entry::SHAPE, |entry, _, report| {
            validate::global_context_entry(entry, report);
        });
        self.global_context_entries.extend(loaded);
    }

    /// Checks a document against its schema, then its fields against each other.
    fn checked<T: DeserializeOwned>(
        &mut self,
        mut document: Document,
        shape: &Shape,
        validate: impl FnOnce(&mut T, &Document, &mut Report),
    ) -> Option<Loaded<T>> {
        let mut report = Report::new(&document);
        check(&mut document.value, shape, Reading::Exact, &mut report);
        set_namespace(&mut document);
        let object = match T::deserialize(&document.value) {
            Ok(mut object) => {
                validate(&mut object, &document, &mut report);
                Some(object)
            }
            Err(error) => {
                if report.faults.is_empty() {
                    report.fault(&FieldPath::root(), FaultCode::WrongType, error.to_string(), None);
                }
                None
            }
        };
        let is_sound = report.faults.is_empty();
        if !is_sound {
            let name = document.value.pointer("/metadata/name").and_then(Value::as_str);
            self.refused.extend(name.map(ToOwned::to_owned));
        }
        self.keep(report);
        object
            .filter(|_| is_sound)
            .map(|object| Loaded { object, document })
    }

    /// Keeps what was found in one document, in the order in which it stands in the file.
    fn keep(&mut self, mut report: Report) {
        report.faults.sort_by_key(|fault| fault.place);
        report.warnings.sort_by_key(|warning| warning.place);
        self.faults.extend(report.faults);
        self.warnings.extend(report.warnings);
    }
}

/// Objects that stand in a namespace stand in `default` unless they say otherwise, as `kubectl` has it.
fn set_namespace(document: &mut Document) {
    if !matches!(
        document.kind(),
        "Policy" | "PolicyException" | "NamespacedValidatingPolicy" | "NamespacedImageValidatingPolicy"
    ) {
        return;
    }
    let Some(object) = document.value.as_object_mut() else {
        return;
    };
    let metadata = object
        .entry("metadata")
        .or_insert_with(|| Value::Object(serde_json::Map::new()));
    let Some(metadata) = metadata.as_object_mut() else {
        return;
    };
    if metadata
        .get("namespace")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .is_empty()
    {
        metadata.insert("namespace".to_owned(), Value::from("default"));
    }
}

const POLICIES_KYVERNO_IO_VERSIONS: [&str; 3] = [
    "policies.kyverno.io/v1",
    "policies.kyverno.io/v1beta1",
    "policies.kyverno.io/v1alpha1",
];

/// What kind of kind a document of another kind is; the versions of the kind if only the version is unknown.
fn other_group(version: &str, kind: &str) -> Result<OtherGroup, &'static str> {
    let (group, _) = version.split_once('/').unwrap_or(("", version));
    match (group, kind) {
        (
            "policies.kyverno.io",
            "ValidatingPolicy"
            | "NamespacedValidatingPolicy"
            | "ImageValidatingPolicy"
            | "NamespacedImageValidatingPolicy"
            | "PolicyException",
        ) if !POLICIES_KYVERNO_IO_VERSIONS.contains(&version) => {
            Err("policies.kyverno.io/v1, policies.kyverno.io/v1beta1 or policies.kyverno.io/v1alpha1")
        }
        ("policies.kyverno.io", _) => Ok(OtherGroup::CelPolicy),
        (
            "admissionregistration.k8s.io",
            "ValidatingAdmissionPolicy"
            | "ValidatingAdmissionPolicyBinding"
            | "MutatingAdmissionPolicy"
            | "MutatingAdmissionPolicyBinding",
        ) => Ok(OtherGroup::AdmissionPolicy),
        ("kyverno.io", "CleanupPolicy" | "ClusterCleanupPolicy") => Ok(OtherGroup::CleanupPolicy),
        ("kyverno.io", "ClusterPolicy" | "Policy") => Err("kyverno.io/v1 or kyverno.io/v2beta1"),
        ("kyverno.io", "PolicyException" | "GlobalContextEntry") => {
            Err("kyverno.io/v2, kyverno.io/v2beta1 or kyverno.io/v2alpha1")
        }
        _ => Ok(OtherGroup::NotAPolicy),
    }
}

#[cfg(test)]
mod tests;
