//! One patch: strategic merge or RFC 6902, its variables replaced, applied.

use json_patches::patch::{Leniency, Patch};
use json_patches::strategic::{self, Mismatch, Outcome};
use serde_json::Value;

use super::super::pattern;
use crate::context::{JsonPath, Scope, Template, json_text};
use crate::facts::Halt;

/// What a rule says that changes nothing.
pub(super) const NOTHING_CHANGED: &str = "no patches applied";

/// A patch with variables.
#[derive(Debug, Clone)]
pub(super) enum PatchTemplate {
    Strategic { template: Template, at: JsonPath },
    Json { template: Template, at: JsonPath },
}

impl PatchTemplate {
    /// The changed object, or nothing where the patch changes nothing.
    pub(super) fn apply(&self, scope: &Scope<'_>, object: &Value) -> Result<Option<Value>, Halt> {
        let (Self::Strategic { template, at } | Self::Json { template, at }) = self;
        let patch = template
            .substitute(scope, at)
            .map_err(|halt| halt.within("variable substitution failed"))?;
        let changed = match self {
            Self::Strategic { .. } => merged(object, &patch),
            Self::Json { .. } => patched(object, &patch),
        };
        let changed = changed.map_err(|why| Halt::Failed(format!("failed to patch resource: {why}")))?;
        Ok(changed.filter(|changed| !json_text::equal(changed, object)))
    }
}

fn merged(object: &Value, patch: &Value) -> Result<Option<Value>, String> {
    let condition = |resource: &Value, pattern: &Value| {
        pattern::compare_plain(resource, pattern).map_err(|failure| Mismatch { reason: failure.text })
    };
    match strategic::apply(object, patch, &condition) {
        Ok(Outcome::Merged(changed)) => Ok(Some(changed)),
        Ok(Outcome::NotMet(_)) => Ok(None),
        Err(why) => Err(why.to_string()),
    }
}

/// The patch is a text: JSON if it begins with `[`, else YAML.
fn patched(object: &Value, patch: &Value) -> Result<Option<Value>, String> {
    let Some(text) = patch.as_str() else {
        return Err(format!(
            "patchesJson6902 is no text but {}",
            json_text::type_name(patch)
        ));
    };
    let operations: Value = if text.starts_with('[') {
        serde_json::from_str(text).map_err(|why| why.to_string())?
    } else {
        manifest::read_value(text).map_err(|why| why.to_string())?
    };
    let patch = Patch::from_value(&operations).map_err(|why| why.to_string())?;
    patch
        .apply(object, Leniency::Kyverno)
        .map(Some)
        .map_err(|why| why.to_string())
}
