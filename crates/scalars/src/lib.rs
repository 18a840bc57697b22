//! Quantities, durations, semantic versions, wildcards, ranges and Go time layouts, compared as Kyverno compares them.
//!
//! In: text or a number from a policy or a resource. Out: a parsed value that can be compared, added, printed.
//! Never: a clock, I/O, a panic, a float where an exact number is meant. The languages above (patterns, conditions,
//! `JMESPath`, CEL) share these so that `1Gi` is one amount everywhere.
//!
//! Behaviour: Go's `time` and `strconv`, Kubernetes' `resource.Quantity`, `blang/semver`, Kyverno's `pkg/engine/pattern`.
#![deny(clippy::arithmetic_side_effects)]

pub mod numbers;
pub mod wildcard;
pub mod duration;
pub mod quantity;
pub mod range;
pub mod semver_range;
pub mod go_time;
pub mod pattern;
