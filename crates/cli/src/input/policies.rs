//! Policies from files, folders and standard input, compiled, with every fault told.

use std::path::Path;

use manifest::Document;
use policy_engine::LoadedPolicies;
use policy_types::Fault;
use serde_json::Value;

use super::files::{files_of, read_file};
use crate::input_error::InputError;

/// The policies of a command.
#[derive(Debug, Default)]
pub(crate) struct PolicyInput {
    /// What was loaded.
    pub(crate) loaded: LoadedPolicies,
    /// Documents with faults, and files that can't be read as documents.
    pub(crate) refused: Vec<RefusedPolicy>,
}

/// A policy that is not judged by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefusedPolicy {
    /// Its name, or that of its file.
    pub(crate) name: String,
    /// Why, one line for each fault.
    pub(crate) reasons: Vec<String>,
}

/// Loads everything under `paths`.
///
/// # Errors
/// [`InputError`] where a path can't be read; faults in what was read are in [`LoadedPolicies::faults`].
pub(crate) fn load_policies(paths: &[String]) -> Result<PolicyInput, InputError> {
    let mut input = PolicyInput::default();
    for path in paths {
        let from_folder = Path::new(path).is_dir();
        for file in files_of(path, true)? {
            input.read(&file, |document| !from_folder || is_policy_like(document))?;
        }
    }
    Ok(input)
}

/// Loads the PolicyExceptions under `paths` and passes everything else over.
///
/// # Errors
/// As [`load_policies`].
pub(crate) fn load_exceptions(paths: &[String]) -> Result<PolicyInput, InputError> {
    let mut input = PolicyInput::default();
    for path in paths {
        for file in files_of(path, true)? {
            input.read(&file, |document| document.kind() == "PolicyException")?;
        }
    }
    Ok(input)
}

impl PolicyInput {
    fn read(&mut self, file: &str, keeps: impl Fn(&Document) -> bool) -> Result<(), InputError> {
        match manifest::read(&read_file(file)?, shown(file)) {
            Ok(documents) => {
                for document in documents
                    .into_iter()
                    .flat_map(Document::unpack_list)
                    .filter(keeps)
                {
                    self.add(document);
                }
            }
            Err(errors) => {
                let faults: Vec<Fault> = errors.into_iter().map(Fault::from).collect();
                self.refuse(shown(file), &faults);
                self.loaded.faults.extend(faults);
            }
        }
        Ok(())
    }

    /// Loads one document by itself, so that its faults are known to be its own.
    fn add(&mut self, document: Document) {
        let name = document.value.pointer("/metadata/name").and_then(Value::as_str);
        let name = name.map_or_else(|| document.source.to_string(), ToOwned::to_owned);
        let mut one = LoadedPolicies::load([document]);
        self.refuse(&name, &one.faults);
        let all = &mut self.loaded;
        all.policies.append(&mut one.policies);
        all.exceptions.append(&mut one.exceptions);
        all.bindings.append(&mut one.bindings);
        all.sources.append(&mut one.sources);
        all.global_context_entries.append(&mut one.global_context_entries);
        all.others.append(&mut one.others);
        all.faults.append(&mut one.faults);
        all.warnings.append(&mut one.warnings);
        all.refused.append(&mut one.refused);
    }

    fn refuse(&mut self, name: &str, faults: &[Fault]) {
        if !faults.is_empty() {
            let reasons = faults.iter().map(ToString::to_string).collect();
            self.refused.push(RefusedPolicy {
                name: name.to_owned(),
                reasons,
            });
        }
    }
}

/// In a folder, files of other kinds lie beside policies (tests, values): they are passed over.
fn is_policy_like(document: &Document) -> bool {
    let group = document.api_version().split('/').next().unwrap_or_default();
    matches!(
        group,
        "kyverno.io" | "policies.kyverno.io" | "admissionregistration.k8s.io" | "v1"
    ) && document.kind() != "Test"
}

fn shown(path: &str) -> &str {
    if path == super::files::STANDARD_INPUT {
        "<stdin>"
    } else {
        path
    }
}
