//! Everything a run of `apply` reads.

use std::sync::Arc;

use policy_engine::PolicySet;
use policy_engine::request::User;
use policy_types::OtherGroup;
use serde_json::Value;

use super::Arguments;
use super::world::World;
use crate::input::{self, InputError, PolicyInput, RefusedPolicy, ValuesInput};

/// Policies, resources and who answers for the cluster.
pub(super) struct Inputs {
    /// What is judged by.
    pub(super) set: PolicySet,
    /// Policies that are not judged by; each counts as an error.
    pub(super) refused: Vec<RefusedPolicy>,
    /// What is judged, and who answers for the cluster.
    pub(super) world: World,
    /// Objects that mutate rules with targets may change.
    pub(super) targets: Arc<[Arc<Value>]>,
    pub(super) values: ValuesInput,
    pub(super) user: Option<User>,
    /// What the user should hear, one line each.
    pub(super) notes: Vec<String>,
}

impl Inputs {
    /// Reads what `arguments` name.
    ///
    /// # Errors
    /// [`InputError`] where a file can't be read. Faults of policies are in [`Inputs::refused`] and the notes.
    pub(super) fn read(arguments: &Arguments) -> Result<Self, InputError> {
        let mut notes = Vec::new();
        let PolicyInput { loaded, mut refused } = input::load_policies(&arguments.policies)?;
        notes.extend(loaded.faults.iter().map(ToString::to_string));
        notes.extend(policy_lint::told_at_load(&loaded));
        notes.extend(input::unusable_keys(&loaded.sources));
        refuse_others(&loaded.others, &mut refused, &mut notes);
        let (exceptions, refused_exceptions) = exceptions(arguments, &loaded.exceptions, &mut notes)?;
        refused.extend(refused_exceptions);
        let set = PolicySet::new(loaded.policies, exceptions).with_bindings(loaded.bindings);
        let entries = loaded.global_context_entries;
        let targets = input::load_stored(&arguments.targets)?;
        let values = ValuesInput::load(arguments.values_file.as_deref(), &arguments.set)?;
        let world = if arguments.cluster.is_asked {
            World::of_cluster(arguments, &set, entries, &mut notes)?
        } else {
            World::of_files(arguments, &values, entries, &targets)?
        };
        Ok(Self {
            set,
            refused,
            targets: targets.iter().map(|target| Arc::new(target.object())).collect(),
            user: arguments.userinfo.as_deref().map(input::load_user).transpose()?,
            world,
            values,
            notes,
        })
    }
}

/// Policies of kinds that are not judged by here count as refused; anything else is passed over, aloud.
fn refuse_others(others: &[policy_types::Other], refused: &mut Vec<RefusedPolicy>, notes: &mut Vec<String>) {
    for other in others {
        let reason = other.reason();
        match other.group {
            OtherGroup::CelPolicy | OtherGroup::AdmissionPolicy | OtherGroup::CleanupPolicy => {
                let name = other
                    .document
                    .value
                    .pointer("/metadata/name")
                    .and_then(Value::as_str);
                let name = name.unwrap_or(&other.document.source).to_owned();
                refused.push(RefusedPolicy {
                    name,
                    reasons: vec![reason],
                });
            }
            OtherGroup::NotAPolicy => notes.push(format!("{}: skipped: {reason}", other.document.source)),
        }
    }
}

type Exceptions = Vec<Arc<policy_engine::policy::CompiledException>>;

/// Exceptions of their own files, and of policies and resources where flags say so.
fn exceptions(
    arguments: &Arguments,
    within_policies: &Exceptions,
    notes: &mut Vec<String>,
) -> Result<(Exceptions, Vec<RefusedPolicy>), InputError> {
    let mut paths = arguments.exceptions.clone();
    if arguments.exceptions_within_resources {
        paths.extend(arguments.resources.iter().cloned());
    }
    let PolicyInput { loaded, refused } = input::load_exceptions(&paths)?;
    notes.extend(loaded.faults.iter().map(ToString::to_string));
    notes.extend(policy_lint::told_at_load(&loaded));
    let mut exceptions = loaded.exceptions;
    if arguments.exceptions_within_policies {
        exceptions.extend(within_policies.iter().cloned());
    } else if !within_policies.is_empty() {
        let count = within_policies.len();
        notes.push(format!(
            "{count} PolicyException(s) among the policies are not used: say `--exceptions-within-policies`"
        ));
    }
    Ok((exceptions, refused))
}
