//! The body of a review: of the right type, read once, bounded in size and time.

use std::pin::pin;

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http_body::Body;
use http_body_util::BodyExt;

use crate::limits::MOST_BODY_BYTES;
use crate::pipeline::ReviewTime;
use crate::reply::HttpRefusal;

/// What a body's error must turn into.
pub(crate) type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// How many bytes the body has, or [`MOST_BODY_BYTES`] where that is not said.
pub(crate) fn announced_bytes(head: &Parts) -> Result<usize, HttpRefusal> {
    let text = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
    let essence = text(CONTENT_TYPE)
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    if !essence.trim().eq_ignore_ascii_case("application/json") {
        return Err(HttpRefusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "a review is `application/json`",
        ));
    }
    match text(CONTENT_LENGTH)
        .and_then(|length| length.parse::<usize>().ok())
        .unwrap_or(MOST_BODY_BYTES)
    {
        bytes if bytes > MOST_BODY_BYTES => Err(too_large()),
        bytes => Ok(bytes),
    }
}

/// The whole body, of `announced` bytes or fewer, within the caller's time.
pub(crate) async fn read_whole<B>(body: B, announced: usize, time: ReviewTime) -> Result<Bytes, HttpRefusal>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BodyError>,
{
    let read = tokio::time::timeout(time.for_facts(), gather(body, announced)).await;
    let late = || HttpRefusal::new(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time");
    read.map_err(|_| late())?
}

/// Puts the pieces together as they come: keeping them apart would cost a sender of single bytes nothing and us forty
/// times their size. A body in one piece is not copied.
async fn gather<B>(body: B, most: usize) -> Result<Bytes, HttpRefusal>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BodyError>,
{
    let mut body = pin!(body);
    let mut first = Bytes::new();
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|cause| {
            let cause: BodyError = cause.into();
            HttpRefusal::new(
                StatusCode::BAD_REQUEST,
                format!("the body can't be read: {cause}"),
            )
        })?;
        let Ok(piece) = frame.into_data() else { continue };
        let so_far = first.len().saturating_add(whole.len());
        if so_far.saturating_add(piece.len()) > most {
            return Err(too_large());
        }
        if so_far == 0 {
            first = piece;
            continue;
        }
        if whole.is_empty() {
            whole.reserve(most);
            whole.extend_from_slice(&first);
            first.clear();
        }
        whole.extend_from_slice(&piece);
    }
    Ok(if whole.is_empty() { first } else { whole.into() })
}

fn too_large() -> HttpRefusal {
    HttpRefusal::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("a review has at most {MOST_BODY_BYTES} bytes"),
    )
}
