//! Which policies were created, updated and deleted between two sets (`kyverno_policy_changes_total`).

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::fmt::{self, Write};
use std::hash::Hasher;
use std::sync::{Arc, Mutex};

use policy_engine::PolicySet;
use policy_engine::policy::CompiledPolicy;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use super::capped::Capped;
use super::labels::ChangeLabels;

/// The policies of the last set, and how often they changed.
pub(super) struct Changes {
    counted: Capped<ChangeLabels, Counter>,
    last: Mutex<BTreeMap<String, (Arc<CompiledPolicy>, u64)>>,
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").finish_non_exhaustive()
    }
}

impl Changes {
    /// Nothing loaded yet: the first set's policies are all created.
    pub(super) fn new() -> Self {
        Self {
            counted: Capped::new(Counter::default),
            last: Mutex::default(),
        }
    }

    /// What is registered.
    pub(super) fn family(&self) -> Family<ChangeLabels, Counter, fn() -> Counter> {
        self.counted.family()
    }

    /// Counts what `set` changes.
    pub(super) fn take(&self, set: &PolicySet) {
        let Ok(mut last) = self.last.lock() else {
            return;
        };
        let mut now = BTreeMap::new();
        for policy in set.policies() {
            let print = fingerprint(policy);
            match last.remove(&policy.key.to_string()) {
                None => self.count(policy, "created"),
                Some((_, before)) if before != print => self.count(policy, "updated"),
                Some(_) => {}
            }
            now.insert(policy.key.to_string(), (Arc::clone(policy), print));
        }
        for (gone, _) in last.values() {
            self.count(gone, "deleted");
        }
        *last = now;
    }

    fn count(&self, policy: &CompiledPolicy, change: &'static str) {
        self.counted
            .with(&ChangeLabels::of(policy, change), |counter| counter.inc());
    }
}

/// A number that changes with anything the policy says.
fn fingerprint(policy: &CompiledPolicy) -> u64 {
    struct Hashed(DefaultHasher);

    impl Write for Hashed {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.write(text.as_bytes());
            Ok(())
        }
    }

    let mut hashed = Hashed(DefaultHasher::new());
    // Hashing takes every text.
    let _taken = write!(hashed, "{policy:?}");
    hashed.0.finish()
}
