//! Resources as mutate rules leave them: printed step by step, piped on, or written into files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use policy_engine::decision::RuleResult;
use policy_engine::outcome::RuleKind;
use policy_engine::{Decision, RuleOutcome};
use serde_json::Value;

use crate::input::{InputError, Resource};
use crate::output::{file, yaml};

const DONE: &str = "\n\nMutation:\nMutation has been applied successfully.\n";

/// Where mutated resources go.
#[derive(Debug)]
pub(super) enum Destination {
    /// Standard output.
    Printed,
    /// One file.
    File { path: PathBuf, text: String },
    /// A file for each name of a resource, in a folder.
    Folder {
        path: PathBuf,
        texts: BTreeMap<PathBuf, String>,
    },
}

impl Destination {
    /// What `--output` means: a file if it ends so or is one, else a folder.
    pub(super) fn of(output: Option<&str>) -> Self {
        let Some(output) = output else {
            return Self::Printed;
        };
        let path = PathBuf::from(output);
        let is_yaml = path
            .extension()
            .is_some_and(|ending| ending == "yaml" || ending == "yml");
        if path.is_file() || (is_yaml && !path.is_dir()) {
            Self::File {
                path,
                text: String::new(),
            }
        } else {
            Self::Folder {
                path,
                texts: BTreeMap::new(),
            }
        }
    }

    /// Whether mutated resources go into files.
    pub(super) fn is_written(&self) -> bool {
        match self {
            Self::Printed => false,
            Self::File { .. } | Self::Folder { .. } => true,
        }
    }

    /// Takes what every policy made of `resource`, step by step, and gives what is to be printed of it.
    pub(super) fn take(&mut self, resource: &Resource, decision: &Decision) -> String {
        let mut printed = String::new();
        for step in steps(resource, decision) {
            let document = format!("{}\n---\n", yaml::to_yaml(&step.object));
            let targets: Vec<String> = step
                .targets
                .iter()
                .map(|target| format!("{}\n---\n", yaml::to_yaml(target)))
                .collect();
            match self {
                Self::Printed => {
                    printed.push_str(&format!(
                        "\npolicy {} applied to {}:\n{document}",
                        step.policy,
                        resource.shown()
                    ));
                    if !targets.is_empty() {
                        printed.push_str("patched targets: \n");
                        printed.extend(targets.iter().map(|target| format!("\n{target}\n")));
                    }
                    printed.push_str(DONE);
                }
                Self::File { text, .. } => add(text, &document, &targets),
                Self::Folder { path, texts } => {
                    let name = file::safe_name(resource.text("/metadata/name"));
                    let file = path.join(format!("{name}-mutated.yaml"));
                    add(texts.entry(file).or_default(), &document, &targets);
                }
            }
        }
        printed
    }

    /// Writes the files, each whole or not at all.
    ///
    /// # Errors
    /// [`InputError`] with the first that can't be written.
    pub(super) fn write(&self) -> Result<(), InputError> {
        match self {
            Self::Printed => Ok(()),
            Self::File { path, text } => file::write_whole(path, text),
            Self::Folder { path, texts } => {
                create(path)?;
                texts
                    .iter()
                    .try_for_each(|(file, text)| file::write_whole(file, text))
            }
        }
    }
}

fn add(text: &mut String, document: &str, targets: &[String]) {
    text.push_str(document);
    text.push('\n');
    text.extend(targets.iter().map(String::as_str));
}

fn create(folder: &Path) -> Result<(), InputError> {
    std::fs::create_dir_all(folder).map_err(|cause| InputError::Unreadable {
        path: folder.to_string_lossy().into_owned(),
        cause,
    })
}

/// The object as the policies leave it, for a pipe; nothing where they refuse it.
pub(super) fn piped(resource: &Resource, decisions: &[Decision]) -> Option<String> {
    if !decisions.iter().all(Decision::is_allowed) {
        return None;
    }
    let changed = decisions
        .iter()
        .filter_map(|decision| decision.changed.as_ref())
        .next_back();
    Some(format!(
        "{}---\n",
        yaml::to_yaml(changed.unwrap_or(&resource.object))
    ))
}

/// What one policy made of the object.
struct Step {
    policy: Arc<str>,
    object: Arc<Value>,
    targets: Vec<Arc<Value>>,
}

fn steps(resource: &Resource, decision: &Decision) -> Vec<Step> {
    let mut steps: Vec<(&RuleResult, Step)> = Vec::new();
    let mut object = Arc::clone(&resource.object);
    let mutated = decision
        .results
        .iter()
        .filter(|result| result.kind == RuleKind::Mutation && result.verdict.outcome == RuleOutcome::Pass);
    for result in mutated {
        object = result.object.clone().unwrap_or(object);
        let targets = result.targets.clone();
        match steps.last_mut() {
            Some((last, step)) if Arc::ptr_eq(&last.policy, &result.policy) => {
                step.object = Arc::clone(&object);
                step.targets.extend(targets);
            }
            Some(_) | None => {
                let policy = Arc::clone(&result.policy.key.name);
                steps.push((
                    result,
                    Step {
                        policy,
                        object: Arc::clone(&object),
                        targets,
                    },
                ));
            }
        }
    }
    steps.into_iter().map(|(_, step)| step).collect()
}
