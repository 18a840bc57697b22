//! Policies from files, folders and standard input, compiled, with every fault told.

use std::path::Path;

use manifest::Document;
use policy_engine::LoadedPolicies;
use policy_types::Fault;

use super::files::{InputError, files_of, read_file};

/// The policies of a command.
#[derive(Debug, Default)]
pub(crate) struct PolicyInput {
    /// What was loaded.
    pub(crate) loaded: LoadedPolicies,
}

/// Loads everything under `paths`.
///
/// # Errors
/// [`InputError`] where a path can't be read; faults in what was read are in [`LoadedPolicies::faults`].
pub(crate) fn load_policies(paths: &[String]) -> Result<PolicyInput, InputError> {
    let mut documents = Vec::new();
    let mut faults: Vec<Fault> = Vec::new();
    for path in paths {
        let from_folder = Path::new(path).is_dir();
        for file in files_of(path, true)? {
            match manifest::read(&read_file(&file)?, shown(&file)) {
                Ok(read) => documents.extend(
                    read.into_iter()
                        .filter(|document| !from_folder || is_policy_like(document)),
                ),
                Err(errors) => faults.extend(errors.into_iter().map(Fault::from)),
            }
        }
    }
    let mut loaded = LoadedPolicies::load(documents);
    faults.append(&mut loaded.faults);
    loaded.faults = faults;
    Ok(PolicyInput { loaded })
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
