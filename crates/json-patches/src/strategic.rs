//! Strategic merge patches with Kyverno's anchors: `mutate.patchStrategicMerge`.
//!
//! In: a resource, a patch whose variables are already substituted, and a matcher for conditions. Out: the patched
//! resource, or the condition that kept the patch away. Never a half-applied patch.
//!
//!     patch ─▶ preprocess (anchors against the resource) ─▶ plain strategic merge patch ─▶ merge ─▶ resource
//!
//! Lists are merged by key where the built-in kinds say so (`schema`), else replaced; patched elements come first,
//! in the order of the patch, as kustomize prepends them.
//!
//! Behaviour: Kyverno 1.19 pkg/engine/mutate/patch, kustomize kyaml v0.21.1 merge2. Where Kyverno loses data we do
//! what the author wrote: each list element is judged by itself (Kyverno carries `+(key)` decisions from one
//! container to the next), several anchored elements may stand in one list, `{}` written by the author stays, a port
//! without protocol meets its counterpart, `$patch: replace` replaces an element, and an element without its merge
//! key is an error instead of emptying the list.

mod anchor;
mod fault;
mod schema;

mod directive;
mod list;
mod merge;
mod preprocess;

pub use fault::{Mismatch, StrategicError};

use serde_json::Value;

use crate::nesting;

/// Judges a part of the resource (first) against a part of the patch under a condition anchor (second).
///
/// Scalars are handed over as their text, as Kyverno does: `(replicas): 2` compares `"2"` with `"2"`.
pub type Condition<'a> = &'a dyn Fn(&Value, &Value) -> Result<(), Mismatch>;

/// What became of a patch.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Applied; the resource may be what it was
    Merged(Value),
    /// A condition outside of lists, or a global one, was not met: the resource stays as it was
    NotMet(Mismatch),
}

/// Applies `patch` to `resource`.
///
/// # Errors
/// [`StrategicError`] when patch and resource differ in structure, the patch uses an anchor or directive that has no
/// meaning here, or either is nested too deep.
pub fn apply(resource: &Value, patch: &Value, condition: Condition<'_>) -> Result<Outcome, StrategicError> {
    nesting::check(resource)?;
    nesting::check(patch)?;
    match preprocess::preprocess(patch, resource, condition) {
        Ok(None) => Ok(Outcome::Merged(resource.clone())),
        Ok(Some(plain)) => Ok(Outcome::Merged(merge::merge_resource(resource, &plain)?)),
        Err(preprocess::Halt::NotMet(mismatch) | preprocess::Halt::GloballyNotMet(mismatch)) => {
            Ok(Outcome::NotMet(mismatch))
        }
        Err(preprocess::Halt::Failed(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests;
