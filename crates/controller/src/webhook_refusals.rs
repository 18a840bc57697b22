//! Policies whose webhooks the API server refuses: found, remembered and left out, so that no policy keeps the webhooks of
//! the others from being registered.
//!
//! All policies share one object: what is refused of one is refused of all. Known shapes never come this far; here is
//! what remains: a condition that this API server can't compile, an object grown too large. Who is to blame is found by
//! dry runs with ever fewer policies: for what all have together, their size, tenants are to blame before the cluster, and
//! what is new before what was registered. While anything is left out, what is called about already still is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use cluster::ClusterError;

use crate::limits::REFUSALS_REMEMBERED;
use crate::policy_id::PolicyId;
use crate::policy_view::PolicyView;

/// What the API server refuses, by policy.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    known: BTreeMap<PolicyId, Refusal>,
}

#[derive(Debug)]
struct Refusal {
    /// Of which text of the policy.
    fingerprint: u64,
    why: String,
    since: Instant,
}

impl Refusals {
    /// Forgets what is no longer so: of policies that changed or are gone; and each after a while, as the API
    /// server may be another by then.
    pub(crate) fn look_at(&mut self, view: &PolicyView, now: Instant) {
        self.known.retain(|id, refusal| {
            let seen = view.policies.get(id);
            let is_old = now.duration_since(refusal.since) >= REFUSALS_REMEMBERED;
            !is_old && seen.is_some_and(|seen| seen.object.fingerprint == refusal.fingerprint)
        });
    }

    /// Whether nothing is refused.
    pub(crate) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Remembers that the webhook of a policy is refused, and why.
    pub(crate) fn remember(&mut self, view: &PolicyView, id: &PolicyId, why: String, now: Instant) {
        let Some(seen) = view.policies.get(id) else { return };
        let fingerprint = seen.object.fingerprint;
        let refusal = Refusal {
            fingerprint,
            why,
            since: now,
        };
        self.known.insert(id.clone(), refusal);
    }

    /// The view in which what is refused is not in force, and says why.
    pub(crate) fn marked(&self, view: Arc<PolicyView>) -> Arc<PolicyView> {
        if self.known.is_empty() {
            return view;
        }
        let mut marked = (*view).clone();
        for (id, refusal) in &self.known {
            if let Some(seen) = marked.policies.get_mut(id) {
                let why = &refusal.why;
                seen.lacks = Some(format!(
                    "the API server refuses its webhook, so nothing calls about it: {why}"
                ));
            }
        }
        Arc::new(marked)
    }
}

/// Whether the API server refused what was written, and not the writing.
pub(crate) fn is_of_content(cause: &ClusterError) -> bool {
    matches!(
        cause,
        ClusterError::Refused {
            status: 400 | 413 | 422,
            ..
        }
    )
}

/// Policies of `view`, those first that are least to blame: what is of the whole cluster before what tenants wrote, and of
/// each what was registered before as it is now.
pub(crate) fn least_suspect_first<'v>(view: &'v PolicyView, registered: &PolicyView) -> Vec<&'v PolicyId> {
    let mut all: Vec<&PolicyId> = Vec::new();
    let mut is_new = BTreeMap::new();
    for (id, seen) in view.in_force() {
        let before = registered.policies.get(id).filter(|before| before.is_in_force());
        let is_same = before.is_some_and(|before| before.object.fingerprint == seen.object.fingerprint);
        is_new.insert(id, !is_same);
        all.push(id);
    }
    all.sort_by_key(|id| (!id.name.namespace.is_empty(), is_new.get(id).copied()));
    all
}

/// Looks for the one policy with which a list, from its beginning, is refused.
#[derive(Debug)]
pub(crate) struct Bisection {
    /// So many from the beginning are taken.
    taken: usize,
    /// So many are not.
    refused: usize,
}

impl Bisection {
    /// All `count` together are refused.
    pub(crate) fn of(count: usize) -> Self {
        Self {
            taken: 0,
            refused: count,
        }
    }

    /// How many from the beginning to try next; none where the culprit is known.
    pub(crate) fn next(&self) -> Option<usize> {
        let open = self.refused.saturating_sub(self.taken);
        (open > 1).then_some(self.taken + open / 2)
    }

    /// So many from the beginning were tried.
    pub(crate) fn told(&mut self, count: usize, is_taken: bool) {
        if is_taken {
            self.taken = count;
        } else {
            self.refused = count;
        }
    }

    /// Where the culprit stands, once there is nothing more to try.
    pub(crate) fn culprit(&self) -> usize {
        self.taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_culprit_is_found_wherever_it_stands_in_few_tries() {
        for count in [1_usize, 2, 3, 1_000] {
            for culprit in [0, count / 3, count - 1] {
                let mut search = Bisection::of(count);
                let mut tries = 0;
                while let Some(some) = search.next() {
                    tries += 1;
                    search.told(some, some <= culprit);
                }
                assert_eq!(search.culprit(), culprit);
                assert!(tries <= 10);
            }
        }
    }
}
