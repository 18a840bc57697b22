//! What must hold of every input: each oracle takes bytes and panics where it does not hold.
//!
//! The same functions are driven by proptest on every commit (`crates/fact-loading/tests/it/fuzzing.rs`) and by libFuzzer
//! at length (`cargo xtask fuzz`). Sizes are bounded where an oracle's own definition is exponential.

pub(crate) mod documents;
pub(crate) mod patterns;
pub(crate) mod expressions;
pub(crate) mod references;
pub(crate) mod reviews;
pub(crate) mod evidence;
pub(crate) mod certificates;
pub(crate) mod notary;
pub(crate) mod manifests;
pub(crate) mod tuf;
pub(crate) mod substitution;
pub(crate) mod patches;
pub(crate) mod validations;

/// Bytes as text, and as two texts split at the first NUL.
fn texts(bytes: &[u8]) -> Option<(&str, &str)> {
    let text = std::str::from_utf8(bytes).ok()?;
    Some(text.split_once('\0').unwrap_or((text, "")))
}
