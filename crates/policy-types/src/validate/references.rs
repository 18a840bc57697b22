//! Image references that match less than their author may think.
//!
//! Images are matched by their full name: `registry/path:tag`, or `registry/path@digest` where there is a digest.

use manifest::FieldPath;
use scalars::wildcard;

use crate::report::Report;

/// A digest as it stands in an image's name.
const SOME_DIGEST: &str = "@sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// Warns of a reference that no image can match, or none that is named by digest.
pub(super) fn warn_of(reference: &str, path: &FieldPath, report: &mut Report) {
    if !names_registry(reference) {
        let message = format!(
            "`{reference}` names no registry: images are matched by their full name, such as \
             `docker.io/{reference}`"
        );
        report.warn(path, message);
        return;
    }
    let last = reference.rsplit('/').next().unwrap_or_default();
    let Some((name, _)) = last.split_once(':').filter(|_| !reference.contains('@')) else {
        return;
    };
    let without_tag = reference.strip_suffix(last).unwrap_or_default();
    if !wildcard::matches(reference, &format!("{without_tag}{name}{SOME_DIGEST}")) {
        let message = format!(
            "`{reference}` does not match images named by digest, which pass unverified; add `{without_tag}{name}@*`"
        );
        report.warn(path, message);
    }
}

/// Whether the reference starts with a registry, or with a wildcard that can stand for one.
fn names_registry(reference: &str) -> bool {
    match reference.split_once('/') {
        Some((registry, _)) => {
            wildcard::has_wildcard(registry) || registry == "localhost" || registry.contains(['.', ':'])
        }
        None => reference.starts_with(['*', '?']) || reference.contains('.'),
    }
}

#[cfg(test)]
mod tests {
    use manifest::Document;

    use super::*;

    fn warnings(reference: &str) -> Vec<String> {
        let mut report = Report::new(&Document::without_text(serde_json::Value::Null, ""));
        warn_of(reference, &FieldPath::root(), &mut report);
        report.warnings.iter().map(ToString::to_string).collect()
    }

    /// The attack: the image that `repo:tag` would have caught is named by its digest instead.
    #[test]
    fn a_reference_with_a_tag_is_told_to_miss_digests() {
        for reference in [
            "ghcr.io/acme/app:*",
            "docker.io/nginx:1.27",
            "localhost:5000/a/b:v?",
        ] {
            assert!(
                warnings(reference)[0].contains("does not match images named by digest"),
                "{reference}"
            );
        }
    }

    #[test]
    fn a_reference_without_registry_is_told_to_match_nothing() {
        assert!(warnings("nginx:*")[0].contains("names no registry"));
        assert!(warnings("acme/app*")[0].contains("names no registry"));
    }

    #[test]
    fn references_that_match_both_forms_pass() {
        for reference in [
            "*",
            "registry.example.com/*:*",
            "ghcr.io/acme/*",
            "localhost/a*",
            "ghcr.io/a/b@sha256:*",
        ] {
            assert_eq!(warnings(reference), [] as [String; 0], "{reference}");
        }
    }
}
