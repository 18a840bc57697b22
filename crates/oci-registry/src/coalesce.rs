//! One question in flight for all who ask it at the same time.
//!
//! In: a key that holds everything the answer depends on (who asks included), and how to find it out.
//! Out: the answer, shared. Nothing is kept once it is answered; who gives up leaves the others undisturbed.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};

use crate::deadline::Deadline;
use crate::error::{RegistryError, RegistryErrorKind};
use crate::limits;

type Answering<V> = BoxFuture<'static, Result<V, RegistryError>>;
type Flight<V> = Shared<Answering<V>>;
type UnderWay<K, V> = HashMap<K, WeakShared<Answering<V>>>;

/// Questions under way
pub(crate) struct Flights<K, V: Clone>(Arc<Mutex<UnderWay<K, V>>>);

impl<K, V: Clone> Clone for Flights<K, V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, V: Clone> Default for Flights<K, V> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K, V: Clone> fmt::Debug for Flights<K, V> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Flights")
    }
}

impl<K: Eq + Hash + Clone, V: Clone> Flights<K, V> {
    /// The answer to `key`: that of whoever asks already, else found out by `start`.
    ///
    /// Another's question may end at another's earlier deadline; then it is asked again, until `deadline`.
    pub(crate) async fn join<F>(
        &self,
        key: K,
        deadline: Deadline,
        start: impl Fn() -> F,
    ) -> Result<V, RegistryError>
    where
        F: Future<Output = Result<V, RegistryError>> + Send + 'static,
    {
        loop {
            let (flight, is_own) = self.flight(&key, &start);
            let answer = deadline.bound(flight).await;
            self.land(&key);
            let timed_out = matches!(&answer, Err(error) if error.kind() == RegistryErrorKind::Timeout);
            if is_own || !timed_out || deadline.has_passed() {
                return answer;
            }
        }
    }

    fn flight<F>(&self, key: &K, start: impl Fn() -> F) -> (Flight<V>, bool)
    where
        F: Future<Output = Result<V, RegistryError>> + Send + 'static,
    {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let under_way = flights
            .get(key)
            .and_then(WeakShared::upgrade)
            .filter(|flight| flight.peek().is_none());
        if let Some(flight) = under_way {
            return (flight, false);
        }
        if flights.len() > limits::FLIGHTS_SWEPT_ABOVE {
            flights.retain(|_, flight| flight.upgrade().is_some());
        }
        let flight = start().boxed().shared();
        if let Some(weak) = flight.downgrade() {
            flights.insert(key.clone(), weak);
        }
        (flight, true)
    }

    /// Forgets the question unless somebody is still waiting for it.
    fn land(&self, key: &K) {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = flights
            .get(key)
            .is_some_and(|flight| flight.upgrade().is_none_or(|flight| flight.peek().is_some()));
        if is_over {
            flights.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    fn deadline(milliseconds: u64) -> Deadline {
        Deadline::after(Duration::from_millis(milliseconds))
    }

    #[tokio::test]
    async fn a_question_asked_by_many_at_once_is_asked_once() {
        let flights = Flights::<u8, u32>::default();
        let asked = Arc::new(AtomicU32::new(0));
        let ask = || {
            let asked = Arc::clone(&asked);
            async move {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Ok(asked.fetch_add(1, Ordering::SeqCst))
            }
        };
        let answers =
            futures_util::future::join_all((0..10).map(|_| flights.join(1, deadline(5000), ask))).await;
        assert!(answers.iter().all(|answer| *answer == Ok(0)));
        assert_eq!(
            flights.join(1, deadline(5000), ask).await,
            Ok(1),
            "nothing is kept once answered"
        );
        assert!(flights.0.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn who_gives_up_first_does_not_take_the_answer_from_the_others() {
        let flights = Flights::<u8, u32>::default();
        let slow = |budget: Deadline| {
            move || async move {
                budget
                    .bound(async {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        Ok(7)
                    })
                    .await
            }
        };
        let impatient = flights.join(1, deadline(20), slow(deadline(20)));
        let patient = flights.join(1, deadline(5000), slow(deadline(5000)));
        let (impatient, patient) = tokio::join!(impatient, patient);
        assert_eq!(impatient.unwrap_err().kind(), RegistryErrorKind::Timeout);
        assert_eq!(patient, Ok(7));
    }
}
