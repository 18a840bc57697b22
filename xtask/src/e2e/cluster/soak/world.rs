//! What is true at a moment of the soak, told by the one who changes it to those who ask.
//!
//! Each part has a version: even while nothing changes, odd from before a change until it must have taken effect.

use std::sync::atomic::{AtomicU64, Ordering};

use super::law::{self, Circumstances};

/// Namespaces that a policy each speaks about; one more has none.
pub(super) const GOVERNED: usize = 3;

/// The versions.
#[derive(Default)]
pub(super) struct World {
    registry: AtomicU64,
    server: AtomicU64,
    laws: [AtomicU64; GOVERNED],
}

/// The versions at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    registry: u64,
    server: u64,
    law: u64,
}

/// What changes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    Registry,
    Server,
    /// The law of a namespace.
    Law(usize),
}

impl World {
    /// A change begins, or has taken effect.
    pub(super) fn turn(&self, part: Part) {
        let version = match part {
            Part::Registry => Some(&self.registry),
            Part::Server => Some(&self.server),
            Part::Law(namespace) => self.laws.get(namespace),
        };
        if let Some(version) = version {
            version.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// The versions that count for a namespace.
    pub(super) fn moment(&self, namespace: usize) -> Moment {
        let read = |version: &AtomicU64| version.load(Ordering::SeqCst);
        Moment {
            registry: read(&self.registry),
            server: read(&self.server),
            law: self.laws.get(namespace).map_or(0, read),
        }
    }

    /// The number of the law that a namespace has.
    pub(super) fn law(&self, namespace: usize) -> u64 {
        self.moment(namespace).law / 2
    }
}

impl Moment {
    /// What was true from this moment to `end`.
    pub(super) fn until(self, end: Self) -> Circumstances {
        let is_disturbed = |begin: u64, end: u64| begin != end || begin % 2 == 1;
        Circumstances {
            laws: (self.law / 2..=end.law.div_ceil(2)).map(law::at).collect(),
            registry_failed: is_disturbed(self.registry, end.registry),
            server_failed: is_disturbed(self.server, end.server),
        }
    }
}
