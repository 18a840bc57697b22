//! A metric whose number of label sets is bounded.

use std::fmt;
use std::hash::Hash;
use std::sync::atomic::{AtomicUsize, Ordering};

use prometheus_client::metrics::family::Family;

use crate::limits::MOST_LABEL_SETS;

/// Labels, some of which come from requests.
pub(super) trait Labels: Clone + Hash + Eq {
    /// The same with `(other)` for everything that comes from requests or policies.
    fn other(&self) -> Self;
}

/// What stands for a label value that there was no room for.
pub(super) const OTHER: &str = "(other)";

/// A family of at most [`MOST_LABEL_SETS`] metrics, and one `(other)` for each set of bounded labels.
pub(super) struct Capped<L, M> {
    family: Family<L, M, fn() -> M>,
    /// Label sets so far; two threads at once may go one over.
    sets: AtomicUsize,
}

impl<L: Labels + fmt::Debug, M> fmt::Debug for Capped<L, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Capped").finish_non_exhaustive()
    }
}

impl<L: Labels, M> Capped<L, M> {
    /// An empty one, whose metrics `make` makes.
    pub(super) fn new(make: fn() -> M) -> Self {
        Self {
            family: Family::new_with_constructor(make),
            sets: AtomicUsize::new(0),
        }
    }

    /// What is registered.
    pub(super) fn family(&self) -> Family<L, M, fn() -> M> {
        self.family.clone()
    }

    /// Gives `change` the metric of `labels`, or that of `(other)`.
    pub(super) fn with<T>(&self, labels: &L, change: impl FnOnce(&M) -> T) -> T {
        if let Some(metric) = self.family.get(labels) {
            return change(&metric);
        }
        if self.sets.load(Ordering::Relaxed) < MOST_LABEL_SETS {
            self.sets.fetch_add(1, Ordering::Relaxed);
            return change(&self.family.get_or_create(labels));
        }
        change(&self.family.get_or_create(&labels.other()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::metrics::counter::Counter;

    impl Labels for Vec<(String, String)> {
        fn other(&self) -> Self {
            vec![("namespace".to_owned(), OTHER.to_owned())]
        }
    }

    #[test]
    fn a_flood_of_namespaces_ends_in_one_label() {
        let capped: Capped<Vec<(String, String)>, Counter> = Capped::new(Counter::default);
        for number in 0..(MOST_LABEL_SETS + 50) {
            capped.with(&vec![("namespace".to_owned(), number.to_string())], |counter| {
                counter.inc()
            });
        }
        let other = capped
            .family
            .get(&vec![("namespace".to_owned(), OTHER.to_owned())])
            .unwrap()
            .get();
        assert_eq!(other, 50);
        assert_eq!(capped.sets.load(Ordering::Relaxed), MOST_LABEL_SETS);
    }
}
