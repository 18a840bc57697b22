//! A control the Pod violates, and how checks collect what they find.

use crate::field_error::{BadValue, Fault, FieldError};
use crate::pod::Container;

/// A control of the standards that a Pod violates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The check that found it: `capabilities_baseline`
    pub id: &'static str,
    /// The control's name in the Pod Security Standards; nothing for a check without one, which cannot be excluded
    pub control: Option<&'static str>,
    /// In a few words: `non-default capabilities`
    pub reason: String,
    /// Who does what: `container "a" must not include "SYS_ADMIN" in securityContext.capabilities.add`
    pub detail: String,
    /// The names of the containers the detail's first sentence is about; empty when it speaks of the Pod alone
    pub containers: Vec<String>,
    /// The fields at fault
    pub errors: Vec<FieldError>,
}

/// What a check says of a Pod it forbids; the registry adds which check it was.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) reason: String,
    pub(crate) detail: String,
    pub(crate) containers: Vec<String>,
    pub(crate) errors: Vec<FieldError>,
}

impl Finding {
    pub(crate) fn new(
        reason: &str,
        detail: String,
        containers: Vec<String>,
        errors: Vec<FieldError>,
    ) -> Self {
        Self {
            reason: reason.to_owned(),
            detail,
            containers,
            errors,
        }
    }
}

impl Container {
    pub(crate) fn forbidden(&self, field: &str, bad: BadValue) -> FieldError {
        self.error(field, Fault::Forbidden(Some(bad)))
    }

    pub(crate) fn required(&self, field: &str) -> FieldError {
        self.error(field, Fault::Required)
    }

    fn error(&self, field: &str, fault: Fault) -> FieldError {
        FieldError {
            path: format!("{}.{field}", self.path),
            container: Some(self.name.clone()),
            fault,
        }
    }
}

/// Who set something bad: the Pod, some containers, or both.
#[derive(Debug, Default)]
pub(crate) struct Setters {
    pub(crate) pod: Vec<FieldError>,
    pub(crate) is_pod_bad: bool,
    pub(crate) containers: Vec<String>,
    pub(crate) container_errors: Vec<FieldError>,
}

impl Setters {
    pub(crate) fn add_pod(&mut self, error: FieldError) {
        self.is_pod_bad = true;
        self.pod.push(error);
    }

    pub(crate) fn add_container(
        &mut self,
        container: &Container,
        errors: impl IntoIterator<Item = FieldError>,
    ) {
        self.containers.push(container.name.clone());
        self.container_errors.extend(errors);
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.is_pod_bad && self.containers.is_empty()
    }

    /// `pod and containers "a", "b"`
    pub(crate) fn subjects(&self) -> String {
        let pod = self.is_pod_bad.then(|| "pod".to_owned());
        let containers = (!self.containers.is_empty()).then(|| containers(&self.containers));
        pod.into_iter()
            .chain(containers)
            .collect::<Vec<_>>()
            .join(" and ")
    }

    pub(crate) fn into_errors(self) -> Vec<FieldError> {
        self.pod.into_iter().chain(self.container_errors).collect()
    }
}

/// `container "a"` or `containers "a", "b"`
pub(crate) fn containers(names: &[String]) -> String {
    format!(
        "{} {}",
        pluralize("container", "containers", names.len()),
        join_quote(names)
    )
}

/// `"a", "b"`; empty for none.
pub(crate) fn join_quote<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
    items
        .into_iter()
        .map(|item| format!("\"{}\"", item.as_ref()))
        .collect::<Vec<_>>()
        .join(", ")
}

pub(crate) fn pluralize(singular: &'static str, plural: &'static str, count: usize) -> &'static str {
    if count == 1 { singular } else { plural }
}
