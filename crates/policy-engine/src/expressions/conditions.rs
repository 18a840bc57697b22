//! `matchConditions`: all must hold; one that is false decides, whatever the others say.

use std::sync::Arc;

use policy_cel::{Environment, Program};
use serde_json::Value;

use super::compile::{Output, compile_field};
use super::scene::Scene;
use crate::compile_error::CompileError;
use crate::facts::Halt;

/// Compiled conditions, in order.
#[derive(Debug, Clone, Default)]
pub struct MatchConditions(Vec<MatchCondition>);

#[derive(Debug, Clone)]
struct MatchCondition {
    name: Arc<str>,
    program: Program,
}

/// What conditions say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Met {
    /// All hold.
    All,
    /// This one is false.
    Not(Arc<str>),
}

impl MatchConditions {
    /// Compiles the list `written`.
    ///
    /// # Errors
    /// Every fault of every condition, with its path in the list.
    pub fn compile(environment: &Environment, written: Option<&Value>) -> Result<Self, Vec<CompileError>> {
        let written = written.and_then(Value::as_array);
        let mut errors = Vec::new();
        let mut conditions = Vec::new();
        for (index, condition) in written.into_iter().flatten().enumerate() {
            match compile_field(environment, condition, "expression", Output::Bool) {
                Ok(program) => conditions.push(MatchCondition {
                    name: condition
                        .get("name")
                        .and_then(Value::as_str)
                        .unwrap_or_default()
                        .into(),
                    program,
                }),
                Err(found) => {
                    errors.extend(found.into_iter().map(|error| error.under(&format!("[{index}]"))));
                }
            }
        }
        if errors.is_empty() {
            Ok(Self(conditions))
        } else {
            Err(errors)
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all hold. All are evaluated until one is false, so that one round asks for the facts of all.
    ///
    /// # Errors
    /// Where none is false: [`Halt::Pending`] if a fact is missing, else [`Halt::Failed`] with the errors, each once, joined by `; `.
    pub fn met(&self, scene: &Scene<'_>) -> Result<Met, Halt> {
        let mut pending = false;
        let mut failures: Vec<String> = Vec::new();
        for condition in &self.0 {
            match scene.truth(&condition.program) {
                Ok(true) => {}
                Ok(false) => return Ok(Met::Not(Arc::clone(&condition.name))),
                Err(Halt::Pending) => pending = true,
                // Conditions that fail alike, as all do that come after the allowance is spent, say so once.
                Err(Halt::Failed(cause)) if failures.contains(&cause) => {}
                Err(Halt::Failed(cause)) => failures.push(cause),
            }
        }
        if pending {
            Err(Halt::Pending)
        } else if failures.is_empty() {
            Ok(Met::All)
        } else {
            Err(Halt::Failed(failures.join("; ")))
        }
    }
}
