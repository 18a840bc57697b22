//! The policies that requests are judged by: one immutable snapshot at a time, replaced as a whole or not at all.
//!
//! In: a [`PolicySource`] (files in `serve`; a watched cluster later). Out: an [`Engine`] for one whole request. A set with
//! a fault is refused with every fault logged, and the last good one stays.

mod watch;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use policy_engine::policy::{CompiledException, CompiledPolicy, PolicyKind};
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

/// Which webhook calls about a policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Placement {
    /// That of all policies whose errors refuse.
    Fail,
    /// That of all policies whose errors do not.
    Ignore,
    /// One of its own, under this name in its path: it is asked about under other conditions than the others.
    Alone(Arc<str>),
}

/// A set of policies that was checked by who gives it, policy by policy.
#[derive(Debug, Clone, Default)]
pub struct PlacedPolicies {
    /// The policies in the order they are judged in.
    pub policies: Vec<(Arc<CompiledPolicy>, Placement)>,
    /// Names of policies that are gone and whose own webhook may be called a moment longer: nothing is demanded there.
    pub retired: Vec<String>,
    /// Their exceptions.
    pub exceptions: Vec<Arc<CompiledException>>,
    /// How every request is judged.
    pub engine: EngineOptions,
}

/// Which policies a path asks for, as Kyverno's paths do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Share {
    /// All of them.
    All,
    /// Those with `failurePolicy: Fail`.
    Fail,
    /// Those with `failurePolicy: Ignore`.
    Ignore,
    /// The one of this name: that of its [`Placement::Alone`].
    One(String),
}

#[derive(Debug)]
struct Snapshot {
    all: Engine,
    fail: Engine,
    ignore: Engine,
    /// Policies with a webhook of their own, by the name in its path.
    alone: BTreeMap<String, Engine>,
}

impl Snapshot {
    fn of(placed: &PlacedPolicies) -> Self {
        let engine = |policies: Vec<Arc<CompiledPolicy>>| {
            Engine::new(
                PolicySet::new(policies, placed.exceptions.clone()),
                placed.engine.clone(),
            )
        };
        let share = |is_wanted: fn(&Placement) -> bool| {
            let chosen = placed.policies.iter().filter(|(_, place)| is_wanted(place));
            engine(chosen.map(|(policy, _)| Arc::clone(policy)).collect())
        };
        let alone = placed.policies.iter().filter_map(|(policy, place)| match place {
            Placement::Alone(name) => Some((name.to_string(), engine(vec![Arc::clone(policy)]))),
            Placement::Fail | Placement::Ignore => None,
        });
        let retired = placed
            .retired
            .iter()
            .map(|name| (name.clone(), engine(Vec::new())));
        Self {
            all: share(|_| true),
            fail: share(|place| *place == Placement::Fail),
            ignore: share(|place| *place == Placement::Ignore),
            alone: retired.chain(alone).collect(),
        }
    }
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
        let placed = loaded.policies.iter().map(|policy| {
            let place = if policy.error_blocks {
                Placement::Fail
            } else {
                Placement::Ignore
            };
            (Arc::clone(policy), place)
        });
        self.put_in_force(&PlacedPolicies {
            policies: placed.collect(),
            retired: Vec::new(),
            exceptions: loaded.exceptions.clone(),
            engine: self.options.clone(),
        });
    }

    /// Judges by `placed` from the next request on. An empty set is a set: that there is no policy was found out by whoever
    /// gives it.
    pub fn put_in_force(&self, placed: &PlacedPolicies) {
        let snapshot = Snapshot::of(placed);
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

    /// The engine for one request; none before a set was taken, and for a policy that is not in it.
    pub(crate) fn engine(&self, share: &Share) -> Option<Engine> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        let snapshot = current.as_ref()?;
        Some(match share {
            Share::All => snapshot.all.clone(),
            Share::Fail => snapshot.fail.clone(),
            Share::Ignore => snapshot.ignore.clone(),
            Share::One(name) => snapshot.alone.get(name)?.clone(),
        })
    }
}

/// Why no request of an API server is ever judged by the policy; none where it is.
fn judged_elsewhere(policy: &CompiledPolicy) -> Option<&'static str> {
    if policy.kind == PolicyKind::ValidatingAdmissionPolicy {
        Some("is judged by the API server itself: apply it there")
    } else if policy.judges_payloads {
        Some(
            "is about JSON that is no object of Kubernetes (`evaluation.mode: JSON`): `apply --json` judges it",
        )
    } else {
        None
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
    let elsewhere = loaded
        .policies
        .iter()
        .zip(&loaded.sources)
        .filter_map(|(policy, document)| {
            let why = judged_elsewhere(policy)?;
            let name = &policy.key.name;
            Some(format!(
                "{}: {} {name} {why}",
                document.source,
                policy.kind.name()
            ))
        });
    let unjudged: Vec<String> = loaded
        .others
        .iter()
        .filter(|other| matches!(other.group, OtherGroup::CelPolicy | OtherGroup::AdmissionPolicy))
        .map(|other| format!("{}: {}", other.document.source, other.reason()))
        .chain(elsewhere)
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
