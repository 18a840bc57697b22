//! Many requests against policies: pure verdicts on all cores, those that need facts side by side.
//!
//! [`Judge`] answers requests and keeps one loader for all of them; [`Panel`] makes the requests, each resource under the
//! operations that values files put policies under.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use fact_loading::{Cluster, Loader};
use futures_util::StreamExt;
use futures_util::stream;
use policy_engine::request::{Operation, Origin, User};
use policy_engine::{Decision, Engine, EngineOptions, Evaluation, Facts, PolicySet, Request};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::host::async_runtime;
use crate::input::{GivenImages, InputError, Resource, StoredResource, ValuesInput};
use crate::runtime::RegistryArguments;

/// Requests that wait for facts at the same time.
const MOST_WAITING: usize = 16;
/// Below this many requests another thread costs more than it saves.
const FEWEST_PER_THREAD: usize = 64;

/// Judges requests; what needs facts waits for one loader, set up when first needed.
pub(crate) struct Judge<'j> {
    registry: &'j RegistryArguments,
    cluster: &'j Arc<dyn Cluster>,
    images: &'j GivenImages,
    world: OnceCell<(Loader, Runtime)>,
}

impl<'j> Judge<'j> {
    pub(crate) fn new(
        registry: &'j RegistryArguments,
        cluster: &'j Arc<dyn Cluster>,
        images: &'j GivenImages,
    ) -> Self {
        Self {
            registry,
            cluster,
            images,
            world: OnceCell::new(),
        }
    }

    /// Judges every request; decisions in the order of requests.
    ///
    /// # Errors
    /// [`InputError`] where facts are needed and no loader can be set up.
    pub(crate) fn all(&self, engine: &Engine, requests: &[Request]) -> Result<Vec<Decision>, InputError> {
        let mut decisions = judge_purely(engine, requests);
        let waiting: Vec<(usize, &Request)> = decisions
            .iter()
            .zip(requests)
            .enumerate()
            .filter(|(_, (decision, _))| decision.is_none())
            .map(|(at, (_, request))| (at, request))
            .collect();
        if waiting.is_empty() {
            return Ok(decisions.into_iter().flatten().collect());
        }
        let (loader, runtime) = self.world()?;
        let judged: Vec<(usize, Decision)> = runtime.block_on(async {
            let judging = waiting.into_iter().map(|(at, request)| {
                let source = loader.for_request(self.registry.timeout(), request.at_ns);
                let source = self.images.before(source);
                async move { (at, engine.decide(request, &source).await) }
            });
            stream::iter(judging).buffered(MOST_WAITING).collect().await
        });
        for (at, decision) in judged {
            if let Some(place) = decisions.get_mut(at) {
                *place = Some(decision);
            }
        }
        Ok(decisions.into_iter().flatten().collect())
    }

    /// Why the trust root that was judged by is not a fresh one, where a TUF mirror should have given it.
    pub(crate) fn staleness(&self) -> Option<String> {
        let (loader, _) = self.world.get()?;
        let why = loader.trust_failure()?;
        Some(format!("the trust root is not fresh: {why}"))
    }

    fn world(&self) -> Result<&(Loader, Runtime), InputError> {
        if let Some(world) = self.world.get() {
            return Ok(world);
        }
        let world = (self.registry.loader(Arc::clone(self.cluster))?, async_runtime()?);
        Ok(self.world.get_or_init(|| world))
    }
}

/// What can be judged without facts; `None` for the rest.
fn judge_purely(engine: &Engine, requests: &[Request]) -> Vec<Option<Decision>> {
    let facts = Facts::default();
    let judge = |request: &Request| match engine.evaluate(request, &facts) {
        Evaluation::Complete(decision) => Some(*decision),
        Evaluation::Needs(_) => None,
    };
    on_all_cores(requests, judge, |_| None)
}

/// Resources as they were stored, in order.
pub(crate) fn unpacked(stored: &[Arc<StoredResource>]) -> Vec<Resource> {
    let resource = |stored: &Arc<StoredResource>| stored.resource();
    on_all_cores(stored, resource, resource)
}

