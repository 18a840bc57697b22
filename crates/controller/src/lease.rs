//! Leases: work that one replica alone does is done by the one that holds the Lease, and by nobody when that can't be told.
//!
//! Behaviour: client-go `tools/leaderelection`. What counts is how long ago *we* saw the Lease change, by our own clock that
//! only runs forward: clocks of replicas may differ.

use std::time::{Duration, Instant};

use cluster::{Client, ClusterError, ServedKind, jittered};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::clock;
use crate::identity::{Identity, MANAGED_BY, OURSELVES};

/// Time to give a Lease back when the process ends.
const RELEASE_TIME: Duration = Duration::from_secs(3);

/// The three durations of a Lease.
#[derive(Debug, Clone, Copy)]
pub struct LeaseDurations {
    /// How long others wait after the last sign of life before they take over.
    pub lease: Duration,
    /// How long the holder tries to renew before it stops its work; shorter than `lease`.
    pub renew_deadline: Duration,
    /// Pause between tries.
    pub retry: Duration,
}

impl Default for LeaseDurations {
    /// client-go's: 15, 10 and 2 seconds.
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(15),
            renew_deadline: Duration::from_secs(10),
            retry: Duration::from_secs(2),
        }
    }
}

/// One Lease that is sought.
#[derive(Debug)]
pub(crate) struct Candidacy {
    pub(crate) client: Client,
    pub(crate) identity: Identity,
    pub(crate) name: &'static str,
    pub(crate) durations: LeaseDurations,
    /// Told whether we hold it.
    pub(crate) holds: watch::Sender<bool>,
}

/// The Lease of another as it was last seen, and when it was first seen so.
#[derive(Debug)]
struct Observed {
    version: String,
    since: Instant,
}

impl Candidacy {
    /// Seeks the Lease and keeps it, for ever.
    pub(crate) async fn keep(self) {
        let mut observed: Option<Observed> = None;
        let mut renewed: Option<Instant> = None;
        loop {
            let tried =
                tokio::time::timeout(self.durations.renew_deadline, self.try_once(&mut observed)).await;
            match tried {
                Ok(Ok(true)) => renewed = Some(Instant::now()),
                Ok(Ok(false)) => renewed = None,
                Ok(Err(cause)) => tracing::debug!(lease = self.name, %cause, "a lease could not be renewed"),
                Err(_) => tracing::debug!(lease = self.name, "a lease could not be renewed in time"),
            }
            let holds = renewed.is_some_and(|at| at.elapsed() < self.durations.renew_deadline);
            self.holds.send_if_modified(|held| {
                let differs = *held != holds;
                if differs {
                    tracing::info!(lease = self.name, holds, "leadership changed");
                }
                *held = holds;
                differs
            });
            tokio::time::sleep(jittered(self.durations.retry, self.durations.retry / 5)).await;
        }
    }

    /// One try; whether we hold it now.
    async fn try_once(&self, observed: &mut Option<Observed>) -> Result<bool, ClusterError> {
        let kind = ServedKind::known("coordination.k8s.io", "v1", "Lease", "leases", true);
        let path = kind.object_path(&self.identity.namespace, self.name);
        let there = match self.client.get(&path).await {
            Ok(there) => there,
            Err(ClusterError::NotFound { .. }) => {
                let list = kind.list_path(Some(&self.identity.namespace));
                return taken(self.client.create(&list, &self.lease(&Value::Null)).await);
            }
            Err(cause) => return Err(cause),
        };
        let text = |pointer: &str| there.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let holder = text("/spec/holderIdentity");
        if holder != self.identity.replica && !holder.is_empty() {
            let version = text("/metadata/resourceVersion").to_owned();
            let seconds = there
                .pointer("/spec/leaseDurationSeconds")
                .and_then(Value::as_u64);
            let lease = seconds.map_or(self.durations.lease, Duration::from_secs);
            match observed {
                Some(seen) if seen.version == version => {
                    if seen.since.elapsed() < lease {
                        return Ok(false);
                    }
                }
                Some(_) | None => {
                    *observed = Some(Observed {
                        version,
                        since: Instant::now(),
                    });
                    return Ok(false);
                }
            }
        }
        taken(self.client.update(&path, &self.lease(&there)).await)
    }

    /// The Lease in our hands, built on what is there.
    fn lease(&self, there: &Value) -> Value {
        let text = |pointer: &str| there.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let now = clock::kubernetes_micro_time(clock::now());
        let is_ours = text("/spec/holderIdentity") == self.identity.replica;
        let since = if is_ours {
            text("/spec/acquireTime")
        } else {
            now.as_str()
        };
        let transitions = there.pointer("/spec/leaseTransitions").and_then(Value::as_u64);
        let transitions = transitions
            .unwrap_or_default()
            .saturating_add(u64::from(!is_ours));
        let mut metadata = json!({
            "name": self.name,
            "namespace": self.identity.namespace,
            "labels": {MANAGED_BY: OURSELVES},
        });
        let version = text("/metadata/resourceVersion");
        if let (false, Some(fields)) = (version.is_empty(), metadata.as_object_mut()) {
            fields.insert("resourceVersion".to_owned(), version.into());
        }
        json!({
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": metadata,
            "spec": {
                "holderIdentity": self.identity.replica,
                "leaseDurationSeconds": self.durations.lease.as_secs(),
                "acquireTime": since,
                "renewTime": now,
                "leaseTransitions": transitions,
            },
        })
    }
}

/// Gives the Lease `name` back if we hold it, so that another takes over at its next try and not when ours has run out.
pub(crate) async fn release(client: &Client, identity: &Identity, name: &str) {
    let kind = ServedKind::known("coordination.k8s.io", "v1", "Lease", "leases", true);
    let path = kind.object_path(&identity.namespace, name);
    let giving = async {
        let mut lease = client.get(&path).await?;
        let holder = lease.pointer_mut("/spec/holderIdentity");
        match holder {
            Some(holder) if holder.as_str() == Some(&identity.replica) => *holder = "".into(),
            Some(_) | None => return Ok(()),
        }
        // Built on the version that was read: whoever took it meanwhile keeps it.
        client.update(&path, &lease).await.map(drop)
    };
    match tokio::time::timeout(RELEASE_TIME, giving).await {
        Ok(Ok(())) => {}
        Ok(Err(cause)) => tracing::debug!(lease = name, %cause, "a lease could not be given back"),
        Err(_) => tracing::debug!(lease = name, "a lease could not be given back in time"),
    }
}

/// Whether a write took the Lease: another who was quicker is no error.
fn taken(written: Result<Value, ClusterError>) -> Result<bool, ClusterError> {
    match written {
        Ok(_) => Ok(true),
        Err(ClusterError::Conflict { .. } | ClusterError::AlreadyExists { .. }) => Ok(false),
        Err(cause) => Err(cause),
    }
}
