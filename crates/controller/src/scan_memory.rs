//! Which objects a round has judged already, and what they looked like: an event that changes nothing of one is passed over.
//!
//! Two hashes for each object, 16 bytes; those of uids are keyed anew in each round, so that nobody can make two alike. Beyond
//! [`MOST_SEEN`] nothing more is remembered: such an object is judged again whenever something happens to it.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

/// Objects that are remembered: some 16 MiB.
const MOST_SEEN: usize = 500_000;

/// What one round has seen.
#[derive(Debug, Default)]
pub(crate) struct SeenObjects {
    uids: RandomState,
    content_by_uid: Mutex<HashMap<u64, u64>>,
}

impl SeenObjects {
    /// Whether the object of `uid` was judged with this very content.
    pub(crate) fn has(&self, uid: &str, content: u64) -> bool {
        let uid = self.uids.hash_one(uid);
        self.lock().get(&uid) == Some(&content)
    }

    /// The object of `uid` was judged with this content.
    pub(crate) fn remember(&self, uid: &str, content: u64) {
        let uid = self.uids.hash_one(uid);
        let mut seen = self.lock();
        if seen.len() < MOST_SEEN || seen.contains_key(&uid) {
            seen.insert(uid, content);
        }
    }

    /// The object of `uid` is gone.
    pub(crate) fn forget(&self, uid: &str) {
        let uid = self.uids.hash_one(uid);
        self.lock().remove(&uid);
    }

    /// How many are remembered.
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, u64>> {
        self.content_by_uid.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_known_by_uid_and_content_until_it_is_gone() {
        let seen = SeenObjects::default();
        seen.remember("a", 1);
        assert!(seen.has("a", 1) && !seen.has("a", 2) && !seen.has("b", 1));
        seen.remember("a", 2);
        assert!(seen.has("a", 2) && !seen.has("a", 1));
        seen.forget("a");
        assert!(!seen.has("a", 2));
    }

    #[test]
    fn what_is_remembered_never_grows_beyond_its_limit() {
        let seen = SeenObjects::default();
        for number in 0..=MOST_SEEN {
            seen.remember(&number.to_string(), 1);
        }
        assert_eq!(seen.len(), MOST_SEEN);
        seen.remember("0", 2);
        assert!(seen.has("0", 2), "what is known is kept up to date");
    }
}
