//! Looks at the source of policies every second and takes what changed.

use std::sync::Arc;

use super::{PolicySource, PolicyStore};
use crate::limits::WATCH_INTERVAL;

/// Takes changes of `source` into `store`, for ever. `stamp` is what the source looked like when it was last loaded.
pub(crate) async fn watch(store: Arc<PolicyStore>, source: Arc<dyn PolicySource>, mut stamp: u64) {
    loop {
        tokio::time::sleep(WATCH_INTERVAL).await;
        let (store, source) = (Arc::clone(&store), Arc::clone(&source));
        // Files are read and policies compiled off the threads that answer reviews.
        let looked = tokio::task::spawn_blocking(move || look(&store, &*source, stamp)).await;
        match looked {
            Ok(seen) => stamp = seen,
            Err(cause) => {
                tracing::error!(%cause, "looking for changed policies failed; the last good set is kept")
            }
        }
    }
}

/// One look; gives the stamp that was seen. It is taken before loading, so that a change in between is seen next time.
fn look(store: &PolicyStore, source: &dyn PolicySource, last: u64) -> u64 {
    let stamp = source.stamp();
    if stamp == last {
        return stamp;
    }
    match store.take(source) {
        Ok(loaded) => {
            for finding in policy_lint::told_at_load(&loaded) {
                tracing::warn!(%finding, "policy finding");
            }
            tracing::info!(
                policies = loaded.policies.len(),
                "policies changed and are in force"
            );
        }
        Err(refused) => {
            for fault in &refused.faults {
                tracing::error!(%fault, "changed policies are refused; the last good set is kept");
            }
        }
    }
    stamp
}
