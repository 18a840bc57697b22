//! The policies that requests are judged by: one immutable snapshot at a time, replaced as a whole or not at all.
//!
//! In: a [`PolicySource`] (files in `serve`; a watched cluster later). Out: an [`Engine`] for one whole request. A set with
//! a fault is refused with every fault logged, and the last good one stays.

mod watch;

use std::sync::{Arc, PoisonError, RwLock};

use policy_engine::policy::CompiledPolicy;
use policy_engine::{Engine, EngineOptions, LoadedPolicies, PolicySet};
use policy_types::OtherGroup;

use crate::metrics::Metrics;

pub(crate) use watch::watch;

/// Where policies come from.
pub trait PolicySource: Send + Sync + std::fmt::Debug {
    /// What the policies look like now; two equal stamps mean that nothing changed between them. Asked every second.
    fn stamp(&self) -> u64;

    /// Reads and compiles all policies.
    ///
    /// # Errors
    /// [`Refused`] where a source can't be read.
    fn load(&self) -> Result<LoadedPolicies, Refused>;
}

/// Why a set of policies was not taken: every fault, one line each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .faults.join("\n"))]
pub struct Refused {
    /// The faults.
    pub faults: Vec<String>,
}

impl Refused {
    /// One fault alone.
    #[must_use]
    pub fn because(fault: impl Into<String>) -> Self {
        Self {
            faults: vec![fault.into()],
        }
    }
}

/// Which policies a path asks for, as Kyverno's paths do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Share {
    /// All of them.
    All,
    /// Those with `failurePolicy: Fail`.
    Fail,
    /// Those with `failurePolicy: Ignore`.
    Ignore,
}

#[derive(Debug)]
struct Snapshot {
    all: Engine,
    fail: Engine,
    ignore: Engine,
}

/// Holds the snapshot.
#[derive(Debug)]
pub struct PolicyStore {
    options: EngineOptions,
    metrics: Arc<Metrics>,
    current: RwLock<Option<Arc<Snapshot>>>,
}

impl PolicyStore {
    pub(crate) fn new(options: EngineOptions, metrics: Arc<Metrics>) -> Self {
        Self {
            options,
            metrics,
            current: RwLock::new(None),
        }
    }

    /// Loads `source` and judges by it from the next request on, if it is without fault and not empty.
    ///
    /// # Errors
    /// [`Refused`]; what was judged by before stays.
    pub fn take(&self, source: &dyn PolicySource) -> Result<LoadedPolicies, Refused> {
        let taken = source.load().and_then(|loaded| {
            without_fault(&loaded)?;
            self.replace(&loaded);
            Ok(loaded)
        });
        if taken.is_err() {
            self.metrics.policies_refused();
        }
        taken
    }

    fn replace(&self, loaded: &LoadedPolicies) {
        let share = |chosen: fn(&CompiledPolicy) -> bool| {
            let policies = loaded
                .policies
                .iter()
                .filter(|policy| chosen(policy))
                .cloned()
                .collect();
            Engine::new(
                PolicySet::new(policies, loaded.exceptions.clone()),
                self.options.clone(),
            )
        };
        let snapshot = Snapshot {
            all: share(|_| true),
            fail: share(|policy| policy.error_blocks),
            ignore: share(|policy| !policy.error_blocks),
        };
        self.metrics.policies_taken(snapshot.all.policies());
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(snapshot));
    }

    /// Whether a set was ever taken.
    #[must_use]
    pub fn is_loaded(&self) -> bool {
        self.current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some()
    }

    /// The engine for one request; none before a set was taken.
    pub(crate) fn engine(&self, share: Share) -> Option<Engine> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        let snapshot = current.as_ref()?;
        Some(match share {
            Share::All => snapshot.all.clone(),
            Share::Fail => snapshot.fail.clone(),
            Share::Ignore => snapshot.ignore.clone(),
        })
    }
}

/// A set with faults is no set, one with policies that can't be judged is not whole, and an empty one judges nothing: none
/// of them is ever taken.
fn without_fault(loaded: &LoadedPolicies) -> Result<(), Refused> {
    if !loaded.faults.is_empty() {
        return Err(Refused {
            faults: loaded.faults.iter().map(ToString::to_string).collect(),
        });
    }
    let unjudged: Vec<String> = loaded
        .others
        .iter()
        .filter(|other| matches!(other.group, OtherGroup::CelPolicy | OtherGroup::AdmissionPolicy))
        .map(|other| format!("{}: {}", other.document.source, other.reason()))
        .collect();
    if !unjudged.is_empty() {
        return Err(Refused { faults: unjudged });
    }
    if loaded.policies.is_empty() {
        return Err(Refused::because(
            "there is no policy: every request would be admitted unjudged",
        ));
    }
    Ok(())
}
