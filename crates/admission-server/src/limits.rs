//! Every limit of the server, each with its unit and its reason.

use std::time::Duration;

/// Largest review, in bytes. The API server takes objects of up to 3 MiB, and an update carries the old one too; the rest
/// is the envelope.
pub const MOST_BODY_BYTES: usize = 7 * 1024 * 1024;

/// Largest head of a request, in bytes.
pub const MOST_HEAD_BYTES: usize = 16 * 1024;

/// Most headers of a request.
pub const MOST_HEADERS: usize = 64;

/// Most connections at the same time; further ones wait to be accepted.
pub const MOST_CONNECTIONS: usize = 1024;

/// Bytes of one unit of the room that reviews share.
pub const ROOM_UNIT_BYTES: usize = 64 * 1024;

/// Units of the room that reviews share: 64 MiB of bodies, or 1,024 small reviews, at the same time. Further ones wait for
/// room as long as their caller waits for them.
pub const ROOM_UNITS: usize = 1024;

/// Largest read buffer of one HTTP/1.1 connection, in bytes.
pub const MOST_READ_BUFFER_BYTES: usize = 64 * 1024;

/// Most requests at the same time on one HTTP/2 connection.
pub const MOST_STREAMS: u32 = 250;

/// Requests that a peer may reset before they were looked at, on one HTTP/2 connection (CVE-2023-44487).
pub const MOST_PENDING_RESETS: usize = 20;

/// Streams that may be reset for a peer's errors before its HTTP/2 connection is closed.
pub const MOST_ERROR_RESETS: usize = 256;

/// Body bytes in flight on one HTTP/2 stream.
pub const STREAM_WINDOW_BYTES: u32 = 256 * 1024;

/// Body bytes in flight on one HTTP/2 connection.
pub const CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024;

/// Time a TLS handshake may take.
pub const HANDSHAKE_TIME: Duration = Duration::from_secs(10);

/// Time the head of a request may take on HTTP/1.1; an idle connection is closed after it too.
pub const HEAD_TIME: Duration = Duration::from_secs(60);

/// Time between pings on an HTTP/2 connection.
pub const PING_INTERVAL: Duration = Duration::from_secs(30);

/// Time the answer to a ping may take before the connection counts as dead.
pub const PING_TIME: Duration = Duration::from_secs(10);

/// How long a caller waits that names no `timeout=`: the API server's default.
pub const USUAL_CALLER_TIME: Duration = Duration::from_secs(10);

/// How long a caller may wait at most: `timeoutSeconds` is 1 to 30 (admissionregistration.k8s.io/v1).
pub const LONGEST_CALLER_TIME: Duration = Duration::from_secs(30);

/// Percent of the caller's time that is held back from facts, so that the answer arrives while the caller still listens.
pub const HELD_BACK_PERCENT: u32 = 15;

/// Percent of the caller's time after which the request is denied unjudged, should judging itself be what takes so long.
pub const LAST_CALL_PERCENT: u32 = 95;

/// Time between two looks at the files of policies and certificates.
pub const WATCH_INTERVAL: Duration = Duration::from_secs(1);

/// Time that running requests have to end once the server is told to stop.
pub const DRAIN_TIME: Duration = Duration::from_secs(25);

/// Time to wait before accepting again after the system refused a connection (no file descriptors left).
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Most label sets of one metric; what comes later is counted under `(other)`.
pub const MOST_LABEL_SETS: usize = 2_000;

/// Longest text of a denial, in bytes, with the line that names its explanation.
pub const MOST_DENIAL_TEXT_BYTES: usize = 1024;

/// Most bytes of explanations that are kept in memory; the oldest go first.
pub const MOST_EXPLANATION_BYTES: usize = 8 * 1024 * 1024;

/// About the longest decision tree of one explanation, in bytes of text; what is longer is cut, visibly.
pub const MOST_TREE_BYTES: usize = 64 * 1024;

/// Largest certificate or key file, in bytes.
pub const MOST_PEM_BYTES: u64 = 1024 * 1024;

/// Cost that the expressions of all policies may run up on the threads that serve requests, in Kubernetes' units: about a
/// millisecond. What costs more moves to a thread of its own.
pub const MOST_COST_ON_SHARED_THREADS: u64 = 100_000;

/// Cost that the expressions of all policies may run up for one request, in Kubernetes' units: ten policies that spend all
/// that Kubernetes gives one.
pub const MOST_COST: u64 = 100_000_000;

/// Evaluations with a thread of their own at the same time; further ones wait as long as their caller does.
pub const MOST_LONG_EVALUATIONS: usize = 4;

/// Turns that namespaces share for such evaluations, each by a hash of its name: one at a time for one namespace, so that the
/// policies of one namespace never take all threads.
pub const TURNS_OF_NAMESPACES: usize = 64;
