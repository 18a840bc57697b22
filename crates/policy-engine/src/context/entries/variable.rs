//! `variable`: a value of the policy's own, or an expression over what there is.

use serde_json::Value;

use super::{Loaded, Projection, json_text};
use crate::context::scope::View;
use crate::context::{JsonPath, Template};
use crate::facts::Halt;

#[derive(Debug, Clone)]
pub(super) struct Variable {
    pub(super) value: Option<Template>,
    pub(super) projection: Option<Projection>,
    pub(super) default: Option<Template>,
    /// As the policy writes it, for errors
    pub(super) written_path: String,
}

impl Variable {
    pub(super) fn load(&self, name: &str, view: View<'_>) -> Result<Loaded, Halt> {
        let what = || {
            format!(
                "failed to substitute variables in context entry {name} {}",
                self.written_path
            )
        };
        let query = self
            .projection
            .as_ref()
            .map(|projection| projection.query(view, what))
            .transpose()?;
        let path = query.as_ref().map_or("", |query| query.text());
        let substituted = |template: &Template| {
            let shown = template.as_static().map_or_else(String::new, json_text::display);
            template
                .substitute(view, &JsonPath::root())
                .map(std::borrow::Cow::into_owned)
                .map_err(|halt| {
                    halt.within(&format!(
                        "failed to substitute variables in context entry {name} {shown}"
                    ))
                })
        };
        let default = self
            .default
            .as_ref()
            .map(substituted)
            .transpose()?
            .filter(|value| !value.is_null());
        let failed = |shown: &str, why: Halt| {
            why.within(&format!("failed to apply jmespath {path} to variable {shown}"))
        };
        let output = match (&self.value, &query) {
            (Some(value), None) => Some(substituted(value)?),
            (Some(value), Some(query)) => {
                let value = substituted(value)?;
                match query.search_in(&value, view) {
                    Ok(found) => Some(found),
                    Err(Halt::Failed(_)) if default.is_some() => default,
                    Err(halt) => return Err(failed("<nil>", halt)),
                }
            }
            (None, Some(query)) => match view.search(query) {
                Ok(found) if found.is_null() => default,
                Ok(found) => Some(found.into_owned()),
                Err(Halt::Failed(_)) if default.is_some() => default,
                Err(halt) => return Err(failed("<nil>", halt)),
            },
            (None, None) => default,
        };
        match output.filter(|value| !value.is_null()) {
            Some(value) => {
                view.budget().take_context(json_text::size(&value))?;
                Ok(Loaded::Value(value))
            }
            None => {
                let why =
                    format!("failed to add context entry for variable {name} since it evaluated to nil");
                Err(Halt::Failed(why))
            }
        }
    }
}

/// Whether a value of the policy is there at all: null counts as absent.
pub(super) fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null())
}
