//! Misbehaviour to order: each fault says which requests it strikes and what they get instead of the truth.
//!
//! Faults are tried in the order they were added; the first that fits a request strikes it.

use std::time::Duration;

use bytes::Bytes;

use super::route::Route;

/// Which requests a fault strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// Every request.
    Everything,
    /// Every manifest, by tag or digest.
    Manifests,
    /// The manifest asked by exactly this tag or digest.
    Manifest(String),
    /// Every blob.
    Blobs,
    /// The blob of this digest.
    Blob(String),
    /// Every list of referrers.
    Referrers,
    /// Every list of tags.
    Tags,
    /// The token endpoint.
    Token,
}

impl Target {
    fn fits(&self, route: &Route) -> bool {
        match self {
            Self::Everything => true,
            Self::Manifests => matches!(route, Route::Manifest { .. }),
            Self::Manifest(wanted) => {
                matches!(route, Route::Manifest { reference, .. } if reference == wanted)
            }
            Self::Blobs => matches!(route, Route::Blob { .. }),
            Self::Blob(wanted) => matches!(route, Route::Blob { digest, .. } if digest == wanted),
            Self::Referrers => matches!(route, Route::Referrers { .. }),
            Self::Tags => matches!(route, Route::Tags { .. }),
            Self::Token => matches!(route, Route::Token),
        }
    }
}

/// What a struck request gets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misbehaviour {
    /// The true body under this `Docker-Content-Digest`.
    LieAboutDigest(String),
    /// The true headers over these bytes.
    ServeOtherBytes(Bytes),
    /// A whole other answer of this media type, with status 200 and no digest header.
    Answer {
        /// `Content-Type`.
        media_type: String,
        /// The body.
        bytes: Bytes,
    },
    /// The tag moves: the n-th request that is struck is answered as if it had asked the n-th reference here, later
    /// ones as the last.
    MoveTo(Vec<String>),
    /// Status 200 and a body that never ends.
    EndlessBody,
    /// Status 200 and so many zero bytes, announced truthfully in `Content-Length`.
    OversizedBody(u64),
    /// No answer at all, while the connection stays open.
    Stall,
    /// Status 200 and headers, then silence.
    StallBody,
    /// The true answer, so much later.
    Delay(Duration),
    /// Status 429, with this `Retry-After` (seconds or an HTTP date) where given.
    TooManyRequests {
        /// The header's value.
        retry_after: Option<String>,
    },
    /// This status with an empty body.
    Status(u16),
    /// Status 307 to this URL.
    RedirectTo(String),
    /// The connection is closed without an answer.
    HangUp,
}

/// One fault: which requests, how many of them, and what they get.
#[derive(Clone, Debug)]
pub struct Fault {
    target: Target,
    does: Misbehaviour,
    pass: u32,
    times: u32,
    struck: u32,
}

impl Fault {
    /// Strikes every request that fits `target`.
    #[must_use]
    pub fn new(target: Target, does: Misbehaviour) -> Self {
        Self {
            target,
            does,
            pass: 0,
            times: u32::MAX,
            struck: 0,
        }
    }

    /// Lets the first `requests` that fit go by.
    #[must_use]
    pub fn after(mut self, requests: u32) -> Self {
        self.pass = requests;
        self
    }

    /// Strikes only so many requests.
    #[must_use]
    pub fn times(mut self, requests: u32) -> Self {
        self.times = requests;
        self
    }

    /// What a request for `route` gets, if this fault strikes it; counts it.
    pub(super) fn strike(&mut self, route: &Route) -> Option<Misbehaviour> {
        if !self.target.fits(route) || self.times == 0 {
            return None;
        }
        if self.pass > 0 {
            self.pass -= 1;
            return None;
        }
        self.times = if self.times == u32::MAX {
            u32::MAX
        } else {
            self.times - 1
        };
        let turn = self.struck;
        self.struck = self.struck.saturating_add(1);
        let Misbehaviour::MoveTo(references) = &self.does else {
            return Some(self.does.clone());
        };
        let turn = usize::try_from(turn).unwrap_or(usize::MAX);
        let now = references.get(turn).or(references.last()).cloned();
        Some(Misbehaviour::MoveTo(now.into_iter().collect()))
    }
}
