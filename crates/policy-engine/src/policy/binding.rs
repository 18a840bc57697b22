//! Bindings of Kubernetes' admission policies: where a policy applies, by which params, with what effect.

use serde_json::Value;

use super::actions::validation_action;
use crate::compile_error::{CompileError, collect};
use crate::expressions::ParamRef;
use crate::outcome::FailureAction;
use crate::selection::MatchConstraints;

/// A compiled `ValidatingAdmissionPolicyBinding`.
#[derive(Debug, Clone)]
pub struct CompiledBinding {
    /// Name of the policy it binds.
    pub policy: String,
    /// What it adds to the policy's own constraints.
    pub constraints: MatchConstraints,
    /// Params that the policy is told by.
    pub param_ref: Option<ParamRef>,
    /// Whether a failure blocks.
    pub action: FailureAction,
}

impl CompiledBinding {
    /// Compiles a binding document.
    ///
    /// # Errors
    /// Every fault, with its field path.
    pub fn compile(document: &Value) -> Result<Self, Vec<CompileError>> {
        let mut errors = Vec::new();
        let none = Value::Null;
        let spec = document.get("spec").unwrap_or(&none);
        let constraints = MatchConstraints::compile(spec.get("matchResources").unwrap_or(&none));
        let constraints = collect(constraints, "spec.matchResources", &mut errors);
        let param_ref = ParamRef::compile(spec.get("paramRef")).map_err(|error| vec![error]);
        let param_ref = collect(param_ref, "spec.paramRef", &mut errors);
        match (constraints, param_ref) {
            (Some(constraints), Some(param_ref)) => Ok(Self {
                policy: spec
                    .get("policyName")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned(),
                constraints,
                param_ref,
                action: validation_action(spec),
            }),
            _ => Err(errors),
        }
    }
}
