//! How much, how long and how often, at most.

use std::time::Duration;

/// Quiet time after a change before the policies are put together anew: a burst of changes is one change.
pub(crate) const QUIET_TIME: Duration = Duration::from_millis(20);
/// Longest wait for such quiet.
pub(crate) const LONGEST_QUIET_WAIT: Duration = Duration::from_millis(200);
/// How often the API server is asked which resources it has, while all kinds that policies name are served.
pub(crate) const RESOURCES_INTERVAL: Duration = Duration::from_secs(300);
/// The same while a policy names a kind that is not served.
pub(crate) const MISSING_RESOURCES_INTERVAL: Duration = Duration::from_secs(10);
/// How long a webhook stays wider than this replica's policies need before it is narrowed: another replica may know of
/// policies that this one has yet to see.
pub(crate) const NARROWING_DELAY: Duration = Duration::from_secs(10);
/// How often the webhook configurations are looked at, beside every change of policies: others may have edited them.
pub(crate) const WEBHOOKS_INTERVAL: Duration = Duration::from_secs(30);
/// How long a policy that is gone is still answered for at its own path: its webhook may be called a moment longer.
pub(crate) const RETIREMENT: Duration = Duration::from_secs(120);
/// How long answers of the API server to policies' questions are remembered.
pub(crate) const FACTS_FRESH_FOR: Duration = Duration::from_secs(5);
/// How often certificates are looked at.
pub(crate) const CERTIFICATES_INTERVAL: Duration = Duration::from_secs(60);
/// How long the certificate of an authority made here is valid, in seconds: three years.
pub(crate) const AUTHORITY_SECONDS: u64 = 3 * 365 * 24 * 3_600;
/// How long the certificate that callers see is valid, in seconds: ninety days.
pub(crate) const LEAF_SECONDS: u64 = 90 * 24 * 3_600;
/// How much earlier than now certificates become valid, in seconds: clocks of callers may run behind.
pub(crate) const EARLIER_SECONDS: u64 = 24 * 3_600;
/// How long a new authority is announced before a certificate of it is shown, in seconds: every API server and every
/// replica must have heard of it.
pub(crate) const ANNOUNCEMENT_SECONDS: i64 = 600;
/// Pause before a write that somebody else was quicker with is tried again.
pub(crate) const CONFLICT_PAUSE: Duration = Duration::from_millis(100);
/// Times such a write is tried.
pub(crate) const MOST_CONFLICTS: u32 = 8;
/// Status writes at the same time.
pub(crate) const MOST_STATUS_WRITES: usize = 8;
/// Characters of a condition's message; the API server takes 32,768.
pub(crate) const MOST_MESSAGE_CHARS: usize = 4_096;
/// Policies with a webhook of their own that are remembered after they are gone.
pub(crate) const MOST_RETIRED: usize = 1_000;
/// Bytes of one setting of the ConfigMap that are read; etcd holds objects of at most 1.5 MiB.
pub(crate) const MOST_SETTING_BYTES: usize = 512 * 1024;
/// How long a round of the scan remembers what it found of images: half the pace at which all is judged again, not less
/// than this,
pub(crate) const SHORTEST_ROUND_MEMORY: Duration = Duration::from_secs(5);
/// and not more.
pub(crate) const LONGEST_ROUND_MEMORY: Duration = Duration::from_secs(1_800);
/// Bytes of the webhooks of all policies in one configuration; etcd holds objects of at most 1.5 MiB.
pub(crate) const MOST_WEBHOOKS_BYTES: usize = 1_400 * 1024;
/// How long it is remembered that the API server refuses the webhook of a policy.
pub(crate) const REFUSALS_REMEMBERED: Duration = Duration::from_secs(600);
/// Policies whose webhooks are found to be refused in one go; those beyond are found in the next.
pub(crate) const MOST_REFUSALS_AT_ONCE: usize = 16;
