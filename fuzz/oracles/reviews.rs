//! What an API server sends.

use policy_engine::Request;
use policy_engine::request::Stage;
use serde_json::Value;

/// A body is refused, or the request holds the very object, old object and user that a plain JSON reader sees in it.
pub(crate) fn a_review_holds_what_was_sent(bytes: &[u8]) {
    let Ok(request) = Request::from_admission_review(bytes, Stage::Validate, 0) else {
        return;
    };
    let Ok(sent) = serde_json::from_slice::<Value>(bytes) else {
        // Text of fields that nobody asks for is skipped without being decoded.
        return;
    };
    let sent = |field: &str| {
        sent.pointer(&format!("/request/{field}"))
            .filter(|value| !value.is_null())
    };
    assert_eq!(request.object.as_deref(), sent("object"));
    assert_eq!(request.old_object.as_deref(), sent("oldObject"));
    assert!(request.subject().is_some(), "a request about nothing was read");
    let text = |field: &str| sent(field).and_then(Value::as_str).unwrap_or_default();
    assert_eq!(&*request.namespace, text("namespace"));
    assert_eq!(request.operation.as_str(), text("operation"));
    assert_eq!(&*request.subresource, text("subResource"));
}
