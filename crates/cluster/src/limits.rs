//! How much and how long, at most.

use std::time::Duration;

/// Longest wait for a connection.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait for one whole answer: an API server ends its own requests after 60 s.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(65);
/// Time between signs of life that a connection with calls under way is asked for: a watch is silent for minutes.
pub(crate) const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(20);
/// Longest wait for such a sign before the connection counts as dead.
pub(crate) const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one watch lasts before it is begun anew, at least; up to twice as long, as client-go's.
pub(crate) const SHORTEST_WATCH: Duration = Duration::from_secs(240);
/// How much longer than asked for a watch may last before it counts as stuck.
pub(crate) const WATCH_MARGIN: Duration = Duration::from_secs(30);
/// Bytes of one event of a watch: an object of 1.5 MiB in etcd, twice that as JSON, and then some.
pub(crate) const MOST_EVENT_BYTES: usize = 8 * 1024 * 1024;
/// Shortest wait after something failed, before it is tried again.
pub(crate) const SHORTEST_BACKOFF: Duration = Duration::from_millis(200);
/// Longest such wait.
pub(crate) const LONGEST_BACKOFF: Duration = Duration::from_secs(30);
/// Failed watches in a row after which everything is listed anew.
pub(crate) const MOST_FAILED_WATCHES: u32 = 5;
/// How often a kind that is not served is asked for again.
pub(crate) const ABSENT_KIND_INTERVAL: Duration = Duration::from_secs(3);
/// Bytes of an answer that is no list of ours. An object has at most 1.5 MiB in etcd; policies may ask for lists.
pub(crate) const MOST_ANSWER_BYTES: usize = 32 * 1024 * 1024;
/// Bytes of one page of a list.
pub(crate) const MOST_PAGE_BYTES: usize = 256 * 1024 * 1024;
/// Bytes read of an answer that is an error.
pub(crate) const MOST_ERROR_BYTES: usize = 64 * 1024;
/// Characters of foreign text in an error message: a denial of ours has up to 1 KiB, and others may stand before it.
pub(crate) const MOST_QUOTED_CHARS: usize = 2_048;
/// Times a call is made again after `429` or `503` with `Retry-After`.
pub(crate) const MOST_RETRIES: u32 = 5;
/// Longest wait before a call is made again, whatever `Retry-After` says.
pub(crate) const LONGEST_RETRY_WAIT: Duration = Duration::from_secs(30);
/// Objects asked for in one page, as kubectl asks.
pub(crate) const PAGE_OBJECTS: usize = 500;
/// Objects asked for in one page of a list of which only parts are kept: objects as values take ten times what is sent.
pub(crate) const SMALL_PAGE_OBJECTS: usize = 50;
/// Pages of one list.
pub(crate) const MOST_PAGES: usize = 20_000;
/// Times a list is begun anew after its continuation expired (`410 Gone`).
pub(crate) const MOST_RESTARTS: u32 = 3;
/// Groups and versions asked for their kinds at the same time.
pub(crate) const MOST_DISCOVERING: usize = 8;
/// Groups and versions of one API server.
pub(crate) const MOST_GROUP_VERSIONS: usize = 2_000;
/// Bytes of a kubeconfig.
pub(crate) const MOST_KUBECONFIG_BYTES: u64 = 16 * 1024 * 1024;
/// Bytes of a token, certificate or key file.
pub(crate) const MOST_CREDENTIAL_FILE_BYTES: u64 = 1024 * 1024;
/// Longest run of a credential plugin: a person may have to log in with a browser.
pub(crate) const PLUGIN_TIMEOUT: Duration = Duration::from_secs(90);
/// Bytes a credential plugin may print.
pub(crate) const MOST_PLUGIN_BYTES: u64 = 1024 * 1024;
/// A credential this close to its end is renewed.
pub(crate) const RENEWAL_MARGIN: jiff::SignedDuration = jiff::SignedDuration::from_secs(10);
/// Bytes (as JSON) of answers remembered for policies.
pub(crate) const MOST_REMEMBERED_BYTES: u64 = 64 * 1024 * 1024;
