//! The Pod Security Standards as Kubernetes' pod-security-admission checks them.
//!
//! In: a Pod or a workload that makes Pods, a level and version of the standards, and exclusions. Out: the controls
//! it violates, each with the fields at fault. Pure: no I/O, no clock. An object that cannot be read is an error,
//! never a Pod without the fields in question.
//!
//!     object ─▶ workload ─▶ Pod ─▶ checks of the standard ─▶ exclusions ─▶ Violation* ─▶ message
//!
//! Every check runs at every level it belongs to; the order of violations is that of the checks' names.
//!
//! Behaviour: pod-security-admission v1.34 with Kyverno's field errors (fork of October 2025), Kyverno 1.19 pkg/pss.

pub mod field_error;
pub mod pod;
pub mod standard;

pub mod violation;
pub mod workload;

mod checks;

pub mod exclusion;
mod evaluate;
pub mod message;

pub use evaluate::{evaluate, exempt};
pub use exclusion::Exclude;
pub use standard::{Level, Standard, Version};
pub use violation::Violation;
pub use workload::Workload;
