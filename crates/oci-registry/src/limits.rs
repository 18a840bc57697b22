//! Every limit of the client, with its unit and its reason.
//!
//! A registry is a stranger: whatever it sends is cut off at one of these.

use std::time::Duration;

/// Time to reach a host: DNS, TCP and TLS together. Kyverno dials for 5 s.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Time one exchange may take, whatever the caller's deadline.
pub(crate) const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(30);

/// Time an external `docker-credential-…` process may take.
pub(crate) const CREDENTIAL_HELPER_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a helper's answer is believed. Cloud helpers hand out tokens that live for hours.
pub(crate) const CREDENTIAL_HELPER_MEMORY: Duration = Duration::from_secs(300);

/// Most bytes read from a credential helper.
pub(crate) const MAX_CREDENTIAL_HELPER_BYTES: u64 = 64 << 10;

/// Largest docker configuration read, in bytes: the size limit of a Kubernetes Secret.
pub(crate) const MAX_DOCKER_CONFIG_BYTES: usize = 1 << 20;

/// Largest manifest or index, in bytes: what the distribution specification asks registries to take.
pub const MAX_MANIFEST_BYTES: u64 = 4 << 20;

/// Largest page of referrers, in bytes.
pub(crate) const MAX_REFERRERS_PAGE_BYTES: u64 = 4 << 20;

/// Most pages of referrers followed.
pub(crate) const MAX_REFERRERS_PAGES: u32 = 10;

/// Most referrers of one subject taken, of all kinds together.
pub const MAX_REFERRERS: usize = 1000;

/// Largest token response, in bytes.
pub(crate) const MAX_TOKEN_BYTES: u64 = 256 << 10;

/// Most of an error answer that is read, in bytes; the rest is not looked at.
pub(crate) const MAX_ERROR_BYTES: u64 = 16 << 10;

/// Most characters of a registry's own words that are repeated in a message.
pub(crate) const MAX_QUOTED_CHARS: usize = 300;

/// Most redirects followed for one request.
pub(crate) const MAX_REDIRECTS: u32 = 5;

/// Most attempts for one request, the first included.
pub(crate) const MAX_ATTEMPTS: u32 = 4;

/// Wait before the second attempt; doubled for each further one.
pub(crate) const FIRST_BACKOFF: Duration = Duration::from_millis(200);

/// Longest wait a host can impose on requests to come (`Retry-After` of a 429).
pub(crate) const MAX_PAUSE: Duration = Duration::from_secs(60);

/// Identities whose pauses one host's memory holds; the oldest is forgotten first.
pub(crate) const MAX_PAUSES_PER_HOST: usize = 64;

/// Requests to one host at the same time.
pub(crate) const MAX_REQUESTS_PER_HOST: usize = 16;

/// Hosts remembered.
pub(crate) const MAX_HOSTS: u64 = 4096;

/// How long a host's manners (scheme, challenge, no referrers API) are remembered.
pub(crate) const HOST_MEMORY: Duration = Duration::from_secs(600);

/// Credentials offered for one question, one after another, at most
pub(crate) const MAX_CREDENTIALS: usize = 8;

/// Tokens remembered.
pub(crate) const MAX_TOKENS: u64 = 10_000;

/// Life of a token whose server does not say: the distribution specification's 60 s.
pub(crate) const DEFAULT_TOKEN_LIFE: Duration = Duration::from_secs(60);

/// Longest life believed, whatever the server says.
pub(crate) const MAX_TOKEN_LIFE: Duration = Duration::from_secs(3600);

/// How much earlier than it says a token is given up.
pub(crate) const TOKEN_MARGIN: Duration = Duration::from_secs(5);

/// Questions in flight above which abandoned ones are swept away.
pub(crate) const FLIGHTS_SWEPT_ABOVE: usize = 1024;
