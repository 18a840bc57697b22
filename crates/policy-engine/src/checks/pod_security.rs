//! `validate.podSecurity`: the Pod Security Standards, with exclusions.
//!
//! In: level, version and exclusions of a rule; the object; what exceptions exempt. Out: a verdict, or nothing on
//! `DELETE`. The standards themselves are [`pod_security`].
//!
//! Behaviour: Kyverno 1.19 `validate_pss.go` in `pkg/engine/handlers/validation`.

use image_reference::ImageReference;
use pod_security::{Exclude, Standard, Violation, Workload};
use serde_json::Value;

use super::validate::AppliedException;
use crate::compile_error::CompileError;
use crate::context::Scope;
use crate::facts::Halt;
use crate::outcome::{RuleOutcome, Verdict};
use crate::request::images::{self, ImageAt};

/// A compiled `podSecurity`.
#[derive(Debug, Clone)]
pub struct PodSecurity {
    standard: Standard,
    excludes: Vec<Exclude>,
}

/// The controls that a policy exception is limited to (`spec.podSecurity`).
#[derive(Debug, Clone)]
pub struct ControlExcludes(Vec<Exclude>);

/// What policy exceptions take away from a failure.
#[derive(Debug, Clone, Default)]
pub(super) struct Exemptions {
    excludes: Vec<Exclude>,
    /// The exceptions as `namespace/name`, joined
    keys: String,
}

impl ControlExcludes {
    /// Compiles a list of controls.
    ///
    /// # Errors
    /// Every faulty item.
    pub fn compile(list: &Value) -> Result<Self, Vec<CompileError>> {
        exclusions(list).map(Self)
    }
}

impl Exemptions {
    /// All items of exceptions in order.
    pub(super) fn of(exceptions: &[AppliedException<'_>]) -> Self {
        let keys: Vec<_> = exceptions.iter().map(|(key, _)| *key).collect();
        let items = exceptions
            .iter()
            .filter_map(|(_, controls)| *controls)
            .flat_map(|controls| &controls.0);
        Self {
            excludes: items.cloned().collect(),
            keys: keys.join(", "),
        }
    }
}

impl PodSecurity {
    /// Compiles `podSecurity`.
    ///
    /// # Errors
    /// An unknown level or version, and every faulty exclusion.
    pub fn compile(body: &Value) -> Result<Self, Vec<CompileError>> {
        let standard = Standard::parse(text(body, "level"), text(body, "version"))
            .map_err(|why| vec![CompileError::new("level", why.to_string())]);
        let excludes = exclusions(body.get("exclude").unwrap_or(&Value::Null))
            .map_err(|faults| faults.into_iter().map(|fault| fault.under("exclude")).collect());
        match (standard, excludes) {
            (Ok(standard), Ok(excludes)) => Ok(Self { standard, excludes }),
            (Err(faults), Ok(_)) | (Ok(_), Err(faults)) => Err(faults),
            (Err(first), Err(second)) => Err(first.into_iter().chain::<Vec<_>>(second).collect()),
        }
    }

    /// Judges the object of the request.
    pub(super) fn judge(
        &self,
        scope: &Scope<'_>,
        rule: &str,
        exemptions: &Exemptions,
    ) -> Result<Option<Verdict>, Halt> {
        let request = scope.request();
        if request.is_delete() {
            return Ok(None);
        }
        let Some(object) = request.request().subject() else {
            return Ok(None);
        };
        let workload = Workload::read(object)
            .map_err(|why| Halt::Failed(format!("Error while getting new resource: {why}")))?;
        let violations = pod_security::evaluate(&self.standard, &workload.pod, &self.excludes);
        if violations.is_empty() {
            let message = format!("Validation rule '{rule}' passed.");
            return Ok(Some(Verdict::new(RuleOutcome::Pass, message)));
        }
        let left = pod_security::exempt(&self.standard, &workload.pod, violations, &exemptions.excludes);
        if left.is_empty() {
            let message = format!("rule is skipped due to policy exceptions {}", exemptions.keys);
            return Ok(Some(Verdict::new(RuleOutcome::Skip, message)));
        }
        let message = pod_security::message::failure(rule, &self.standard, &left, workload.template);
        let mut verdict = Verdict::new(RuleOutcome::Fail, message);
        let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
        verdict.properties = self.properties(&left, &images::of_pod_kinds(object, kind, request.registry()));
        Ok(Some(verdict))
    }

    /// What the report shows beside the message.
    fn properties(&self, violations: &[Violation], images: &[ImageAt]) -> Vec<(String, String)> {
        let ids: Vec<_> = violations.iter().map(|violation| violation.id).collect();
        let controls: Vec<_> = violations
            .iter()
            .map(|violation| control(violation, images))
            .collect();
        vec![
            ("standard".to_owned(), self.standard.level.to_string()),
            ("version".to_owned(), self.standard.written_version.clone()),
            ("controls".to_owned(), ids.join(",")),
            ("controlsJSON".to_owned(), format!("[{}]", controls.join(","))),
        ]
    }
}

/// A violated control with the images of the containers at fault, as Go prints Kyverno's struct.
fn control(violation: &Violation, images: &[ImageAt]) -> String {
    let image_of = |name: &String| {
        let groups = ["containers", "initContainers", "ephemeralContainers"];
        let found = groups.iter().find_map(|group| {
            images
                .iter()
                .find(|image| *image.group == **group && image.key == *name)
        });
        found
            .and_then(|image| image.reference.as_ref().ok())
            .map_or_else(|| name.clone(), ImageReference::canonical)
    };
    let images = match violation.containers.as_slice() {
        [] => Value::Null,
        names => Value::from(names.iter().map(image_of).collect::<Vec<_>>()),
    };
    let [id, name] = [violation.id, violation.control.unwrap_or_default()].map(Value::from);
    format!(r#"{{"ID":{id},"Name":{name},"Images":{images}}}"#)
}

/// A list of exclusions, of a rule or of a policy exception; null is the empty list.
fn exclusions(list: &Value) -> Result<Vec<Exclude>, Vec<CompileError>> {
    let mut faults = Vec::new();
    let items = list.as_array().into_iter().flatten().enumerate();
    let excludes = items.map(|(index, item)| {
        let texts = |field: &str| -> Vec<String> {
            let texts = item.get(field).and_then(Value::as_array).into_iter().flatten();
            texts.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let exclude = Exclude {
            control: text(item, "controlName").to_owned(),
            images: texts("images"),
            restricted_field: text(item, "restrictedField").to_owned(),
            values: texts("values"),
        };
        let found = exclude.faults(None).into_iter();
        faults.extend(found.map(|why| CompileError::new(format!("[{index}]"), why.to_string())));
        exclude
    });
    let excludes = excludes.collect();
    if faults.is_empty() {
        Ok(excludes)
    } else {
        Err(faults)
    }
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}
