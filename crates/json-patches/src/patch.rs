//! JSON patches (RFC 6902) as evanphx/json-patch v5 reads and applies them for Kyverno.
//!
//! In: the patch as a JSON or YAML value, and a document. Out: the patched document.
//! The document handed in is never changed; a patch that fails changes nothing at all.
//!
//!     value ─▶ Patch::from_value ─▶ Patch ─▶ apply(document, Leniency) ─▶ document
//!
//! Where we are stricter than Kyverno 1.19: a path must begin with `/` (evanphx drops everything before the first
//! slash, so `spec/replicas` would set `/replicas`), and sizes are bounded.

pub mod operation;

mod apply;
mod container;
mod fault;

pub use fault::{Fault, PatchError};
pub use operation::{Operation, Patch};

use serde_json::Value;

/// What a patch may take for granted about the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leniency {
    /// Classic Kyverno rules: `remove` of a missing path does nothing, `add` creates missing parents
    Kyverno,
    /// `MutatingPolicy` and `MutatingAdmissionPolicy`: parents must exist, and so must what is removed
    Kubernetes,
}

impl Patch {
    /// The document with every operation applied in order.
    ///
    /// # Errors
    /// [`PatchError`] names the first operation that does not apply, with evanphx's sentence for it.
    pub fn apply(&self, document: &Value, leniency: Leniency) -> Result<Value, PatchError> {
        apply::apply(self, document, leniency)
    }
}

#[cfg(test)]
mod tests;
