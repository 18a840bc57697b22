//! The texts of validation: Kyverno's words for what passed, failed or could not be told.
//!
//! Behaviour: Kyverno 1.19 `buildErrorMessage` and its like in `pkg/engine/handlers/validation`.

use crate::context::json_text;
use crate::context::{JsonPath, Scope, Template};
use crate::facts::Halt;

/// `validate.message`, its variables compiled.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) written: String,
    pub(super) template: Template,
}

/// What the author said about a failure.
enum Said {
    Nothing,
    Text(String),
    /// A variable in the message can't be resolved
    Unresolvable,
}

impl Message {
    fn said(&self, scope: &Scope<'_>) -> Result<Said, Halt> {
        if self.written.is_empty() {
            return Ok(Said::Nothing);
        }
        match self.template.substitute(scope, &JsonPath::root()) {
            Ok(value) => Ok(Said::Text(json_text::display(&value))),
            Err(Halt::Pending) => Err(Halt::Pending),
            Err(Halt::Failed(_)) => Ok(Said::Unresolvable),
        }
    }

    /// A pattern did not hold at `path`.
    pub(super) fn failed_at(
        &self,
        rule: &str,
        path: &str,
        cause: &str,
        scope: &Scope<'_>,
    ) -> Result<String, Halt> {
        self.about(rule, &format!("failed at path {path}"), cause, scope)
    }

    /// Whether a pattern holds can't be told.
    pub(super) fn could_not_tell(&self, rule: &str, cause: &str, scope: &Scope<'_>) -> Result<String, Halt> {
        self.about(rule, &format!("execution error: {cause}"), cause, scope)
    }

    fn about(&self, rule: &str, what: &str, cause: &str, scope: &Scope<'_>) -> Result<String, Halt> {
        Ok(match self.said(scope)? {
            Said::Nothing => format!("validation error: rule {rule} {what}"),
            Said::Text(said) => {
                let stop = if said.ends_with('.') { "" } else { "." };
                format!("validation error: {said}{stop} rule {rule} {what}")
            }
            Said::Unresolvable => unresolvable(rule, cause),
        })
    }

    /// None of the patterns of `anyPattern` holds.
    pub(super) fn none_held(&self, rule: &str, causes: &str, scope: &Scope<'_>) -> Result<String, Halt> {
        Ok(match self.said(scope)? {
            Said::Nothing => format!("validation error: {causes}"),
            Said::Text(said) => {
                let stop = if said.ends_with('.') { "" } else { "." };
                format!("validation error: {said}{stop} {causes}")
            }
            Said::Unresolvable => unresolvable(rule, causes),
        })
    }

    /// The conditions of `deny` are met; `of_conditions` is what their own messages say.
    pub(super) fn denied(&self, rule: &str, of_conditions: &str, scope: &Scope<'_>) -> Result<String, Halt> {
        let together = match (self.written.as_str(), of_conditions) {
            ("", "") => return Ok(format!("validation error: rule {rule} failed")),
            (written, "") => written.to_owned(),
            ("", of_conditions) => of_conditions.to_owned(),
            (written, of_conditions) => format!("{written}; {of_conditions}"),
        };
        let Ok(template) = Template::of_text(&together) else {
            return Ok(of_conditions.to_owned());
        };
        match template.substitute_text(scope, &JsonPath::root()) {
            Ok(Ok(text)) => Ok(text),
            Ok(Err(_)) => Ok(
                "the produced message didn't resolve to a string, check your policy definition.".to_owned(),
            ),
            Err(Halt::Failed(_)) => Ok(of_conditions.to_owned()),
            Err(Halt::Pending) => Err(Halt::Pending),
        }
    }
}

fn unresolvable(rule: &str, cause: &str) -> String {
    format!("validation error: variables substitution error in rule {rule} execution error: {cause}")
}

/// A rule that holds.
pub(super) fn passed(rule: &str) -> String {
    format!("validation rule '{rule}' passed.")
}
