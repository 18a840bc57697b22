//! Rules in Common Expression Language compiled, all faults at once.

use policy_cel::Scope;
use serde_json::Value;

use super::{ExpressionRule, Manner};
use crate::compile_error::{CompileError, collect};
use crate::expressions::{
    AuditAnnotations, Dialect, MatchConditions, ParamKind, ParamRef, Validations, Variables,
};

type Faults = Vec<CompileError>;

impl ExpressionRule {
    /// Compiles the `spec` of a `ValidatingPolicy`.
    ///
    /// # Errors
    /// Every fault, with its path in `spec`.
    pub fn of_policy(spec: &Value, scope: Scope) -> Result<Self, Faults> {
        let parts = Parts {
            dialect: Dialect::ValidatingPolicy(scope),
            conditions: "matchConditions",
            variables: "variables",
            validations: "validations",
            annotations: "auditAnnotations",
        };
        let mode = spec.pointer("/evaluation/mode").and_then(Value::as_str);
        Ok(Self {
            of_object_alone: mode == Some("JSON"),
            ..parts.compile(spec, spec, Manner::Policy, "")?
        })
    }

    /// Compiles the `spec` of a `ValidatingAdmissionPolicy`.
    ///
    /// # Errors
    /// Every fault, with its path in `spec`.
    pub fn of_admission_policy(spec: &Value) -> Result<Self, Faults> {
        let parts = Parts {
            dialect: Dialect::Admission {
                params: is_present(spec, "paramKind"),
            },
            conditions: "matchConditions",
            variables: "variables",
            validations: "validations",
            annotations: "auditAnnotations",
        };
        parts.compile(spec, spec, Manner::AdmissionPolicy, "")
    }

    /// Compiles a classic rule with `validate.cel`.
    ///
    /// # Errors
    /// Every fault, with its path in the rule.
    pub fn of_rule(rule: &Value) -> Result<Self, Faults> {
        let cel = rule.pointer("/validate/cel").unwrap_or(&Value::Null);
        let message = rule.pointer("/validate/message").and_then(Value::as_str);
        let parts = Parts {
            dialect: Dialect::Admission {
                params: is_present(cel, "paramKind"),
            },
            conditions: "celPreconditions",
            variables: "validate.cel.variables",
            validations: "validate.cel.expressions",
            annotations: "validate.cel.auditAnnotations",
        };
        let mut compiled = parts.compile(rule, cel, Manner::Rule, message.unwrap_or_default())?;
        compiled.param_ref = ParamRef::compile(cel.get("paramRef"))
            .map_err(|error| vec![error.under("validate.cel.paramRef")])?;
        Ok(compiled)
    }
}

fn is_present(holder: &Value, field: &str) -> bool {
    holder.get(field).is_some_and(|value| !value.is_null())
}

/// Where a kind of rule has its parts.
struct Parts {
    dialect: Dialect,
    conditions: &'static str,
    variables: &'static str,
    validations: &'static str,
    annotations: &'static str,
}

impl Parts {
    /// Compiles the parts that stand in `holder`; `cel` has the kind of params.
    fn compile(
        &self,
        holder: &Value,
        cel: &Value,
        manner: Manner,
        message: &str,
    ) -> Result<ExpressionRule, Faults> {
        let part = |path: &str| {
            path.split('.')
                .try_fold(holder, |holder, field| holder.get(field))
        };
        let base = self.dialect.environment();
        let mut faults = Faults::new();
        let conditions = collect(
            MatchConditions::compile(&base, part(self.conditions)),
            self.conditions,
            &mut faults,
        );
        let variables = collect(
            Variables::compile(&base, part(self.variables)),
            self.variables,
            &mut faults,
        );
        // A variable with a fault is told of once, not again by all that use it.
        let Some((variables, environment)) = variables else {
            return Err(faults);
        };
        let validations = collect(
            Validations::compile(&environment, part(self.validations), message),
            self.validations,
            &mut faults,
        );
        let annotations = collect(
            AuditAnnotations::compile(&environment, part(self.annotations)),
            self.annotations,
            &mut faults,
        );
        let param_kind = ParamKind::compile(cel.get("paramKind")).map_err(|error| vec![error]);
        let param_kind = collect(param_kind, "paramKind", &mut faults);
        match (conditions, validations, annotations, param_kind) {
            (Some(conditions), Some(validations), Some(annotations), Some(param_kind))
                if faults.is_empty() =>
            {
                Ok(ExpressionRule {
                    manner,
                    of_object_alone: false,
                    errors_are_passed_over: holder.get("failurePolicy").and_then(Value::as_str)
                        == Some("Ignore"),
                    conditions,
                    variables,
                    validations,
                    annotations,
                    param_kind,
                    param_ref: None,
                })
            }
            _ => Err(faults),
        }
    }
}
