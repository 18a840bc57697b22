//! `validations`: each must hold; the first that does not is the verdict.

use policy_cel::{Environment, Program};
use serde_json::Value;

use super::compile::{Output, compile_field};
use super::scene::Scene;
use crate::compile_error::CompileError;
use crate::facts::Halt;

/// Longest message that an expression may give in Kubernetes' wording, in bytes (`MaxEvaluatedMessageExpressionSizeBytes`).
const LONGEST_MESSAGE_BYTES: usize = 5 * 1024;

/// Compiled validations, in order.
#[derive(Debug, Clone, Default)]
pub struct Validations(Vec<Validation>);

#[derive(Debug, Clone)]
struct Validation {
    program: Program,
    message: String,
    message_expression: Option<Program>,
}

/// In whose words a violation is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wording {
    /// Kyverno's policies: a message expression that fails is told in place of the message.
    Kyverno,
    /// Kubernetes' admission policies: a message expression that fails is passed over.
    Kubernetes,
}

/// What validations say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// All hold.
    Holds,
    /// This one does not.
    Violated {
        /// Its place, from 0.
        index: usize,
        /// What to tell.
        message: String,
    },
    /// This one can't be evaluated.
    Broken {
        /// Its place, from 0.
        index: usize,
        /// Why.
        cause: String,
    },
}

impl Validations {
    /// Compiles the list `written`; a validation without a message has `fallback`.
    ///
    /// # Errors
    /// Every fault of every validation, with its path in the list.
    pub fn compile(
        environment: &Environment,
        written: Option<&Value>,
        fallback: &str,
    ) -> Result<Self, Vec<CompileError>> {
        let written = written.and_then(Value::as_array);
        let mut errors = Vec::new();
        let mut validations = Vec::new();
        for (index, validation) in written.into_iter().flatten().enumerate() {
            match Validation::compile(environment, validation, fallback) {
                Ok(validation) => validations.push(validation),
                Err(found) => {
                    errors.extend(found.into_iter().map(|error| error.under(&format!("[{index}]"))));
                }
            }
        }
        if errors.is_empty() {
            Ok(Self(validations))
        } else {
            Err(errors)
        }
    }

    /// The text of one, empty where there is none at this place.
    #[must_use]
    pub fn text(&self, index: usize) -> &str {
        self.0
            .get(index)
            .map_or("", |validation| validation.program.text())
    }

    /// The first that does not hold. Where a fact is missing the rest is evaluated for the facts it asks, and decides
    /// nothing.
    ///
    /// # Errors
    /// [`Halt::Pending`] alone.
    pub fn judge(&self, scene: &Scene<'_>, wording: Wording) -> Result<Finding, Halt> {
        let mut pending = false;
        for (index, validation) in self.0.iter().enumerate() {
            match scene.truth(&validation.program) {
                Ok(true) => {}
                Err(Halt::Pending) => pending = true,
                Ok(false) | Err(Halt::Failed(_)) if pending => break,
                Ok(false) => {
                    let message = validation.told(index, scene, wording)?;
                    return Ok(Finding::Violated { index, message });
                }
                Err(Halt::Failed(cause)) => {
                    let cause = match wording {
                        Wording::Kyverno => cause,
                        Wording::Kubernetes => {
                            let text = validation.program.text();
                            format!("expression '{text}' resulted in error: {cause}")
                        }
                    };
                    return Ok(Finding::Broken { index, cause });
                }
            }
        }
        if pending {
            Err(Halt::Pending)
        } else {
            Ok(Finding::Holds)
        }
    }
}

impl Validation {
    fn compile(
        environment: &Environment,
        written: &Value,
        fallback: &str,
    ) -> Result<Self, Vec<CompileError>> {
        let text = |field: &str| {
            written
                .get(field)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        let program = compile_field(environment, written, "expression", Output::Bool);
        let message_expression = text("messageExpression")
            .map(|_| compile_field(environment, written, "messageExpression", Output::Text))
            .transpose();
        match (program, message_expression) {
            (Ok(program), Ok(message_expression)) => Ok(Self {
                program,
                message: text("message").unwrap_or(fallback).to_owned(),
                message_expression,
            }),
            (program, message) => {
                let errors = program.err().into_iter().chain(message.err());
                Err(errors.flatten().collect())
            }
        }
    }

    fn told(&self, index: usize, scene: &Scene<'_>, wording: Wording) -> Result<String, Halt> {
        let evaluated = match self
            .message_expression
            .as_ref()
            .map(|program| scene.evaluate(program))
        {
            Some(Err(Halt::Pending)) => return Err(Halt::Pending),
            Some(Err(Halt::Failed(cause))) => Some(Err(cause)),
            Some(Ok(value)) => Some(Ok(value.as_str().unwrap_or_default().to_owned())),
            None => None,
        };
        Ok(match wording {
            Wording::Kyverno => {
                let message = match evaluated {
                    Some(Ok(message)) => message,
                    Some(Err(cause)) => format!("failed to evaluate message expression: {cause}"),
                    None => self.message.clone(),
                };
                if message.is_empty() {
                    format!("CEL expression validation failed at index {index}")
                } else {
                    message
                }
            }
            Wording::Kubernetes => {
                let evaluated = evaluated
                    .and_then(Result::ok)
                    .map(|message| message.trim().to_owned());
                let fits = |message: &String| {
                    !message.is_empty() && message.len() <= LONGEST_MESSAGE_BYTES && !message.contains('\n')
                };
                evaluated
                    .filter(fits)
                    .or_else(|| Some(self.message.trim().to_owned()).filter(|message| !message.is_empty()))
                    .unwrap_or_else(|| format!("failed expression: {}", self.program.text().trim()))
            }
        })
    }
}
