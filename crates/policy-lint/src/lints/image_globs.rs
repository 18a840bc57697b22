//! `matchImageReferences` of an `ImageValidatingPolicy`: globs that mean less, or more, than their author may think.
//!
//! Kyverno compares a glob with the image as the manifest writes it; here every name that its registry has for it counts.

use manifest::FieldPath;
use scalars::wildcard;

use super::image_patterns::{SOME_DIGEST, check_end};
use crate::code::LintCode;
use crate::expressions::ExpressionSource;
use crate::finding::Report;
use crate::source::spec;

/// Names of the registry that is meant where an image names none.
const DEFAULT_REGISTRIES: [&str; 3] = ["docker.io", "index.docker.io", "registry-1.docker.io"];

/// Looks at every glob.
pub(crate) fn check(source: &ExpressionSource<'_>, report: &mut Report<'_>) {
    let Some(images) = &source.images else {
        return;
    };
    let references = &images.match_image_references;
    let globs: Vec<&str> = references
        .iter()
        .map(|reference| reference.glob.as_str())
        .collect();
    let has_expressions = references
        .iter()
        .any(|reference| !reference.expression.is_empty());
    let path = spec().key("matchImageReferences");
    for (index, glob) in globs.iter().enumerate().filter(|(_, glob)| !glob.is_empty()) {
        let path = path.index(index).key("glob");
        if let Some(why) = never_an_image(glob) {
            report.add(
                LintCode::NeverMatches,
                &path,
                format!("no image is written like `{glob}`: {why}"),
            );
            continue;
        }
        // What braces, classes and backslashes stand for is not looked into.
        if glob.contains(['{', '[', '\\']) {
            continue;
        }
        check_end(glob, &path, "is meant too", report);
        if !has_expressions {
            check_form(glob, &globs, &path, report);
            check_tag(glob, &globs, &path, report);
        }
    }
}

/// Why no image is written so, if none is.
fn never_an_image(glob: &str) -> Option<&'static str> {
    let repository = glob.rsplit_once('/').map_or("", |(path, _)| path);
    if glob.contains("://") {
        Some("images have no scheme")
    } else if glob.contains(char::is_whitespace) {
        Some("images have no blanks")
    } else if repository
        .split_once('/')
        .is_some_and(|(_, path)| path.contains(|c: char| c.is_ascii_uppercase()))
    {
        Some("their paths are in lower case")
    } else {
        None
    }
}

/// One image has several written forms: with and without the default registry.
fn check_form(glob: &str, globs: &[&str], path: &FieldPath, report: &mut Report<'_>) {
    let short = DEFAULT_REGISTRIES
        .iter()
        .find_map(|registry| glob.strip_prefix(registry)?.strip_prefix('/'));
    let other = match short {
        Some(short) => short.strip_prefix("library/").unwrap_or(short).to_owned(),
        None if names_no_registry(glob) => format!("docker.io/{glob}"),
        None => return,
    };
    let sample = other.replace(['*', '?'], "x");
    if globs.iter().any(|one| wildcard::matches(one, &sample)) {
        return;
    }
    // Here a glob is compared with every name that the image's registry has for it; without a registry it means none.
    let place = if short.is_some() {
        "in Kyverno"
    } else {
        "in Kyverno and here"
    };
    let message = format!("{place} the same image written `{other}` is not meant, and passes unverified");
    let instead = if other.starts_with(['*', '?']) {
        "expression: \"parseImageReference(ref).registry() == 'index.docker.io'\"".to_owned()
    } else {
        format!("[{{glob: \"{glob}\"}}, {{glob: \"{other}\"}}]")
    };
    report.replace(LintCode::WrittenForm, path, message, instead);
}

fn names_no_registry(glob: &str) -> bool {
    match glob.split_once('/') {
        Some((first, _)) => !first.contains(['.', ':', '*', '?']) && first != "localhost",
        None => !glob.starts_with(['*', '?']),
    }
}

/// A glob with a tag leaves out the image with a digest.
fn check_tag(glob: &str, globs: &[&str], path: &FieldPath, report: &mut Report<'_>) {
    let last = glob.rsplit('/').next().unwrap_or_default();
    let Some((name, _)) = last.split_once(':').filter(|_| !glob.contains('@')) else {
        return;
    };
    let directory = glob.strip_suffix(last).unwrap_or_default();
    let by_digest = format!("{directory}{name}{SOME_DIGEST}").replace('*', "x");
    if globs.iter().any(|one| wildcard::matches(one, &by_digest)) {
        return;
    }
    let message = format!(
        "in Kyverno `{glob}` does not mean images named by digest, which pass unverified there; here it does"
    );
    let instead = format!("[{{glob: \"{glob}\"}}, {{glob: \"{directory}{name}@*\"}}]");
    report.replace(LintCode::TagPattern, path, message, instead);
}
