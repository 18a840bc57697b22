//! What the API server has, asked again when kinds come or are missed.

use std::sync::Arc;
use std::time::Duration;

use cluster::{Backoff, Client, ServedKind, ServedResources, Store, Subject, reflect};
use tokio::sync::watch;

use crate::limits::{MISSING_RESOURCES_INTERVAL, RESOURCES_INTERVAL};

/// Pauses after a definition changed, in milliseconds: its kind is served a moment later, and until then nobody is called
/// about its objects.
const AFTER_A_DEFINITION_MS: [u64; 7] = [50, 100, 200, 400, 800, 1_600, 3_200];

/// Kinds that come as objects: of them only that they changed is of interest.
fn definitions() -> Subject {
    let (group, plural) = ("apiextensions.k8s.io", "customresourcedefinitions");
    Subject {
        metadata_only: true,
        ..Subject::all(ServedKind::known(
            group,
            "v1",
            "CustomResourceDefinition",
            plural,
            false,
        ))
    }
}

/// Keeps `found` as the API server has it, for ever. `is_missed` says that a policy names a kind that is not in it.
pub(crate) async fn keep(
    client: Client,
    found: watch::Sender<Arc<ServedResources>>,
    is_missed: watch::Receiver<bool>,
) {
    let kinds: Store<()> = Store::default();
    let mut changes = kinds.changes();
    let following = reflect(client.clone(), definitions(), kinds.clone(), |_| Some(()));
    let asking = async {
        let mut backoff = Backoff::default();
        let mut soon: &[u64] = &[];
        loop {
            let pause = match ServedResources::of(&client).await {
                Ok(resources) => {
                    backoff.reset();
                    let differs = found.send_if_modified(|known| {
                        let differs = **known != resources;
                        if differs {
                            *known = Arc::new(resources);
                        }
                        differs
                    });
                    if differs {
                        soon = &[];
                    }
                    match soon.split_first() {
                        Some((first, rest)) => {
                            soon = rest;
                            Duration::from_millis(*first)
                        }
                        None if *is_missed.borrow() => MISSING_RESOURCES_INTERVAL,
                        None => RESOURCES_INTERVAL,
                    }
                }
                Err(cause) => {
                    tracing::warn!(%cause, "the API server's resources could not be read; trying again");
                    backoff.wait()
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = changes.changed() => soon = &AFTER_A_DEFINITION_MS,
            }
        }
    };
    tokio::select! {
        () = following => {}
        () = asking => {}
    }
}
