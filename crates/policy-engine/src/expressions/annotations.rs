//! `auditAnnotations`: what a policy writes down beside its verdict.

use policy_cel::{Environment, Program};
use serde_json::Value as Json;

use super::compile::{Output, compile_field};
use super::scene::Scene;
use crate::compile_error::CompileError;
use crate::facts::Halt;

/// Compiled annotations, in order.
#[derive(Debug, Clone, Default)]
pub struct AuditAnnotations(Vec<(String, Program)>);

impl AuditAnnotations {
    /// Compiles the list `written`.
    ///
    /// # Errors
    /// Every fault of every annotation, with its path in the list.
    pub fn compile(environment: &Environment, written: Option<&Json>) -> Result<Self, Vec<CompileError>> {
        let written = written.and_then(Json::as_array);
        let mut errors = Vec::new();
        let mut annotations = Vec::new();
        for (index, annotation) in written.into_iter().flatten().enumerate() {
            let key = annotation.get("key").and_then(Json::as_str).unwrap_or_default();
            match compile_field(environment, annotation, "valueExpression", Output::TextOrNull) {
                Ok(program) => annotations.push((key.to_owned(), program)),
                Err(found) => {
                    errors.extend(found.into_iter().map(|error| error.under(&format!("[{index}]"))));
                }
            }
        }
        if errors.is_empty() {
            Ok(Self(annotations))
        } else {
            Err(errors)
        }
    }

    /// Key and value of each that has one.
    ///
    /// # Errors
    /// [`Halt::Pending`] where a fact is missing; [`Halt::Failed`] in Kyverno's words.
    pub fn evaluate(&self, scene: &Scene<'_>) -> Result<Vec<(String, String)>, Halt> {
        let mut found = Vec::with_capacity(self.0.len());
        for (key, program) in &self.0 {
            let value = scene
                .evaluate(program)
                .map_err(|halt| halt.within(&format!("failed to evaluate auditAnnotation '{key}'")))?;
            let text = value.as_str().unwrap_or_default();
            if !text.is_empty() {
                found.push((key.clone(), text.to_owned()));
            }
        }
        Ok(found)
    }
}
