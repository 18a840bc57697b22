//! Which objects this replica scans: each replica keeps a Lease of its own, and those that live share the objects.
//!
//! In: the Leases of the namespace. Out: a [`Share`]. There is no leader: every object belongs to the live replica whose
//! name, hashed with the object's uid, comes out highest; one that comes or goes moves its own part and no other. Two
//! replicas that see each other late scan an object twice and write the same report. Never: a scan by a replica that can't
//! renew its Lease; a comparison of clocks (a Lease lives while it is seen to change, as in client-go).

use std::collections::BTreeMap;
use std::time::Duration;

use cluster::{Client, ClusterError, Pages, PatchKind, Preconditions, ServedKind, Subject};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::clock::{kubernetes_micro_time, now};
use crate::identity::{Identity, MANAGED_BY, OURSELVES};
use crate::lease::LeaseDurations;

/// How long a Lease of a replica that is gone stays.
const SWEPT_AFTER: Duration = Duration::from_secs(300);
/// The label of these Leases.
const LEASE_LABEL: &str = "vouchsafe.dev/lease";
const SCAN: &str = "scan";

/// The part of the objects that is ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Share {
    me: String,
    /// The replicas that live, in order; empty: nothing is ours.
    live: Vec<String>,
}

impl Share {
    /// Whether nothing is ours.
    pub(crate) fn is_empty(&self) -> bool {
        !self.live.contains(&self.me)
    }

    /// Whether the object with this uid is ours.
    pub(crate) fn has(&self, uid: &str) -> bool {
        // The same for every replica, of whatever version.
        let weight = |replica: &&String| Sha256::digest(format!("{replica} {uid}"));
        self.live.iter().max_by_key(weight) == Some(&self.me) && !self.is_empty()
    }
}

/// What was seen of the Leases.
#[derive(Debug, Default)]
struct Seen(BTreeMap<String, (String, Instant)>);

impl Seen {
    /// Takes over what the Leases say at `at`; gives the replicas that live.
    fn learn(&mut self, leases: &[Value], at: Instant, lives_for: Duration) -> Vec<String> {
        let said: BTreeMap<String, String> = leases.iter().filter_map(holder_and_renewal).collect();
        self.0.retain(|replica, _| said.contains_key(replica));
        for (replica, renewal) in said {
            let known = self.0.get(&replica);
            if known.is_none_or(|(before, _)| *before != renewal) {
                self.0.insert(replica, (renewal, at));
            }
        }
        let lives = |(_, (_, since)): &(&String, &(String, Instant))| at.duration_since(*since) < lives_for;
        self.0
            .iter()
            .filter(lives)
            .map(|(replica, _)| replica.clone())
            .collect()
    }

    /// The replicas whose Lease has not changed for so long that it may go.
    fn gone(&self, at: Instant) -> Vec<String> {
        let is_gone =
            |(_, (_, since)): &(&String, &(String, Instant))| at.duration_since(*since) > SWEPT_AFTER;
        self.0
            .iter()
            .filter(is_gone)
            .map(|(replica, _)| replica.clone())
            .collect()
    }
}

fn holder_and_renewal(lease: &Value) -> Option<(String, String)> {
    let text = |pointer: &str| {
        lease
            .pointer(pointer)
            .and_then(Value::as_str)
            .map(ToOwned::to_owned)
    };
    Some((text("/spec/holderIdentity")?, text("/spec/renewTime")?))
}

/// Keeps our Lease and tells `share` what is ours, for ever.
pub(crate) async fn keep(
    client: Client,
    identity: Identity,
    durations: LeaseDurations,
    share: watch::Sender<Share>,
) {
    let mut seen = Seen::default();
    let mut renewed = Instant::now();
    loop {
        match renew(&client, &identity, durations.lease, &mut seen).await {
            Ok(live) => {
                renewed = Instant::now();
                tell(&share, &identity, live);
            }
            Err(cause) => {
                tracing::warn!(%cause, "the Lease for scanning can't be renewed");
                if renewed.elapsed() > durations.renew_deadline {
                    tell(&share, &identity, Vec::new());
                }
            }
        }
        tokio::time::sleep(durations.retry).await;
    }
}

