//! What is remembered of a host: the scheme it speaks, its challenge, that it has no referrers API; and how many
//! requests to it may be under way.
//!
//! Everything here is a hint that saves a request: none is believed for longer than ten minutes, and none lets a
//! request do what it may not do by itself.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use crate::challenge::Challenge;
use crate::credentials::Identity;
use crate::endpoint::Scheme;
use crate::limits;

/// All hosts spoken to lately, by authority
#[derive(Debug, Clone)]
pub(crate) struct HostMemory(moka::sync::Cache<String, Arc<Host>>);

impl HostMemory {
    pub(crate) fn new() -> Self {
        let hosts = moka::sync::Cache::builder()
            .max_capacity(limits::MAX_HOSTS)
            .time_to_idle(limits::HOST_MEMORY.saturating_mul(6));
        Self(hosts.build())
    }

    pub(crate) fn host(&self, authority: &str) -> Arc<Host> {
        self.0.get_with_by_ref(authority, || Arc::new(Host::new()))
    }
}

/// What is remembered of one host
#[derive(Debug)]
pub(crate) struct Host {
    /// Permits for requests under way.
    pub(crate) gate: Semaphore,
    manners: Mutex<Manners>,
}

#[derive(Debug, Default)]
struct Manners {
    scheme: Option<(Instant, Scheme)>,
    challenge: Option<(Instant, Scheme, Challenge)>,
    lacks_referrers: Option<Instant>,
    /// Whose requests the host has turned away, and until when: a limit is counted for each user.
    pauses: VecDeque<(Identity, Instant)>,
}

fn is_fresh(since: Instant) -> bool {
    since.elapsed() < limits::HOST_MEMORY
}

impl Host {
    fn new() -> Self {
        Self {
            gate: Semaphore::new(limits::MAX_REQUESTS_PER_HOST),
            manners: Mutex::default(),
        }
    }

    fn manners<T>(&self, with: impl FnOnce(&mut Manners) -> T) -> T {
        with(&mut self.manners.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The scheme the host answered on, while that is remembered.
    pub(crate) fn scheme(&self) -> Option<Scheme> {
        self.manners(|manners| {
            manners
                .scheme
                .filter(|(since, _)| is_fresh(*since))
                .map(|(_, scheme)| scheme)
        })
    }

    pub(crate) fn remember_scheme(&self, scheme: Scheme) {
        self.manners(|manners| manners.scheme = Some((Instant::now(), scheme)));
    }

    /// The challenge the host gave over `scheme`: one given over HTTP says nothing about HTTPS.
    pub(crate) fn challenge(&self, scheme: Scheme) -> Option<Challenge> {
        self.manners(|manners| {
            let known = manners
                .challenge
                .as_ref()
                .filter(|(since, over, _)| is_fresh(*since) && *over == scheme);
            known.map(|(_, _, challenge)| challenge.clone())
        })
    }

    pub(crate) fn remember_challenge(&self, scheme: Scheme, challenge: &Challenge) {
        self.manners(|manners| manners.challenge = Some((Instant::now(), scheme, challenge.clone())));
    }

    /// Whether the host is known to have no referrers API.
    pub(crate) fn lacks_referrers(&self) -> bool {
        self.manners(|manners| manners.lacks_referrers.is_some_and(is_fresh))
    }

    pub(crate) fn remember_lack_of_referrers(&self) {
        self.manners(|manners| manners.lacks_referrers = Some(Instant::now()));
    }

    /// Holds back the requests of `identity` for `wait`.
    pub(crate) fn pause(&self, identity: Identity, wait: Duration) {
        let now = Instant::now();
        let until = now.checked_add(wait.min(limits::MAX_PAUSE)).unwrap_or(now);
        self.manners(|manners| {
            manners.pauses.retain(|(paused, _)| *paused != identity);
            if manners.pauses.len() >= limits::MAX_PAUSES_PER_HOST {
                manners.pauses.pop_front();
            }
            manners.pauses.push_back((identity, until));
        });
    }

    /// How long the requests of `identity` are held back still; zero if they are not.
    pub(crate) fn pause_left(&self, identity: Identity) -> Duration {
        let until = self.manners(|manners| {
            manners
                .pauses
                .iter()
                .find(|(paused, _)| *paused == identity)
                .map(|(_, until)| *until)
        });
        until.map_or(Duration::ZERO, |until| {
            until.saturating_duration_since(Instant::now())
        })
    }
}
