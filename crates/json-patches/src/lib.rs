//! JSON patches, JSON differences and strategic merge patches with Kyverno's anchors.
//!
//! In: JSON values and patches written by policy authors. Out: a new value, or the patch between two values.
//! Pure: no I/O, no clock, and the value handed in is never changed. Every recursion is bounded by [`nesting::MAX_NESTING`].
//!
//!     patchesJson6902     ─▶ patch::Patch      ─▶ apply ─▶ value
//!     patchStrategicMerge ─▶ strategic::apply  ─▶ value
//!     original, changed   ─▶ diff::diff        ─▶ patch::Patch   (what an admission response carries)
//!     expected, actual    ─▶ comparison::equal_after_normalisation
//!
//! Behaviour: Kyverno 1.19 pkg/engine/mutate (evanphx/json-patch v5.9.11, kustomize kyaml v0.21.1, gomodules.xyz/jsonpatch v2.5.0).
#![deny(clippy::arithmetic_side_effects)]

pub mod nesting;
pub mod pointer;

pub mod patch;

pub mod comparison;
pub mod diff;
pub mod merge_patch;
pub mod strategic;