fn tell(share: &watch::Sender<Share>, identity: &Identity, live: Vec<String>) {
    let new = Share {
        me: identity.replica.clone(),
        live,
    };
    share.send_if_modified(|old| {
        let is_new = *old != new;
        if is_new {
            tracing::info!(replicas = new.live.len(), "the scan is shared anew");
            *old = new;
        }
        is_new
    });
}

async fn renew(
    client: &Client,
    identity: &Identity,
    lives_for: Duration,
    seen: &mut Seen,
) -> Result<Vec<String>, ClusterError> {
    let kind = ServedKind::known("coordination.k8s.io", "v1", "Lease", "leases", true);
    let path = |replica: &str| kind.object_path(&identity.namespace, &lease_name(replica));
    let own = format!("{}?fieldManager={OURSELVES}&force=true", path(&identity.replica));
    client
        .patch(&own, PatchKind::Apply, &lease(identity, lives_for))
        .await?;
    let subject = Subject {
        namespace: Some(identity.namespace.clone()),
        labels: format!("{LEASE_LABEL}={SCAN}"),
        ..Subject::all(kind.clone())
    };
    let mut pages = Pages::new(client, &subject, 0);
    let mut leases = Vec::new();
    while let Some(page) = pages.next().await? {
        leases.extend(page);
    }
    let at = Instant::now();
    let live = seen.learn(&leases, at, lives_for);
    for replica in seen.gone(at) {
        // Another may be quicker; a Lease that stays does no harm.
        if let Err(cause) = client.delete(&path(&replica), Preconditions::default()).await {
            tracing::debug!(%cause, replica, "a Lease that is over stays");
        }
    }
    Ok(live)
}

fn lease_name(replica: &str) -> String {
    format!("vouchsafe-scan-{replica}")
}

fn lease(identity: &Identity, lives_for: Duration) -> Value {
    json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {
            "name": lease_name(&identity.replica),
            "namespace": identity.namespace,
            "labels": {MANAGED_BY: OURSELVES, LEASE_LABEL: SCAN},
        },
        "spec": {
            "holderIdentity": identity.replica,
            "leaseDurationSeconds": lives_for.as_secs(),
            "renewTime": kubernetes_micro_time(now()),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIVES_FOR: Duration = Duration::from_secs(15);

    fn share(me: &str, live: &[&str]) -> Share {
        Share {
            me: me.to_owned(),
            live: live.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    fn seen_lease(replica: &str, renewal: &str) -> Value {
        json!({"spec": {"holderIdentity": replica, "renewTime": renewal}})
    }

    #[test]
    fn each_object_belongs_to_one_live_replica() {
        let live = ["a", "b", "c"];
        let mut counts = [0; 3];
        for number in 0..3_000 {
            let uid = format!("uid-{number}");
            let owners: Vec<usize> = (0..3).filter(|&me| share(live[me], &live).has(&uid)).collect();
            assert_eq!(owners.len(), 1, "{uid}");
            counts[owners[0]] += 1;
        }
        assert!(counts.iter().all(|&count| count > 800), "{counts:?}");
    }

    #[test]
    fn a_replica_that_goes_moves_its_own_objects_alone() {
        for number in 0..500 {
            let uid = format!("uid-{number}");
            if share("a", &["a", "b", "c"]).has(&uid) {
                assert!(share("a", &["a", "b"]).has(&uid), "{uid}");
            }
        }
    }

    #[test]
    fn a_replica_that_is_not_counted_as_live_has_nothing() {
        let lost = share("a", &[]);
        assert!(lost.is_empty() && !lost.has("uid"));
        assert!(share("a", &["b"]).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_lives_while_it_is_seen_to_change_whatever_its_clock_says() {
        let mut seen = Seen::default();
        let begun = Instant::now();
        let old = [seen_lease("a", "1970-01-01T00:00:00Z"), seen_lease("b", "t1")];
        assert_eq!(seen.learn(&old, begun, LIVES_FOR), ["a", "b"]);
        let later = begun + LIVES_FOR + Duration::from_secs(1);
        let changed = [seen_lease("a", "1970-01-01T00:00:00Z"), seen_lease("b", "t2")];
        assert_eq!(seen.learn(&changed, later, LIVES_FOR), ["b"]);
        assert_eq!(seen.gone(begun + SWEPT_AFTER + Duration::from_secs(1)), ["a"]);
    }
}
