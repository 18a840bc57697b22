//! What is no review is told so, in HTTP or under its uid.

use bytes::Bytes;
use futures_util::stream;
use http::{Request, StatusCode};
use http_body::Frame;
use http_body_util::{Full, StreamBody};
use serde_json::json;
use vouchsafe_admission_server::limits::MOST_BODY_BYTES;

use crate::house::{Setup, denial, get, policy_that_asks, post, response_in, webhook, whole};

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_before_it_is_read() {
    let webhook = webhook(&policy_that_asks("Fail"));
    let (status, _) = post(&webhook, "/validate", vec![b' '; MOST_BODY_BYTES + 1]).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    let announced = Request::post("/validate")
        .header("content-type", "application/json")
        .header("content-length", (MOST_BODY_BYTES + 1).to_string())
        .body(StreamBody::new(stream::pending::<
            Result<Frame<Bytes>, std::io::Error>,
        >()));
    let (status, _) = whole(webhook.respond(announced.unwrap()).await).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_body_that_never_ends_is_cut_off_at_the_limit() {
    let webhook = webhook(&policy_that_asks("Fail"));
    let endless =
        stream::repeat_with(|| Ok::<_, std::io::Error>(Frame::data(Bytes::from_static(&[b' '; 65_536]))));
    let request = Request::post("/validate")
        .header("content-type", "application/json")
        .body(StreamBody::new(endless));
    let (status, _) = whole(webhook.respond(request.unwrap()).await).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_not_waited_for_longer_than_its_caller_waits() {
    let webhook = webhook(&policy_that_asks("Fail"));
    let body = StreamBody::new(stream::pending::<Result<Frame<Bytes>, std::io::Error>>());
    let request = Request::post("/validate?timeout=200ms")
        .header("content-type", "application/json")
        .body(body);
    let (status, _) = whole(webhook.respond(request.unwrap()).await).await;
    assert_eq!(status, StatusCode::REQUEST_TIMEOUT);
}

#[tokio::test]
async fn a_body_in_single_bytes_is_the_same_body() {
    let webhook = webhook(&policy_that_asks("Ignore"));
    let text = crate::house::pod_review("d", "a").to_string().into_bytes();
    let bytes = text
        .into_iter()
        .map(|byte| Ok::<_, std::io::Error>(Frame::data(Bytes::from(vec![byte]))));
    let body = StreamBody::new(stream::iter(bytes));
    let request = Request::post("/validate")
        .header("content-type", "application/json")
        .body(body);
    let (status, body) = whole(webhook.respond(request.unwrap()).await).await;
    assert_eq!(
        (status, &response_in(&body)["allowed"]),
        (StatusCode::OK, &true.into())
    );
}

#[tokio::test]
async fn another_media_type_is_refused() {
    let webhook = webhook(&policy_that_asks("Fail"));
    for (media_type, expected) in [
        ("application/yaml", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("text/plain", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        // Right, and then the body is none.
        ("application/json; charset=utf-8", StatusCode::BAD_REQUEST),
    ] {
        let request = Request::post("/validate")
            .header("content-type", media_type)
            .body(Full::new(Bytes::new()));
        assert_eq!(
            webhook.respond(request.unwrap()).await.status(),
            expected,
            "{media_type}"
        );
    }
}

#[tokio::test]
async fn other_paths_and_methods_are_told_apart() {
    let webhook = webhook(&policy_that_asks("Fail"));
    assert_eq!(get(&webhook, "/nowhere").await.0, StatusCode::NOT_FOUND);
    let request = Request::get("/validate").body(Full::new(Bytes::new())).unwrap();
    let response = webhook.respond(request).await;
    assert_eq!(
        (response.status(), &response.headers()["allow"]),
        (StatusCode::METHOD_NOT_ALLOWED, &"POST".parse().unwrap())
    );
}

#[tokio::test]
async fn what_is_no_review_is_a_bad_request_or_a_denial_under_its_uid() {
    let webhook = webhook(&policy_that_asks("Fail"));
    for body in [
        "",
        "{",
        "[]",
        "null",
        r#"{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}"#,
    ] {
        let (status, text) = post(&webhook, "/validate", body.to_owned()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        assert!(!text.is_empty());
    }
    for (request, reason) in [
        (
            json!({"uid": "uid-1", "operation": "CREATE"}),
            "neither `object` nor `oldObject`",
        ),
        (
            json!({"uid": "uid-1", "operation": "PATCH", "object": {}}),
            "unknown operation `PATCH`",
        ),
    ] {
        let review =
            json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request});
        let (status, body) = post(&webhook, "/validate", review.to_string()).await;
        assert_eq!(status, StatusCode::OK);
        assert!(denial(&response_in(&body)).contains(reason));
    }
}

#[tokio::test]
async fn nothing_is_answered_before_policies_are_loaded() {
    let webhook = Setup::default().bare();
    let review = crate::house::pod_review("d", "a").to_string();
    assert_eq!(
        post(&webhook, "/validate", review).await.0,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(get(&webhook, "/readyz").await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(get(&webhook, "/healthz").await.0, StatusCode::OK);
}
