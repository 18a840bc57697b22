//! Which images a rule means: `imageReferences` and `skipImageReferences` as `matchImageReferences`.
//!
//! Both are compared with every name of an image here, so that a pattern means the same images in both kinds. Kyverno 1.19
//! compares globs with the text as it stands; docs/guide/migrate.md says for which patterns that makes a difference.

use serde_json::{Value, json};

use crate::cel_text::wildcard;
use crate::document_value::{says, text, texts};
use crate::formula::Formula;
use crate::translation::{Said, Unsaid};

/// Characters that mean something in a glob and nothing in a classic pattern.
const OF_GLOBS: [char; 5] = ['{', '}', '[', ']', '\\'];

/// The references of `entry`, which stands at `path`.
///
/// # Errors
/// Patterns to be skipped that can't be told from the text of an image alone.
pub(crate) fn references(entry: &Value, path: &str) -> Said<Vec<Value>> {
    let mut patterns = texts(entry, "imageReferences");
    if says(entry, "image") {
        patterns.push(text(entry, "image"));
    }
    let skipped = texts(entry, "skipImageReferences");
    if skipped.is_empty() {
        let globs = patterns.iter().map(|pattern| json!({"glob": glob(pattern)}));
        return Ok(globs.collect());
    }
    let mut skips = Vec::new();
    for (index, pattern) in skipped.iter().enumerate() {
        if !is_told_by_text(pattern) {
            let reason = "only `registry/path*` with a registry other than Docker Hub means the same of every name an image has";
            return Err(Unsaid::new(
                format!("{path}.skipImageReferences[{index}]"),
                reason,
            ));
        }
        skips.push(wildcard("ref", pattern));
    }
    let mut wanted = Vec::new();
    for (index, pattern) in patterns.iter().enumerate() {
        if *pattern != "*" && !is_told_by_text(pattern) {
            let reason =
                "beside skipImageReferences it becomes an expression, which sees the text of an image alone";
            return Err(Unsaid::new(format!("{path}.imageReferences[{index}]"), reason));
        }
        wanted.push(wildcard("ref", pattern));
    }
    let meant = Formula::any(wanted).and(Formula::any(skips).not());
    Ok(vec![json!({"expression": meant.write()})])
}

fn glob(pattern: &str) -> String {
    let mut out = String::new();
    for letter in pattern.chars() {
        if OF_GLOBS.contains(&letter) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

/// Whether the pattern holds of every name of an image, or of none: it says the registry, and nothing of tags.
fn is_told_by_text(pattern: &str) -> bool {
    let Some((registry, rest)) = pattern.split_once('/') else {
        return false;
    };
    let literal = rest.strip_suffix('*').unwrap_or_default();
    let is_hub = matches!(registry, "docker.io" | "index.docker.io" | "registry-1.docker.io");
    registry.contains(['.', ':'])
        && !registry.contains(['*', '?'])
        && !is_hub
        && rest.ends_with('*')
        && !literal.contains(['*', '?', ':', '@'])
}