/// `work` on every item, in order; `instead` for those whose thread was lost.
fn on_all_cores<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
    instead: impl Fn(&T) -> R,
) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let share = items.len().div_ceil(cores).max(FEWEST_PER_THREAD);
    if items.len() <= share {
        return items.iter().map(work).collect();
    }
    let work = &work;
    thread::scope(|scope| {
        let threads: Vec<_> = items
            .chunks(share)
            .map(|part| {
                (
                    part,
                    scope.spawn(move || part.iter().map(work).collect::<Vec<R>>()),
                )
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|(part, thread)| {
                thread
                    .join()
                    .unwrap_or_else(|_| part.iter().map(&instead).collect())
            })
            .collect()
    })
}

/// What resources are judged by, and as whose requests.
pub(crate) struct Panel<'p> {
    pub(crate) policies: &'p PolicySet,
    pub(crate) values: &'p ValuesInput,
    pub(crate) user: Option<&'p User>,
    /// Objects that mutate rules with targets may change.
    pub(crate) targets: Arc<[Arc<Value>]>,
    /// The time of judging, nanoseconds since the Unix epoch.
    pub(crate) at_ns: i128,
}

impl Panel<'_> {
    /// One list of decisions for each resource: one for each group of policies that values put under the same operation.
    /// With `forced` every policy is asked under that operation.
    ///
    /// # Errors
    /// [`InputError`] where facts are needed and no loader can be set up.
    pub(crate) fn judge(
        &self,
        resources: &[Resource],
        forced: Option<Operation>,
        judge: &Judge<'_>,
    ) -> Result<Vec<Vec<Decision>>, InputError> {
        let mut groups: BTreeMap<Vec<Operation>, Vec<usize>> = BTreeMap::new();
        for (index, resource) in resources.iter().enumerate() {
            groups
                .entry(self.operations(resource, forced))
                .or_default()
                .push(index);
        }
        let mut decisions: Vec<Vec<Decision>> = resources.iter().map(|_| Vec::new()).collect();
        for (operations, indices) in groups {
            let distinct: BTreeSet<Operation> = operations.iter().copied().collect();
            for operation in distinct {
                let with_operations = self.policies.policies().iter().zip(&operations);
                let chosen = with_operations
                    .filter(|(_, own)| **own == operation)
                    .map(|(policy, _)| Arc::clone(policy));
                let chosen = PolicySet::new(chosen.collect(), self.policies.exceptions().to_vec())
                    .with_bindings(self.policies.bindings().to_vec());
                let engine = Engine::new(chosen, EngineOptions::default());
                let requests: Vec<Request> = indices
                    .iter()
                    .filter_map(|index| resources.get(*index))
                    .map(|resource| self.request(resource, operation))
                    .collect();
                for (index, decision) in indices.iter().zip(judge.all(&engine, &requests)?) {
                    if let Some(place) = decisions.get_mut(*index) {
                        place.push(decision);
                    }
                }
            }
        }
        Ok(decisions)
    }

    /// The operation of each policy, in the order of policies.
    fn operations(&self, resource: &Resource, forced: Option<Operation>) -> Vec<Operation> {
        let name = resource.text("/metadata/name");
        let of_policy = |policy: &str| {
            let given = self.values.operation_for(policy, name)?;
            Operation::parse(&given)
        };
        let policies = self.policies.policies().iter();
        policies
            .map(|policy| {
                forced
                    .or_else(|| of_policy(&policy.key.name))
                    .unwrap_or(Operation::Create)
            })
            .collect()
    }

    fn request(&self, resource: &Resource, operation: Operation) -> Request {
        let object = Arc::clone(&resource.object);
        if resource.payload.is_some() {
            return Request::from_payload(object, Origin::CommandLine, self.at_ns);
        }
        let mut request = Request::from_object(object, Origin::CommandLine, self.at_ns);
        request.given = Arc::new(self.values.for_resource(resource.text("/metadata/name")));
        request.targets = Arc::clone(&self.targets);
        if let Some(user) = self.user {
            request = request.by(user.clone());
        }
        self.values.place_subresource(&mut request);
        match operation {
            Operation::Create => request,
            Operation::Connect => Request { operation, ..request },
            Operation::Update | Operation::Delete => request.under_operation(operation),
        }
    }
}
