//! Image patterns that match less, or more, than their author may think.
//!
//! Images are matched by their full name: `registry/path:tag`, or `registry/path@digest` where there is a digest.

use manifest::{FieldPath, Segment};
use policy_types::kyverno_io::image_verification::ImageVerification;
use scalars::wildcard;
use serde_json::Value;

use crate::code::LintCode;
use crate::finding::Report;
use crate::source::Source;

/// A digest as it stands in an image's name.
pub(super) const SOME_DIGEST: &str =
    "@sha256:0000000000000000000000000000000000000000000000000000000000000000";
/// Registries whose images stand directly below the registry, without an owner.
const WITHOUT_OWNERS: [&str; 4] = [
    "docker.io",
    "index.docker.io",
    "registry-1.docker.io",
    "registry.k8s.io",
];

/// Looks at `imageReferences` and `skipImageReferences`, and at the images in patterns.
pub(crate) fn check(source: &Source<'_>, report: &mut Report<'_>) {
    for (rule, path) in source.rules() {
        for (index, entry) in rule.verify_images.iter().enumerate() {
            check_entry(entry, &path.key("verifyImages").index(index), report);
        }
        if let Some(validation) = &rule.validate {
            let path = path.key("validate");
            in_pattern(&validation.pattern, &mut path.key("pattern"), report);
            in_pattern(&validation.any_pattern, &mut path.key("anyPattern"), report);
            for (index, foreach) in validation.foreach.iter().enumerate() {
                let path = path.key("foreach").index(index);
                in_pattern(&foreach.pattern, &mut path.key("pattern"), report);
                in_pattern(&foreach.any_pattern, &mut path.key("anyPattern"), report);
            }
        }
    }
}

fn check_entry(entry: &ImageVerification, path: &FieldPath, report: &mut Report<'_>) {
    for (index, reference) in entry.image_references.iter().enumerate() {
        let path = path.key("imageReferences").index(index);
        check_reference(reference, &entry.image_references, &path, report);
    }
    for (index, reference) in entry.skip_image_references.iter().enumerate() {
        let path = path.key("skipImageReferences").index(index);
        if names_registry(reference) {
            check_end(reference, &path, "is skipped too", report);
        } else {
            without_registry(reference, &path, report);
        }
        let is_all = |wanted: &String| wildcard::matches(reference, wanted);
        if !entry.image_references.is_empty() && entry.image_references.iter().all(is_all) {
            let message = "every image that this entry means is skipped: nothing is verified";
            report.add(LintCode::EverythingSkipped, &path, message);
        }
    }
}

/// `all` are the references that stand in the same list, this one among them.
fn check_reference(reference: &str, all: &[String], path: &FieldPath, report: &mut Report<'_>) {
    if !names_registry(reference) {
        return without_registry(reference, path, report);
    }
    check_end(reference, path, "must be signed by the same too", report);
    let last = reference.rsplit('/').next().unwrap_or_default();
    let Some((name, tag)) = last.split_once(':').filter(|_| !reference.contains('@')) else {
        return;
    };
    let without_tag = reference.strip_suffix(last).unwrap_or_default();
    let by_digest = format!("{without_tag}{name}{SOME_DIGEST}");
    if all.iter().any(|one| wildcard::matches(one, &by_digest)) {
        return;
    }
    let message = format!(
        "in Kyverno `{reference}` does not match images named by digest, which pass unverified there; here it does"
    );
    let both = format!("{without_tag}{name}");
    // A tag that means any tag can be left out; a fixed one needs the digest beside it.
    let instead = if tag == "*" {
        format!("[\"{both}:*\", \"{both}@*\"]")
    } else {
        format!("[\"{reference}\", \"{both}@*\"]")
    };
    report.replace(LintCode::TagPattern, path, message, instead);
}

fn without_registry(reference: &str, path: &FieldPath, report: &mut Report<'_>) {
    let message = format!(
        "`{reference}` names no registry: images are matched by their full name, and none has this one"
    );
    report.replace(
        LintCode::PatternWithoutRegistry,
        path,
        message,
        format!("docker.io/{reference}"),
    );
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

/// Tells of a pattern whose registry or owner goes on after what is written; `effect` is what becomes of the stranger's image.
pub(super) fn check_end(reference: &str, path: &FieldPath, effect: &str, report: &mut Report<'_>) {
    let Some(written) = reference.strip_suffix('*').filter(|written| is_open(written)) else {
        return;
    };
    let stranger = if written.contains('/') {
        format!("{written}-evil/app")
    } else {
        format!("{written}.evil.example/app")
    };
    let message = format!("`{reference}` has no `/` before the wildcard: `{stranger}` {effect}");
    report.replace(LintCode::OpenEndedPattern, path, message, format!("{written}/*"));
}

/// Whether `written` breaks off within the name of a registry or of an owner.
fn is_open(written: &str) -> bool {
    if written.is_empty() || wildcard::has_wildcard(written) || written.ends_with(['/', ':', '@', '.', '-']) {
        return false;
    }
    match written.split_once('/') {
        None => written.contains('.') && !written.contains(':'),
        // A port or an address is a registry of one's own, which need not have owners.
        Some((registry, owner)) => {
            !owner.contains(['/', ':', '@'])
                && registry.contains('.')
                && !registry.contains(':')
                && !WITHOUT_OWNERS.contains(&registry)
        }
    }
}

/// Looks for `image: "ghcr.io/acme* | …"` in a pattern. Recursion is bounded by the depth of the document.
fn in_pattern(pattern: &Value, path: &mut FieldPath, report: &mut Report<'_>) {
    match pattern {
        Value::Object(fields) => {
            for (key, value) in fields {
                path.push(Segment::Key(key.clone()));
                let is_image = matches!(key.as_str(), "image" | "=(image)" | "(image)" | "<(image)");
                match value.as_str().filter(|_| is_image) {
                    Some(text) => {
                        for one in text
                            .split(['|', '&'])
                            .map(str::trim)
                            .filter(|one| !one.starts_with('!'))
                        {
                            check_end(one, path, "is let through too", report);
                        }
                    }
                    None => in_pattern(value, path, report),
                }
                path.pop();
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                path.push(Segment::Index(index));
                in_pattern(element, path, report);
                path.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
