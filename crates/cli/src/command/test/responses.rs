//! What the engine says of every resource of a suite, under every operation that is asked about.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use policy_engine::request::{Operation, Origin};
use policy_engine::{Decision, Engine, EngineOptions, PolicySet, Request};

use super::suite::Suite;
use crate::input::{InputError, Resource};
use crate::judging::judge_all;
use crate::runtime::RegistryArguments;

/// Decisions by the operation they were asked under.
pub(super) struct Responses {
    by_operation: BTreeMap<Option<Operation>, Vec<Vec<Decision>>>,
}

impl Responses {
    /// Judges everything.
    ///
    /// # Errors
    /// [`InputError`] where facts are needed and no loader can be set up.
    pub(super) fn of(suite: &Suite, at_ns: i128, registry: &RegistryArguments) -> Result<Self, InputError> {
        let asked = suite
            .test
            .results
            .iter()
            .map(|expected| Operation::parse(&expected.operation));
        let operations: BTreeSet<Option<Operation>> = asked.chain([None]).collect();
        let set = suite.policies.to_set();
        let mut by_operation = BTreeMap::new();
        for operation in operations {
            by_operation.insert(operation, judge(suite, &set, operation, at_ns, registry)?);
        }
        Ok(Self { by_operation })
    }

    /// Decisions about the resource at `index`, as asked under `operation`.
    pub(super) fn about(&self, index: usize, operation: &str) -> &[Decision] {
        let decisions = self.by_operation.get(&Operation::parse(operation));
        decisions
            .and_then(|resources| resources.get(index))
            .map(Vec::as_slice)
            .unwrap_or_default()
    }
}

/// One list of decisions for each resource: one for each group of policies that values put under the same operation.
fn judge(
    suite: &Suite,
    set: &PolicySet,
    forced: Option<Operation>,
    at_ns: i128,
    registry: &RegistryArguments,
) -> Result<Vec<Vec<Decision>>, InputError> {
    let mut groups: BTreeMap<BTreeMap<String, Operation>, Vec<usize>> = BTreeMap::new();
    for (index, resource) in suite.resources.iter().enumerate() {
        let name = resource.text("/metadata/name");
        let operations = set.policies().iter().map(|policy| {
            let given = suite.values.operation_for(&policy.key.name, name);
            let given = given.and_then(|written| Operation::parse(&written));
            (
                policy.key.to_string(),
                forced.or(given).unwrap_or(Operation::Create),
            )
        });
        groups.entry(operations.collect()).or_default().push(index);
    }
    let mut decisions: Vec<Vec<Decision>> = suite.resources.iter().map(|_| Vec::new()).collect();
    for (operations, indices) in groups {
        let distinct: BTreeSet<Operation> = operations.values().copied().collect();
        for operation in distinct {
            let chosen = set.only(|policy| operations.get(&policy.key.to_string()) == Some(&operation));
            let engine = Engine::new(chosen, EngineOptions::default());
            let requests: Vec<Request> = indices
                .iter()
                .filter_map(|index| suite.resources.get(*index))
                .map(|resource| request(suite, resource, operation, at_ns))
                .collect();
            let judged = judge_all(&engine, &requests, registry, &suite.cluster)?;
            for (index, decision) in indices.iter().zip(judged) {
                if let Some(place) = decisions.get_mut(*index) {
                    place.push(decision);
                }
            }
        }
    }
    Ok(decisions)
}

fn request(suite: &Suite, resource: &Resource, operation: Operation, at_ns: i128) -> Request {
    let mut request = Request::from_object(Arc::clone(&resource.object), Origin::CommandLine, at_ns);
    request.given = Arc::new(suite.values.for_resource(resource.text("/metadata/name")));
    request.targets = suite
        .targets
        .iter()
        .map(|target| Arc::clone(&target.object))
        .collect();
    if let Some(user) = &suite.user {
        request = request.by(user.clone());
    }
    suite.values.place_subresource(&mut request);
    match operation {
        Operation::Create => request,
        Operation::Connect => Request { operation, ..request },
        Operation::Update | Operation::Delete => request.under_operation(operation),
    }
}
