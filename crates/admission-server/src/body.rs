//! The body of a review: of the right type, read once, bounded in size and time.

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};

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
    let reading = Limited::new(body, announced).collect();
    match tokio::time::timeout(time.for_facts(), reading).await {
        Ok(Ok(read)) => Ok(read.to_bytes()),
        Ok(Err(cause)) if cause.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(cause)) => Err(HttpRefusal::new(
            StatusCode::BAD_REQUEST,
            format!("the body can't be read: {cause}"),
        )),
        Err(_) => Err(HttpRefusal::new(
            StatusCode::REQUEST_TIMEOUT,
            "the body did not arrive in time",
        )),
    }
}

fn too_large() -> HttpRefusal {
    HttpRefusal::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("a review has at most {MOST_BODY_BYTES} bytes"),
    )
}
