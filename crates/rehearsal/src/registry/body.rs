//! Response bodies, honest ones and those no client may wait for.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// Bytes in one frame of a generated body.
const CHUNK_BYTES: u64 = 64 * 1024;

/// A response body.
#[derive(Debug)]
pub(crate) enum Answer {
    /// These bytes, once.
    Whole(Option<Bytes>),
    /// So many zero bytes, with an honest `Content-Length`.
    Zeros { left: u64 },
    /// Zero bytes without end, without `Content-Length`.
    Endless,
    /// Nothing, for ever.
    Silent,
}

impl Answer {
    pub(crate) fn whole(bytes: impl Into<Bytes>) -> Self {
        Self::Whole(Some(bytes.into()))
    }
}

fn zeros(count: u64) -> Bytes {
    static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];
    let count = usize::try_from(count).unwrap_or(usize::MAX).min(ZEROS.len());
    Bytes::from_static(ZEROS.get(..count).unwrap_or_default())
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let chunk = match &mut *self {
            Self::Whole(bytes) => bytes.take(),
            Self::Zeros { left } => {
                let now = CHUNK_BYTES.min(*left);
                *left -= now;
                (now > 0).then(|| zeros(now))
            }
            Self::Endless => Some(zeros(CHUNK_BYTES)),
            // Nobody wakes this task: only the client's own limit, or the end of the registry, ends the wait.
            Self::Silent => return Poll::Pending,
        };
        Poll::Ready(chunk.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Zeros { left } => SizeHint::with_exact(*left),
            Self::Endless | Self::Silent => SizeHint::default(),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
            Self::Zeros { left } => *left == 0,
            Self::Endless | Self::Silent => false,
        }
    }
}
