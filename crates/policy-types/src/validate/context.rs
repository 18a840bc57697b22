//! `context` of a rule.

use manifest::FieldPath;

use crate::kyverno_io::context::ContextEntry;
use crate::report::Report;

/// Names that every rule has already.
const TAKEN_NAMES: [&str; 6] = [
    "images",
    "request",
    "serviceAccountName",
    "serviceAccountNamespace",
    "element",
    "elementIndex",
];

/// Checks every entry.
pub(super) fn validate(entries: &[ContextEntry], path: &FieldPath, report: &mut Report) {
    for (index, entry) in entries.iter().enumerate() {
        validate_entry(entry, &path.index(index), report);
    }
}

fn validate_entry(entry: &ContextEntry, path: &FieldPath, report: &mut Report) {
    if entry.name.is_empty() {
        report.invalid(&path.key("name"), "a name is required for context entries");
    }
    let first = entry.name.split('.').next().unwrap_or_default();
    if TAKEN_NAMES.contains(&first) {
        let name = &entry.name;
        let message =
            format!("entry name {name} is invalid as it conflicts with a pre-defined variable {first}");
        report.invalid(&path.key("name"), message);
    }
    let sources = [
        entry.config_map.is_some(),
        entry.api_call.is_some(),
        entry.image_registry.is_some(),
        entry.variable.is_some(),
        entry.global_reference.is_some(),
    ];
    if sources.into_iter().filter(|is_there| *is_there).count() != 1 {
        let message = "exactly one of configMap or apiCall or imageRegistry or variable is required for context entries";
        report.invalid(path, message);
        return;
    }
    validate_source(entry, path, report);
}

fn validate_source(entry: &ContextEntry, path: &FieldPath, report: &mut Report) {
    if let Some(config_map) = &entry.config_map {
        for (field, value) in [("name", &config_map.name), ("namespace", &config_map.namespace)] {
            if value.is_empty() {
                let message = format!("a {field} is required for configMap context entry");
                report.invalid(&path.key("configMap").key(field), message);
            }
        }
    }
    if let Some(api_call) = &entry.api_call
        && !api_call.call.url_path.is_empty()
        && api_call.call.service.is_some()
    {
        report.invalid(
            &path.key("apiCall").key("urlPath"),
            "a URLPath cannot be used for service API calls",
        );
    }
    if entry
        .image_registry
        .as_ref()
        .is_some_and(|registry| registry.reference.is_empty())
    {
        let path = path.key("imageRegistry").key("reference");
        report.invalid(&path, "a ref is required for imageRegistry context entry");
    }
    if entry
        .global_reference
        .as_ref()
        .is_some_and(|reference| reference.name.is_empty())
    {
        let path = path.key("globalReference").key("name");
        report.invalid(&path, "a name is required for globalReference context entry");
    }
    if let Some(variable) = &entry.variable {
        let path = path.key("variable");
        if variable.value.is_null() && variable.jmes_path.is_empty() {
            report.invalid(&path, "a variable must define a value or a jmesPath expression");
        }
        if !variable.default.is_null() && variable.jmes_path.is_empty() {
            let message = "a variable must define a default value only when a jmesPath expression is defined";
            report.invalid(&path.key("default"), message);
        }
    }
}
