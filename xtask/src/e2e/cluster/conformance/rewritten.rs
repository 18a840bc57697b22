//! A copy of a suite in which Kyverno's names for its own things are ours: of webhooks, of who writes reports and events.
//!
//! What is demanded stays as it is, but for where a webhook is called, which no test of contents can know.

use std::path::{Path, PathBuf};

use crate::failure::{Failure, Outcome};
use crate::place;

/// Kyverno's names and ours.
const NAMES: [(&str, &str); 18] = [
    (
        "kyverno-resource-validating-webhook-cfg",
        "vouchsafe-resource-validating-webhook-cfg",
    ),
    (
        "kyverno-resource-mutating-webhook-cfg",
        "vouchsafe-resource-mutating-webhook-cfg",
    ),
    (
        "webhook.kyverno.io/managed-by: kyverno",
        "app.kubernetes.io/managed-by: vouchsafe",
    ),
    (
        "app.kubernetes.io/managed-by: kyverno",
        "app.kubernetes.io/managed-by: vouchsafe",
    ),
    // Our namespace, where selectors leave it out.
    ("      - kyverno\n", "      - vouchsafe\n"),
    // One webhook of ours is called about policies of all kinds, and one checks policies and exceptions.
    ("nvpol.validate.kyverno.svc-", "validate.vouchsafe.svc-"),
    ("ivpol.validate.kyverno.svc-", "validate.vouchsafe.svc-"),
    ("vpol.validate.kyverno.svc-", "validate.vouchsafe.svc-"),
    ("ivpol.mutate.kyverno.svc-", "mutate.vouchsafe.svc-"),
    ("kyverno-svc.kyverno.svc", "validate-policy.vouchsafe.svc"),
    ("validate-policy.kyverno.svc", "validate-policy.vouchsafe.svc"),
    (".kyverno.svc-", ".vouchsafe.svc-"),
    ("source: kyverno\n", "source: vouchsafe\n"),
    ("source: KyvernoValidatingPolicy\n", "source: vouchsafe\n"),
    ("source: KyvernoImageValidatingPolicy\n", "source: vouchsafe\n"),
    ("component: kyverno-admission", "component: vouchsafe-admission"),
    (
        "reportingComponent: kyverno-admission",
        "reportingComponent: vouchsafe-admission",
    ),
    (
        "reportingComponent: kyverno-scan",
        "reportingComponent: vouchsafe-scan",
    ),
];

/// Settings of an area's runner that the release of chainsaw used here does not know.
const UNKNOWN: [&str; 1] = ["fastDelete: true"];

/// Copies the folder of one area below `to`, with the templates that areas share, and with our `words` for theirs; gives
/// the copy.
pub(super) fn copy(suite: &Path, to: &Path, words: &[(String, String)]) -> Outcome<PathBuf> {
    let suite = suite.canonicalize().map_err(|source| Failure::File {
        path: suite.to_owned(),
        source,
    })?;
    // Tests name the shared templates from where they stand, one folder above the area.
    let above = suite.parent().unwrap_or(&suite);
    let own = to.join(suite.file_name().unwrap_or_default());
    copy_folder(&suite, &own, words)?;
    let templates = above.join("_step-templates");
    if templates.is_dir() {
        copy_folder(&templates, &to.join("_step-templates"), words)?;
    }
    Ok(own)
}

fn copy_folder(from: &Path, to: &Path, words: &[(String, String)]) -> Outcome {
    let fault = |path: &Path| {
        let path = path.to_owned();
        move |source| Failure::File { path, source }
    };
    std::fs::create_dir_all(to).map_err(fault(to))?;
    for entry in std::fs::read_dir(from).map_err(fault(from))? {
        let entry = entry.map_err(fault(from))?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_folder(&path, &target, words)?;
        } else if path.extension().is_some_and(|end| end == "yaml") {
            let text = renamed(&place::read(&path)?);
            let with_ours = |text: String, (theirs, ours): &(String, String)| text.replace(theirs, ours);
            place::write(&target, &words.iter().fold(text, with_ours))?;
        } else {
            std::fs::copy(&path, &target).map_err(fault(&path))?;
        }
    }
    Ok(())
}

fn renamed(text: &str) -> String {
    let text = NAMES
        .iter()
        .fold(text.to_owned(), |text, (theirs, ours)| text.replace(theirs, ours));
    let lines = without_addresses(&text);
    let kept = lines
        .split_inclusive('\n')
        .filter(|line| !UNKNOWN.contains(&line.trim()));
    kept.collect()
}

/// Without `clientConfig` and what stands in it.
fn without_addresses(text: &str) -> String {
    let mut depth = None;
    let mut kept = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let indent = line.len().saturating_sub(line.trim_start().len());
        if depth.is_some_and(|depth| indent > depth) {
            continue;
        }
        depth = (line.trim() == "clientConfig:").then_some(indent);
        if depth.is_none() {
            kept.push_str(line);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_ours_and_what_is_demanded_stays() {
        let theirs = "webhooks:\n- clientConfig:\n    service:\n      name: kyverno-svc\n- name: validate.kyverno.svc-fail\n  clientConfig:\n    service:\n      path: /x\n  failurePolicy: Fail\n";
        let ours = "webhooks:\n- clientConfig:\n    service:\n      name: kyverno-svc\n- name: validate.vouchsafe.svc-fail\n  failurePolicy: Fail\n";
        assert_eq!(renamed(theirs), ours);
    }
}
