//! From the bytes of a review to a [`Request`].
//!
//! A body that is no review but still tells its uid is answered with a denial under that uid, so that the API server
//! shows the reason; one that tells none is answered with HTTP 400.

use std::borrow::Cow;

use policy_engine::request::{ManagedFields, Stage};
use policy_engine::{PolicySet, Request};
use serde::Deserialize;

/// A body that can't be judged.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// The request's id, where it can be told.
    pub(crate) uid: Option<String>,
    /// Why.
    pub(crate) reason: String,
}

/// Longest uid that is echoed, in bytes; the API server's have 36.
const LONGEST_UID_BYTES: usize = 256;

#[derive(Deserialize)]
struct OnlyUid<'b> {
    #[serde(borrow)]
    request: OnlyUidRequest<'b>,
}

#[derive(Deserialize)]
struct OnlyUidRequest<'b> {
    #[serde(borrow)]
    uid: Cow<'b, str>,
}

/// Reads `body`, which arrived at `at_ns` (nanoseconds since the Unix epoch), for the call that `stage` names, as far as
/// `policies` may look at it.
pub(crate) fn read(
    body: &[u8],
    policies: &PolicySet,
    stage: Stage,
    at_ns: i128,
) -> Result<Request, Unreadable> {
    let managed_fields = if policies.reads_managed_fields() {
        ManagedFields::Kept
    } else {
        ManagedFields::LeftOut
    };
    Request::from_review(body, stage, at_ns, managed_fields).map_err(|cause| Unreadable {
        uid: uid_of(body),
        reason: cause.to_string(),
    })
}

/// The uid of a review that may be wrong in everything else.
pub(crate) fn uid_of(body: &[u8]) -> Option<String> {
    let read: OnlyUid<'_> = serde_json::from_slice(body).ok()?;
    let uid = read.request.uid;
    (!uid.is_empty() && uid.len() <= LONGEST_UID_BYTES).then(|| uid.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unreadable(body: &str) -> Unreadable {
        read(body.as_bytes(), &PolicySet::default(), Stage::Validate, 0).unwrap_err()
    }

    #[test]
    fn a_review_of_another_version_is_answered_under_its_uid() {
        let found = unreadable(r#"{"apiVersion": "admission.k8s.io/v1beta1", "request": {"uid": "u-1"}}"#);
        assert_eq!(found.uid.as_deref(), Some("u-1"));
        assert!(
            found.reason.contains("admission.k8s.io/v1beta1"),
            "{}",
            found.reason
        );
    }

    #[test]
    fn a_review_nested_without_end_is_answered_under_its_uid() {
        let deep = "[".repeat(10_000) + &"]".repeat(10_000);
        let body = format!(
            r#"{{"apiVersion": "admission.k8s.io/v1", "request": {{"uid": "u-2", "object": {deep}}}}}"#
        );
        assert_eq!(unreadable(&body).uid.as_deref(), Some("u-2"));
    }

    #[test]
    fn what_tells_no_uid_has_none() {
        assert_eq!(unreadable("{").uid, None);
        assert_eq!(unreadable(r#"{"request": {"uid": ""}}"#).uid, None);
        assert_eq!(unreadable(r#"{"request": {"uid": 7}}"#).uid, None);
    }
}
