//! How much one file may cost: each bound with its unit and its reason.

/// Longest text read as one file, in bytes: 256 MiB.
///
/// A dump of a large cluster's Pods is some tens of megabytes; the caller limits smaller inputs itself.
pub const MAX_TEXT_BYTES: usize = 256 * 1024 * 1024;

/// Deepest nesting of mappings and sequences, in levels.
///
/// `serde_json` stops at the same depth; Kubernetes objects stay below 30 and deep CRD schemas below 60.
pub const MAX_DEPTH: usize = 127;

/// What aliases (`*name`) and their anchors may add to one document, in bytes of memory: 16 MiB.
///
/// An alias copies its anchor's value; nine aliases in each of nine lines make a thousand million copies
/// ("billion laughs"), so copies are counted before they are made.
pub const MAX_ALIASED_BYTES: usize = 16 * 1024 * 1024;

/// Memory counted for a value besides its text, in bytes: a node of a map with its key and value.
pub const VALUE_BYTES: usize = 64;

/// Faults reported for one file, in number; the rest would say nothing new.
pub const MAX_FAULTS: usize = 100;
