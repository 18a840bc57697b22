//! What the engine says of every resource of a suite, under every operation that is asked about.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use policy_engine::Decision;
use policy_engine::request::Operation;

use super::suite::Suite;
use crate::input::InputError;
use crate::judging::{Judge, Panel};
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
        let judge = Judge::new(registry, &suite.cluster, &suite.images);
        let panel = Panel {
            policies: &suite.policies.to_set(),
            values: &suite.values,
            user: suite.user.as_ref(),
            targets: suite
                .targets
                .iter()
                .map(|target| Arc::clone(&target.object))
                .collect(),
            at_ns,
        };
        let mut by_operation = BTreeMap::new();
        for operation in operations {
            by_operation.insert(operation, panel.judge(&suite.resources, operation, &judge)?);
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
